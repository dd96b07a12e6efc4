"""The page's language, French typography, and a French catalogue without a hole."""

from __future__ import annotations

import re
import string
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from affouage.web.language import LANGUAGES, choose, french, language, qualities

WEB = Path(str(resources.files("affouage.web")))


@cache
def source_texts() -> frozenset[str | tuple[str, ...]]:
    """Every text of the templates and of the code that is to be translated."""
    with (WEB / "translations" / "babel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)
    keywords: Any = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    return frozenset(found[2] for found in extract_from_dir(WEB, methods, options, keywords=keywords))


@cache
def french_texts() -> dict[str, Any]:
    with (WEB / "translations" / "fr.po").open("rb") as file:
        catalogue = read_po(file)
    return {message.id: message for message in catalogue if message.id}


def test_extraction_sees_templates_and_code() -> None:
    assert {"See the receipt", "Answer in progress…", "Try again in {wait}."} <= source_texts()


def test_every_text_has_its_french() -> None:
    known = french_texts()
    missing = [text for text in source_texts() if text not in known]
    empty = [text for text, message in known.items() if not message.string or "" in forms(message.string)]
    fuzzy = [text for text, message in known.items() if message.fuzzy]
    assert (missing, empty, fuzzy) == ([], [], [])


def test_no_french_is_left_without_its_text() -> None:
    assert [text for text in french_texts() if text not in source_texts()] == []


def forms(translation: str | tuple[str, ...]) -> tuple[str, ...]:
    return translation if isinstance(translation, tuple) else (translation,)


def blanks(text: str) -> set[str]:
    braces = {name for _, name, _, _ in string.Formatter().parse(re.sub(r"%\(\w+\)s", "", text)) if name}
    return braces | set(re.findall(r"%\((\w+)\)s", text))


def test_translations_fill_the_same_blanks() -> None:
    for text, message in french_texts().items():
        sources = text if isinstance(text, tuple) else (text,)
        for translation in forms(message.string):
            assert blanks(translation) == blanks(sources[0]), text


def test_french_is_typeset_when_read() -> None:
    for text in source_texts():
        shown = language("fr").gettext(text) if isinstance(text, str) else language("fr").ngettext(*text, 2)
        assert not re.search(r"(?<=[^\s])[ \u00a0][;:?!»]", shown), shown
        assert "'" not in shown, shown
        assert "\u202f%(" not in shown, shown


def test_english_is_the_source() -> None:
    assert language("en").gettext("See the receipt") == "See the receipt"
    assert language("fr").gettext("See the receipt") == "Voir le reçu"


def test_french_counts_zero_as_one() -> None:
    one, many = "%(num)s member", "%(num)s members"
    assert [language("fr").ngettext(one, many, count) for count in (0, 1, 2)] == (
        ["%(num)s membre", "%(num)s membre", "%(num)s membres"]
    )
    assert language("en").ngettext(one, many, 0) == many


@given(st.text(alphabet="ab :;?!«»%()\u00a0\u202f", max_size=60))
def test_typesetting_changes_only_spaces_and_only_once(text: str) -> None:
    once = french(text)
    assert french(once) == once
    assert [one for one in once if not one.isspace()] == [one for one in text if not one.isspace()]
    assert len(once) == len(text)


def test_typesetting_leaves_blanks_and_addresses_alone() -> None:
    assert french("de %(name)s : http://a.b/?c=d !") == "de %(name)s\u202f: http://a.b/?c=d\u202f!"
    assert french("« oui » à 40 %") == "«\u202foui\u202f» à 40\u202f%"


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({}, "fr"),
        ({"default": "en"}, "en"),
        ({"accept": "en-GB,en;q=0.9"}, "en"),
        ({"accept": "fr,en;q=0.9"}, "fr"),
        ({"accept": "en;q=0.5,fr;q=0.5"}, "fr"),
        ({"accept": "de,en;q=0.3"}, "en"),
        ({"accept": "de", "default": "en"}, "en"),
        ({"accept": "fr", "default": "en"}, "fr"),
        ({"accept": "en", "member": "fr"}, "fr"),
        ({"member": "fr", "cookie": "en"}, "en"),
        ({"cookie": "en", "asked": "fr"}, "fr"),
        ({"asked": "xx", "cookie": "en"}, "en"),
        ({"asked": "../../etc"}, "fr"),
        ({"default": "xx"}, "fr"),
    ],
)
def test_choice(wishes: dict[str, str], expected: str) -> None:
    nothing: dict[str, Any] = {"asked": None, "cookie": None, "member": None, "accept": "", "default": "fr"}
    assert choose(**(nothing | wishes)) == expected


@given(st.text(max_size=300))
def test_any_header_gives_a_known_language(accept: str) -> None:
    assert choose(asked=None, cookie=accept, member=None, accept=accept, default="fr") in LANGUAGES
    assert all(0 <= quality <= 1 for quality in qualities(accept).values())
