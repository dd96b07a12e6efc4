"""Turns in the memory of the one gateway there is: every step is taken at once, in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager

from affouage.clock import Clock
from affouage.pool.model_queue import Counts, ModelQueue, Now
from affouage.pool.queues import FindNow
from affouage.pool.ticket import Place, Ticket, Turn
from affouage.pool.waiter import TELL_S, Limits, OnTurn, Waiter, check_room, refuse_the_lost

FEW = 64
"""Up to so many who wait, a newcomer's place is worked out at once; beyond, the last one is told, then the true one."""


class MemoryQueues:
    """The queues of a gateway that has no other beside it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queues: dict[str, MemoryQueue] = {}

    def open(self, find_now: FindNow, limits: Limits) -> None:
        self._find_now, self._limits = find_now, limits

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for queue in self._queues.values():
                queue.close()

    def now(self, model_id: str) -> Now:
        return self._find_now(model_id, self._clock.monotonic_us())

    def queue(self, model_id: str) -> MemoryQueue:
        if model_id not in self._queues:
            model = ModelQueue(model_id, self.now(model_id).rules)
            self._queues[model_id] = MemoryQueue(model, lambda: self.now(model_id), self._limits)
        return self._queues[model_id]

    def known(self) -> Mapping[str, MemoryQueue]:
        return self._queues

    def counts(self) -> Iterable[Counts]:
        return [queue.counts() for queue in self._queues.values()]

    async def places_of(self, member_id: str) -> list[Place]:
        at_us = self._clock.monotonic_us()
        return [place for queue in self._queues.values() for place in queue.places_of(member_id, at_us)]


class MemoryQueue:
    """One model's queue with the tasks that wait in it."""

    def __init__(self, model: ModelQueue, now: Callable[[], Now], limits: Limits) -> None:
        self.model = model
        self.waiters: dict[str, Waiter] = {}
        self._now = now
        self._limits = limits
        self._changed = False
        self._pause: asyncio.TimerHandle | None = None

    async def enter(self, ticket: Ticket, on_turn: OnTurn, now: Now) -> Waiter:
        self._hand_out(now)  # stations may have come that nobody told of
        self.model.arrive(ticket, now)
        last = len(self.model.waiting)
        waiter = self.waiters[ticket.request_id] = Waiter(ticket, on_turn, Turn(last, last))
        self._hand_out(now)
        if not waiter.turn.done():
            try:
                check_room(self.model, ticket, self._limits)
            except BaseException:
                self.leave(waiter)
                raise
            if len(self.waiters) <= FEW or ticket.max_wait_ms is not None:
                waiter.told = self.model.turns(now)[ticket.request_id]
        return waiter

    def tell_newcomer(self, waiter: Waiter) -> None:
        waiter.tell(waiter.told, first=True)
        self._tell(self._now())

    def leave(self, waiter: Waiter) -> None:
        request_id = waiter.ticket.request_id
        if self.waiters.pop(request_id, None) is not None:
            self.model.leave(request_id)
        elif request_id in self.model.running:
            self.model.finish(request_id, self._now().at_us)
        self._move_on()

    def hold(self, request_id: str, lose: Callable[[], None]) -> None:
        """Nobody else gives turns: what is held stays so."""

    def charge(self, request_id: str, **work: int | None) -> None:
        if request_id in self.model.running:
            self.model.charge(request_id, **work)

    def finish(self, request_id: str) -> None:
        now = self._now()
        self.model.finish(request_id, now.at_us)
        self._hand_out(now)
        self._tell(now)

    def owe(self, request_id: str, energy_uj: int) -> None:
        self.model.owe(request_id, energy_uj)

    def forget(self, node_id: str) -> None:
        self.model.prefixes.forget(node_id)

    def look(self) -> None:
        refuse_the_lost(self.waiters.values(), self._now())
        self._move_on()

    def in_use(self, node_id: str | None = None) -> int:
        return len(self.model.running) if node_id is None else self.model.in_use((node_id, self.model.model_id))

    def counts(self) -> Counts:
        return self.model.counts()

    def places_of(self, member_id: str, at_us: int) -> Iterator[Place]:
        for ticket, since_us in self.model.waiting.values():
            if ticket.member_id == member_id:
                told = self.waiters[ticket.request_id].told
                yield Place(ticket.request_id, self.model.model_id, told, (at_us - since_us) // 1000)

    def close(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _hand_out(self, now: Now) -> None:
        for ticket, station in self.model.hand_out(now):
            waiter = self.waiters.pop(ticket.request_id)
            if waiter.turn.done():  # it left or was refused, and has not woken up yet
                self.model.finish(ticket.request_id, now.at_us)
            else:
                waiter.turn.set_result(station)

    def _move_on(self) -> None:
        """Something changed: hand out what is free, and tell."""
        now = self._now()
        self._hand_out(now)
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
