"""What a search gives. Pure shapes."""

from __future__ import annotations

import msgspec

from affouage.sheets.sheet import Passage


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet as a list shows it. ``age_days`` is None when the sheet has no date; ``old``: past its collection's age.

    ``source``: the mention its licence asks for.
    """

    collection_id: str
    sheet_id: str
    title: str
    description: str
    url: str
    day: str | None
    audience: str
    theme: tuple[str, ...]
    source: str
    licence: str
    age_days: int | None
    old: bool
    archived: bool = False


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet found. ``score``: the fused one, comparable within one search only. ``passages``: the best 3 at most."""

    sheet: Header
    score: float
    passages: tuple[Passage, ...]


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """What tells whether anything was found at all. Each None where there is no such signal.

    ``words``: BM25 of the best sheet by words. ``meaning``: of the best by meaning, in standard deviations over a sheet
    that does not answer, the encoders taken together. ``words_margin``, ``meaning_margin``: to the second best, in
    standard deviations of the sheets. ``agree``: rank by words of the best by meaning (1 = both say the same; None when
    it holds no word of the question). ``covered``: share of the question's words, rare ones counting more, that the
    best sheet of all holds, from 0 to 1. ``beside``: how much nearer the question is to titles of sheets than to
    questions that no sheet answers, in standard deviations of the cosines: the best single signal (docs/reference/
    search.md); it is negative for one that is nearer to those. ``unheard``: how many of its words stand in no sheet
    that was searched, those of everyday speech that stand for official ones apart.
    """

    words: float | None = None
    words_margin: float | None = None
    meaning: float | None = None
    meaning_margin: float | None = None
    agree: int | None = None
    covered: float | None = None
    beside: float | None = None
    unheard: int | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """``by_meaning``: False while vectors are not there (yet): words alone were searched. ``corrected``: the question
    as it was understood where words were misspelt, "" when nothing was changed. ``took_us``: of the search."""

    question: str
    hits: tuple[Hit, ...]
    signals: Signals
    by_meaning: bool
    corrected: str = ""
    encoder: str = ""
    took_us: int = 0
