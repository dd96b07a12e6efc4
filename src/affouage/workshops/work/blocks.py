"""Blocks: whole weeks of one kind of work, told once when they are over, and never told otherwise. Pure.

A block ends with the first week by which it is the work of a group (see ``groups``), and so is each side of the
comparison. Blocks of a kind of work have no task in common: whatever anybody works out from several of them is about
groups again. What was told does not change when somebody leaves, or when a task is looked at again: that change would
be about one person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce

import msgspec

from affouage.workshops.work.groups import Atoms, joined, split, whole
from affouage.workshops.work.task import FATES, Fate, TaskDone
from affouage.workshops.work.times import Times, times
from affouage.workshops.work.weeks import Week, span

WAITING_WEEKS = 26
"""Weeks that have waited longer to be part of a block are never told."""
SIDES_WEEKS = 8
"""How long a block that could be told waits for both sides of the comparison; then it is told without them."""

_GROUPINGS: tuple[tuple[tuple[Fate, ...], ...], ...] = (
    (("kept",), ("edited",), ("thrown",), ("none",)),
    (("kept",), ("edited",), ("thrown", "none")),
    (("kept",), ("edited", "thrown"), ("none",)),
    (("kept", "edited"), ("thrown",), ("none",)),
    (("kept", "edited"), ("thrown", "none")),
    (("kept",), ("edited", "thrown", "none")),
    (("kept", "edited", "thrown"), ("none",)),
)
"""How ends of drafts may be told apart, the most telling first."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A sum over the tasks of which it is known. ``total``: in the unit of the field that holds it."""

    tasks: int = 0
    total: float = 0

    def __add__(self, other: Known) -> Known:
        return Known(tasks=self.tasks + other.tasks, total=self.total + other.total)

    @property
    def mean(self) -> float | None:
        """None for no task."""
        return self.total / self.tasks if self.tasks else None


