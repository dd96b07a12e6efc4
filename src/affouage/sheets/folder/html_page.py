"""HTML: its headings, paragraphs, items and rows, without what dresses the page. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from affouage.french.markup import Markup
from affouage.sheets.folder.outline import Outline, clean
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.shapes import Draft
from affouage.sheets.folder.text import day_of, decode
from affouage.sheets.sheet import Block

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_DROPPED = frozenset(
    [
        "script",
        "style",
        "nav",
        "footer",
        "aside",
        "noscript",
        "template",
        "svg",
        "math",
        "form",
        "button",
        "select",
        "iframe",
        "object",
        "audio",
        "video",
        "canvas",
        "dialog",
        "head",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
        "td",
        "th",
        "hr",
    ]
)
_ITEMS = frozenset(("li", "dd", "dt"))
_CELLS = frozenset(("td", "th"))
_KEPT_OPEN = frozenset(("title", "html"))
_DATES = frozenset(("dc.date", "dcterms.modified", "date", "article:modified_time", "last-modified", "revised"))
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}["']?\s{0,5}([\w-]{2,30})""", re.I)
_CLOSED_BY = {
    "li": ("li",),
    "dt": ("dt", "dd"),
    "dd": ("dt", "dd"),
    "tr": ("tr", "td", "th"),
    "td": ("td", "th"),
    "th": ("td", "th"),
    "body": ("head",),
}
"""Elements whose end need not be written: tag -> what its beginning ends."""
DEEPEST = 500


def read_html(data: bytes, most: int) -> tuple[Draft, tuple[Block, ...]]:
    """Only what stands in ``<main>``, when there is one. Raises CannotRead."""
    declared = _CHARSET.search(data[:2048])
    text = decode(data, declared[1].decode("ascii") if declared else "")
    page = _page(text, most, within_main=True)
    if not page.saw_main:
        page = _page(text, most, within_main=False)
    heading, blocks = page.outline.finish()
    day = page.day
    draft = Draft(
        heading=heading,
        name=clean(page.name),
        day=day,
        day_from="properties" if day else "",
        language=page.language,
        description=clean(page.description),
    )
    return draft, blocks


def blocks_into(outline: Outline, text: str) -> None:
    """A piece of HTML inside another document. Raises CannotRead."""
    _Page(outline, within_main=False).hear(text)


def _page(text: str, most: int, *, within_main: bool) -> _Page:
    page = _Page(Outline(most), within_main=within_main)
    page.hear(text)
    return page


class _Page(Markup):
    """``within_main``: listen only inside ``<main>``."""

    def __init__(self, outline: Outline, *, within_main: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.outline = outline
        self.name = self.description = self.language = ""
        self.day: str | None = None
        self.saw_main = False
        self._within_main = within_main
        self._open: list[str] = []
        self._dropped_at: int | None = None  # depth of the outermost dropped element we are in
        self._main_at: int | None = None
        self._heard: list[str] = []
        self._cells: list[str] = []
        self._headings: list[str] | None = None  # of the table's columns; None once they cannot be followed
        self._heads_only = True
        self._add: Callable[[str], None] = outline.text

    def hear(self, text: str) -> None:
        """The whole of it, once. Raises CannotRead."""
        self.feed(text)
        self.close()
        while self._open:
            self.handle_endtag(self._open[-1])
        self._end_block()

    # --- What the parser tells ------------------------------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = said.get("lang", "")[:2].lower()
        elif tag == "meta":
            self._meta(said)
        if tag in _VOID:
            self._heard.append(" ")
            if tag in _BLOCKS:
                self._end_block()
            return
        dropped = tag in _DROPPED or _hidden(said)
        if tag in _BLOCKS:
            self._close_implied(tag)
            self._begin(tag)
            if tag == "table":
                self._headings = []
            elif tag in _CELLS:
                self._heads_only = self._heads_only and tag == "th"
                if said.keys() & {"colspan", "rowspan"}:
                    self._headings = None
        elif not (dropped or tag in _KEPT_OPEN or self._dropped_at):
            return  # bold, links ... change nothing, and are often left open
        self._open.append(tag)
        if len(self._open) > DEEPEST:
            raise CannotRead("document_twisted")
        if self._dropped_at is None and dropped:
            self._dropped_at = len(self._open)
            self._heard.append(" ")
        if self._main_at is None and (tag == "main" or said.get("role") == "main"):
            self.saw_main, self._main_at = True, len(self._open)

    def _close_implied(self, tag: str) -> None:
        ended = ("p", *_CLOSED_BY.get(tag, ()))
        while self._open and self._open[-1] in ended:
            self.handle_endtag(self._open[-1])

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._open:
            return
        ended = ""
        while ended != tag:  # what was left open within ends with it
            ended = self._open.pop()
            if ended in _BLOCKS:
                self._end(ended)
        depth = len(self._open)
        self._dropped_at = None if (self._dropped_at or 0) > depth else self._dropped_at
        self._main_at = None if (self._main_at or 0) > depth else self._main_at

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title" and "svg" not in self._open:
            self.name = (self.name + data)[:1000]
        elif self._dropped_at is None and (self._main_at is not None or not self._within_main):
            self._heard.append(data)

    # --- Blocks ---------------------------------------------------------------------------------------------------

    def _begin(self, tag: str) -> None:
        if any(cell in self._open for cell in _CELLS) and tag not in _CELLS and tag != "tr":
            self._heard.append(" ")  # a paragraph within a cell does not end it
            return
        self._end_block()
        if tag in _ITEMS or (tag == "p" and any(item in self._open for item in _ITEMS)):
            self._add = self.outline.item
        elif tag[0] == "h" and tag[1:].isdigit():
            level = int(tag[1:])
            self._add = lambda text: self.outline.heading(level, text)

    def _end(self, tag: str) -> None:
        if tag in _CELLS:
            self._cells.append("".join(self._heard))
            self._heard = []
        elif tag == "tr":
            self._end_block()
            self._end_row()
        elif any(cell in self._open for cell in _CELLS):
            self._heard.append(" ")
        else:
            self._end_block()

    def _end_row(self) -> None:
        self.outline.row(self._cells, self._headings or ())
        if self._heads_only and self._cells and self._headings is not None:
            self._headings = self._cells
        self._cells, self._heads_only = [], True

    def _end_block(self) -> None:
        text, add = "".join(self._heard), self._add
        self._heard, self._add = [], self.outline.text
        add(text)

    def _meta(self, said: dict[str, str]) -> None:
        name = (said.get("name") or said.get("property") or said.get("http-equiv") or "").lower()
        content = said.get("content", "")
        if name == "description":
            self.description = content[:1000]
        elif name in _DATES and self.day is None:
            self.day = day_of(content)


def _hidden(said: dict[str, str]) -> bool:
    """What a page does not show is not part of the document."""
    noted = said.get("role") in ("doc-noteref", "doc-backlink")
    return "hidden" in said or noted or "display:none" in said.get("style", "").replace(" ", "").lower()
