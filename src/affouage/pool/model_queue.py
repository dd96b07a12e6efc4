"""Those who wait for one model, those it serves, and who is given which slot. Pure: facts come in, turns go out.

The gateway keeps the queue: a station never has more in flight than its slots. ``fair_share`` says whose turn it is,
``placement`` where. Out of turn go only who lost the machine they were given (before everybody, on another one) and
owners on their own machine.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Container, Iterator, Sequence

import msgspec

from affouage.pool import charging, waits
from affouage.pool.charging import Rate, Work
from affouage.pool.fair_share import FairShare, Waiting
from affouage.pool.placement import Key, Option, PrefixMemory, choose
from affouage.pool.queue_state import FORMAT, ONE_GATEWAY, Bounds, QueueState, Run, Taken
from affouage.pool.share_rules import ShareRules
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket, Turn

_HOUR_US = 3_600_000_000


class Now(msgspec.Struct, frozen=True):
    """The facts a decision is taken on."""

    stations: Sequence[Station]
    rules: ShareRules
    at_us: int
    cheap: bool
    """Cheap hours: what does not press is served too."""


class Counts(msgspec.Struct, frozen=True):
    """Requests that wait, those of them that do not press, and those that are served."""

    model_id: str
    waiting: int = 0
    no_hurry: int = 0
    running: int = 0


class ModelQueue:
    """One model's queue. Calls are cheap (no more than a few stations each), places O(n log n)."""

    def __init__(self, model_id: str, rules: ShareRules, bounds: Bounds = ONE_GATEWAY) -> None:
        self.model_id = model_id
        self.waiting: dict[str, tuple[Ticket, int]] = {}
        """By request, with its arrival in µs."""
        self.running: dict[str, Run] = {}
        self.times = waits.ServiceTimes()
        self.prefixes = PrefixMemory(bounds.conversations)
        self._bounds = bounds
        self.rules = rules
        self._share = FairShare(rules.floors, bounds.away)
        self._like: Rate | None = None
        """Of a machine that has the model, for what is expected; the last one known while none is here."""
        self._owing: OrderedDict[str, Run] = OrderedDict()
        """Ended lately: when joules are shared out, what they used is still to be told."""
        self._back: dict[str, Ticket] = {}
        """They lost their machine: first come, first served, before everybody."""
        self._pressing = 0
        """Requests that wait or run, those that do not press left out."""
        self._used: Counter[Key] = Counter()
        self._lent: Counter[Key] = Counter()
        """Of those, for others than the owner."""

    def waiting_of(self, member_id: str) -> int:
        return self._share.waiting_of(member_id) + sum(one.member_id == member_id for one in self._back.values())

    def counts(self) -> Counts:
        no_hurry = sum(ticket.batch for ticket, _ in self.waiting.values())
        return Counts(self.model_id, len(self.waiting), no_hurry, len(self.running))

    def in_use(self, key: Key) -> int:
        return self._used[key]

    # -- put away, taken up again --------------------------------------------------------------------------------

    def snapshot(self) -> QueueState:
        """All of it as a value, not to be changed: what :meth:`restored` makes of it decides as this one would."""
        return QueueState(
            format=FORMAT,
            rules=self.rules,
            share=self._share.snapshot(),
            waiting=list(self.waiting.values()),
            running=list(self.running.values()),
            owing=list(self._owing.values()),
            back=list(self._back),
            times=self.times.kept(),
            prefixes=self.prefixes.kept(),
            like=self._like,
        )

    @classmethod
    def restored(cls, model_id: str, state: QueueState, bounds: Bounds) -> ModelQueue:
        """Takes ``state`` over: it is used no more."""
        queue = cls(model_id, state.rules, bounds)
        queue._share, queue._like = FairShare.restored(state.share, bounds.away), state.like
        queue.times.take_up(state.times)
        queue.prefixes.take_up(state.prefixes)
        queue.waiting = {ticket.request_id: (ticket, at_us) for ticket, at_us in state.waiting}
        queue.running = {run.ticket.request_id: run for run in state.running}
        queue._owing = OrderedDict((run.ticket.request_id, run) for run in state.owing)
        queue._back = {request_id: queue.waiting[request_id][0] for request_id in state.back}
        tickets = [*(ticket for ticket, _ in state.waiting), *(run.ticket for run in state.running)]
        queue._pressing = sum(not ticket.batch for ticket in tickets)
        for run in state.running:
            queue._count(run.station, run.ticket, +1)
        return queue

    def drop(self, living: Container[str], at_us: int) -> bool:
        """What came to gateways that are not of the ``living`` is over. Was there any?"""
        waiting = [key for key, (ticket, _) in self.waiting.items() if ticket.gateway_id not in living]
        running = [key for key, run in self.running.items() if run.ticket.gateway_id not in living]
        for request_id in waiting:
            self.leave(request_id)
        for request_id in running:
            self.finish(request_id, at_us)
        return bool(waiting or running)

    # -- coming and going ----------------------------------------------------------------------------------------

    def arrive(self, ticket: Ticket, now: Now) -> None:
        """``now.stations``: at least one. Raises ValueError for a request that is here already."""
        if ticket.request_id in self.waiting or ticket.request_id in self.running:
            raise ValueError(f"{ticket.request_id} is here already")
        self._follow(now)
        self.waiting[ticket.request_id] = ticket, now.at_us
        self._pressing += not ticket.batch
        if ticket.again or ticket.avoid:
            self._back[ticket.request_id] = ticket
        else:
            self._share.arrive(self._as_waiting(ticket, now.at_us, now))

    def leave(self, request_id: str) -> None:
        """It waits no more. Raises KeyError when it did not."""
        ticket, _ = self.waiting.pop(request_id)
        self._pressing -= not ticket.batch
        if self._back.pop(request_id, None) is None:
            self._share.leave(request_id)

    def finish(self, request_id: str, at_us: int) -> None:
        """Its slot is free again. What was charged stays; nothing, when no news of its work ever came."""
        run = self.running.pop(request_id)
        if run.work is None:
            self._share.charge(request_id, -run.charged)
        elif run.work.decoded_tokens:
            self.times.note(max(0, at_us - run.since_us) // 1000, run.work.decoded_tokens)
        if self.rules.unit == "joules":  # what a meter counts is known a little after the end
            self._owing[request_id] = run
            while len(self._owing) > self._bounds.owing:
                self._owing.popitem(last=False)
        self._share.finish(request_id)
        self._pressing -= not run.ticket.batch
        self._count(run.station, run.ticket, -1)

    def owe(self, request_id: str, energy_uj: int) -> None:
        """What a request used, once known, when joules are shared out. No effect for another unit, or too late."""
        run = self._owing.pop(request_id, None)
        if run is not None and run.work is not None:
            self._share.owe(run.ticket.member_id, run.ticket.weight_percent, max(0, energy_uj - run.charged))

    def charge(
        self,
        request_id: str,
        *,
        prompt_tokens: int | None = None,
        decoded_tokens: int | None = None,
        energy_uj: int | None = None,
    ) -> None:
        """All that was done for it so far; None: no news. Raises KeyError when it does not run."""
        run = self.running[request_id]
        work = run.work = run.work or Work(run.ticket.prompt_tokens)
        work.prompt_tokens = work.prompt_tokens if prompt_tokens is None else prompt_tokens
        work.decoded_tokens = work.decoded_tokens if decoded_tokens is None else decoded_tokens
        work.energy_uj = work.energy_uj if energy_uj is None else energy_uj
        total = charging.cost(self.rules, run.station.rate, work)
        self._share.charge(request_id, total - run.charged)
        run.charged = total

    # -- turns ---------------------------------------------------------------------------------------------------

    def hand_out(self, now: Now) -> Iterator[tuple[Ticket, Station]]:
        """Give every free slot that somebody may take. What is yielded runs, until :meth:`finish`."""
        self._follow(now)
        while (pair := self._next(now)) is not None:
            ticket, station = pair
            del self.waiting[ticket.request_id]
            self._count(self.running[ticket.request_id].station, ticket, +1)
            self.prefixes.note(station.key, ticket.prefix_sha256)
            yield ticket, station

    def _next(self, now: Now) -> tuple[Ticket, Station] | None:
        if not self.waiting:
            return None
        return self._next_back(now) or self._next_owner(now) or self._next_in_turn(now)

    def _next_back(self, now: Now) -> tuple[Ticket, Station] | None:
        for ticket in self._back.values():
            station = self._place(ticket, now)
            if station is not None:
                del self._back[ticket.request_id]
                self._share.arrive(self._as_waiting(ticket, now.at_us, now))
                self._begin(self._share.admit(ticket.request_id), ticket, station, now)
                return ticket, station
        return None

    def _next_owner(self, now: Now) -> tuple[Ticket, Station] | None:
        """An owner's request on his machine, where others get nothing now."""
        for station in now.stations:
            if not station.owner_id or self._room(station, "") > 0 or self._room(station, station.owner_id) < 1:
                continue
            if not self._share.waiting_of(station.owner_id):
                continue
            for ticket, _ in self.waiting.values():
                own = ticket.member_id == station.owner_id and ticket.request_id not in self._back
                if own and self._may_now(ticket, station, now):
                    self._begin(self._share.admit(ticket.request_id), ticket, station, now)
                    return ticket, station
        return None

    def _next_in_turn(self, now: Now) -> tuple[Ticket, Station] | None:
        free = [one for one in now.stations if self._room(one, "") > 0]
        # Where the owner passes first, he is asked for; then the machine that may read most of those who wait.
        asked = [one for one in free if one.owner_first and self._share.waiting_of(one.owner_id)]
        asked += sorted(free, key=lambda one: one.trust)[:1]
        for station in asked:
            one = self._share.next(
                trust=station.trust,
                owner_id=station.owner_id if station.owner_first else "",
                batch=now.cheap or not self._pressing,
                now_us=now.at_us,
                batch_latest_us=now.rules.batch_latest_h * _HOUR_US,
            )
            if one is not None:
                ticket, _ = self.waiting[one.id]
                station = self._place(ticket, now) or station
                self._begin(one, ticket, station, now)
                return ticket, station
        return None

    def _may_now(self, ticket: Ticket, station: Station, now: Now) -> bool:
        if ticket.batch and self._pressing and not now.cheap:
            return False
        return station.trust <= ticket.reach and station.node_id not in ticket.avoid

    def _place(self, ticket: Ticket, now: Now) -> Station | None:
        options = {one.key: self._option(one, ticket) for one in now.stations}
        best = choose(list(options.values()), member_id=ticket.member_id, reach=ticket.reach, avoid=ticket.avoid)
        return None if best is None else next(one for one in now.stations if one.key == best.key)

    def _option(self, station: Station, ticket: Ticket) -> Option:
        return Option(
            key=station.key,
            free=self._room(station, ticket.member_id),
            slots=max(station.slots, station.own_slots),
            loaded=station.loaded,
            trust=station.trust,
            owner_id=station.owner_id,
            owner_first=station.owner_first,
            token_uj=station.token_uj,
            prefix_hits=self.prefixes.hits(station.key, ticket.prefix_sha256),
        )

    def _room(self, station: Station, member_id: str) -> int:
        """Slots free now for that member ("" for anybody)."""
        free = max(station.slots, station.own_slots) - self._used[station.key]
        if member_id and member_id == station.owner_id:
            return free
        return min(free, station.slots - self._lent[station.key])

    def _begin(self, one: Waiting, ticket: Ticket, station: Station, now: Now) -> None:
        self.running[ticket.request_id] = Run(ticket, Taken.of(station), now.at_us, one.first_cost)

    def _count(self, station: Taken, ticket: Ticket, one: int) -> None:
        """One slot of the station more or less."""
        counters = [self._used] if ticket.member_id == station.owner_id else [self._used, self._lent]
        for counter in counters:
            counter[station.key] += one
            if not counter[station.key]:
                del counter[station.key]

    def _follow(self, now: Now) -> None:
        """Rules may have changed. A new unit, or new floors, count from their own start; nobody loses a place."""
        before, self.rules = self.rules, now.rules
        if (before.unit, before.floors) == (now.rules.unit, now.rules.floors):
            return
        self._share = FairShare(now.rules.floors, self._bounds.away)
        for run in self.running.values():
            work = run.work or Work(run.ticket.prompt_tokens)
            run.charged = charging.cost(now.rules, run.station.rate, work)
            asked = self._as_waiting(run.ticket, run.since_us, now)
            self._share.arrive(msgspec.structs.replace(asked, first_cost=run.charged))
            self._share.admit(run.ticket.request_id)
        for ticket, arrived_us in self.waiting.values():
            if ticket.request_id not in self._back:
                self._share.arrive(self._as_waiting(ticket, arrived_us, now))

    def _as_waiting(self, ticket: Ticket, arrived_us: int, now: Now) -> Waiting:
        if now.stations:
            known = next((one for one in now.stations if one.token_uj is not None), now.stations[0])
            self._like = Rate.of(known, self.model_id)
        assert self._like is not None, "nobody arrives where there is no machine"
        first, whole = charging.expected(now.rules, self._like, ticket, self.times.decoded_tokens)
        return Waiting(
            id=ticket.request_id,
            member_id=ticket.member_id,
            weight_percent=ticket.weight_percent,
            first_cost=first,
            expected_cost=whole,
            batch=ticket.batch,
            group=ticket.group,
            reach=ticket.reach,
            arrived_us=arrived_us,
        )

    # -- what is told --------------------------------------------------------------------------------------------

    def turns(self, now: Now) -> dict[str, Turn]:
        """By request, in the order of the turns as things stand: place, reason, how long it should still take."""
        self._follow(now)
        passed = dict.fromkeys(self._back, False)
        places = sorted(self._share.places().items(), key=lambda place: place[1][0])
        passed |= {request_id: lighter for request_id, (_, lighter) in places}
        slots = [sum(one.slots for one in now.stations if one.trust == trust) for trust in range(waits.REACHES)]
        served = [
            waits.Served(run.station.trust, max(0, now.at_us - run.since_us) // 1000) for run in self.running.values()
        ]
        tickets = [self.waiting[request_id][0] for request_id in passed]
        ranges = waits.ranges((one.reach for one in tickets), served, slots, self.times)
        told: dict[str, Turn] = {}
        for position, (ticket, known) in enumerate(zip(tickets, ranges, strict=True), start=1):
            reason = self._reason(ticket, passed[ticket.request_id], now)
            low_ms, high_ms = known if known and reason in ("turn", "lighter") else (None, None)
            told[ticket.request_id] = Turn(position, len(tickets), reason, low_ms, high_ms)
        return told

    def _reason(self, ticket: Ticket, lighter: bool, now: Now) -> str:
        member_id = ticket.member_id
        may = [one for one in possible(ticket, now.stations) if one.slots > 0 or _own(one, member_id)]
        if not may:
            return "closed"
        if ticket.batch:
            return "no_hurry"
        if all(one.owner_first and one.owner_id != member_id and self._owner_present(one) for one in may):
            return "owner"
        return "lighter" if lighter else "turn"

    def _owner_present(self, station: Station) -> bool:
        return self._used[station.key] > self._lent[station.key] or self._share.waiting_of(station.owner_id) > 0


def possible(ticket: Ticket, stations: Sequence[Station]) -> list[Station]:
    """Stations that may serve it, closed ones included."""
    return [one for one in stations if one.trust <= ticket.reach and one.node_id not in ticket.avoid]


def _own(station: Station, member_id: str) -> bool:
    return station.own_slots > 0 and bool(member_id) and station.owner_id == member_id
