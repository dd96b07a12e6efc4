"""The command line's language: chosen from the environment, without a hole in French, on any terminal."""

from __future__ import annotations

import os
import re
import string
import subprocess
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from affouage.cli.language import spoken, wished
from affouage.cli.sentences import SENTENCES, loading, note, told
from affouage.errors import AffouageError, Conflict, ContextExceeded, EngineLoading, NotFound, PullFailed, SettingsError
from affouage.web.language import language

CLI = Path(str(resources.files("affouage.cli")))
FRENCH, ENGLISH = language("fr", "affouage.cli"), language("en", "affouage.cli")

Text = str | tuple[str, ...]


@cache
def source_texts() -> frozenset[Text]:
    keywords: Any = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    return frozenset(found[2] for found in extract_from_dir(CLI, [("**.py", "python")], keywords=keywords))


@cache
def french_texts(package: str) -> dict[Any, Any]:
    with resources.files(package).joinpath("translations/fr.po").open("rb") as file:
        return {message.id: message for message in read_po(file) if message.id}


def forms(translation: Text) -> tuple[str, ...]:
    return translation if isinstance(translation, tuple) else (translation,)


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_has_its_french_here_or_among_the_pages() -> None:
    own, pages = french_texts("affouage.cli"), french_texts("affouage.web")
    assert {"The ledger holds.", "Open {url}", "Ask again in a moment."} <= source_texts()
    assert [text for text in source_texts() if text not in own and text not in pages] == []
    assert [text for text, message in own.items() if message.fuzzy or not all(forms(message.string or ""))] == []


def test_no_french_is_left_without_its_text_or_said_twice() -> None:
    own, pages = french_texts("affouage.cli"), french_texts("affouage.web")
    assert [text for text in own if text not in source_texts() or text in pages] == []


def test_translations_fill_the_same_blanks_and_are_typeset() -> None:
    for text, message in french_texts("affouage.cli").items():
        for one in forms(message.string):
            assert blanks(one) == blanks(forms(text)[0]), text
            assert "'" not in one, one
    for text in source_texts():
        shown = FRENCH.gettext(text) if isinstance(text, str) else FRENCH.ngettext(text[0], text[1], 2)
        assert not re.search(r"(?<=\S)[ \u00a0][;:?!»]", shown), shown


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "fr_CH@euro", "LC_MESSAGES": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, None),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, "en"),
        ({"LANG": "C.UTF-8"}, None),
        ({"LANG": "POSIX"}, None),
        ({"LANG": "de_DE.UTF-8"}, None),
        ({"LANG": "en_US.UTF-8", "AFFOUAGE_LANG": "fr"}, "fr"),
        ({"LANG": "en_US.UTF-8", "AFFOUAGE_LANG": "xx"}, "en"),
        ({"LC_ALL": "C", "AFFOUAGE_LANG": "EN"}, "en"),
    ],
)
def test_what_the_environment_asks_for(environ: dict[str, str], expected: str | None) -> None:
    assert wished(environ) == expected


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_environment_gives_a_known_language(own: str, locale: str) -> None:
    assert wished({"AFFOUAGE_LANG": own, "LANG": locale}) in ("fr", "en", None)


def test_a_silent_environment_leaves_it_to_the_commons_then_to_french(tmp_path: Path) -> None:
    environ = {"AFFOUAGE_HOME": str(tmp_path), "LC_ALL": "C"}
    assert spoken(environ).code == "fr"
    (tmp_path / "settings.toml").write_text('[commons]\nlanguage = "en"\n', encoding="utf-8")
    assert spoken(environ).code == "en"
    assert spoken({**environ, "AFFOUAGE_LANG": "fr"}).code == "fr"
    (tmp_path / "settings.toml").write_text("[commons\n", encoding="utf-8")
    assert spoken(environ).code == "fr"


