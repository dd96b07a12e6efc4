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
from affouage.footprint.hours import WallClock
from affouage.pool.memory_queues import MemoryQueues
from affouage.pool.model_queue import Now, possible
from affouage.pool.queues import Queue, Queues
from affouage.pool.share_rules import ShareRules, in_cheap_hours
from affouage.pool.station import FindStations, Station
from affouage.pool.ticket import Line, Place, Ticket, Turn
from affouage.pool.waiter import LOOK_S, Limits, OnTurn, Waiter, no_machine, turn_lost, until_limit

__all__ = ["Held", "OnTurn", "Scheduler", "Turn"]

_log = logging.getLogger("affouage.queue")


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
    """The queues of all models, as this gateway uses them. Works in one event loop.

    ``queues``: where they are kept: in memory, unless several gateways share them. ``max_waiting`` and
    ``max_waiting_per_member``: see ``waiter.Limits``.
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
        queues: Queues | None = None,
    ) -> None:
        self._stations = stations
        self._clock = clock
        self._rules = rules
        self._wall = wall
        self._queues = queues or MemoryQueues(clock)
        self._queues.open(self._find_now, Limits(max_waiting, max_waiting_per_member))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While open, time alone changes things too: cheap hours begin, estimates grow old, machines stay away."""
        async with self._queues.running():
            task = asyncio.create_task(self._look(), name="queue")
            try:
                yield
            finally:
                task.cancel()
                await asyncio.wait([task])

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                self.look_again()
            except Exception as unforeseen:  # those who wait go on being looked after
                _log.error("the queue was not looked at: %s", type(unforeseen).__name__)

    def look_again(self) -> None:
        """Stations came, went, opened or closed: hand out what is free, tell everybody where they are."""
        for queue in list(self._queues.known().values()):
            queue.look()

    @asynccontextmanager
    async def lease(self, ticket: Ticket, on_turn: OnTurn) -> AsyncIterator[Held]:
        """Hold a slot for the ticket; ``on_turn`` is told the place at once when it must wait, and when it changes.

        Raises TooMuch when the queue is full or its member has too many requests in it; Unavailable when no machine
        that may serve it is known (no_machine), its wait is or would be longer than it accepts (wait_exceeded), or the
        queues cannot be reached; TurnLost, out of whatever is being awaited, when its slot is no more its own.
        """
        now = self._queues.now(ticket.model_id)
        if not possible(ticket, now.stations):
            raise no_machine(ticket)
        queue = self._queues.queue(ticket.model_id)
        waiter = await queue.enter(ticket, on_turn, now)
        station = await _turn(queue, waiter)
        loss = _Loss()
        queue.hold(ticket.request_id, loss.come)
        try:
            yield Held(station, lambda **work: queue.charge(ticket.request_id, **work))
        except asyncio.CancelledError:
            if loss.was_all():
                raise turn_lost(ticket) from None
            raise
        finally:
            queue.finish(ticket.request_id)

    def _find_now(self, model_id: str, at_us: int) -> Now:
        rules = self._rules()
        cheap = in_cheap_hours(rules, self._wall, self._clock.now_ms())
        return Now(self._stations(model_id), rules, at_us, cheap)

    def owe(self, ticket: Ticket, energy_uj: int) -> None:
        """What an ended request used in all, once its meter tells; it counts when joules are shared out."""
        queue = self._queues.known().get(ticket.model_id)
        if queue is not None:
            queue.owe(ticket.request_id, energy_uj)

    # -- what is going on ----------------------------------------------------------------------------------------

    def in_use(self, model_id: str, node_id: str | None = None) -> int:
        """Slots in use, on all machines, or on one ("": this machine)."""
        queue = self._queues.known().get(model_id)
        return 0 if queue is None else queue.in_use(node_id)

    def waiting(self, model_id: str) -> int:
        queue = self._queues.known().get(model_id)
        return 0 if queue is None else queue.counts().waiting

    async def places_of(self, member_id: str) -> list[Place]:
        """The member's requests that wait, the oldest first in each model. Raises Unavailable."""
        return await self._queues.places_of(member_id)

    def snapshot(self) -> list[Line]:
        """Each model that somebody asked for: how many wait, how many are served, how many slots are open."""
        return [
            Line(
                one.model_id,
                waiting=one.waiting,
                no_hurry=one.no_hurry,
                running=one.running,
                slots=sum(station.slots for station in self._stations(one.model_id)),
            )
            for one in sorted(self._queues.counts(), key=lambda one: one.model_id)
        ]

    def forget(self, node_id: str) -> None:
        """Its engines started again: they remember no conversation."""
        for queue in self._queues.known().values():
            queue.forget(node_id)


async def _turn(queue: Queue, waiter: Waiter) -> Station:
    limit: asyncio.TimerHandle | None = None
    try:
        if not waiter.turn.done():
            limit = until_limit(waiter)
            queue.tell_newcomer(waiter)
        return await waiter.turn
    except BaseException:
        queue.leave(waiter)
        raise
    finally:
        if limit is not None:
            limit.cancel()


class _Loss:
    """What stops the present task when its slot is no more its own; as ``asyncio.timeout`` does when time is up."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelled_before = task.cancelling()
        self._came = False

    def come(self) -> None:
        self._came = True
        self._task.cancel()

    def was_all(self) -> bool:
        """Was the task stopped by that alone, and not by somebody who wants it to end?"""
        return self._came and self._task.uncancel() <= self._cancelled_before
