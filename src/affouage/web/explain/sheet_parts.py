"""A sheet cut into parts that each make one light page: the longest official ones have 36,000 words. Pure.

Body, addresses, forms, laws, definitions and related sheets are all pieces in one row; a part ends where the headings
change most, and begins by saying again the headings its first piece stands under, so that no condition is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import escape

from affouage.sheets.sheet import Block, Fact, FactKind, Link, Sheet
from affouage.web.explain.links import outside
from affouage.web.language import N_

PART_BYTES = 31_000
"""Of HTML at most in one part, headings included: with the frame and the style sheets a page stays under 60 kB."""

CONTENTS_BYTES = 5_000
TITLE_CHARS = 110
"""Of a heading in the table of contents; a longer one is cut there, never in the body."""

BODY_BYTES, BESIDE_BYTES, HEADING_BYTES, ENTRY_BYTES = 20, 120, 50, 110
"""Of the marks around a paragraph, a fact, a heading, a line of the table of contents."""

BESIDE: dict[FactKind, str] = {
    "where": N_("Where to go"),
    "online": N_("Online services"),
    "form": N_("Forms"),
    "definition": N_("Words explained"),
    "law": N_("Texts of law"),
}
"""Facts that stand beside the text, in the order they are shown. Amounts and delays are read in the text itself."""

RELATED = N_("Elsewhere")

Say = Callable[[str], str]


@dataclass(frozen=True)
class Piece:
    """A paragraph, an item, a row, a box (``name``), a fact or a link of a sheet, under its headings ``path``.

    ``number``: of the block of the body, None for what stands beside it. ``under``: the headings that a fact stood
    under in the body. ``href``: a safe address, "" for none; ``away``: it leaves this site.
    """

    kind: str
    text: str
    path: tuple[str, ...] = ()
    name: str = ""
    href: str = ""
    away: bool = False
    under: tuple[str, ...] = ()
    number: int | None = None

    @property
    def weight_bytes(self) -> int:
        marks = (BODY_BYTES if self.kind != "fact" else BESIDE_BYTES) + HEADING_BYTES * len(self.under)
        return marks + sum(html_bytes(one) for one in (self.text, self.name, self.href, *self.under))


@dataclass(frozen=True)
class Heading:
    """``level``: of the HTML heading, 2 to 6; ``again``: said once more at the head of a part."""

    text: str
    level: int
    anchor: str
    again: bool = False
    kind: str = "heading"


@dataclass(frozen=True)
class Run:
    """Pieces of one kind that follow each other under the same headings: one paragraph, one list, one table, a box."""

    kind: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents. ``depth``: 1 for the widest; ``part``: 1, 2, 3 ..."""

    title: str
    depth: int
    part: int
    anchor: str


@dataclass(frozen=True)
class Parts:
    """``parts``: the pieces of each; ``contents``: empty for a sheet with hardly a heading."""

    parts: tuple[tuple[Piece, ...], ...]
    contents: tuple[Entry, ...] = ()
    _anchors: dict[tuple[int, int], str] = field(default_factory=dict, repr=False)

    def read(self, part: int) -> tuple[Heading | Run, ...]:
        """Part 1, 2, 3 ... for reading. Raises IndexError."""
        return tuple(_read(self.parts[part - 1], part, self._anchors))

    def part_of(self, block: int) -> int:
        """Where a block of the body is read; 1 when there is no such block."""
        return next((n for n, part in enumerate(self.parts, 1) if any(one.number == block for one in part)), 1)


def html_bytes(text: str) -> int:
    """As it weighs in a page: an apostrophe is five bytes there."""
    return len(str(escape(text)).encode("utf-8", "replace"))


def parts_of(sheet: Sheet, say: Say, *, at_most_bytes: int = PART_BYTES) -> Parts:
    """The whole sheet, nothing left out. ``say``: translates the headings we add. Raises nothing."""
    pieces = [*_body(sheet.blocks, at_most_bytes), *_beside(sheet.facts, say)]
    pieces += [_related(one, say) for one in sheet.related if not one.sheet_id]
    cut = tuple(_cut(pieces, at_most_bytes)) or ((),)
    anchors: dict[tuple[int, int], str] = {}
    entries: list[Entry] = []
    for number, part in enumerate(cut, 1):
        before: tuple[str, ...] = cut[number - 2][-1].path if number > 1 and cut[number - 2] else ()
        for place, piece in enumerate(part):
            for depth in range(_shared(before, piece.path) + 1, len(piece.path) + 1):
                anchor = f"h{len(entries) + 1}"
                anchors.setdefault((number, place * 100 + depth), anchor)
                entries.append(Entry(_short(piece.path[depth - 1]), depth, number, anchor))
            before = piece.path
    return Parts(cut, _contents(entries), anchors)


