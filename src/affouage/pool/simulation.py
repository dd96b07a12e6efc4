"""A trace run through the queue of production, event by event, in whole microseconds. Pure: same trace, same bytes.

Between two events nothing is decided, so what was written since the last one is charged at the next: the counters are
those of charging each token as it is written.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from affouage.pool.backlog import Backlog
from affouage.pool.fair_share import FairShare, Waiting
from affouage.pool.trace import Request, Station, Trace, micro, rate, stations_of

Policy = Literal["vtc", "fcfs"]
POLICIES: tuple[Policy, ...] = ("vtc", "fcfs")
MICRO = 1_000_000
_PROGRESS_EVERY = 5_000


class Queue(Protocol):
    """What the simulation asks of a policy: ``FairShare`` as it is, or first come, first served."""

    def arrive(self, one: Waiting) -> None: ...

    def next(
        self, *, trust: int, owner_id: str, batch: bool, now_us: int, batch_latest_us: int | None
    ) -> Waiting | None: ...

    def charge(self, request_id: str, cost: int) -> None: ...

    def finish(self, request_id: str) -> None: ...

    def leave(self, request_id: str) -> None: ...


class FirstCome:
    """First come, first served, as engines do by themselves: for comparison only. O(1) where all may be served."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()

    def arrive(self, one: Waiting) -> None:
        self._waiting[one.id] = one

    def next(
        self, *, trust: int, owner_id: str, batch: bool, now_us: int, batch_latest_us: int | None
    ) -> Waiting | None:
        for one in self._waiting.values():
            if one.reach >= trust:
                return self._waiting.pop(one.id)
        return None

    def charge(self, request_id: str, cost: int) -> None:
        """Nobody counts."""

    def finish(self, request_id: str) -> None:
        """Nobody counts."""

    def leave(self, request_id: str) -> None:
        del self._waiting[request_id]


class Decision(msgspec.Struct, frozen=True):
    """What was decided, or came to an end: ``admitted``, ``finished``, ``cancelled``, ``left``, ``refused``."""

    at_us: int
    what: str
    request: str
    station: str = ""


class Job:
    """A request of the trace on its way, and what it cost so far (micro-units)."""

    __slots__ = ("ask", "at_us", "cost", "end_us", "machine", "outcome", "prompt_us", "start_us", "written")

    def __init__(self, ask: Request, at_us: int) -> None:
        self.ask = ask
        self.at_us = at_us
        self.start_us: int | None = None
        self.end_us: int | None = None
        self.prompt_us = 0
        self.machine: Machine | None = None
        self.cost = 0
        self.written = 0
        self.outcome: Literal["", "finished", "cancelled", "left", "refused"] = ""


