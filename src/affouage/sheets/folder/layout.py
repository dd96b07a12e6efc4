"""From the lines of pages to headings, paragraphs and items, guessed modestly: in doubt, a paragraph. Pure.

A heading is a line of the document's own outline, or one clearly larger than the body, or a short one in bold alone.
Lines that come back at the head or the foot of most pages, and page numbers, are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from affouage.french.plain import level
from affouage.sheets.folder.outline import Outline, clean
from affouage.sheets.folder.shapes import Line, Mark
from affouage.sheets.sheet import Block

_LARGER = 1.12
_LONGEST_HEADING = 140
_BULLET = re.compile(r"^(?:[•●▪■◦‣▸►✓✔·]|[-–—*]\s|\u2022)\s*")
_NUMBERED = re.compile(r"^\d{1,2}[.)]\s")
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page|p\.)?\s*(?:\d{1,4}|(?-i:[ivxl]{1,6}))\s*(?:(?:/|sur|of|de)\s*\d{1,4})?[-–—\s]*", re.I
)
_SENTENCE_ENDS = (".", "!", "?", ":", ";")
_ABOVE_TITLE = 4
"""Blocks that may stand above the title of a document: a letterhead, a date."""
_PAGE_OF = re.compile(r"(?<!\d)\d{1,4}\s?(?:/|sur|of|de)\s?\d{1,4}(?!\d)", re.I)
_LEADERS = re.compile(r"(?:\.\s?){5,}\s*[\divx]{1,5}$", re.I)
"""A line of a table of contents: it says nothing that the headings do not."""
_LONGEST_MARGIN = 300
"""Characters of a line that may be one of these: a longer one could take those patterns long to go through."""
_EDGE = 2
"""Lines at the head, and at the foot, of a page among which running ones are looked for."""


# --- Words cut at the end of a line -----------------------------------------------------------------------------------

_AFTER_HYPHEN = frozenset(
    [
        "vous",
        "nous",
        "moi",
        "toi",
        "lui",
        "elle",
        "elles",
        "il",
        "ils",
        "on",
        "je",
        "tu",
        "ce",
        "ci",
        "là",
        "leur",
        "leurs",
        "en",
        "y",
        "le",
        "la",
        "les",
        "même",
        "mêmes",
        "dessus",
        "dessous",
        "delà",
        "dedans",
        "dehors",
        "devant",
        "derrière",
        "après",
        "avant",
        "être",
        "midi",
        "chef",
        "chaussée",
        "dire",
    ]
)
_HYPHENS = ("-", "‐", "¬")


def mended(rest: str) -> str:
    """What follows a hyphen that stood at the end of a line, with the hyphen where it is the word's own:
    ``rendez-vous``, ``Bois-le-Roi``, ``2026-2027``."""
    own = rest in _AFTER_HYPHEN or not rest or rest[0].isupper() or rest[0].isdigit()
    return f"-{rest}" if own else rest


def joined(lines: Sequence[Line]) -> str:
    """The text of a paragraph's lines."""
    pieces: list[str] = []
    for line in lines:
        before = pieces[-1] if pieces else ""
        if before[-1:] in _HYPHENS and before[-2:-1].isalnum() and line.text[:1].isalnum():
            first, blank, others = line.text.partition(" ")
            pieces[-1] = before[:-1]
            pieces.append(mended(first) + blank + others)
        else:
            pieces += (" ", line.text) if pieces else (line.text,)
    return "".join(pieces)


# --- A page's lines, and where its paragraphs begin -------------------------------------------------------------------


class RawLine(NamedTuple):
    """A line as drawn. ``first``, ``last``: heights above the foot of the page, in points, of its two ends: they differ
    where a word cut at the end of a line was made whole."""

    text: str
    size: float
    bold: bool
    first: float
    last: float


def opened(lines: Sequence[RawLine]) -> tuple[Line, ...]:
    """A paragraph begins where the step down is larger than usual, the letters change, or a bullet stands."""
    steps = Counter(
        round(before.last - line.first)
        for before, line in pairwise(lines)
        if before.size == line.size and 0 < before.last - line.first < 4 * line.size
    )
    usual = steps.most_common(1)[0][0] if steps else 0
    made: list[Line] = []
    for number, line in enumerate(lines):
        opens = number == 0 or _parts(lines[number - 1], line, usual)
        made.append(Line(text=line.text, size=round(line.size, 1), bold=line.bold, opens=opens))
    return tuple(made)


def _parts(before: RawLine, line: RawLine, usual: int) -> bool:
    if abs(before.size - line.size) > 0.06 * max(before.size, line.size) or before.bold != line.bold:
        return True
    if _BULLET.match(line.text) or (_NUMBERED.match(line.text) and before.text.endswith(_SENTENCE_ENDS)):
        return True
    step = before.last - line.first
    if step < -line.size:  # the next column: it goes on unless a sentence has ended
        return before.text.endswith(_SENTENCE_ENDS)
    return step > usual * 1.15 + 1 if usual else step > 2 * line.size


# --- Pages, and what they make ----------------------------------------------------------------------------------------


class Page(NamedTuple):
    """``by_sight``: its sizes are those of boxes around letters, not of the letters themselves."""

    lines: Sequence[Line]
    by_sight: bool = False


