"""Lines of pages made headings, paragraphs and items; what Tesseract tells made lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.sheets.folder.layout import Page, RawLine, joined, lay_out, opened
from affouage.sheets.folder.outline import clean
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.shapes import Line, Mark
from affouage.sheets.folder.tesseract import parse_tsv
from affouage.sheets.sheet import Block

MOST = 100_000
BODY = "le repas est dû, sauf en cas de maladie de l’enfant."


def drawn(*lines: tuple[str, float], step: float = 14.0, bold: frozenset[int] = frozenset()) -> list[RawLine]:
    """Lines at even steps from the top; ("", n) leaves n points free."""
    at, made = 800.0, []
    for number, (text, size) in enumerate(lines):
        if not text:
            at -= size
            continue
        made.append(RawLine(text, size, number in bold, at, at))
        at -= step
    return made


def blocks_of(*pages: list[RawLine], marks: tuple[Mark, ...] = ()) -> tuple[str, tuple[Block, ...]]:
    return lay_out([Page(opened(lines)) for lines in pages], marks, MOST)


def test_larger_lines_are_headings_by_their_size_and_bold_ones_below_them() -> None:
    page = drawn(
        ("Règlement de la cantine", 18),
        ("Article 1", 13),
        ("L’inscription est obligatoire et doit être", 11),
        ("renouvelée chaque année.", 11),
        ("", 12),
        ("Un autre paragraphe, plus bas.", 11),
        ("Cas particulier", 11),
        ("Sauf maladie.", 11),
        bold=frozenset((6,)),
    )
    title, blocks = blocks_of(page)
    top, article = "Règlement de la cantine", "Article 1"
    assert title == top
    assert blocks == (
        Block(text="L’inscription est obligatoire et doit être renouvelée chaque année.", path=(top, article)),
        Block(text="Un autre paragraphe, plus bas.", path=(top, article)),
        Block(text="Sauf maladie.", path=(top, article, "Cas particulier")),
    )


def test_the_documents_own_outline_decides_where_there_is_one() -> None:
    page = drawn(("GROS TITRE DÉCORATIF", 30), ("1. Tarifs", 11), ("Un repas coûte 3,45 €.", 11))
    _title, blocks = blocks_of(page, marks=(Mark(0, "Tarifs", 1),))
    assert blocks[-1] == Block(text="Un repas coûte 3,45 €.", path=("1. Tarifs",))
    assert blocks[0].text == "GROS TITRE DÉCORATIF"


def test_items_begin_at_their_bullets_and_not_at_a_number_within_a_sentence() -> None:
    page = drawn(
        ("Apportez ces pièces :", 11),
        ("• une photo", 11),
        ("- une attestation", 11),
        ("d’assurance", 11),
        ("", 20),
        ("Appelez le 01 23 45 67", 11),
        ("89. À défaut, le repas est dû.", 11),
        ("2) Signez.", 11),
    )
    assert [(block.kind, block.text) for block in blocks_of(page)[1]] == [
        ("text", "Apportez ces pièces :"),
        ("item", "une photo"),
        ("item", "une attestation d’assurance"),
        ("text", "Appelez le 01 23 45 67 89. À défaut, le repas est dû."),
        ("item", "2) Signez."),
    ]


def test_running_heads_and_page_numbers_are_left_out_and_pages_kept_in_the_path() -> None:
    pages = [
        drawn(("Mairie de Bois - 12 mars", 9), (f"Article {n + 6} : {BODY}", 11), (f"Page {n} sur 4", 9))
        for n in range(1, 5)
    ]
    _title, blocks = blocks_of(*pages)
    assert [block.text for block in blocks[:2]] == ["Mairie de Bois - 12 mars", f"Article 7 : {BODY}"]
    assert [(block.text, block.path) for block in blocks[2:]] == [
        (f"Article {n + 6} : {BODY}", (f"page {n}",)) for n in range(2, 5)
    ]


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("la régle-", "mentation", "la réglementation"),
        ("prenez rendez-", "vous ici", "prenez rendez-vous ici"),
        ("Bois-le-", "Roi", "Bois-le-Roi"),
        ("l’année 2026-", "2027", "l’année 2026-2027"),
        ("tiret -", "seul", "tiret - seul"),
        ("un mot", "un autre", "un mot un autre"),
    ],
)
def test_words_cut_at_the_end_of_a_line_are_made_whole(first: str, second: str, whole: str) -> None:
    assert joined([Line(text=first), Line(text=second)]) == whole


_LINE = st.builds(
    RawLine,
    st.text(min_size=1, max_size=12),
    st.floats(0, 50),
    st.booleans(),
    st.floats(-1e6, 1e6),
    st.floats(-1e6, 1e6),
)
_MARK = st.builds(Mark, st.integers(0, 9), st.text(max_size=6), st.integers(0, 4))


@settings(max_examples=40)
@given(st.lists(st.lists(_LINE, max_size=8), max_size=4), st.lists(_MARK, max_size=3))
def test_any_lines_are_laid_out_and_every_page_but_running_lines_is_there(
    pages: list[list[RawLine]], marks: list[Mark]
) -> None:
    title, blocks = lay_out([Page(opened(lines), by_sight=len(lines) % 2 == 0) for lines in pages], marks, MOST)
    assert title == "" or any(title in block.path or title == block.text for block in blocks)


def test_a_document_that_is_too_long_is_refused() -> None:
    with pytest.raises(CannotRead, match="document_long"):
        lay_out([Page([Line(text="mot " * 100)])], (), 50)


# --- What Tesseract tells ---------------------------------------------------------------------------------------------


def tsv(*words: tuple[int, int, int, int, float, str]) -> str:
    """block, paragraph, line, height, confidence, text."""
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"
    rows = [f"5\t1\t{b}\t{p}\t{n}\t1\t0\t0\t90\t{high}\t{sure}\t{text}" for b, p, n, high, sure, text in words]
    return "\n".join([head, "1\t1\t0\t0\t0\t0\t0\t0\t900\t900\t-1\t", *rows])


def test_words_seen_make_lines_with_paragraphs_and_confidence() -> None:
    reading = parse_tsv(
        tsv(
            (1, 1, 1, 40, 95, "DÉCLARATION"),
            (1, 1, 1, 40, 95, "unique"),
            (2, 1, 1, 20, 90, "Votre"),
            (2, 1, 1, 20, 50, "dossier"),
            (2, 1, 2, 20, 90, "complet"),
            (2, 2, 1, 20, 96, "|_|"),
            (2, 2, 1, 20, 30, "—"),
            (2, 2, 1, 20, 96, "suite|"),
        )
    )
    assert [(line.text, line.size, line.opens) for line in reading.lines] == [
        ("DÉCLARATION unique", 2.0, True),
        ("Votre dossier", 1.0, True),
        ("complet", 1.0, False),
        ("suite", 1.0, True),
    ]
    assert reading.letters == 11 + 6 + 5 + 7 + 7 + 5
    assert reading.confidence == round((95 * 17 + 90 * 5 + 50 * 7 + 90 * 7 + 96 * 5) / 41)


def test_nothing_seen_is_no_confidence_rather_than_none_at_all() -> None:
    assert parse_tsv(tsv()) == parse_tsv("") == parse_tsv("pas\tdu\ttableau")
    assert parse_tsv("").confidence is None


@given(st.text(alphabet="0159\t\n.-aé|", max_size=200))
def test_any_table_is_read(told: str) -> None:
    reading = parse_tsv(told)
    assert (reading.confidence is None) == (reading.letters == 0)


@pytest.mark.parametrize("hostile", [". " * 60_000, "\u00a0" * 60_000 + "x", "1." * 60_000])
def test_a_line_made_to_be_slow_is_not(hostile: str) -> None:
    """Each of these would take minutes if time grew with the square of its length."""
    lines = [Line(text=clean(hostile), opens=True), *[Line(text="mot-")] * 5_000]
    lay_out([Page(lines)] * 2, [Mark(0, hostile, 1)], 10_000_000)