def test_an_error_in_french_says_what_happened_and_keeps_the_detail_where_it_matters() -> None:
    wrong = SettingsError("server.port = 'x' is not a number.", remedy="Give a number.")
    first, *others = told(wrong, FRENCH)
    assert first == "Un réglage du commun est faux."
    assert "server.port = 'x' is not a number. Give a number." in others[-1]
    assert told(wrong, ENGLISH) == ["server.port = 'x' is not a number.", "Give a number."]
    taken = told(Conflict("Somebody has it.", code="name_taken"), FRENCH)
    assert taken[0] == "Quelqu’un porte déjà ce nom."
    assert not any("Somebody" in line for line in taken)
    assert "9\u202f000 mots-jetons" in told(ContextExceeded(9000, 8192), FRENCH)[0]
    fetched = told(PullFailed("m could not be obtained.", remedy="Bring it.", code="never_heard_of"), FRENCH)
    assert "pas pu être récupéré" in fetched[0]
    assert "m could not be obtained." in fetched[-1]
    bare = AffouageError("The prompt is too long.", code="context_length_exceeded")
    assert "The prompt is too long." in told(bare, FRENCH)[-1], "a sentence whose facts did not come is no sentence"
    assert told(NotFound("No receipt x.", code="receipt_not_found"), FRENCH)[0].startswith("Il n’y a pas de reçu")


def test_sentences_never_tell_the_operator_to_call_the_operator() -> None:
    assert [code for code, said in SENTENCES.items() if any("operator" in one for one in said)] == []


def test_notes_are_said_in_french_or_as_they_are() -> None:
    waking = EngineLoading("m", progress=0.4, retry_after_s=2)
    assert loading(waking, FRENCH) == note(str(waking), FRENCH) == "Le modèle se charge\u202f: 40\u202f%."
    assert loading(EngineLoading("m", progress=None, retry_after_s=2), FRENCH) == "Le modèle se charge."
    assert note("turn 2 of 3", FRENCH) == "En attente de son tour\u202f: place 2 sur 3."
    assert "12 octets" in note("going on from 12 bytes", FRENCH)
    assert note("The hub says {no}. Going on with registry packages.", FRENCH).endswith("The hub says {no}.")
    assert note("something {new}", FRENCH) == "something {new}"
    assert note("turn 2 of 3", ENGLISH) == "turn 2 of 3"


def python(program: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AFFOUAGE_", "LC_", "LANG", "PY"))
    }
    return subprocess.run(
        [sys.executable, "-c", program], env={**kept, **environ}, capture_output=True, check=False, timeout=60
    )


def test_help_and_english_load_no_babel_and_no_engine(tmp_path: Path) -> None:
    loaded = "import sys, affouage.cli.{0}; from affouage.cli.language import spoken; spoken().gettext('x'); print({1})"
    heavy = "[m for m in ('babel', 'starlette', 'jinja2', 'uvicorn') if m in sys.modules]"
    said = python(loaded.format("console", heavy), AFFOUAGE_HOME=str(tmp_path), AFFOUAGE_LANG="en")
    assert said.stdout.decode().strip() == "[]", said.stderr
    program = "import sys; from affouage.cli import main; main(['--help'], standalone_mode=False); print({0})"
    heavy = "[m for m in ('babel', 'sqlalchemy', 'aiohttp', 'asyncio') if m in sys.modules]"
    said = python(program.format(heavy))
    assert said.stdout.decode().splitlines()[-1] == "[]", said.stderr


@pytest.mark.parametrize(
    "terminal",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "cp850"},
    ],
    ids=lambda terminal: " ".join(f"{name}={value}" for name, value in terminal.items()),
)
def test_no_terminal_is_too_poor(tmp_path: Path, terminal: dict[str, str]) -> None:
    run = "from affouage.cli import main; main({0!a})"
    environ = {"AFFOUAGE_HOME": str(tmp_path / "home"), "AFFOUAGE_LANG": "fr", **terminal}
    encoding = terminal.get("PYTHONIOENCODING", "utf-8").replace("ascii", "utf-8")
    for words, expected in (
        (["members", "add", "Zoé"], "Zoé est au rôle"),
        (["members", "add", "Łucja «≈»"], "est au rôle"),
        (["ledger", "verify"], "Le livre de comptes tient"),
        (["receipts", "list", "commons"], "pas encore de reçu"),
        (["ask", "--help"], "Résume"),
    ):
        said = python(run.format(words), **environ)
        assert said.returncode == 0, said.stderr
        assert expected in said.stdout.decode(encoding)
    refused = python(run.format(["members", "deactivate", "Nobody"]), **environ)
    assert refused.returncode == 2
    assert "Ce membre n" in refused.stderr.decode(encoding)
    assert b"Traceback" not in refused.stderr