def lay_out(pages: Sequence[Page], marks: Sequence[Mark], most: int) -> tuple[str, tuple[Block, ...]]:
    """The heading that titles the document, "" when none does, and its blocks: the page stands last in their path.

    ``most``: characters in all. Raises CannotRead.
    """
    pages = _without_running(pages)
    bodies = {by_sight: _body([page for page in pages if page.by_sight == by_sight]) for by_sight in (False, True)}
    scaled = [[_scaled(line, bodies[page.by_sight]) for line in page.lines] for page in pages]
    ranks = {size: rank for rank, size in enumerate(sorted(_larger(scaled), reverse=True), 1)}
    marked = {(mark.page, _bare(mark.title)): mark.level + 1 for mark in marks}
    outline = Outline(most, above_title=_ABOVE_TITLE)
    for number, lines in enumerate(scaled, 1):
        under = f"page {number}" if len(pages) > 1 else ""
        for paragraph in _paragraphs(lines, {title for page, title in marked if page == number}):
            text = joined(paragraph)
            rank = _rank(paragraph, text, ranks) if not marked else marked.get((number, _bare(text)))
            if rank is not None:
                outline.heading(rank, text, under)
            elif bullet := _BULLET.match(text):
                outline.item(text[bullet.end() :], under)
            elif _NUMBERED.match(text):
                outline.item(text, under)
            else:
                outline.text(text, under)
    return outline.finish()


def _body(pages: Sequence[Page]) -> float:
    """The size that most characters have."""
    weight: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            weight[line.size] += len(line.text)
    return weight.most_common(1)[0][0] if weight else 1.0


def _scaled(line: Line, body: float) -> Line:
    return msgspec.structs.replace(line, size=round(line.size / body, 2) if body else 1.0)


def _larger(pages: Sequence[Sequence[Line]]) -> set[float]:
    return {line.size for lines in pages for line in lines if line.size > _LARGER}


def _paragraphs(lines: Sequence[Line], titles: set[str]) -> list[list[Line]]:
    """``titles``: of the document's outline, bare; the line of one is a paragraph by itself."""
    gathered: list[list[Line]] = []
    after_title = True
    for line in lines:
        title = _bare(line.text) in titles
        if line.opens or title or after_title:
            gathered.append([])
        gathered[-1].append(line)
        after_title = title
    return gathered


def _rank(paragraph: Sequence[Line], text: str, ranks: Mapping[float, int]) -> int | None:
    if len(text) > _LONGEST_HEADING or sum(one.isalpha() for one in text) < 3 or _BULLET.match(text):
        return None
    if (rank := ranks.get(paragraph[0].size)) is not None:
        return rank
    alone = len(paragraph) == 1 and paragraph[0].bold and not text.endswith((".", ";", ","))
    return len(ranks) + 1 if alone else None


_NUMBER = re.compile(
    r"^(?:(?:chapitre|chapter|titre|partie|annexe|section)\s+)?(?:\d+|[ivx]+\b|[a-z](?=\.))(?:\.\d+)*[.):]?\s*"
)


def _bare(text: str) -> str:
    """For comparing: letters and figures alone, without the number before, which outlines often leave out."""
    flat = level(clean(text))
    return "".join(one for one in _NUMBER.sub("", flat) or flat if one.isalnum())


def _without_running(pages: Sequence[Page]) -> list[Page]:
    edges = [{_unnumbered(line.text, number) for line in _edge(page.lines)} for number, page in enumerate(pages, 1)]
    seen = Counter(text for edge in edges for text in edge)
    first: dict[str, int] = {}
    for number, edge in enumerate(edges, 1):
        for text in edge:
            first.setdefault(text, number)
    running = {text: first[text] for text, times in seen.items() if times >= 3 and times * 4 > len(pages)}
    return [page._replace(lines=_trimmed(page.lines, running, number)) for number, page in enumerate(pages, 1)]


def _edge(lines: Sequence[Line]) -> list[Line]:
    return [*lines[:_EDGE], *lines[max(_EDGE, len(lines) - _EDGE) :]]


def _trimmed(lines: Sequence[Line], running: Mapping[str, int], number: int) -> Sequence[Line]:
    """``running``: what comes back -> the first page it is on, which keeps it: it may well be the title."""
    lines = [line for line in lines if len(line.text) > _LONGEST_MARGIN or not _LEADERS.search(line.text)]

    def goes(line: Line) -> bool:
        again = running.get(_unnumbered(line.text, number), number) < number
        return again or (len(line.text) <= _LONGEST_MARGIN and _PAGE_NUMBER.fullmatch(line.text) is not None)

    head = next((i for i, line in enumerate(lines[:_EDGE]) if not goes(line)), min(_EDGE, len(lines)))
    lines = lines[head:]
    foot = 0
    while foot < min(_EDGE, len(lines)) and goes(lines[-1 - foot]):
        foot += 1
    return lines[: len(lines) - foot]


def _unnumbered(text: str, page: int) -> str:
    """``text`` without its page's number: "Article 7" is not "Article 8" under another number."""
    return _PAGE_OF.sub("#", re.sub(rf"(?<!\d){page}(?!\d)", "#", text))
