"""Who waits without a break in a simulated run, and how far apart two such members were ever served. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from affouage.pool.trace import Request, Trace

WATCHED_MOST = 32
"""Gaps are watched between so many members, those who ask for most: pairs are many."""


class Seen(Protocol):
    """A machine."""

    trust: int
    owner: str


class Backlog:
    """Told of every request that begins or ceases to wait, and of every cost; requests that do not press left aside."""

    def __init__(self, trace: Trace, machines: Sequence[Seen], asked: dict[str, int]) -> None:
        """``asked``: what each member asks for in all, micro-units."""
        self.kinds = _kinds(trace, machines)
        """Members that may be compared, with those of the same kind: the machines that may serve them."""
        self.since_us: dict[str, int] = {}
        """Those who wait now: since when without a break."""
        self.worst_gap = 0
        self.worst_of = ("", "")
        self.worst_weight = 100
        """The smaller weight of the two."""
        self._weights = {name: one.weight_percent for name, one in trace.members.items()}
        comparable = sorted((name for name in asked if name in self.kinds), key=lambda name: (-asked[name], name))
        self._served = dict.fromkeys(comparable[:WATCHED_MOST], 0)
        self._waiting: dict[str, int] = {}
        self._watched_now: dict[str, None] = {}
        self._extremes: dict[tuple[str, str], list[int]] = {}

    def weight(self, member_id: str) -> int:
        return self._weights.get(member_id, 100)

    def enter(self, ask: Request, now_us: int) -> None:
        if ask.batch:
            return
        self._waiting[ask.member] = self._waiting.get(ask.member, 0) + 1
        if self._waiting[ask.member] == 1:
            self.since_us[ask.member] = now_us
            self._watch(ask.member)

    def exit(self, ask: Request) -> None:
        if ask.batch:
            return
        self._waiting[ask.member] -= 1
        if not self._waiting[ask.member]:
            del self.since_us[ask.member], self._waiting[ask.member]
            self._watched_now.pop(ask.member, None)

    def serve(self, member_id: str, cost: int) -> None:
        if member_id not in self._served:
            return
        self._served[member_id] += cost
        if member_id in self._watched_now:
            self._compare(member_id)

    def _apart(self, one: str, other: str) -> int:
        """Service by weight of ``one`` less that of ``other``."""
        return self._served[one] * 100 // self.weight(one) - self._served[other] * 100 // self.weight(other)

    def _watch(self, member_id: str) -> None:
        if member_id not in self._served:
            return
        for other in self._watched_now:
            if self.kinds[other] == self.kinds[member_id]:
                pair = (min(member_id, other), max(member_id, other))
                self._extremes[pair] = [self._apart(*pair)] * 2
        self._watched_now[member_id] = None

    def _compare(self, member_id: str) -> None:
        for other in self._watched_now:
            if other == member_id or self.kinds[other] != self.kinds[member_id]:
                continue
            pair = (min(member_id, other), max(member_id, other))
            extremes, apart = self._extremes[pair], self._apart(*pair)
            extremes[0], extremes[1] = min(extremes[0], apart), max(extremes[1], apart)
            gap, weight = extremes[1] - extremes[0], min(self.weight(member_id), self.weight(other))
            if gap * weight > self.worst_gap * self.worst_weight:
                self.worst_gap, self.worst_of, self.worst_weight = gap, pair, weight


def _kinds(trace: Trace, machines: Sequence[Seen]) -> dict[str, int]:
    """By member, how many degrees of trust its requests reach: the same number, the same machines. Left out: members
    served otherwise than by their counter (owners, floors), or whose requests do not all reach the same machines."""
    trusts = sorted({machine.trust for machine in machines})
    owners = {machine.owner for machine in machines}
    found: dict[str, set[int]] = {}
    for ask in trace.requests:
        reached = sum(trust <= ask.reach for trust in trusts)
        found.setdefault(ask.member, set()).add(-1 if ask.group in trace.floors or not reached else reached)
    return {
        name: min(kinds) for name, kinds in found.items() if len(kinds) == 1 and -1 not in kinds and name not in owners
    }
