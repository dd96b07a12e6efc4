"""What a lesson is made of, gathered from its run's folder: nothing on the page comes from anywhere else."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec

from affouage.ledger.receipt import Energy, Impacts
from affouage.training.demo.text import Text
from affouage.training.folder import Began, End, Evaluated, HeldOut, Progress, RunFolder
from affouage.training.looks import Cut, Look, Watch, looks, read_watch
from affouage.training.settings import RunSettings

POINTS_MOST = 160
"""Of a curve on paper."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Of the whole lesson, the measure of the speed included. ``wall_ms``; ``cpu_us``: of a processor. ``energy``: of
    the whole machine meanwhile; ``how``: how it is known, in sentences. ``impacts``: unknown where nobody said where
    the electricity comes from. ``machine``: its processor, as it calls itself."""

    wall_ms: int
    cpu_us: int | None = None
    energy: Energy = Energy()
    how: tuple[str, ...] = ()
    impacts: Impacts = Impacts()
    machine: str = ""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """``losses``, ``held_out``: (step, nats a token). ``looks``: before, on the way, after."""

    text: Text
    settings: RunSettings
    watch: Watch
    began: Began
    cut: Cut
    looks: tuple[Look, ...]
    losses: tuple[tuple[int, float], ...]
    held_out: tuple[tuple[int, float], ...]
    evaluated: Evaluated | None
    end: End
    cost: Cost
    day: str

    @property
    def steps(self) -> int:
        """Done."""
        return self.end.step

    @property
    def readings(self) -> float:
        """How many times the text was read."""
        return self.steps * self.settings.step_tokens / max(1, self.cut.train_tokens)

    @property
    def hesitations(self) -> tuple[float, float]:
        """Among how many pieces it hesitated, as it were, on text never seen: before and at the end."""
        return math.exp(self.held_out[0][1]), math.exp(self.held_out[-1][1])


class NothingToTell(Exception):
    """It ended before anything was seen; ``end`` says why, when there is one."""

    def __init__(self, end: End | None) -> None:
        super().__init__()
        self.end = end


def gather(folder: Path, text: Text, cost: Cost, day: str) -> Lesson:
    """Raises NothingToTell, OSError."""
    run = RunFolder(folder)
    began: Began | None = None
    end: End | None = None
    evaluated: Evaluated | None = None
    losses: dict[int, float] = {}
    held_out: dict[int, float] = {}
    for event, _ in run.events():
        if isinstance(event, Began):
            began = event
        elif isinstance(event, Progress):
            losses[event.step] = event.loss
        elif isinstance(event, HeldOut):
            held_out[event.step] = event.loss
        elif isinstance(event, Evaluated):
            evaluated = event
        elif isinstance(event, End):
            end = event
    seen = list(looks(folder))
    cut = next((one for one in seen if isinstance(one, Cut)), None)
    found = tuple(sorted((one for one in seen if isinstance(one, Look)), key=lambda one: one.step))
    if began is None or end is None or cut is None or len(found) < 2 or not losses or not held_out:
        raise NothingToTell(end)
    return Lesson(
        text=text,
        settings=run.settings(),
        watch=read_watch(folder),
        began=began,
        cut=cut,
        looks=found,
        losses=thinned(sorted(losses.items())),
        held_out=tuple(sorted(held_out.items())),
        evaluated=evaluated,
        end=end,
        cost=cost,
        day=day,
    )


def thinned(points: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """Few enough for paper: the mean of each stretch, at its end; the first and last points as they are. Pure."""
    if len(points) <= POINTS_MOST:
        return tuple(points)
    size = -(-(len(points) - 2) // (POINTS_MOST - 2))
    stretches = [points[start : start + size] for start in range(1, len(points) - 1, size)]
    means = [(one[-1][0], sum(loss for _, loss in one) / len(one)) for one in stretches]
    return (points[0], *means, points[-1])
