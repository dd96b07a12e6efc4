"""What may be told of a group of people at work: nothing that tells of fewer than five, even by subtraction. Pure.

Whatever is told of a block of tasks is a sum over part of them, and whatever anybody works out from such sums is made
of *atoms*: tasks that no told figure sets apart. A figure is told when every atom it leaves is the work of a group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence

from affouage.workshops.work.task import TaskDone

FEWEST = 5
"""People."""
LARGEST_SHARE = 0.5
"""Of the tasks of a group that one person may have done: beyond, its figures are that person's."""

Atoms = tuple[tuple[TaskDone, ...], ...]


def enough(workers: Iterable[str]) -> bool:
    """Whether these tasks, each told by who did it, are the work of a group."""
    tasks = Counter(workers)
    return len(tasks) >= FEWEST and max(tasks.values()) <= LARGEST_SHARE * tasks.total()


def whole(tasks: Sequence[TaskDone]) -> Atoms | None:
    """Nothing set apart yet; None: these are not the work of a group. No task at all is nobody's: it may be told."""
    if not tasks:
        return ()
    return (tuple(tasks),) if enough(one.worker for one in tasks) else None


def split(atoms: Atoms, key: Callable[[TaskDone], Hashable]) -> Atoms | None:
    """The atoms once ``key`` tells tasks apart too; None when one would not be the work of a group."""
    parts: dict[Hashable, list[TaskDone]] = {}
    for number, atom in enumerate(atoms):
        for one in atom:
            parts.setdefault((number, key(one)), []).append(one)
    if all(enough(one.worker for one in part) for part in parts.values()):
        return tuple(tuple(part) for part in parts.values())
    return None


def joined(groupings: Iterable[Iterable[str]]) -> list[set[str]]:
    """The finest parts by which all of these can be told: those that overlap are joined."""
    found: list[set[str]] = []
    for part in groupings:
        touching = [one for one in found if one & set(part)]
        found = [one for one in found if one not in touching] + [set(part).union(*touching)]
    return found
