"""PDF, through PDFium: the text of each page by lines, or the page as dots where there is none to be had.

Only the child program imports this: PDFium is C++, and is fed what comes.
"""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import msgspec
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from affouage.sheets.folder.layout import RawLine, mended, opened
from affouage.sheets.folder.limits import Limits
from affouage.sheets.folder.outline import clean
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.shapes import Draft, Head, Line, Lines, Mark, Scan
from affouage.sheets.folder.text import valid_day

_POINTS_PER_INCH = 72
_DPI = (100, 300)
"""Least and most that a page is drawn at; most for one that is drawn rather than photographed."""
_MOST_DOTS = 20_000_000
_ENOUGH_LETTERS = 25
_MOST_MARKS = 2_000
_MOST_CHARACTERS = 200_000
"""Of a page."""
_BOLD = 600


def open_pdf(file: BinaryIO | bytes, limits: Limits) -> Any:
    """The document. Raises CannotRead."""
    try:
        document = pdfium.PdfDocument(file)
    except pdfium.PdfiumError as refused:
        protected = refused.err_code == raw.FPDF_ERR_PASSWORD
        raise CannotRead("document_protected" if protected else "document_damaged") from None
    if len(document) > limits.pages:
        raise CannotRead("document_pages", pages=len(document), most=limits.pages)
    if not len(document):
        raise CannotRead("document_empty")
    return document


def head_of(document: Any) -> Head:
    said = document.get_metadata_dict()
    day = _day(said.get("ModDate", "")) or _day(said.get("CreationDate", ""))
    draft = Draft(name=_title(said.get("Title", "")), day=day, day_from="properties" if day else "")
    return Head(draft, len(document), tuple(_marks(document)))


def pages_of(document: Any) -> Iterator[tuple[Lines | Scan, bytes]]:
    """Each page, with its dots when it is to be read by sight. A page that is broken is blank."""
    for number in range(len(document)):
        try:
            page = document[number]
            yield _read(page)
            page.close()
        except pdfium.PdfiumError:
            yield Lines(()), b""


def picture_of(page: Any, dpi: int) -> tuple[Scan, bytes]:
    """A page that ``picture.pdf_around`` made, dot for dot; less of one that is vast."""
    return _drawn(page, 1.0, dpi)


def _read(page: Any) -> tuple[Lines | Scan, bytes]:
    lines, letters, spoilt = _text(page)
    if letters >= _ENOUGH_LETTERS and spoilt < 0.2:
        return Lines(lines), b""
    dpi = _drawn_dpi(page)
    if dpi is None:
        return Lines(lines), b""
    scan, dots = _drawn(page, dpi / _POINTS_PER_INCH, dpi)
    return msgspec.structs.replace(scan, lines=lines if spoilt < 0.2 else ()), dots


def _drawn(page: Any, scale: float, dpi: int) -> tuple[Scan, bytes]:
    scale = min(scale, math.sqrt(_MOST_DOTS / max(1.0, page.get_width() * page.get_height())))
    bitmap = page.render(scale=scale, grayscale=True)
    dots = memoryview(bitmap.buffer)
    if bitmap.stride != bitmap.width:
        rows = (dots[row * bitmap.stride : row * bitmap.stride + bitmap.width] for row in range(bitmap.height))
        return Scan(bitmap.width, bitmap.height, dpi), b"".join(rows)
    return Scan(bitmap.width, bitmap.height, dpi), bytes(dots[: bitmap.width * bitmap.height])


def _drawn_dpi(page: Any) -> int | None:
    """What to draw the page at: as its largest picture was scanned; None when there is nothing to see on it."""
    area = max(1.0, page.get_width() * page.get_height())
    dpi, largest, drawings = float(_DPI[1]), 0.0, 0
    for thing in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH), max_depth=3):
        drawings += 1
        if isinstance(thing, pdfium.PdfImage):
            left, bottom, right, top = thing.get_bounds()
            covered = abs((right - left) * (top - bottom))
            if covered > largest:
                largest = covered
                dpi = max(thing.get_px_size()) / max(right - left, top - bottom, 0.01) * _POINTS_PER_INCH
    if largest < area / 50 and drawings < _ENOUGH_LETTERS:  # a logo, a few rules
        return None
    return round(min(max(dpi, _DPI[0]), _DPI[1]))


# --- Text -------------------------------------------------------------------------------------------------------------


def _text(page: Any) -> tuple[tuple[Line, ...], int, float]:
    """Its lines, how many letters they hold, and what share of its characters has lost its meaning."""
    text = page.get_textpage()
    count = min(text.count_chars(), _MOST_CHARACTERS)
    characters = [chr(min(raw.FPDFText_GetUnicode(text, index), 0x10FFFF)) for index in range(count)]
    lines = [_line(text, characters, begin, end) for begin, end in _spans(characters)]
    text.close()
    letters = sum(one.isalnum() for one in characters)
    lost = sum(unicodedata.category(one) in ("Co", "Cn", "Cs") or one == "\ufffd" for one in characters)
    return opened(lines), letters, lost / max(1, letters + lost)


def _spans(characters: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last character, both seen, of each line."""
    begin = end = None
    for index, one in enumerate((*characters, "\n")):
        if one in "\r\n":
            if begin is not None and end is not None:
                yield begin, end
            begin = end = None
        elif not one.isspace():
            begin, end = index if begin is None else begin, index


def _line(text: Any, characters: Sequence[str], begin: int, end: int) -> RawLine:
    """PDFium marks with U+0002 the hyphen at which a word was cut at the end of a line, and goes on."""
    whole = clean(_CUT.sub(_joined, "".join(characters[begin : end + 1])))
    heights = []
    for index in (begin, end):
        across, up = ctypes.c_double(), ctypes.c_double()
        raw.FPDFText_GetCharOrigin(text, index, across, up)
        heights.append(up.value)
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(text, begin, matrix)
    size = raw.FPDFText_GetFontSize(text, begin) * math.hypot(matrix.b, matrix.d)
    bold = all(raw.FPDFText_GetFontWeight(text, index) >= _BOLD for index in (begin, end))
    return RawLine(whole, size if math.isfinite(size) else 1.0, bold, heights[0], heights[1])


_CUT = re.compile("\x02(\\w*)")


def _joined(cut: re.Match[str]) -> str:
    return mended(cut[1])


def _title(said: str) -> str:
    """A title that somebody gave, rather than the name a program made up from a file's."""
    title = clean(said)
    made_up = re.search(
        r"\.(?:docx?|odt|rtf|pdf|indd|pptx?|xlsx?|tmp|qxd|pmd)$|^untitled|^sans (?:titre|nom)", title, re.I
    )
    return "" if made_up or len(title) < 4 else title[:300]


def _day(said: str) -> str | None:
    """``D:20260312094500+01'00'`` -> ``2026-03-12``."""
    found = re.match(r"(?:D:)?((?:19|20)\d\d)(\d\d)(\d\d)", said)
    return valid_day(int(found[1]), int(found[2]), int(found[3])) if found else None


def _marks(document: Any) -> Iterator[Mark]:
    for count, mark in enumerate(document.get_toc(max_depth=6)):
        if count == _MOST_MARKS:
            return
        destination = mark.get_dest()
        index = destination.get_index() if destination else None
        yield Mark(mark.level, clean(mark.get_title())[:300], 0 if index is None else index + 1)
