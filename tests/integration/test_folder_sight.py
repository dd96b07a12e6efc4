"""Scanned pages read by the real Tesseract: which way up, how well, and what is said when it cannot be done."""

from __future__ import annotations

import os
import re
import shutil
import zlib
from datetime import date
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest

from affouage.sheets.folder import pixels
from affouage.sheets.folder.limits import LIMITS
from affouage.sheets.folder.picture import Packed, packed, pdf_around
from affouage.sheets.folder.read import read_folder
from affouage.sheets.folder.reader import read_scan
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.tesseract import Tesseract, find_tesseract
from affouage.sheets.reading import Read, Refused
from affouage.sheets.sheet import Sheet
from tests.conftest import ROOT, missing
from tests.unit.folder_documents import pdf, png, tiff

TODAY = date(2026, 11, 30)
LETTER = (
    "Le tarif dépend du quotient familial. Il est de 3,45 € par repas pour un quotient inférieur à 600 €, et de 5,20 € "
    "au-delà. Les repas non décommandés 48 heures à l’avance ne sont pas remboursés, sauf en cas de maladie. Toute "
    "absence doit être signalée avant 9 h 30 au service des affaires scolaires, qui répond au 01 23 45 67 89."
)
SOURCE = f'#set page(paper: "a5"); #set text(lang: "fr", size: 11pt)\n= Règlement de la cantine municipale\n{LETTER}\n'


@pytest.fixture(scope="module")
def sight() -> Tesseract:
    try:
        return find_tesseract(LIMITS)
    except CannotRead as why:
        missing(f"Tesseract with French ({why.code})")
        raise


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return pdf(SOURCE, tmp_path_factory.mktemp("typst"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    return tmp_path / "documents"


def scanned(document: bytes, dpi: int) -> pixels.Grey:
    """The first page as a scanner gives it."""
    return drawn(document, dpi / 72)


def drawn(document: bytes, scale: float) -> pixels.Grey:
    bitmap = pdfium.PdfDocument(document)[0].render(scale=scale, grayscale=True)
    return np.frombuffer(bitmap.buffer, np.uint8).reshape(bitmap.height, bitmap.stride)[:, : bitmap.width].copy()


def only_sheet(folder: Path) -> Sheet:
    (one,) = read_folder(folder, today=TODAY)
    assert isinstance(one, Read), one
    return one.sheet


def text_of(sheet: Sheet) -> str:
    return " ".join((sheet.description, *(block.text for block in sheet.blocks)))


def error_rate(read: str, true: str) -> float:
    """Characters to change, add or take out, over those there are. Apostrophes and blanks count alike."""
    one, other = (re.sub(r"\s+", " ", text.replace("'", "’")) for text in (read, true))
    row = list(range(len(other) + 1))
    for at, mine in enumerate(one, 1):
        last, row[0] = row[0], at
        for to, theirs in enumerate(other, 1):
            last, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, last + (mine != theirs))
    return row[-1] / len(other)


def confidence(sheet: Sheet) -> int:
    (note,) = (note for note in sheet.notes if note.startswith("ocr:"))
    return int(note.removeprefix("ocr:"))


def test_a_letter_scanned_at_200_dpi_is_read_with_less_than_two_errors_in_a_hundred(
    folder: Path, letter: bytes, sight: Tesseract
) -> None:
    page = scanned(letter, 200)
    (folder / "lettre.png").write_bytes(png(page.tobytes(), page.shape[1], page.shape[0]))
    sheet = only_sheet(folder)
    assert error_rate(sheet.blocks[-1].text, LETTER) < 0.02
    assert confidence(sheet) >= 85
    assert not any(note.startswith(("doubtful", "unread")) for note in sheet.notes)


def test_a_scanned_pdf_put_in_upside_down_is_read_all_the_same(folder: Path, letter: bytes, sight: Tesseract) -> None:
    upside_down = pixels.upside_down(scanned(letter, 150))
    height, width = upside_down.shape
    document = pdf_around(Packed(width, height, 1, 8, zlib.compress(_rows(upside_down)), "FlateDecode"))
    (folder / "lettre.pdf").write_bytes(document)
    assert error_rate(only_sheet(folder).blocks[-1].text, LETTER) < 0.02


def test_a_note_too_short_to_tell_which_way_up_it_lies_is_tried_both_ways(sight: Tesseract, tmp_path: Path) -> None:
    note = scanned(pdf('#set page(paper: "a6"); #set text(lang: "fr")\nOuvert le mardi matin', tmp_path), 150)
    reading = read_scan(np.rot90(note), 150, sight)
    assert [line.text for line in reading.lines] == ["Ouvert le mardi matin"]


def _rows(page: pixels.Grey) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in page)


