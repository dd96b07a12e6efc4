"""DOCX (Office Open XML): its headings, paragraphs, items, rows and notes, as they stand once changes are accepted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import BinaryIO

from affouage.sheets.folder.office import Package, level_of, parse, properties
from affouage.sheets.folder.outline import Outline
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.shapes import Draft
from affouage.sheets.sheet import Block

_PREFIXES = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w",
    "http://purl.oclc.org/ooxml/wordprocessingml/main": "w",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
}
_DAYS = ("dcterms:modified", "dcterms:created")
_HEADING = re.compile(r"(?:heading|titre|title)\s*(\d)", re.I)
_SKIPPED = frozenset(("mc:Fallback", "w:del", "w:moveFrom", "w:instrText", "w:rPrChange", "w:pPrChange"))
_LISTED = re.compile(r"(?:toc|tm)\d", re.I)
TITLE, BODY = 0, 9
"""The level of a paragraph in the style ``Title``, above every heading; the outline level of what is no heading."""


def read_docx(file: BinaryIO, most: int, most_bytes: int) -> tuple[Draft, tuple[Block, ...]]:
    """Raises CannotRead."""
    package = Package(file, most_bytes)
    document = package.part("word/document.xml")
    if document is None:
        raise CannotRead("document_not_what_it_says", kind="DOCX")
    styles = _Styles()
    if part := package.part("word/styles.xml"):
        parse(part, _PREFIXES, styles)
    outline = Outline(most)
    parse(document, _PREFIXES, _Body(outline, styles))
    outline.apart()
    for notes in ("word/footnotes.xml", "word/endnotes.xml"):
        if part := package.part(notes):
            parse(part, _PREFIXES, _Body(outline, styles, as_notes=True))
    heading, blocks = outline.finish()
    return properties(package.part("docProps/core.xml"), _PREFIXES, _DAYS, heading), blocks


class _Styles:
    """``levels`` of the styles that are of a heading: by outline level, else by name; ``items``: those of lists."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self.items: set[str] = set()
        self._style = ""

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        value = attributes.get("w:val", "")
        if name == "w:style":
            self._style = attributes.get("w:styleId", "")
        elif name == "w:outlineLvl" and (above := level_of(value)) is not None and above < BODY:
            self.levels[self._style] = above + 1
        elif name == "w:numId" and value != "0":
            self.items.add(self._style)
        elif name == "w:name" and (level := _level_named(value)) is not None:
            self.levels.setdefault(self._style, level)

    def end(self, name: str) -> None:
        if name == "w:style":
            self._style = ""

    def chars(self, _text: str) -> None:
        pass


def _level_named(style: str) -> int | None:
    if style.lower() in ("title", "titre"):
        return TITLE
    found = _HEADING.fullmatch(style)
    return int(found[1]) if found else None


class _Paragraph:
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.level: int | None = None
        self.item = False
        self.listed = False
        """It is a line of the table of contents, which says nothing that the headings do not."""


class _Body:
    """``as_notes``: every paragraph is a note at the foot of a page."""

    def __init__(self, outline: Outline, styles: _Styles, *, as_notes: bool = False) -> None:
        self._outline = outline
        self._styles = styles
        self._as_notes = as_notes
        self._paragraphs: list[_Paragraph] = []  # a frame has paragraphs within a paragraph
        self._rows: list[list[str]] = []  # a cell may hold a table
        self._headings: list[str] = []  # of the columns of the outermost
        self._heads = False
        self._skipped = 0
        self._heard_from = False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._skipped or name in _SKIPPED:
            self._skipped += 1
        elif name == "w:p":
            self._paragraphs.append(_Paragraph())
        elif name == "w:tbl" and not self._rows:
            self._headings = []
        elif name == "w:tr":
            self._rows.append([])
        elif name == "w:tblHeader" and len(self._rows) == 1:
            self._heads = attributes.get("w:val") not in ("0", "false")
        elif name == "w:tc" and self._rows:
            self._rows[-1].append("")
        elif self._paragraphs:
            self._within(name, attributes, self._paragraphs[-1])

    def _within(self, name: str, attributes: Mapping[str, str], paragraph: _Paragraph) -> None:
        value = attributes.get("w:val", "")
        if name == "w:t":
            self._heard_from = True
        elif name in ("w:tab", "w:br", "w:cr"):
            paragraph.heard.append(" ")
        elif name == "w:noBreakHyphen":
            paragraph.heard.append("\u2011")
        elif name == "w:pStyle":
            paragraph.level = self._styles.levels.get(value, _level_named(value))
            paragraph.item = value in self._styles.items
            paragraph.listed = bool(_LISTED.match(value))
        elif name == "w:outlineLvl" and (above := level_of(value)) is not None and above < BODY:
            paragraph.level = above + 1
        elif name == "w:numId" and value != "0":
            paragraph.item = True

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name == "w:t":
            self._heard_from = False
        elif name == "w:p" and self._paragraphs:
            self._finish(self._paragraphs.pop())
        elif name == "w:tr" and self._rows:
            self._finish_row(self._rows.pop())

    def chars(self, text: str) -> None:
        if self._heard_from and self._paragraphs and not self._skipped:
            self._paragraphs[-1].heard.append(text)

    def _finish(self, paragraph: _Paragraph) -> None:
        text = "" if paragraph.listed else "".join(paragraph.heard)
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] += f"{text} "
        elif self._as_notes:
            self._outline.text(text, under="Notes")
        elif paragraph.level is not None:
            self._outline.heading(paragraph.level, text)
        elif paragraph.item:
            self._outline.item(text)
        else:
            self._outline.text(text)

    def _finish_row(self, cells: list[str]) -> None:
        if self._rows and self._rows[-1]:  # the row of a table within a cell
            self._rows[-1][-1] += " ".join(cells) + " "
        else:
            self._outline.row(cells, self._headings)
            self._headings = cells if self._heads else self._headings
            self._heads = False
