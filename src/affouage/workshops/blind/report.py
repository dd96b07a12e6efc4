"""What all blind comparisons say: strengths before and after the cost was known, and what changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from affouage.units import Interval
from affouage.workshops.blind.strength import ENOUGH, Group, Pair, Preferred, strengths


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison as it is written down. ``kept`` "": not said; ``cheaper`` "": not known, or the same."""

    month: str
    left: str
    right: str
    preferred: Preferred
    kept: Preferred | Literal[""] = ""
    cheaper: Literal["left", "right", ""] = ""


class Cost(msgspec.Struct, frozen=True):
    """``energy_uj``: of one answer of the model on average, over ``answers``; ``unknown``: those beside them."""

    model: str
    answers: int
    unknown: int
    energy_uj: Interval | None


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What the cost did, among ``said`` who answered again. ``to_cheaper``, ``to_dearer``: of those who ``moved``,
    towards which side; the rest moved where neither is known to take less."""

    said: int
    moved: int
    to_cheaper: int
    to_dearer: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``before``: by what was preferred without names; ``after``: once the cost was known, among those who said it.

    ``changed`` None under ``enough`` answers: it would tell what each did."""

    pairs: int
    both: int
    neither: int
    enough: int
    before: tuple[Group, ...]
    after: tuple[Group, ...]
    changed: Changed | None
    costs: dict[str, Cost]


_WHERE = {"left": -1, "both": 0, "neither": 0, "right": 1}


def report(told: Sequence[Told], costs: Iterable[Cost], enough: int = ENOUGH) -> Report:
    again = [Pair(one.left, one.right, one.kept) for one in told if one.kept]
    changed = _changed(told)
    return Report(
        pairs=len(told),
        both=sum(one.preferred == "both" for one in told),
        neither=sum(one.preferred == "neither" for one in told),
        enough=enough,
        before=strengths([Pair(one.left, one.right, one.preferred) for one in told], enough),
        after=strengths(again, enough),
        changed=changed if changed.said >= enough else None,
        costs={one.model: one for one in costs},
    )


def _changed(told: Iterable[Told]) -> Changed:
    """From one answer to "both" is a move too, towards the other."""
    said = moved = cheaper = dearer = 0
    for one in told:
        if not one.kept:
            continue
        said += 1
        moved += one.kept != one.preferred
        step = _WHERE[one.kept] - _WHERE[one.preferred]
        if step and one.cheaper:
            towards_cheaper = (step > 0) == (one.cheaper == "right")
            cheaper += towards_cheaper
            dearer += not towards_cheaper
    return Changed(said=said, moved=moved, to_cheaper=cheaper, to_dearer=dearer)


def cheaper_of(left_uj: Interval | None, right_uj: Interval | None) -> Literal["left", "right", ""]:
    """Which took less energy, by the central figures: the same meter counted both, and errs alike."""
    if left_uj is None or right_uj is None or left_uj.central == right_uj.central:
        return ""
    return "left" if left_uj.central < right_uj.central else "right"
