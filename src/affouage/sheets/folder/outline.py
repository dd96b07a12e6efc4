"""Headings and what stands under them, gathered into blocks in reading order. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.rows import row_text
from affouage.sheets.sheet import Block

_BLANKS = re.compile(r"[ \t\r\n\f\v\x85\u2028\u2029]+")
_LIGATURES = {point: unicodedata.normalize("NFKC", chr(point)) for point in range(0xFB00, 0xFB07)}
_JOINERS = "\u200c\u200d"
"""Formatting characters that are part of how a word is written, in some languages."""
DEEPEST = 12
Kind = Literal["text", "item", "row"]


def clean(text: str) -> str:
    """One line of composed characters: blanks made one, invisible characters gone, no-break spaces kept."""
    text = _BLANKS.sub(" ", unicodedata.normalize("NFC", text.translate(_LIGATURES)))
    if not text.isprintable():  # only then is it worth looking at each
        text = "".join(one for one in text if one in _JOINERS or unicodedata.category(one) not in _UNSEEN)
    return text.strip(" \u00a0\u202f\u2007")


_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


class Outline:
    """Told headings, paragraphs, items and rows in order, it keeps the blocks, each with the headings above it.

    ``most``: characters in all; more raises CannotRead. ``above_title``: blocks that may stand above the title.
    """

    def __init__(self, most: int, *, above_title: int = 0) -> None:
        self._blocks: list[Block] = []
        self._above: list[tuple[int, str]] = []
        self._bare = False  # the innermost heading has nothing under it yet
        self._page = ""  # of the innermost heading
        self._first: tuple[int, str] | None = None
        self._alone = False  # the first heading came early enough, and none of its level has followed
        self._left = self._most = most
        self._above_title = above_title

    def heading(self, level: int, text: str, under: str = "") -> None:
        """``level``: 1 the widest. An empty heading is none. ``under``: the page it stands on."""
        text = self._count(text)
        if not text:
            return
        if self._bare and self._above[-1][0] >= level:
            self._keep_bare()
        while self._above and self._above[-1][0] >= level:
            self._above.pop()
        if self._first is None:
            self._first, self._alone = (level, text), len(self._blocks) <= self._above_title
        elif level <= self._first[0]:
            self._alone = False
        if len(self._above) == DEEPEST:
            self._above.pop()
        self._above.append((level, text))
        self._bare, self._page = True, under

    def text(self, text: str, under: str = "") -> None:
        """``under``: what stands below the headings, the page."""
        self._add("text", text, under)

    def item(self, text: str, under: str = "") -> None:
        """Of a list."""
        self._add("item", text, under)

    def row(self, cells: Sequence[str], headings: Sequence[str] = ()) -> None:
        """Of a table. ``headings``: of its columns, believed where there is one for each cell."""
        told = headings if len(headings) == len(cells) else ()
        self._add("row", row_text([clean(text) for text in cells], [clean(text) for text in told]), "")

    def apart(self) -> None:
        """What follows stands under none of the headings told so far."""
        if self._bare:
            self._keep_bare()
        self._above = []

    def finish(self) -> tuple[str, tuple[Block, ...]]:
        """The heading that titles the whole, "" when there is none, and the blocks: it is in their paths too."""
        if self._bare:
            self._keep_bare()
        title = self._first[1] if self._first is not None and self._alone else ""
        return title, tuple(self._blocks)

    def _keep_bare(self) -> None:
        """A heading with nothing under it is itself a text."""
        *above, (_level, text) = self._above
        self._keep("text", text, above, self._page)

    def _add(self, kind: Kind, text: str, under: str) -> None:
        text = self._count(text)
        if any(one.isalnum() for one in text):  # not a ruling, or a lone mark
            self._keep(kind, text, self._above, under)

    def _keep(self, kind: Kind, text: str, above: Iterable[tuple[int, str]], under: str) -> None:
        path = tuple(heading for _level, heading in above) + ((under,) if under else ())
        self._blocks.append(Block(text=text, path=path, kind=kind))
        self._bare = False

    def _count(self, text: str) -> str:
        text = clean(text)
        self._left -= len(text)
        if self._left < 0:
            raise CannotRead("document_long", most=self._most)
        return text
