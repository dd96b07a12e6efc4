"""Plain text of the collective: encodings, what a text says of itself, paragraphs and items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.sheets.folder.outline import Outline, clean
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.text import day_of, decode, front_matter, read_text
from affouage.sheets.sheet import Block
from tests.unit.folder_documents import told

MOST = 100_000
NOTE = "Élèves dispensés de 5 € : « l’œuvre » du 3 août"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_a_text_is_read_in_the_encodings_that_offices_use(encoding: str) -> None:
    assert decode(NOTE.encode(encoding)) == NOTE


def test_what_a_page_declares_is_believed_where_a_page_could_be_in_it() -> None:
    assert decode("Žižkov".encode("cp1250"), "windows-1250") == "Žižkov"
    assert decode("l’été à 5 €".encode("cp1252"), "iso-8859-1") == "l’été à 5 €", "as browsers understand it"
    assert decode(b"caf\xe9", "bz2") == decode(b"caf\xe9", "no-such-thing") == "café"


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\x7fELF\x00\x00\x00\x01", b"\xff\xfe\x00\xd8"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(CannotRead) as refused:
        decode(data)
    assert refused.value.code == "document_encoding"


def test_a_text_says_its_title_its_day_and_its_licence_at_its_head() -> None:
    draft, rest = front_matter(
        '---\ntitre: "Cantine"\ndate: 01/03/2026\nlicence: CC BY 4.0\nlang: fr-FR\nx: y\n---\nCorps'
    )
    assert (draft.heading, draft.day, draft.day_from, draft.licence) == (
        "Cantine",
        "2026-03-01",
        "front matter",
        "CC BY 4.0",
    )
    assert (draft.language, rest) == ("fr", "Corps")
    assert front_matter("---\nNot closed")[1] == "---\nNot closed"
    assert front_matter("---\ndate: bientôt\n---\n")[0].day is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01T10:00:00Z", "2026-03-01"),
        ("le 1/3/2026", "2026-03-01"),
        ("31.12.2025", "2025-12-31"),
        ("2026-02-30", None),
        ("12026-03-012", None),
        ("", None),
    ],
)
def test_days_in_figures(text: str, day: str | None) -> None:
    assert day_of(text) == day


def test_paragraphs_items_and_headings_of_a_text() -> None:
    text = "Note de service\n\nLe bureau ferme\nà 17 h.\n\nPièces\n------\n- un timbre\n- une copie\n"
    text += "  recto verso\n1. signer\n"
    draft, blocks = read_text(text.encode(), MOST)
    assert draft.heading == "Note de service"
    assert blocks == (
        Block(text="Le bureau ferme à 17 h.", path=("Note de service",)),
        Block(text="un timbre", path=("Note de service", "Pièces"), kind="item"),
        Block(text="une copie recto verso", path=("Note de service", "Pièces"), kind="item"),
        Block(text="1. signer", path=("Note de service", "Pièces"), kind="item"),
    )


def test_a_single_sentence_is_a_text_without_a_title() -> None:
    assert read_text(b"Le bureau est ferme.", MOST) == (front_matter("")[0], (Block(text="Le bureau est ferme."),))


def test_cleaning_keeps_what_is_typeset_and_drops_what_is_not_seen() -> None:
    assert clean(" 11,52\u00a0€ \t par\u202fan\n") == "11,52\u00a0€ par\u202fan"
    assert clean("re\u0301gle\u00adment \ufb01scal\u200b\u202e\x00\ue000") == "réglement fiscal"
    assert clean("می\u200cخواهم") == "می\u200cخواهم", "joiners are part of the word"


@given(st.text())
def test_cleaned_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert "\n" not in once


def test_a_heading_with_nothing_under_it_is_kept_as_a_text() -> None:
    outline = Outline(MOST)
    outline.heading(1, "Règlement")
    outline.heading(2, "Article 1")
    outline.heading(2, "Article 2")
    outline.text("Le bureau se réunit.")
    outline.heading(2, "Article 3")
    title, blocks = outline.finish()
    assert title == "Règlement"
    assert [(block.text, block.path) for block in blocks] == [
        ("Article 1", ("Règlement",)),
        ("Le bureau se réunit.", ("Règlement", "Article 2")),
        ("Article 3", ("Règlement",)),
    ]


def test_two_headings_of_the_widest_level_make_no_title() -> None:
    outline = Outline(MOST)
    for name in ("Matin", "Soir"):
        outline.heading(1, name)
        outline.text("Fermé.")
    assert outline.finish()[0] == ""


def test_a_text_longer_than_agreed_is_refused() -> None:
    with pytest.raises(CannotRead) as refused:
        read_text(b"mot " * 30, 100)
    assert (refused.value.code, refused.value.details) == ("document_long", {"most": 100})


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_reason(data: bytes) -> None:
    if read := told(read_text, data, MOST):
        draft, blocks = read
        assert all(block.text == clean(block.text) != "" for block in blocks)
        assert draft.day is None or day_of(draft.day) == draft.day