class FateCount(msgspec.Struct, frozen=True, kw_only=True):
    """So many tasks whose draft met one of these ends: several, where one alone would tell of too few people."""

    fates: tuple[Fate, ...]
    tasks: int


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """Active times of the randomised share."""

    draft: Times = Times()
    blind: Times = Times()

    def __add__(self, other: Sides) -> Sides:
        return Sides(draft=self.draft + other.draft, blind=self.blind + other.blind)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one kind of work over whole weeks, or of several blocks together. It names nobody.

    None: known of nobody, or it would tell of too few people. ``active``: of the tasks whose time is known; ``review``,
    ``wait``: milliseconds; ``edits``: parts of a draft that was changed, each from 0 to 1; ``energy``: microjoules;
    ``fates``: of all tasks, ``none`` for the blind ones; ``corrections``: answers sent before that were put right, work
    besides ``tasks``; ``correcting``: its active milliseconds.
    """

    task_type: str
    first: Week
    last: Week
    tasks: int
    active: Times | None = None
    sides: Sides | None = None
    fates: tuple[FateCount, ...] = ()
    energy: Known | None = None
    review: Known | None = None
    wait: Known | None = None
    edits: Known | None = None
    corrections: int | None = None
    correcting: Known | None = None


def blocks(task_type: str, done: Mapping[Week, Sequence[TaskDone]], first: Week, last: Week) -> Iterator[Block]:
    """The blocks that can be told of these weeks, all of them over, in order. ``done``: tasks of one kind by week.

    What is left at the end waits for weeks to come.
    """
    waiting: list[Week] = []
    for week in span(first, last):
        if waiting or done.get(week):  # a block begins with a week of work
            waiting = [*waiting, week][-WAITING_WEEKS:]
        tasks = [one for each in waiting for one in done.get(each, ())]
        if _may_close([one for one in tasks if not one.reworks], len(waiting)):
            yield _block(task_type, waiting[0], week, tasks)
            waiting = []


def _may_close(fresh: Sequence[TaskDone], weeks: int) -> bool:
    atoms = whole(fresh)
    return bool(atoms) and (weeks >= SIDES_WEEKS or _with_sides(atoms) is not None)


def _with_sides(atoms: Atoms | None) -> Atoms | None:
    """Told apart: tasks whose time is known from the others, then by what was drawn for them."""
    timed = None if atoms is None else split(atoms, lambda one: one.active_ms is None)
    return None if timed is None else split(timed, lambda one: one.arm)


def _block(task_type: str, first: Week, last: Week, tasks: Sequence[TaskDone]) -> Block:
    """Figures in the order of their weight: each is told if those before leave room for it."""
    fresh = _Telling([one for one in tasks if not one.reworks])
    again = _Telling([one for one in tasks if one.reworks])
    return Block(
        task_type=task_type,
        first=first,
        last=last,
        tasks=len(fresh.tasks),
        active=fresh.active(),
        sides=fresh.sides(),
        fates=fresh.fates(),
        energy=fresh.known(lambda one: one.energy_uj),
        review=fresh.known(lambda one: one.review_ms),
        wait=fresh.known(lambda one: one.wait_ms),
        edits=fresh.known(lambda one: one.edit_ratio if one.fate == "edited" else None),
        corrections=None if again.atoms is None else len(again.tasks),
        correcting=again.known(lambda one: one.active_ms),
    )


class _Telling:
    """Figures about some tasks, told one after the other. ``atoms`` None: nothing may be told of them."""

    def __init__(self, tasks: Sequence[TaskDone]) -> None:
        self.tasks = tasks
        self.atoms = whole(tasks)

    def _sets_apart(self, key: Callable[[TaskDone], object]) -> bool:
        """Whether a figure may set tasks apart so; from then on it does."""
        atoms = None if self.atoms is None else split(self.atoms, key)
        if atoms is None:
            return False
        self.atoms = atoms
        return True

    def active(self) -> Times | None:
        return _times(self.tasks) if self._sets_apart(lambda one: one.active_ms is None) else None

    def sides(self) -> Sides | None:
        """None too where nothing was drawn."""
        if all(one.arm is None for one in self.tasks):
            return None
        if not self._sets_apart(lambda one: (one.active_ms is None, one.arm)):
            return None
        return Sides(draft=_times(self._drawn("draft")), blind=_times(self._drawn("blind")))

    def _drawn(self, arm: str) -> list[TaskDone]:
        return [one for one in self.tasks if one.arm == arm]

    def fates(self) -> tuple[FateCount, ...]:
        for grouping in _GROUPINGS:
            part_of = {fate: part for part in grouping for fate in part}
            if self._sets_apart(partial(_part, part_of)):
                seen = [_part(part_of, one) for one in self.tasks]
                counts = [FateCount(fates=part, tasks=seen.count(part)) for part in grouping if part in seen]
                return () if len(counts) == 1 and len(counts[0].fates) > 1 else tuple(counts)  # says nothing
        return ()

    def known(self, read: Callable[[TaskDone], float | None]) -> Known | None:
        found = [value for one in self.tasks if (value := read(one)) is not None]
        if not found or not self._sets_apart(lambda one: read(one) is None):
            return None
        return Known(tasks=len(found), total=sum(found))


def _fate(one: TaskDone) -> Fate:
    """A person who wrote first used no draft, whatever they looked at afterwards."""
    return "none" if one.arm == "blind" else one.fate


def _part(part_of: Mapping[Fate, tuple[Fate, ...]], one: TaskDone) -> tuple[Fate, ...]:
    return part_of[_fate(one)]


def _times(tasks: Iterable[TaskDone]) -> Times:
    return times(one.active_ms for one in tasks if one.active_ms is not None)


# -- several blocks together ---------------------------------------------------------------------------------------


def together(told: Sequence[Block]) -> Block | None:
    """Several blocks of one kind of work as one; None for none. What one of them does not tell is left out of the sum:
    each sum says of how many tasks it is."""
    if not told:
        return None
    return Block(
        task_type=told[0].task_type,
        first=min(one.first for one in told),
        last=max(one.last for one in told),
        tasks=sum(one.tasks for one in told),
        active=reduce(Times.__add__, [one.active for one in told if one.active is not None], Times()),
        sides=sides_of(told),
        fates=_joined_fates(told),
        energy=_sum(one.energy for one in told),
        review=_sum(one.review for one in told),
        wait=_sum(one.wait for one in told),
        edits=_sum(one.edits for one in told),
        corrections=_whole_sum([one.corrections for one in told]),
        correcting=_sum(one.correcting for one in told),
    )


def sides_of(told: Iterable[Block]) -> Sides | None:
    """The randomised share of several blocks."""
    known = [one.sides for one in told if one.sides is not None]
    return reduce(Sides.__add__, known) if known else None


def _sum(parts: Iterable[Known | None]) -> Known | None:
    known = [one for one in parts if one is not None]
    return reduce(Known.__add__, known) if known else None


def _whole_sum(counts: Sequence[int | None]) -> int | None:
    """None as soon as one is not told: a count that leaves some out would look like the whole."""
    return None if None in counts else sum(one for one in counts if one is not None)


def _rank(part: Iterable[str]) -> int:
    return min(rank for rank, fate in enumerate(FATES) if fate in part)


def _joined_fates(told: Iterable[Block]) -> tuple[FateCount, ...]:
    """By the finest parts that every block can be told by."""
    counts = [one for block in told for one in block.fates]
    parts = sorted(joined(one.fates for one in counts), key=_rank)
    return tuple(
        FateCount(
            fates=tuple(fate for fate in FATES if fate in part),
            tasks=sum(one.tasks for one in counts if part.issuperset(one.fates)),
        )
        for part in parts
    )