def test_a_scan_full_of_specks_is_read_once_they_are_taken_out(letter: bytes, sight: Tesseract) -> None:
    page = scanned(letter, 150)
    dice = np.random.default_rng(1).random(page.shape)
    page[dice < 0.02], page[dice > 0.98] = 0, 255
    reading = read_scan(page, 150, sight)
    assert error_rate(" ".join(line.text for line in reading.lines)[36:], LETTER) < 0.03


def test_the_printed_words_of_a_form_are_found_whichever_way_up_it_lies(sight: Tesseract) -> None:
    file = ROOT.parent / "shared" / "data" / "ocr" / "cerfa_12485_03.png"
    if not file.exists():
        missing("the blank forms")
    picture = packed(file.read_bytes())
    assert picture is not None
    page = drawn(pdf_around(picture), 0.5)
    page = page[: len(page) * 2 // 5]  # enough words for half the time
    upright, turned = (read_scan(one, 175, sight) for one in (page, pixels.upside_down(page)))
    texts = [" ".join(line.text for line in reading.lines) for reading in (upright, turned)]
    for text in texts:
        for words in ("CHOIX DU MÉDECIN TRAITANT", "bénéficiaire des soins", "Code de la sécurité sociale"):
            assert words in text
    assert SequenceMatcher(None, *(text.split() for text in texts)).ratio() > 0.95


def test_pages_of_a_fax_and_a_photo_that_lets_light_through_are_given_to_tesseract_as_they_are(
    folder: Path, sight: Tesseract, tmp_path: Path
) -> None:
    small = '#set page(width: 7cm, height: 2cm, margin: 4mm); #set text(lang: "fr")\n'
    pages = [
        scanned(pdf(f"{small}{words}", tmp_path), 200) for words in ("Ouvert le mardi matin", "Fermé le jeudi soir")
    ]
    (folder / "fax.tiff").write_bytes(tiff([(page.tobytes(), page.shape[1], page.shape[0]) for page in pages]))
    sheet = only_sheet(folder)
    assert [(block.text, block.path) for block in sheet.blocks] == [
        ("Ouvert le mardi matin", ("page 1",)),
        ("Fermé le jeudi soir", ("page 2",)),
    ]
    (folder / "fax.tiff").unlink()
    see_through = np.stack([*[pages[0]] * 3, np.full_like(pages[0], 255)], axis=2)
    (folder / "photo.png").write_bytes(png(see_through.tobytes(), see_through.shape[1], see_through.shape[0], colour=6))
    assert text_of(only_sheet(folder)).strip() == "Ouvert le mardi matin"


# --- When it cannot be done -------------------------------------------------------------------------------------------


def test_without_tesseract_a_scan_is_refused_with_what_to_install(
    folder: Path, letter: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    page = scanned(letter, 72)
    (folder / "lettre.png").write_bytes(png(page.tobytes(), page.shape[1], page.shape[0]))
    (one,) = read_folder(folder, today=TODAY)
    assert isinstance(one, Refused)
    assert one.code == "document_no_tesseract"
    assert "sudo apt install tesseract-ocr tesseract-ocr-fra" in one.reason


def test_a_tesseract_that_has_not_learnt_french_says_so(
    folder: Path, sight: Tesseract, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = shutil.which("tesseract")
    assert program is not None
    monkeypatch.setenv("TESSDATA_PREFIX", str(folder))
    (folder / "eng.traineddata").write_bytes(b"")
    with pytest.raises(CannotRead, match="document_no_french"):
        find_tesseract(LIMITS)


def test_of_a_document_read_in_part_the_sheet_says_so_and_it_is_read_again_next_time(
    folder: Path, letter: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = scanned(letter, 72)
    both = pdfium.PdfDocument(letter)
    rows = zlib.compress(_rows(page))
    both.import_pages(pdfium.PdfDocument(pdf_around(Packed(page.shape[1], page.shape[0], 1, 8, rows, "FlateDecode"))))
    both.save(folder / "deux.pdf")
    monkeypatch.setenv("PATH", os.devnull)
    (one,) = read_folder(folder, today=TODAY)
    assert isinstance(one, Read)
    assert "unread:2" in one.sheet.notes
    assert one.fingerprint == ""
    assert one.sheet.blocks[-1].path[-1] == "page 1"
