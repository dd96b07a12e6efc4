"""The HTML of a section of the labour ministry: its paragraphs, items, rows and boxes, its links apart. Pure."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from affouage.french.markup import Markup
from affouage.sheets.rows import row_text
from affouage.sheets.sheet import Block
from affouage.sheets.unreadable import Unreadable

_VOID = frozenset(("br", "hr", "img", "input", "meta", "link", "source", "wbr", "area", "col", "embed", "track"))
_SILENT = frozenset(("script", "style", "template", "svg", "iframe", "object", "noscript"))
_BREAKS = frozenset(
    ("p", "div", "section", "ul", "ol", "li", "table", "tr", "td", "th", "caption", "figure", "blockquote", "article")
)
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_BOXES = ("fr-highlight", "fr-callout", "fr-alert")
_BOX_NAMES = re.compile(
    r"(?:bon )?à savoir|attention|à noter|rappel|important|exemples?|précision|remarque", re.IGNORECASE
)
_CARDS = ("fr-card", "ondine-links-list", "ondine-linked-pages")
MOST_DEPTH = 200


class Anchor(msgspec.Struct, frozen=True):
    """A link. ``path``: headings above it."""

    text: str
    url: str
    path: tuple[str, ...]


class Page(Markup):
    """Feed it once, then :meth:`end`. ``blocks``: what is read; ``anchors``: every link. Cards that lead elsewhere are
    links and no text. Raises Unreadable when it is nested without end."""

    def __init__(self, path: tuple[str, ...] = ()) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.anchors: list[Anchor] = []
        self._open: list[str] = []
        self._headings: list[tuple[str, str]] = [("h1", one) for one in path]
        self._text: list[str] = []
        self._link: list[str] | None = None
        self._url = ""
        self._box_at = self._card_at = self._silent_at = 0  # depth of the outermost one we are in; 0: none
        self._box = ""
        self._cells: list[str] = []
        self._columns: list[str] = []

    def end(self) -> None:
        self.close()
        self._flush()

    # What the parser tells

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self._text.append(" ")
            return
        if tag in _BREAKS or tag in _HEADINGS:
            self._flush()
        self._open.append(tag)
        if (depth := len(self._open)) > MOST_DEPTH:
            raise Unreadable("xml_too_deep", most=MOST_DEPTH)
        said = dict(attrs)
        classes = (said.get("class") or "").split()
        if tag in _SILENT:
            self._silent_at = self._silent_at or depth
        elif any(one in _CARDS for one in classes):
            self._card_at = self._card_at or depth
        elif any(one in _BOXES for one in classes) and not self._box_at:
            self._box_at, self._box = depth, ""
        if tag == "a" and (said.get("href") or "").startswith(("http://", "https://")):
            self._link, self._url = [], said["href"] or ""

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open:
            ended = self._open.pop()
            self._ended(ended)
            if ended == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._silent_at:
            return
        if self._link is not None:
            self._link.append(data)
        if not self._card_at:
            self._text.append(data)

    # What it makes of it

    def _ended(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            if text := _line(self._link):
                self.anchors.append(Anchor(text, self._url, self._path()))
            self._link = None
        elif tag in _HEADINGS:
            self._heading(tag)
        elif tag in ("td", "th"):
            self._cells.append(_line(self._text))
            self._text = []
        elif tag == "tr":
            self._row()
        elif tag == "table":
            self._columns = []
        elif tag in _BREAKS:
            self._flush(tag)
        depth = len(self._open)
        if self._box_at > depth:
            self._flush()
            self._box_at, self._box = 0, ""
        self._card_at = 0 if self._card_at > depth else self._card_at
        self._silent_at = 0 if self._silent_at > depth else self._silent_at

    def _heading(self, tag: str) -> None:
        text, self._text = _line(self._text), []
        if not text or self._card_at:
            return
        if self._box_at:
            self._box = text.rstrip(" !:.")
            return
        while self._headings and self._headings[-1][0] >= tag:
            self._headings.pop()
        self._headings.append((tag, text))

    def _row(self) -> None:
        cells, self._cells = self._cells, []
        if not self._columns:
            self._columns = cells
            self._add(row_text(cells), "row")
        else:
            fits = len(cells) == len(self._columns)
            self._add(row_text(cells, self._columns if fits else ()), "row")

    def _flush(self, tag: str = "") -> None:
        if any(one in ("td", "th") for one in self._open):  # a paragraph does not end a cell
            self._text.append(" ")
            return
        text, self._text = _line(self._text), []
        self._add(text, "item" if tag == "li" or "li" in self._open else "text")

    def _add(self, text: str, kind: Literal["text", "item", "row"]) -> None:
        if not text:
            return
        if self._box_at and not self._box and _BOX_NAMES.fullmatch(name := text.rstrip(" !:.")):
            self._box = name
        elif self._box_at:
            self.blocks.append(Block(text=text, path=self._path(), kind="box", name=self._box or "À savoir"))
        else:
            self.blocks.append(Block(text=text, path=self._path(), kind=kind))

    def _path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._headings)


def read_page(html: str, path: tuple[str, ...] = ()) -> Page:
    """``html`` read under the headings ``path``. Raises Unreadable."""
    page = Page(path)
    page.feed(html)
    page.end()
    return page


def _line(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())