# --- pieces -----------------------------------------------------------------------------------------------------------


def _body(blocks: Sequence[Block], at_most_bytes: int) -> Iterator[Piece]:
    for number, block in enumerate(blocks):
        for text in _pages(block.text, at_most_bytes // 4):
            yield Piece(block.kind, text, block.path, block.name, number=number)


def _pages(text: str, chars: int) -> Iterator[str]:
    """A text without a paragraph is cut too, at a space if there is one."""
    while len(text) > chars:
        at = max(text.rfind("\n", 0, chars), text.rfind(" ", 0, chars))
        at = at if at > chars // 2 else chars
        yield text[:at]
        text = text[at:]
    yield text


def _beside(facts: Sequence[Fact], say: Say) -> Iterator[Piece]:
    for kind, words in BESIDE.items():
        for one in dict.fromkeys(fact for fact in facts if fact.kind == kind):
            href = outside(one.url)
            yield Piece("fact", one.value, (say(words),), one.label, href, bool(href), one.path)


def _related(link: Link, say: Say) -> Piece:
    """An address it names; the sheets it names are told beside those that are near it."""
    href = outside(link.url)
    return Piece("fact", "", (say(RELATED),), link.title, href, bool(href))


# --- parts ------------------------------------------------------------------------------------------------------------


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many headings, from the widest, both stand under."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _cut(pieces: Sequence[Piece], at_most_bytes: int) -> Iterator[tuple[Piece, ...]]:
    """Greedily, each part as long as it may be, but for the last third: the widest change of headings in it decides."""
    first = 0
    while first < len(pieces):
        weight, last = _heads_bytes(pieces[first].path), first
        good = []  # (depth of what both sides share, place): the best place to end
        while last < len(pieces):
            shared = _shared(pieces[last - 1].path, pieces[last].path) if last > first else 0
            weight += pieces[last].weight_bytes + (_heads_bytes(pieces[last].path[shared:]) if last > first else 0)
            if weight > at_most_bytes and last > first:
                break
            if last > first and weight > at_most_bytes * 2 // 3:
                good.append((shared, last))
            last += 1
        else:
            good = [(-1, last)]
        end = min(good, key=lambda one: (one[0], -one[1]))[1] if good else last
        yield tuple(pieces[first:end])
        first = end


def _heads_bytes(path: Sequence[str]) -> int:
    return sum(HEADING_BYTES + html_bytes(one) for one in path)


def _contents(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """As deep as it can be told in a few lines; none for one heading or two."""
    for depth in (3, 2, 1):
        told = tuple(one for one in entries if one.depth <= depth)
        if sum(ENTRY_BYTES + html_bytes(one.title) for one in told) <= CONTENTS_BYTES:
            return told if len(told) > 2 else ()
    return ()


def _short(title: str) -> str:
    return title if len(title) <= TITLE_CHARS else f"{title[: TITLE_CHARS - 1].rstrip()}…"


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(part: Sequence[Piece], number: int, anchors: dict[tuple[int, int], str]) -> Iterator[Heading | Run]:
    before: tuple[str, ...] = ()
    run: list[Piece] = []
    for place, piece in enumerate(part):
        if run and (piece.path != before or piece.kind != run[0].kind or piece.kind in ("text", "box")):
            yield Run(run[0].kind, tuple(run))
            run = []
        shared = _shared(before, piece.path) if place else 0
        for depth in range(shared + 1, len(piece.path) + 1):
            anchor = anchors.get((number, place * 100 + depth), "")
            yield Heading(piece.path[depth - 1], min(6, depth + 1), anchor, again=not anchor)
        before = piece.path
        run.append(piece)
    if run:
        yield Run(run[0].kind, tuple(run))
