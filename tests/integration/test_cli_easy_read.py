"""``affouage easy-read check``: any file, line by line, in plain words; it needs no home, no model, no network."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from affouage.cli import main

LETTER = """Votre carte

Nonobstant la loi, prenez rdv avant le 12/03/2026.
Venez demain.
"""


def check(*words: str, language: str = "fr", stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["easy-read", "check", *words], env={"AFFOUAGE_LANG": language}, input=stdin)


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    file = tmp_path / "lettre.txt"
    file.write_text(LETTER, encoding="utf-8")
    return file


def test_lines_say_what_to_do_instead(letter: Path) -> None:
    told = check(str(letter))
    assert told.exit_code == 0
    text = told.output.replace("\u202f", " ")
    assert "Ligne 3 : Nonobstant la loi" in text
    assert "  [à regarder] « Nonobstant » : plus simple, « malgré »." in text
    assert "  [à changer] « rdv » est abrégé : écrivez « rendez-vous »." in text
    assert "écrivez la date en entier : 12 mars 2026." in text
    assert "Ligne 4" not in text, "nothing to say of it"
    assert "À changer : 2. À regarder : 1." in text
    assert "Aucun programme ne peut dire qu’un texte est facile à lire" in text


def test_english_on_standard_input() -> None:
    told = check(language="en", stdin="The applicant must pay 25% pursuant to the rule of the town.")
    assert told.exit_code == 0
    assert "a plainer word is “under”" in told.output
    assert "looked at in French texts only" in told.output


def test_programs_get_json(letter: Path) -> None:
    told = json.loads(check(str(letter), "--json").output)
    assert told["errors"] == 2
    assert {"rule": "abbreviation", "level": "error", "line": 3}.items() <= told["findings"][1].items()
    assert told["differences"] is None
    assert told["sentences"][0]["kind"] == "heading"


def test_strict_ends_with_1_when_something_is_to_change(letter: Path, tmp_path: Path) -> None:
    assert check(str(letter), "--strict").exit_code == 1
    easy = tmp_path / "facile.txt"
    easy.write_text("Venez demain.\n", encoding="utf-8")
    assert check(str(easy), "--strict").exit_code == 0
    assert check(str(easy), "--strict", "--source", str(letter)).exit_code == 1


def test_the_original_is_compared_by_line(letter: Path, tmp_path: Path) -> None:
    easy = tmp_path / "facile.html"
    easy.write_text("<h1>Votre carte</h1>\n<p>Venez demain.</p>\n<p>Payez 3 €.</p>", encoding="utf-8")
    told = check(str(easy), "--source", str(letter)).output.replace("\u202f", " ")
    assert "La date « 12/03/2026 » a disparu. (ligne 3 du texte d’origine)" in told
    assert "Le nombre « 3 € » n’est pas dans le texte d’origine. (ligne 3)" in told


def test_forms_are_told_by_the_name_or_by_option(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<p style="text-align: justify">Venez.</p>', encoding="utf-8")
    assert "Alignez-le à gauche" in check(str(page)).output
    assert "Alignez-le à gauche" not in check(str(page), "--form", "text").output


def test_without_the_list_of_words_it_says_so(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    told = check(str(letter)).output.replace("\u202f", " ")
    assert 'pip install "affouage[desk]"' in told
    assert "« Nonobstant » : plus simple" in told


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"%PDF-1.7 ...", "Ce fichier n’est pas un texte."), (b" \n", "Il n’y a pas de texte.")],
)
def test_what_is_no_text_is_refused_with_what_would_work(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_bytes(content)
    told = check(str(file))
    assert told.exit_code == 2
    assert words in told.output
    absent = check(str(tmp_path / "absent.txt"), language="en")
    assert absent.exit_code == 2
    assert "Give a text, Markdown or HTML file" in absent.output
