"""What the page of the work receives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from affouage.web.pages import Page
from affouage.web.periods import Place


@dataclass(frozen=True)
class Fact:
    """A figure of a kind of work. ``value`` "": about too few people, or not known; ``note``: what it is of."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class CountRow:
    """So many of something, and their part of the whole."""

    name: str
    count: int
    share: str


@dataclass(frozen=True)
class SideRow:
    """With a draft, or without: how many tasks, how long one took."""

    name: str
    tasks: int
    mean: str
    typical: str


@dataclass(frozen=True)
class KindOfWork:
    """One kind of work in the month. ``id``: for links within the page; ``weeks`` "": nothing was told of the month,
    and only the comparison of the last months is."""

    id: str
    name: str
    weeks: str
    facts: tuple[Fact, ...]
    fates: tuple[CountRow, ...]
    sides: tuple[SideRow, ...]
    verdict: str


@dataclass(frozen=True)
class SurveyRow:
    """A month of answers to the question of the week; ``short``: its name in a drawing."""

    month: str
    short: str
    lighter: int
    same: int
    heavier: int


@dataclass(frozen=True)
class ScaleField:
    """A scale from 0 to 100. ``mean`` "": nothing was told; ``typed``: what the reader wrote."""

    name: str
    words: str
    mean: str = ""
    typed: str = ""


@dataclass(frozen=True)
class WorkPage(Page):
    """``running``: the month has weeks to come. ``asks``: the question of the week awaits the reader; ``answered``:
    they have; neither: they did not work with the tool this week. ``load``: how heavy it felt is asked of them too;
    ``load_answers``: 0, nothing was told. ``items``: what this month put before the assembly; ``founded``: it
    decides.
    """

    template: ClassVar[str] = "work/work.html"
    month: Place
    before: Place | None
    after: Place | None
    running: bool
    fewest: int
    items: tuple[str, ...]
    asks: bool
    answered: bool
    load: bool
    week: str
    said: tuple[tuple[str, str], ...]
    words_most: int
    scales: tuple[ScaleField, ...]
    kinds: tuple[KindOfWork, ...]
    survey: tuple[CountRow, ...]
    months: tuple[SurveyRow, ...]
    drawing: Markup | None
    load_answers: int
    load_whole: str
    words: tuple[str, ...]
    founded: bool
    notice: str = ""
    chosen: str = ""
    typed: str = field(default="", repr=False)
    problems: dict[str, str] = field(default_factory=dict)
