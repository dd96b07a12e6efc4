"""ODT (OpenDocument text): its headings, paragraphs, items, rows and notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from affouage.sheets.folder.office import Package, level_of, parse, properties
from affouage.sheets.folder.outline import Outline
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.shapes import Draft
from affouage.sheets.sheet import Block

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_PREFIXES = {
    **{f"{_OASIS}{name}:1.0": name for name in ("office", "text", "table", "style", "manifest", "meta")},
    "http://purl.org/dc/elements/1.1/": "dc",
}
_DAYS = ("dc:date", "meta:creation-date")
_SKIPPED = frozenset(
    ("office:annotation", "office:forms", "text:tracked-changes", "text:table-of-content", "text:note-citation")
)
_PARAGRAPHS = ("text:p", "text:h")
_CELLS = ("table:table-cell", "table:covered-table-cell")
"""The second lies under one that spans several: it is there, and empty."""


def read_odt(file: BinaryIO, most: int, most_bytes: int) -> tuple[Draft, tuple[Block, ...]]:
    """Raises CannotRead."""
    package = Package(file, most_bytes)
    if b"encryption-data" in (package.part("META-INF/manifest.xml") or b""):
        raise CannotRead("document_protected")
    content = package.part("content.xml")
    if content is None:
        raise CannotRead("document_not_what_it_says", kind="ODT")
    outline = Outline(most)
    body = _Body(outline)
    parse(content, _PREFIXES, body)
    outline.apart()
    for note in body.notes:
        outline.text(note, under="Notes")
    heading, blocks = outline.finish()
    return properties(package.part("meta.xml"), _PREFIXES, _DAYS, heading), blocks


class _Paragraph:
    """``level``: of a heading, 0 for the title, None for ordinary text. ``note``: it stands within a note."""

    def __init__(self, level: int | None, note: bool) -> None:
        self.heard: list[str] = []
        self.level = level
        self.note = note


class _Body:
    def __init__(self, outline: Outline) -> None:
        self.notes: list[str] = []
        self._outline = outline
        self._titles = {"Title", "Titre"}  # styles that title the document, and those that derive from them
        self._paragraphs: list[_Paragraph] = []
        self._rows: list[list[str]] = []
        self._headings: list[str] = []  # of the columns of the outermost table
        self._heads = False
        self._skipped = 0
        self._lists = 0
        self._notes = 0

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._skipped or name in _SKIPPED:
            self._skipped += 1
        elif name in _PARAGRAPHS:
            self._paragraphs.append(_Paragraph(self._level(name, attributes), self._notes > 0))
        elif name == "style:style" and attributes.get("style:parent-style-name") in self._titles:
            self._titles.add(attributes.get("style:name", ""))
        elif name == "text:list":
            self._lists += 1
        elif name == "text:note":
            self._notes += 1
        elif name == "table:table" and not self._rows:
            self._headings = []
        elif name == "table:table-header-rows" and not self._rows:
            self._heads = True
        elif name == "table:table-row":
            self._rows.append([])
        elif name in _CELLS and self._rows:
            self._rows[-1].append("")
        elif name in ("text:s", "text:tab", "text:line-break"):
            self.chars(" ")

    def _level(self, name: str, attributes: Mapping[str, str]) -> int | None:
        if name == "text:p":
            return 0 if attributes.get("text:style-name") in self._titles else None
        return level_of(attributes.get("text:outline-level", "")) or 1

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name in _PARAGRAPHS and self._paragraphs:
            self._finish(self._paragraphs.pop())
        elif name == "text:list":
            self._lists -= 1
        elif name == "text:note":
            self._notes -= 1
        elif name == "table:table-row" and self._rows:
            self._finish_row(self._rows.pop())
        elif name == "table:table-header-rows" and not self._rows:
            self._heads = False

    def chars(self, text: str) -> None:
        if self._paragraphs and not self._skipped:
            self._paragraphs[-1].heard.append(text)

    def _finish(self, paragraph: _Paragraph) -> None:
        text = "".join(paragraph.heard)
        if paragraph.note:
            self.notes.append(text)
        elif self._rows and self._rows[-1]:
            self._rows[-1][-1] += f"{text} "
        elif paragraph.level is not None:
            self._outline.heading(paragraph.level, text)
        elif self._lists:
            self._outline.item(text)
        else:
            self._outline.text(text)

    def _finish_row(self, cells: list[str]) -> None:
        if self._rows and self._rows[-1]:  # the row of a table within a cell
            self._rows[-1][-1] += " ".join(cells) + " "
        else:
            self._outline.row(cells, self._headings)
            self._headings = cells if self._heads else self._headings
