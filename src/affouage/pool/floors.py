"""Floors: the part of the service a group is guaranteed while it has requests waiting. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec


class Charged(Protocol):
    """A running request."""

    group: str
    by_floor: bool
    """It was admitted because its group was below its floor."""
    taken: int
    """Hundredths of micro-units counted against the floor so far; kept here."""


class FloorsState(msgspec.Struct, frozen=True, array_like=True):
    """By group: its percentage, hundredths counted against it, requests that wait. ``served``: micro-units in all."""

    percents: dict[str, int]
    served: int
    counted: dict[str, int]
    waiting: dict[str, int]


class Floors:
    """What groups are owed to reach their floors. In hundredths of micro-units, so that percentages are exact.

    A group with pressing requests waiting is credited with its percentage of all that is served. What it is served by
    its floor is counted against the credit; what it is served in its ordinary turn uses up the credit there is, and no
    more: having been served well before takes nothing from the guarantee. Without requests waiting there is no credit.
    """

    def __init__(self, percents: Mapping[str, int]) -> None:
        if "" in percents or any(not 1 <= percent <= 100 for percent in percents.values()):
            raise ValueError("a floor has a name, and is 1 to 100 %")
        self._percents = dict(percents)
        self._served = 0
        self._counted = dict.fromkeys(percents, 0)
        self._waiting = dict.fromkeys(percents, 0)

    def copy(self) -> Floors:
        return Floors.taken_up(self.kept())

    def kept(self) -> FloorsState:
        return FloorsState(dict(self._percents), self._served, dict(self._counted), dict(self._waiting))

    @classmethod
    def taken_up(cls, kept: FloorsState) -> Floors:
        """Floors that go on from what :meth:`kept` gave."""
        floors = cls(kept.percents)
        floors._served, floors._counted, floors._waiting = kept.served, dict(kept.counted), dict(kept.waiting)
        return floors

    def enter(self, group: str, *, pressing: bool) -> str:
        """The group to wait in: its own when it has a floor, else none."""
        if group not in self._percents:
            return ""
        if pressing:
            self._forget(group)
            self._waiting[group] += 1
        return group

    def exit(self, group: str) -> None:
        if group in self._percents:
            self._waiting[group] -= 1
            self._forget(group)

    def charge(self, run: Charged, cost: int) -> None:
        self._served += cost
        if run.group not in self._percents:
            return
        taken = 100 * cost
        if cost < 0:
            taken = max(taken, -run.taken)
        elif not run.by_floor:
            taken = min(taken, max(0, self._credit(run.group)))
        run.taken += taken
        self._counted[run.group] += taken
        self._forget(run.group)

    def most_below(self, groups: Iterable[str]) -> str:
        """Of these, the group owed most; "" when nothing is owed to any."""
        credits = [(self._credit(group), group) for group in groups if group in self._percents]
        credit, group = max(credits, default=(0, ""))
        return group if credit > 0 else ""

    def _credit(self, group: str) -> int:
        return self._percents[group] * self._served - self._counted[group]

    def _forget(self, group: str) -> None:
        if not self._waiting[group]:
            self._counted[group] = max(self._counted[group], self._percents[group] * self._served)
