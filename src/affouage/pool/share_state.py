"""A queue's fair turns as a value: to be put away, sent, and taken up again by another process. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from affouage.pool.floors import FloorsState

Kind = Literal["pressing", "overdue", "batch"]


class Waiting(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A request that asks for its turn; costs in micro-units."""

    id: str
    member_id: str
    weight_percent: int = 100
    first_cost: int = 0
    """Charged when it is admitted: what its prompt should cost."""
    expected_cost: int = 0
    """What the whole of it should cost, for the places told to those who wait; never charged."""
    batch: bool = False
    """It does not press: it waits for an idle machine, or for cheap hours."""
    group: str = ""
    """The workshop or use whose floor it belongs to; of no effect without a floor of that name."""
    reach: int = 3
    """Who may read it: 0 this machine, 1 the collective's, 2 trusted members', 3 everyone's."""
    arrived_us: int = 0


class RunningState(msgspec.Struct, frozen=True, array_like=True):
    """A running request. ``total``: micro-units charged; ``taken``: hundredths of them counted against its floor."""

    id: str
    member_id: str
    reach: int
    weight_percent: int
    group: str
    by_floor: bool
    total: int
    taken: int


class ShareState(msgspec.Struct, frozen=True, array_like=True):
    """All that a :class:`FairShare` is, as a value. ``waiting``: with number of arrival and kind, in order of arrival.

    ``counters``: micro-units by weight, of the members who have something here, and of those away who keep a counter.
    """

    counters: list[tuple[str, int]]
    waiting: list[tuple[Waiting, int, Kind]]
    running: list[RunningState]
    levels: list[int]
    arrivals: int
    floors: FloorsState
