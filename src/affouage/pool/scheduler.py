"""Who is given a slot now, and what those who wait are told: the asynchronous face of :mod:`affouage.pool.model_queue`.

Never more in flight than free slots, never silence: a place is told at once and whenever it changes, and what cannot be
waited for is refused with what would work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from affouage.clock import Clock
from affouage.errors import TooMuch, Unavailable
from affouage.footprint.hours import WallClock
from affouage.pool.model_queue import ModelQueue, Now, possible
from affouage.pool.share_rules import ShareRules, in_cheap_hours
from affouage.pool.station import REACHES, FindStations, Station
from affouage.pool.ticket import Line, Place, Ticket, Turn

__all__ = ["Held", "OnTurn", "Scheduler", "Turn"]

_log = logging.getLogger("affouage.queue")

OnTurn = Callable[[Turn], None]

TELL_S = 0.25
"""The places of everybody are worked out at most that often; a newcomer's at once."""
FEW = 64
"""Up to so many who wait, a newcomer's place is worked out at once; beyond, the last one is told, then the true one."""
LOOK_S = 1.0
GONE_US = 10_000_000
"""A request is refused once no machine that may serve it has been known for so long."""


class Held:
    """A slot of ``station``, until the lease ends."""

    def __init__(self, station: Station, charge: Callable[..., None]) -> None:
        self.station = station
        self._charge = charge

    def charge(
        self, *, prompt_tokens: int | None = None, decoded_tokens: int | None = None, energy_uj: int | None = None
    ) -> None:
        """Cumulative figures so far (tokens computed, tokens written, microjoules); None: no news. The last ones stay:
        noughts for work that its member shall not be charged for. No effect once the lease has ended."""
        self._charge(prompt_tokens=prompt_tokens, decoded_tokens=decoded_tokens, energy_uj=energy_uj)