class Machine:
    """A station, its pace in whole numbers, and who runs there."""

    def __init__(self, station: Station) -> None:
        self.name = station.name
        self.trust = station.trust
        self.owner = station.owner
        self.slots = station.slots or 1
        self.running: dict[str, Job] = {}
        self._pace = rate(station.tokens_per_s or 1)
        self._read = None if station.prompt_tokens_per_s is None else rate(station.prompt_tokens_per_s)
        self._watts = micro(station.slot_watts or 0)

    def prompt_us(self, ask: Request) -> int:
        computed = ask.prompt_tokens - ask.cached_tokens
        return 0 if self._read is None else -(-computed * MICRO * self._read.denominator // self._read.numerator)

    def whole_us(self, ask: Request) -> int:
        """From its admission to its last token."""
        return self.prompt_us(ask) - (-ask.output_tokens * MICRO * self._pace.denominator // self._pace.numerator)

    def written(self, job: Job, now_us: int) -> int:
        """Tokens written by ``now_us``."""
        since_us = max(0, now_us - (job.start_us or 0) - job.prompt_us)
        return min(job.ask.output_tokens, since_us * self._pace.numerator // (MICRO * self._pace.denominator))

    def cost(self, trace: Trace, ask: Request, spent_us: int, written: int) -> int:
        """Micro-units of a request that was read, ran for ``spent_us`` and wrote ``written`` tokens."""
        if trace.unit == "tokens":
            computed = ask.prompt_tokens - ask.cached_tokens
            return MICRO * (trace.prompt_weight * computed + trace.decode_weight * written)
        spent_us = max(spent_us, self.prompt_us(ask))
        return spent_us if trace.unit == "engine_seconds" else spent_us * self._watts // MICRO


class Run:
    """One trace under one policy. After :meth:`play`, ``jobs`` and ``backlog`` hold what happened."""

    def __init__(self, trace: Trace, policy: Policy, on_decision: Callable[[bytes], object] | None = None) -> None:
        self.trace = trace
        self.policy = policy
        self.until_us = micro(trace.until_s)
        self.machines = [Machine(one) for one in stations_of(trace)]
        self.jobs = sorted(
            (Job(ask, micro(ask.at_s)) for ask in trace.requests), key=lambda job: (job.at_us, job.ask.id)
        )
        self._costs = {job.ask.id: self._whole_cost(job.ask) for job in self.jobs}
        asked: dict[str, int] = {}
        for job in self.jobs:
            asked[job.ask.member] = asked.get(job.ask.member, 0) + self._costs[job.ask.id]
        self.backlog = Backlog(trace, self.machines, asked)
        self.busy_us = 0
        self.idle_while_backlog_us = 0
        self.decisions = 0
        self._on_decision = on_decision
        self._digest = hashlib.sha256()
        self._queue: Queue = FairShare(trace.floors) if policy == "vtc" else FirstCome()
        self._by_id = {job.ask.id: job for job in self.jobs}
        self._waiting_by_reach = [0] * 4
        self._held: dict[str, int] = {}
        self._latest_us = None if trace.batch_latest_s is None else micro(trace.batch_latest_s)

    @property
    def decisions_sha256(self) -> str:
        return self._digest.hexdigest()

    def gap_bound(self) -> int:
        """Micro-units, for weights of 100 %: twice what the costliest batch costs, at most 2 max(w_p L, w_q M)."""
        slots = sum(machine.slots for machine in self.machines)
        return 2 * sum(heapq.nlargest(slots, self._costs.values()))

    def play(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """``on_progress(done, total)`` is called now and then, in requests that arrived."""
        ends: list[tuple[int, int, str]] = []  # (at, 0: it ends | 1: its member gives up, id)
        arrived, before_us = 0, 0
        while True:
            arrival_us = self.jobs[arrived].at_us if arrived < len(self.jobs) else self.until_us
            now_us = min(arrival_us, ends[0][0] if ends else self.until_us, self.until_us)
            self._pass(before_us, now_us)
            before_us = now_us
            while ends and ends[0][0] == now_us:
                _, gives_up, request_id = heapq.heappop(ends)
                self._end(self._by_id[request_id], now_us, gives_up=bool(gives_up))
            if now_us == self.until_us:
                return
            while arrived < len(self.jobs) and self.jobs[arrived].at_us == now_us:
                job = self.jobs[arrived]
                arrived += 1
                if on_progress is not None and arrived % _PROGRESS_EVERY == 0:
                    on_progress(arrived, len(self.jobs))
                if self._arrive(job, now_us) and job.ask.cancel_at_s is not None:
                    heapq.heappush(ends, (max(now_us, micro(job.ask.cancel_at_s)), 1, job.ask.id))
            for job in self._dispatch(now_us):
                assert job.machine is not None
                heapq.heappush(ends, (now_us + job.machine.whole_us(job.ask), 0, job.ask.id))

    def _arrive(self, job: Job, now_us: int) -> bool:
        ask = job.ask
        if not self._within_budget(ask):
            job.outcome, job.end_us = "refused", now_us
            self._note(now_us, "refused", ask.id)
            return False
        self._queue.arrive(
            Waiting(
                id=ask.id,
                member_id=ask.member,
                weight_percent=self.backlog.weight(ask.member),
                first_cost=self.machines[0].cost(self.trace, ask, 0, 0),
                expected_cost=self._costs[ask.id],
                batch=ask.batch,
                group=ask.group,
                reach=ask.reach,
                arrived_us=now_us,
            )
        )
        self._waiting_by_reach[ask.reach] += 1
        self.backlog.enter(ask, now_us)
        return True

    def _within_budget(self, ask: Request) -> bool:
        """Like the allowance of production: what it should cost is held until it is known what it did cost."""
        known = self.trace.members.get(ask.member)
        if known is None or known.budget is None:
            return True
        hold = self._costs[ask.id]
        held = self._held.get(ask.member, 0)
        if held + hold > micro(known.budget):
            return False
        self._held[ask.member] = held + hold
        return True

    def _whole_cost(self, ask: Request) -> int:
        """Were it served to its end, by the machine on which it costs most."""
        return max(one.cost(self.trace, ask, one.whole_us(ask), ask.output_tokens) for one in self.machines)

    def _dispatch(self, now_us: int) -> list[Job]:
        admitted = []
        for machine in self.machines:
            while len(machine.running) < machine.slots:
                one = self._queue.next(
                    trust=machine.trust,
                    owner_id=machine.owner,
                    batch=True,
                    now_us=now_us,
                    batch_latest_us=self._latest_us,
                )
                if one is None:
                    break
                job = self._by_id[one.id]
                job.start_us, job.machine, job.prompt_us = now_us, machine, machine.prompt_us(job.ask)
                machine.running[one.id] = job
                self._waiting_by_reach[one.reach] -= 1
                self.backlog.exit(job.ask)
                self._bill(job, machine.cost(self.trace, job.ask, 0, 0), one.first_cost)
                self._note(now_us, "admitted", one.id, machine.name)
                admitted.append(job)
        return admitted

    def _pass(self, before_us: int, now_us: int) -> None:
        """Time goes by: tokens are written and charged."""
        passed_us = now_us - before_us
        for machine in self.machines:
            free = machine.slots - len(machine.running)
            self.busy_us += passed_us * len(machine.running)
            if free and any(self._waiting_by_reach[machine.trust :]):
                self.idle_while_backlog_us += passed_us * free
            for job in machine.running.values():
                job.written = machine.written(job, now_us)
                cost = machine.cost(self.trace, job.ask, now_us - (job.start_us or 0), job.written)
                if cost != job.cost:
                    self._bill(job, cost, job.cost)

    def _bill(self, job: Job, cost: int, charged: int) -> None:
        if cost != charged:
            self._queue.charge(job.ask.id, cost - charged)
        self.backlog.serve(job.ask.member, cost - job.cost)
        job.cost = cost

    def _end(self, job: Job, now_us: int, *, gives_up: bool) -> None:
        if job.outcome:
            return  # finished before its member gave up, or the reverse
        job.end_us = now_us
        machine = job.machine
        if machine is None:
            self._queue.leave(job.ask.id)
            self._waiting_by_reach[job.ask.reach] -= 1
            self.backlog.exit(job.ask)
            job.outcome = "left"
        else:
            self._queue.finish(job.ask.id)
            del machine.running[job.ask.id]
            job.outcome = "cancelled" if gives_up else "finished"
        if job.ask.member in self._held:
            self._held[job.ask.member] += job.cost - self._costs[job.ask.id]
        self._note(now_us, job.outcome, job.ask.id, machine.name if machine else "")

    def _note(self, now_us: int, what: str, request_id: str, station: str = "") -> None:
        self.decisions += 1
        line = msgspec.json.encode(Decision(now_us, what, request_id, station)) + b"\n"
        self._digest.update(line)
        if self._on_decision is not None:
            self._on_decision(line)
