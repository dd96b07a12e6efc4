"""Whose turn is it? One queue (one model), shared by weighted virtual token counters. Pure.

Each member has a counter of what it was served, divided by its weight; the smallest counter is served next. A request
is charged for what it really cost, when it costs it. After Sheng et al., "Fairness in Serving Large Language Models"
(OSDI'24, arXiv 2401.00588), with floors, the owner first on its own machine, and requests that do not press.

**Bound.** Between two members who have pressing requests waiting all along, may be served by the same stations and have
the same weight, services differ by at most ``2 * max(w_p * L_input, w_q * M)`` over any time: L_input, the longest
prompt; M, the tokens of a full running batch; w_p and w_q, the cost of a token read and of a token written. With other
weights it holds for service divided by weight, of which the cost of one batch is divided by the smallest. Floors and
owners come before it: what they take is not held by the bound.

**No hoard.** Who was away comes back at the counter of the one served least among those present who may be served
wherever it may (others can lag for want of a machine, and would pull it down with them), and passes none of them for
longer than one batch. A request that does not press (batch) keeps no place: its member is away while it has nothing
else here.

All costs are integer micro-units of the voted unit (a weighted token is 1,000,000). The same calls give the same turns.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec

from affouage.pool.floors import Floors
from affouage.pool.low_first import LowFirst
from affouage.pool.share_state import Kind, RunningState, ShareState, Waiting

__all__ = ["FairShare", "Waiting"]

_PRESSING: tuple[Kind, ...] = ("pressing", "overdue")
_REACHES = range(4)


class FairShare:
    """The members who wait for one model, and those it serves. Calls are O(log n), amortised; the order O(n log n)."""

    def __init__(self, floors: Mapping[str, int] | None = None, away_most: int | None = None) -> None:
        """``floors``: by group, the percentage of the service it is given while it has pressing requests waiting.

        ``away_most``: members with nothing here whose counter is kept; beyond, the smallest is forgotten.
        """
        self._away_most = away_most
        self._members: dict[str, _Member] = {}
        self._lines: dict[tuple[int, Kind, str], _Line] = {}
        self._places: dict[str, _Place] = {}
        self._running: dict[str, _Running] = {}
        self._batch: OrderedDict[str, _Place] = OrderedDict()
        self._present = tuple(LowFirst(self.counter) for _ in _REACHES)
        """Members with something pressing, or running; by the widest reach of it."""
        self._away = LowFirst(self.counter)
        """Members with nothing here who were served more than the level."""
        self._floors = Floors(floors or {})
        self._levels = [0 for _ in _REACHES]
        """By reach: nobody arrives with it, or a wider one, below that level; they never fall."""
        self._arrivals = 0

    def arrive(self, one: Waiting) -> None:
        """``one`` waits from now on. Raises ValueError for an id that is here already, or figures that mean nothing."""
        if one.id in self._places or one.id in self._running:
            raise ValueError(f"{one.id} is here already")
        if one.weight_percent < 1 or one.first_cost < 0 or one.expected_cost < 0 or one.reach not in _REACHES:
            raise ValueError("a weight is 1 or more, a cost 0 or more, a reach 0 to 3")
        member = self._members.setdefault(one.member_id, _Member(self._levels[0]))
        if not (member.waiting or member.running):
            member.counter = max(member.counter, self._levels[0])  # as if it had been forgotten
        self._arrivals += 1
        self._insert(one, "batch" if one.batch else "pressing", self._arrivals)

    def next(
        self,
        *,
        trust: int = 0,
        owner_id: str = "",
        batch: bool = False,
        now_us: int = 0,
        batch_latest_us: int | None = None,
    ) -> Waiting | None:
        """Admit the one whose turn it is at a station of this ``trust``; None when nobody there may be served.

        Pressing ones first: those of ``owner_id`` (whose machine it is), then a group below its floor, then the
        smallest counter; ties to the earliest arrival. Then, when ``batch`` is true (nothing else to do, or cheap
        hours), those that do not press in the same order, floors aside. One that has waited ``batch_latest_us``
        presses from then on.
        """
        if batch_latest_us is not None:
            self._promote(now_us - batch_latest_us)
        place = self._choose(_PRESSING, trust, owner_id)
        if place is None and batch:
            place = self._choose(("batch",), trust, owner_id)
        return None if place is None else self._admit(place)

    def admit(self, request_id: str) -> Waiting:
        """Admit one out of turn: it lost the machine it was given, or a machine takes its owner's requests alone.

        Raises KeyError when it does not wait.
        """
        return self._admit(self._places[request_id])

    def charge(self, request_id: str, cost: int) -> None:
        """``cost`` micro-units more for a running request; negative when too much was charged before.

        In all no request costs less than nothing. Raises KeyError when it does not run.
        """
        run = self._running[request_id]
        total, weight = max(0, run.total + cost), run.weight_percent
        rise = total * 100 // weight - run.total * 100 // weight  # of the totals: roundings do not add up
        self._members[run.member_id].counter += rise
        self._floors.charge(run, total - run.total)
        run.total = total
        if rise < 0:
            self._sort_down(run.member_id)

    def owe(self, member_id: str, weight_percent: int, cost: int) -> None:
        """``cost`` micro-units (0 or more) of a request already over, known only now. None for who is forgotten."""
        member = self._members.get(member_id)
        if member is not None:
            member.counter += cost * 100 // weight_percent

    def finish(self, request_id: str) -> None:
        """A running request is over, whole or not; what was charged stays. Raises KeyError when it does not run."""
        run = self._running.pop(request_id)
        member = self._members[run.member_id]
        member.running -= 1
        member.present[run.reach] -= 1
        self._look_at(run.member_id)

    def leave(self, request_id: str) -> None:
        """A waiting request gives up; nothing is charged. Raises KeyError when it does not wait."""
        place = self._places[request_id]
        self._take(place)
        self._look_at(place.one.member_id)

    def waiting(self) -> int:
        return len(self._places)

    def running(self) -> int:
        return len(self._running)

    def waiting_of(self, member_id: str) -> int:
        """Its requests that wait, those that do not press included."""
        member = self._members.get(member_id)
        return member.waiting if member else 0

    def counter(self, member_id: str) -> int:
        """Micro-units by weight; a member unknown or forgotten stands at the level everybody arrives at."""
        member = self._members.get(member_id)
        return member.counter if member else self._levels[0]

    def order(self) -> list[Waiting]:
        """Those who wait, as they would be served one by one if nobody came and each cost what is expected of it.

        Seen from a station that may serve them all and has no owner; those that do not press come last.
        """
        return [place.one for place in self._in_order()]

    def places(self) -> dict[str, tuple[int, bool]]:
        """By request, what :meth:`place` says of it: all of them for the price of one."""
        found: dict[str, tuple[int, bool]] = {}
        last, last_of_another = (0, ""), (0, "")  # the latest arrivals so far, of two different members
        for position, place in enumerate(self._in_order(), start=1):
            member_id = place.one.member_id
            others = last_of_another if last[1] == member_id else last
            found[place.one.id] = (position, others[0] > place.arrival)
            mine = (place.arrival, member_id)
            if mine > last:
                last, last_of_another = mine, others
            elif member_id != last[1]:
                last_of_another = max(last_of_another, mine)
        return found

    def place(self, request_id: str) -> tuple[int, bool]:
        """Its place (1: next), and whether another member who came later passes before it, having used less.

        Raises KeyError when it does not wait.
        """
        return self.places()[request_id]

    # -- put away, taken up again --------------------------------------------------------------------------------

    def snapshot(self) -> ShareState:
        """All of it as a value: what :meth:`restored` makes of it decides as this one would."""
        return ShareState(
            counters=[(name, member.counter) for name, member in self._members.items()],
            waiting=sorted(((one.one, one.arrival, one.line.kind) for one in self._places.values()), key=_arrival),
            running=[
                RunningState(
                    key, one.member_id, one.reach, one.weight_percent, one.group, one.by_floor, one.total, one.taken
                )
                for key, one in self._running.items()
            ],
            levels=list(self._levels),
            arrivals=self._arrivals,
            floors=self._floors.kept(),
        )

    @classmethod
    def restored(cls, state: ShareState, away_most: int | None = None) -> FairShare:
        share = cls(away_most=away_most)
        share._floors = Floors.taken_up(state.floors)
        share._levels, share._arrivals = list(state.levels), state.arrivals
        share._members = {name: _Member(counter) for name, counter in state.counters}
        for kept in state.running:
            run = share._running[kept.id] = _Running(kept, kept.group, kept.by_floor)
            run.total, run.taken = kept.total, kept.taken
            member = share._members[kept.member_id]
            member.running += 1
            member.present[kept.reach] += 1
        for one, arrival, kind in state.waiting:
            share._put(one, kind, one.group if one.group in state.floors.percents else "", arrival)
        for name, member in share._members.items():
            member.widest = _widest(member)
            if member.widest >= 0:
                share._present[member.widest].add(name)
            elif not member.waiting:
                share._away.add(name)
        return share

    # ----------------------------------------------------------------------------------------------------------------

    def _insert(self, one: Waiting, kind: Kind, arrival: int) -> None:
        if kind != "batch":
            self._lift(one.member_id, one.reach)
        self._put(one, kind, self._floors.enter(one.group, pressing=kind != "batch"), arrival)
        self._look_at(one.member_id)

    def _put(self, one: Waiting, kind: Kind, group: str, arrival: int) -> None:
        member = self._members[one.member_id]
        member.waiting += 1
        member.present[one.reach] += kind != "batch"
        line = self._lines.get((one.reach, kind, group))
        if line is None:
            line = self._lines[one.reach, kind, group] = _Line(kind, group, self.counter)
        place = self._places[one.id] = _Place(one, arrival, line)
        line.add(place)
        if kind == "batch":
            self._batch[one.id] = place

    def _lift(self, member_id: str, reach: int) -> None:
        """Who was away is no lower than the one served least among those present who reach as far, or than the last of
        them who left."""
        member = self._members[member_id]
        for wide in range(member.widest + 1, reach + 1):
            firsts = (members.first() for members in self._present[wide:])
            least = min((self.counter(one) for one in firsts if one is not None), default=0)
            self._levels[wide] = max(self._levels[wide], least)
        if member.widest >= 0:
            return
        self._away.discard(member_id)
        member.counter = max(member.counter, *self._levels[: reach + 1])
        while (gone := self._away.first()) is not None and self.counter(gone) <= self._levels[0]:
            self._forget(gone)  # it would be lifted all the same

    def _forget(self, member_id: str | None) -> None:
        assert member_id is not None, "somebody is away"
        self._away.discard(member_id)
        del self._members[member_id]

    def _look_at(self, member_id: str) -> None:
        """Something of this member came or went: is it present, away, forgotten?"""
        member = self._members[member_id]
        before, member.widest = member.widest, _widest(member)
        if member.widest != before:
            if before >= 0:
                self._present[before].discard(member_id)
            if member.widest >= 0:
                self._present[member.widest].add(member_id)
            for left in range(member.widest + 1, before + 1):
                if not any(self._present[left:]):
                    self._levels[left] = max(self._levels[left], member.counter)
        if member.waiting or member.running:
            self._away.discard(member_id)
        elif member.counter > self._levels[0]:
            self._away.add(member_id)
            if self._away_most is not None and len(self._away) > self._away_most:
                self._forget(self._away.first())
        else:
            del self._members[member_id]

    def _choose(self, kinds: tuple[Kind, ...], trust: int, owner_id: str) -> _Place | None:
        lines = [line for (reach, kind, _), line in self._lines.items() if reach >= trust and kind in kinds and line]
        own = [line.first_of(owner_id) for line in lines if owner_id in line]
        if own:
            return min(own, key=lambda place: (place.one.arrived_us, place.arrival))
        by_floor = kinds == _PRESSING and self._floors.most_below(line.group for line in lines)
        if by_floor:
            lines = [line for line in lines if line.group == by_floor]
        if not lines:
            return None
        place = min(lines, key=_Line.rank).first()
        place.by_floor = bool(by_floor)
        return place

    def _admit(self, place: _Place) -> Waiting:
        one = place.one
        self._take(place)
        self._lift(one.member_id, one.reach)  # one that did not press arrives only now
        member = self._members[one.member_id]
        member.running += 1
        member.present[one.reach] += 1
        self._running[one.id] = _Running(one, place.line.group, place.by_floor)
        self._look_at(one.member_id)
        self.charge(one.id, one.first_cost)
        return one

    def _take(self, place: _Place) -> None:
        del self._places[place.one.id]
        place.line.remove(place)
        member = self._members[place.one.member_id]
        member.waiting -= 1
        if place.line.kind == "batch":
            del self._batch[place.one.id]
        else:
            member.present[place.one.reach] -= 1
            self._floors.exit(place.line.group)

    def _promote(self, before_us: int) -> None:
        while self._batch:
            place = next(iter(self._batch.values()))
            if place.one.arrived_us > before_us:
                return
            self._take(place)
            self._insert(place.one, "overdue", place.arrival)

    def _sort_down(self, member_id: str) -> None:
        widest = self._members[member_id].widest
        if widest >= 0:
            self._present[widest].add(member_id)
        for line in self._lines.values():
            line.sort_down(member_id)

    def _in_order(self) -> list[_Place]:
        state = self.snapshot()
        waiting = [
            (msgspec.structs.replace(one, first_cost=max(one.first_cost, one.expected_cost)), arrival, kind)
            for one, arrival, kind in state.waiting
        ]
        rehearsal = FairShare.restored(msgspec.structs.replace(state, waiting=waiting))
        ordered = []
        while (one_more := rehearsal.next(batch=True)) is not None:
            ordered.append(self._places[one_more.id])
        return ordered


class _Member:
    __slots__ = ("counter", "present", "running", "waiting", "widest")

    def __init__(self, counter: int) -> None:
        self.counter = counter
        self.running = 0
        self.waiting = 0
        self.present = [0 for _ in _REACHES]
        """By reach, its requests that run, or wait without waiting for an idle machine."""
        self.widest = -1
        """The widest reach of those; -1 while there is none."""


def _widest(member: _Member) -> int:
    """The widest reach of what it has here that presses or runs; -1 when it has none."""
    return max((reach for reach in _REACHES if member.present[reach]), default=-1)


def _arrival(place: tuple[Waiting, int, Kind]) -> int:
    return place[1]


class _Place:
    __slots__ = ("arrival", "by_floor", "line", "one")

    def __init__(self, one: Waiting, arrival: int, line: _Line) -> None:
        self.one = one
        self.arrival = arrival
        self.line = line
        self.by_floor = False


class _Running:
    __slots__ = ("by_floor", "group", "member_id", "reach", "taken", "total", "weight_percent")

    def __init__(self, one: Waiting | RunningState, group: str, by_floor: bool) -> None:
        self.member_id = one.member_id
        self.reach = one.reach
        self.weight_percent = one.weight_percent
        self.group = group
        self.by_floor = by_floor
        self.total = 0
        """Micro-units charged so far."""
        self.taken = 0
        """Of them, hundredths counted against the floor of its group."""


class _Line:
    """Requests of one kind, reach and group: members by counter, and each one's own first come, first served."""

    def __init__(self, kind: Kind, group: str, counter: Callable[[str], int]) -> None:
        self.kind: Kind = kind
        self.group = group
        self._counter = counter
        self._queues: dict[str, OrderedDict[str, _Place]] = {}
        self._members = LowFirst(self._rank_of)

    def __len__(self) -> int:
        return len(self._queues)

    def __contains__(self, member_id: str) -> bool:
        return member_id in self._queues

    def add(self, place: _Place) -> None:
        self._queues.setdefault(place.one.member_id, OrderedDict())[place.one.id] = place
        self._members.add(place.one.member_id)

    def remove(self, place: _Place) -> None:
        member_id = place.one.member_id
        queue = self._queues[member_id]
        del queue[place.one.id]
        if not queue:
            del self._queues[member_id]
            self._members.discard(member_id)

    def sort_down(self, member_id: str) -> None:
        if member_id in self._queues:
            self._members.add(member_id)

    def first_of(self, member_id: str) -> _Place:
        return next(iter(self._queues[member_id].values()))

    def first(self) -> _Place:
        return self.first_of(self._first_member())

    def rank(self) -> tuple[int, int, int]:
        return self._rank_of(self._first_member())

    def _first_member(self) -> str:
        member_id = self._members.first()
        if member_id is None:
            raise LookupError("nobody waits here")
        return member_id

    def _rank_of(self, member_id: str) -> tuple[int, int, int]:
        place = self.first_of(member_id)
        return self._counter(member_id), place.one.arrived_us, place.arrival
