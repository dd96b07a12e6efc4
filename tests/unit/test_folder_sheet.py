"""A document made a sheet: its number, its title, its day, what the reader should know of it."""

from __future__ import annotations

import re
import string
import unicodedata

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from affouage.sheets.folder.read import sheet_id_of, sheet_of
from affouage.sheets.folder.reader import Seen
from affouage.sheets.folder.refusals import REASONS, CannotRead, refused
from affouage.sheets.folder.shapes import Draft
from affouage.sheets.sheet import Block, Sheet

BODY = (Block(text="Le bureau est ouvert.", path=("Accueil",)), Block(text="Il ferme.", path=("Accueil", "Soir")))


def made(
    draft: Draft, *, blocks: tuple[Block, ...] = BODY, kind: str = "html", name: str = "a/b.html", **seen: object
) -> Sheet:
    whole = Seen(draft=draft, blocks=blocks, **seen)  # type: ignore[arg-type]
    return sheet_of(name, kind, whole, changed="2026-05-05", licence="CC BY 4.0", today="2026-06-01")


def test_a_title_in_the_text_goes_before_one_among_the_properties_except_in_a_pdf() -> None:
    draft = Draft(heading="Accueil", name="Site de la mairie")
    sheet = made(draft)
    assert sheet.title == "Accueil"
    assert [block.path for block in sheet.blocks] == [(), ("Soir",)]
    sheet = made(draft, kind="pdf")
    assert sheet.title == "Site de la mairie"
    assert [block.path for block in sheet.blocks] == [("Accueil",), ("Accueil", "Soir")], "no word is lost"


def test_a_document_without_a_title_has_its_files_name() -> None:
    assert made(Draft(), name="x/2026-03-12_pv-du_conseil.html").title == "2026-03-12 pv du conseil"
    assert made(Draft(), name="___.html").title == "___.html"


def test_its_day_is_what_it_says_unless_that_is_to_come_and_the_sheet_says_where_it_is_from() -> None:
    said = made(Draft(day="2026-03-01", day_from="front matter"))
    assert (said.day, "day:front matter" in said.notes) == ("2026-03-01", True)
    for wrong in ("2031-01-01", "1900-01-01", None):
        sheet = made(Draft(day=wrong, day_from="properties"))
        assert (sheet.day, "day:file" in sheet.notes) == ("2026-05-05", True)


def test_a_day_that_is_not_known_is_none() -> None:
    whole = Seen(draft=Draft(), blocks=BODY)
    sheet = sheet_of("a.txt", "text", whole, changed=None, licence="", today="2026-06-01")
    assert (sheet.day, sheet.notes) == (None, ("file:a.txt",))


def test_notes_tell_the_file_the_licence_and_how_it_was_read() -> None:
    sheet = made(Draft(), confidence=64, doubtful=(2, 5), unread=(7,), unread_for="document_too_hard")
    assert sheet.notes == ("file:a/b.html", "day:file", "licence:CC BY 4.0", "ocr:64", "doubtful:2,5", "unread:7")
    assert sheet.theme == ("a",)
    assert made(Draft(licence="Domaine public")).notes[2] == "licence:Domaine public"


def test_it_is_described_by_the_paragraph_before_its_headings_or_by_them() -> None:
    intro = Block(text="Cette note dit quand et comment inscrire un enfant à la cantine.")
    sheet = made(Draft(), blocks=(intro, *BODY))
    assert (sheet.description, sheet.blocks) == (intro.text, BODY)
    assert made(Draft(heading="La cantine")).description == "Accueil"
    assert made(Draft(description="Dit.")).description == "Dit."


def test_its_language_is_what_it_says_or_what_its_words_tell() -> None:
    english = (Block(text="The office is open in the morning and you can call us for what you need."),)
    assert made(Draft(), blocks=english).language == "en"
    assert made(Draft()).language == "fr"
    assert made(Draft(language="es")).language == "es"


def test_only_an_address_of_the_web_is_kept_and_no_character_that_moves_a_terminal() -> None:
    sheet = made(
        Draft(url="javascript:alert(1)", heading="Titre\x1b[2J", description="\u202eDit.", audience="\x07tous")
    )
    assert (sheet.url, sheet.title, sheet.description, sheet.audience) == ("", "Titre[2J", "Dit.", "tous")
    assert made(Draft(url="https://mairie.example/a")).url == "https://mairie.example/a"


_NAMES = st.text(min_size=1, max_size=30).map(lambda text: text.replace("\0", ""))


@given(_NAMES, _NAMES)
def test_numbers_are_plain_stable_and_differ_with_the_name(one: str, other: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", sheet_id_of(one))
    assert sheet_id_of(one) == sheet_id_of(one)
    if unicodedata.normalize("NFC", one) != unicodedata.normalize("NFC", other):
        assert sheet_id_of(one) != sheet_id_of(other)


def test_every_reason_says_what_would_work_and_its_blanks_are_filled() -> None:
    details = {"mb": 1, "most_mb": 2, "most": 3, "other": "a", "kind": "PDF", "pages": 4}
    for code, (wrong, remedy) in REASONS.items():
        assert wrong.endswith(".")
        assert remedy.endswith(".")
        named = {name for _, name, _, _ in string.Formatter().parse(wrong + remedy) if name}
        told = refused("a.pdf", CannotRead(code, **{name: details[name] for name in named}), "a-1")
        assert "{" not in told.reason
        assert msgspec.json.decode(msgspec.json.encode(told), type=type(told)) == told
