"""What the templates of the runs receive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from affouage.ledger.receipt import Energy, Impacts
from affouage.web.pages import Page


@dataclass(frozen=True)
class RunRow:
    """One run. ``loss``: the best on text held out, "" for none yet."""

    name: str
    kind: str
    state: str
    step: int
    steps: int
    loss: str


@dataclass(frozen=True)
class RunsPage(Page):
    """``rule``: who may ask and how much takes no vote, in words."""

    template: ClassVar[str] = "training/runs.html"
    rows: tuple[RunRow, ...]
    rule: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RunPage(Page):
    """``ending``: how its last life ended, "" while it goes on; ``facts``: (name, value) in words; ``points``: of the
    curve on text held out, (step, loss); ``sha256``: of its receipt, "" before; ``leaf``: its entry in the public log;
    ``model``: id of what came out, once it is in the catalogue; ``unmetered``: some work was seen by no meter; ``kwh``:
    what a vote would have to admit, "" for a run that waits for none."""

    template: ClassVar[str] = "training/run.html"
    name: str
    kind: str
    state: str
    ending: str
    kwh: str
    facts: tuple[tuple[str, str], ...]
    energy: Energy
    impacts: Impacts
    plot: Markup | None
    points: tuple[tuple[int, str], ...]
    sha256: str
    leaf: int | None
    model: str
    unmetered: bool