class Scheduler:
    """The queues of all models of this gateway. Works in one event loop.

    ``max_waiting`` bounds each queue and ``max_waiting_per_member`` what one member has there. A full queue still takes
    one request of each member who has nothing here, up to twice its bound: those who ask a lot shut nobody out.
    """

    def __init__(
        self,
        stations: FindStations,
        clock: Clock,
        *,
        rules: Callable[[], ShareRules],
        wall: WallClock,
        max_waiting: int,
        max_waiting_per_member: int,
    ) -> None:
        self._stations = stations
        self._clock = clock
        self._rules = rules
        self._wall = wall
        self._max_waiting = max_waiting
        self._max_waiting_per_member = max_waiting_per_member
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While open, time alone changes things too: cheap hours begin, estimates grow old, machines stay away."""
        task = asyncio.create_task(self._look(), name="queue")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            for queue in self._queues.values():
                queue.close()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                self.look_again()
            except Exception as unforeseen:  # those who wait go on being looked after
                _log.error("the queue was not looked at: %s", type(unforeseen).__name__)

    def look_again(self) -> None:
        """Stations came, went, opened or closed: hand out what is free, tell everybody where they are."""
        for queue in self._queues.values():
            queue.look()

    @asynccontextmanager
    async def lease(self, ticket: Ticket, on_turn: OnTurn) -> AsyncIterator[Held]:
        """Hold a slot for the ticket; ``on_turn`` is told the place at once when it must wait, and when it changes.

        Raises TooMuch when the queue is full or its member has too many requests in it; Unavailable when no machine
        that may serve it is known (no_machine), or its wait is or would be longer than it accepts (wait_exceeded).
        """
        now = self._now(ticket.model_id)
        if not possible(ticket, now.stations):
            raise _no_machine(ticket)
        queue = self._queue(ticket.model_id, now.rules)
        station = await self._turn(queue, ticket, on_turn, now)

        def charge(**work: int | None) -> None:
            if ticket.request_id in queue.model.running:
                queue.model.charge(ticket.request_id, **work)

        try:
            yield Held(station, charge)
        finally:
            queue.model.finish(ticket.request_id, self._clock.monotonic_us())
            queue.move_on()

    async def _turn(self, queue: _Queue, ticket: Ticket, on_turn: OnTurn, now: Now) -> Station:
        waiter = queue.arrive(ticket, on_turn, now)
        limit: asyncio.TimerHandle | None = None
        try:
            if not waiter.turn.done():
                self._check_room(queue, ticket)
                queue.find_place(waiter, now)
                limit = _until_limit(waiter)
                queue.tell_newcomer(waiter, now)
            return await waiter.turn
        except BaseException:
            queue.give_up(waiter, self._clock.monotonic_us())
            raise
        finally:
            if limit is not None:
                limit.cancel()

    def _check_room(self, queue: _Queue, ticket: Ticket) -> None:
        """Raises TooMuch. Who had a turn already and lost it does not pay for that twice."""
        others = len(queue.model.waiting) - 1
        own = queue.model.waiting_of(ticket.member_id) - 1
        served = any(run.ticket.member_id == ticket.member_id for run in queue.model.running.values())
        if ticket.again:
            return
        if own >= self._max_waiting_per_member:
            raise TooMuch(
                f"{own} of your requests already wait for {ticket.model_id}.",
                remedy="Wait for one of them to be answered, or stop one.",
                code="too_many_waiting",
                retry_after_s=30,
                waiting=own,
                model=ticket.model_id,
            )
        if others >= self._max_waiting * (1 if own or served else 2):
            raise TooMuch(
                f"{others} requests already wait for {ticket.model_id}.",
                remedy="Try again in a few minutes, or choose another model.",
                retry_after_s=30,
                waiting=others,
                model=ticket.model_id,
            )

    def _queue(self, model_id: str, rules: ShareRules) -> _Queue:
        if model_id not in self._queues:
            self._queues[model_id] = _Queue(ModelQueue(model_id, rules), lambda: self._now(model_id))
        return self._queues[model_id]

    def _now(self, model_id: str) -> Now:
        rules, at_ms = self._rules(), self._clock.now_ms()
        cheap = in_cheap_hours(rules, self._wall, at_ms)
        return Now(self._stations(model_id), rules, self._clock.monotonic_us(), cheap)

    def owe(self, ticket: Ticket, energy_uj: int) -> None:
        """What an ended request used in all, once its meter tells; it counts when joules are shared out."""
        queue = self._queues.get(ticket.model_id)
        if queue is not None:
            queue.model.owe(ticket.request_id, energy_uj)

    # -- what is going on ----------------------------------------------------------------------------------------

    def in_use(self, model_id: str, node_id: str | None = None) -> int:
        """Slots in use, on all machines, or on one ("": this machine)."""
        queue = self._queues.get(model_id)
        if queue is None:
            return 0
        return len(queue.model.running) if node_id is None else queue.model.in_use((node_id, model_id))

    def waiting(self, model_id: str) -> int:
        queue = self._queues.get(model_id)
        return 0 if queue is None else len(queue.model.waiting)

    def places_of(self, member_id: str) -> list[Place]:
        """The member's requests that wait, the oldest first in each model."""
        now_us = self._clock.monotonic_us()
        return [
            Place(ticket.request_id, model_id, queue.waiters[ticket.request_id].told, (now_us - since_us) // 1000)
            for model_id, queue in self._queues.items()
            for ticket, since_us in queue.model.waiting.values()
            if ticket.member_id == member_id
        ]

    def snapshot(self) -> list[Line]:
        """Each model that somebody asked for: how many wait, how many are served, how many slots are open."""
        return [
            Line(
                model_id,
                waiting=len(queue.model.waiting),
                no_hurry=sum(ticket.batch for ticket, _ in queue.model.waiting.values()),
                running=len(queue.model.running),
                slots=sum(one.slots for one in self._stations(model_id)),
            )
            for model_id, queue in sorted(self._queues.items())
        ]

    def forget(self, node_id: str) -> None:
        """Its engines started again: they remember no conversation."""
        for queue in self._queues.values():
            queue.model.prefixes.forget(node_id)


class _Waiter:
    def __init__(self, ticket: Ticket, on_turn: OnTurn, told: Turn) -> None:
        self.ticket = ticket
        self.turn: asyncio.Future[Station] = asyncio.get_running_loop().create_future()
        self.told = told
        self.gone_since_us: int | None = None
        """Since when no machine that may serve it is known."""
        self._on_turn = on_turn

    def tell(self, turn: Turn, *, first: bool = False) -> None:
        if first or turn != self.told:
            self.told = turn
            self._on_turn(turn)

    def refuse(self, problem: Exception) -> None:
        if not self.turn.done():
            self.turn.set_exception(problem)


class _Queue:
    """One model's queue with the tasks that wait in it."""

    def __init__(self, model: ModelQueue, now: Callable[[], Now]) -> None:
        self.model = model
        self.waiters: dict[str, _Waiter] = {}
        self._now = now
        self._changed = False
        self._pause: asyncio.TimerHandle | None = None

    def arrive(self, ticket: Ticket, on_turn: OnTurn, now: Now) -> _Waiter:
        self.hand_out(now)  # stations may have come that nobody told of
        self.model.arrive(ticket, now)
        last = len(self.model.waiting)
        waiter = self.waiters[ticket.request_id] = _Waiter(ticket, on_turn, Turn(last, last))
        self.hand_out(now)
        return waiter

    def find_place(self, waiter: _Waiter, now: Now) -> None:
        if len(self.waiters) <= FEW or waiter.ticket.max_wait_ms is not None:
            waiter.told = self.model.turns(now)[waiter.ticket.request_id]

    def tell_newcomer(self, waiter: _Waiter, now: Now) -> None:
        waiter.tell(waiter.told, first=True)
        self._tell(now)

    def give_up(self, waiter: _Waiter, at_us: int) -> None:
        """It waits no more; a slot that came at that very moment is given back."""
        request_id = waiter.ticket.request_id
        if self.waiters.pop(request_id, None) is not None:
            self.model.leave(request_id)
        elif request_id in self.model.running:
            self.model.finish(request_id, at_us)
        self.move_on()

    def look(self) -> None:
        self._refuse_the_lost(self._now())
        self.move_on()

    def close(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def hand_out(self, now: Now) -> None:
        for ticket, station in self.model.hand_out(now):
            waiter = self.waiters.pop(ticket.request_id)
            if waiter.turn.done():  # it left or was refused, and has not woken up yet
                self.model.finish(ticket.request_id, now.at_us)
            else:
                waiter.turn.set_result(station)

    def move_on(self) -> None:
        """Something changed: hand out what is free, and tell."""
        now = self._now()
        self.hand_out(now)
        self._tell(now)

    def _tell(self, now: Now) -> None:
        """Everybody's place, unless that was done a moment ago: then in a moment."""
        self._changed = True
        if self._pause is None:
            self._tell_all(now)

    def _tell_all(self, now: Now) -> None:
        self._changed, self._pause = False, None
        if not self.waiters:
            return
        self._pause = asyncio.get_running_loop().call_later(TELL_S, self._after_pause)
        for request_id, turn in self.model.turns(now).items():
            self.waiters[request_id].tell(turn)

    def _after_pause(self) -> None:
        self._pause = None
        if self._changed:
            self._tell_all(self._now())

    def _refuse_the_lost(self, now: Now) -> None:
        for waiter in self.waiters.values():
            if possible(waiter.ticket, now.stations):
                waiter.gone_since_us = None
            elif waiter.gone_since_us is None:
                waiter.gone_since_us = now.at_us
            elif now.at_us - waiter.gone_since_us >= GONE_US:
                waiter.refuse(_no_machine(waiter.ticket))


def _until_limit(waiter: _Waiter) -> asyncio.TimerHandle | None:
    """What refuses it at the end of the wait it accepts. Raises Unavailable when its turn will not come before."""
    most_ms = waiter.ticket.max_wait_ms
    if most_ms is None:
        return None
    if waiter.told.low_ms is not None and waiter.told.low_ms > most_ms:
        raise _wait_exceeded(waiter)
    loop = asyncio.get_running_loop()
    return loop.call_later(most_ms / 1000, lambda: waiter.refuse(_wait_exceeded(waiter)))


def _no_machine(ticket: Ticket) -> Unavailable:
    return Unavailable(
        "No machine that may read this question has the model now.",
        remedy="Allow more machines to read it, choose another model, or ask later.",
        code="no_machine",
        retry_after_s=60,
        model=ticket.model_id,
        reach=REACHES[ticket.reach],
    )


def _wait_exceeded(waiter: _Waiter) -> Unavailable:
    """The wait is, or would be, longer than the one who asked accepts."""
    told = waiter.told
    more_s = 30 if told.low_ms is None else max(1, told.low_ms // 1000)
    return Unavailable(
        f"Its turn does not come within {(waiter.ticket.max_wait_ms or 0) / 1000:g} s: "
        f"it is {told.position} of {told.waiting}.",
        remedy="Accept a longer wait, choose another model, or ask again later.",
        code="wait_exceeded",
        retry_after_s=more_s,
        limit_s=(waiter.ticket.max_wait_ms or 0) // 1000,
        position=told.position,
        waiting=told.waiting,
        low_ms=told.low_ms,
        high_ms=told.high_ms,
    )
