"""What the templates of blind comparisons receive. Before the choice nothing of it tells which model is which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from affouage.ledger.receipt import Receipt
from affouage.web.pages import Choice, Page
from affouage.web.reach import ReachField


@dataclass(frozen=True)
class BlindPage(Page):
    """The question. ``few``: fewer than two models can answer; ``shut``: some are here that are not admitted."""

    template: ClassVar[str] = "blind/blind.html"
    choices: tuple[Choice, ...]
    reach: ReachField | None
    few: bool
    shut: bool
    question: str = field(default="", repr=False)
    problem: str = ""


@dataclass(frozen=True)
class Shown:
    """An answer without its name. ``hidden``: it told a name, which is hidden; ``cut``: at the longest length."""

    number: int
    text: Markup = field(repr=False)
    hidden: bool
    cut: bool


@dataclass(frozen=True)
class Revealed:
    """The same with everything. ``openness``: (axis, level) in words; ``better``: it was preferred."""

    number: int
    model_id: str
    name: str
    text: Markup = field(repr=False)
    cut: bool
    better: bool
    licence: str
    openness: tuple[tuple[str, str], ...]
    receipt: Receipt
    exact: str | None = field(repr=False)
    salt: str = field(repr=False)


@dataclass(frozen=True)
class PairPage(Page):
    """A comparison: under way (``mark``: where the page is cut), to be chosen from (``shown``), or told (``revealed``).

    ``said``: what was preferred, in words; ``spent``: how the energies compare, "" when one is not known; ``buttons``:
    what may be said, (value, words); ``kept``: what was said once the cost was known, in words, "" for nothing yet.
    """

    template: ClassVar[str] = "blind/pair.html"
    question: str = field(repr=False)
    token: str
    buttons: tuple[tuple[str, str], ...]
    mark: str = ""
    shown: tuple[Shown, ...] = ()
    revealed: tuple[Revealed, ...] = ()
    said: str = ""
    spent: str = ""
    kept: str = ""

    @property
    def asking(self) -> bool:
        return bool(self.mark)


@dataclass(frozen=True)
class PairEnd(Page):
    """The end of a comparison under way: two answers, or why there are none. ``receipts``: of what was used anyhow."""

    template: ClassVar[str] = "blind/ended.html"
    token: str
    buttons: tuple[tuple[str, str], ...]
    shown: tuple[Shown, ...]
    problem: str
    remedy: str
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True)
class Row:
    """A model among those compared. ``before``, ``after``: chance of being preferred with its range; None: too few."""

    name: str
    pairs: int
    wins: int
    ties: int
    before: tuple[str, str] | None
    after: tuple[str, str] | None
    energy: tuple[str, str] | None


@dataclass(frozen=True)
class GroupRows:
    """Models that comparisons join. ``pairs``, ``pairs_after``: how many; ``verdict``: in words."""

    pairs: int
    pairs_after: int
    rows: tuple[Row, ...]
    verdict: str


@dataclass(frozen=True)
class ResultsPage(Page):
    template: ClassVar[str] = "blind/results.html"
    pairs: int
    ties: str
    enough: int
    groups: tuple[GroupRows, ...]
    changed: str
