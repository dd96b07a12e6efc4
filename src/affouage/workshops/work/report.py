"""A month of work as anybody in the collective may read it, and whether it goes before the assembly. Pure.

Both outcomes are told in the same way. A month that says the tool makes work heavier puts an item on the agenda; one
that says the contrary does not need the assembly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from affouage.workshops.work.blocks import Block, Sides, sides_of, together
from affouage.workshops.work.comparison import Compared, compare
from affouage.workshops.work.survey import LoadBlock, SurveyBlock, loaded, surveyed
from affouage.workshops.work.weeks import Week, last_week, month_of, shifted

COMPARED_WEEKS = 26
"""The comparison looks back on so many weeks from the end of the month: a tool that changed is another tool."""


class WorkReport(msgspec.Struct, frozen=True, kw_only=True):
    """One month: the blocks that ended in it. ``running``: it has weeks to come. ``compared``: by kind of work, over
    the last ``COMPARED_WEEKS``. ``words``: what people wrote, lately, in no order; not of this month only."""

    month: str
    running: bool
    tasks: tuple[Block, ...]
    compared: Mapping[str, Compared]
    survey: SurveyBlock | None
    load: LoadBlock | None
    words: tuple[str, ...] = ()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Every block there is."""

    tasks: tuple[Block, ...] = ()
    surveys: tuple[SurveyBlock, ...] = ()
    loads: tuple[LoadBlock, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def months(self) -> tuple[str, ...]:
        """Those in which a block ended, in order."""
        ends: list[Week] = [one.last for one in self.tasks]
        ends += [one.last for one in self.surveys] + [one.last for one in self.loads]
        return tuple(sorted({month_of(one) for one in ends}))


def report(told: Told, month: str, *, running: bool) -> WorkReport:
    """``month``: ``2026-11``."""
    kinds = sorted({one.task_type for one in told.tasks})
    of_kind = {kind: [one for one in told.tasks if one.task_type == kind] for kind in kinds}
    months = [together([one for one in of_kind[kind] if month_of(one.last) == month]) for kind in kinds]
    return WorkReport(
        month=month,
        running=running,
        tasks=tuple(one for one in months if one is not None),
        compared={kind: compared(of_kind[kind], month) for kind in kinds},
        survey=surveyed(one for one in told.surveys if month_of(one.last) == month),
        load=loaded(one for one in told.loads if month_of(one.last) == month),
        words=told.words,
    )


def compared(blocks: Iterable[Block], month: str) -> Compared:
    """Of one kind of work, up to the end of a month."""
    last = last_week(month)
    recent = [one for one in blocks if shifted(last, -COMPARED_WEEKS) < one.last <= last]
    sides = sides_of(recent) or Sides()
    return compare(sides.draft, sides.blind)


# -- before the assembly -------------------------------------------------------------------------------------------

Cause = Literal["comparison", "survey"]


class Heavier(msgspec.Struct, frozen=True, kw_only=True):
    """An item for the assembly: counts, and nothing else.

    ``comparison``: ``draft`` and ``blind`` tasks of ``task_type``, with a draft taking from ``low_percent`` to
    ``high_percent`` more time. ``survey``: of ``answers``, ``heavier`` say that it cost them time.
    """

    month: str
    cause: Cause
    task_type: str = ""
    draft: int | None = None
    blind: int | None = None
    low_percent: int | None = None
    high_percent: int | None = None
    answers: int | None = None
    heavier: int | None = None

    @property
    def public(self) -> dict[str, Any]:
        """As the public log has it."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in told.items() if value is not None}

    @property
    def key(self) -> tuple[str, str, str]:
        """Told once."""
        return self.month, self.cause, self.task_type


def heavier(of_month: WorkReport) -> tuple[Heavier, ...]:
    """What a month that is over puts before the assembly: a comparison that excludes "no more time", for a kind of work
    that was told this month; more than half of the answers to the question of the week."""
    worked = {one.task_type for one in of_month.tasks}
    found = [
        _by_comparison(of_month.month, kind, one)
        for kind, one in of_month.compared.items()
        if kind in worked and one.verdict == "heavier"
    ]
    asked = of_month.survey
    if asked is not None and 2 * asked.heavier > asked.answers:
        found.append(
            Heavier(month=of_month.month, cause="survey", answers=asked.answers, heavier=asked.heavier),
        )
    return tuple(found)


def _by_comparison(month: str, kind: str, one: Compared) -> Heavier:
    assert one.ratio is not None
    return Heavier(
        month=month,
        cause="comparison",
        task_type=kind,
        draft=one.draft.tasks,
        blind=one.blind.tasks,
        low_percent=math.floor(100 * (one.ratio.low - 1)),
        high_percent=math.floor(100 * (one.ratio.high - 1)),
    )
