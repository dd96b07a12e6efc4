"""A scheduler over stations that a test opens and closes, and people who ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from affouage.footprint.period import Calendar
from affouage.pool.memory_queues import MemoryQueue, MemoryQueues
from affouage.pool.metering import Metering
from affouage.pool.queues import Queues
from affouage.pool.scheduler import Held, Scheduler, Turn
from affouage.pool.share_rules import ShareRules
from affouage.pool.shared_queue import SharedQueue
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket
from affouage.testing import EchoEngine, FixedMeter, ManualClock

NO_HOURS = ShareRules(batch_hours=())


class House:
    """Stations that the test opens and closes, rules that it changes, and the scheduler over them."""

    make_queues: Callable[[ManualClock], Queues] = MemoryQueues

    def __init__(
        self,
        *slots: int,
        max_waiting: int = 1000,
        max_waiting_per_member: int = 1000,
        clock: ManualClock | None = None,
        queues: Callable[[ManualClock], Queues] | None = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self.rules = NO_HOURS
        self.stations: list[Station] = []
        self.askers: list[Asker] = []
        for count in slots:
            self.add(slots=count)
        self.scheduler = Scheduler(
            lambda _model_id: list(self.stations),
            self.clock,
            rules=lambda: self.rules,
            wall=Calendar("UTC"),
            max_waiting=max_waiting,
            max_waiting_per_member=max_waiting_per_member,
            queues=(queues or type(self).make_queues)(self.clock),
        )

    def add(self, **facts: Any) -> Station:
        name = f"n_{len(self.stations)}" if self.stations else ""
        metering = Metering(FixedMeter(self.clock), self.clock, machine_id=name or "here")
        station = Station(node_id=name, engine=EchoEngine("m"), metering=metering, **facts)
        self.stations.append(station)
        return station

    def alter(self, place: int, **facts: Any) -> None:
        self.stations[place] = msgspec.structs.replace(self.stations[place], **facts)

    def ask(self, member_id: str = "", **facts: Any) -> Asker:
        number = len(self.askers)
        ticket = Ticket(request_id=f"r{number}", member_id=member_id or f"m{number}", model_id="m", **facts)
        return self.brought(ticket)

    def brought(self, ticket: Ticket) -> Asker:
        asker = Asker(self, ticket)
        self.askers.append(asker)
        return asker

    async def asked(self, member_id: str = "", **facts: Any) -> Asker:
        asker = self.ask(member_id, **facts)
        await self.settle()
        return asker

    async def settle(self) -> None:
        """Until everybody has done what he can do now."""
        await settle()
        while any(isinstance(one, SharedQueue) and one.asked for one in self.scheduler._queues.known().values()):
            await asyncio.sleep(0.001)
            await settle()

    def queue_of(self, model_id: str) -> MemoryQueue:
        queue = self.scheduler._queues.queue(model_id)
        assert isinstance(queue, MemoryQueue)
        return queue

    async def empty(self) -> None:
        for one in self.askers:
            one.leave.set()
        await asyncio.gather(*(one.task for one in self.askers), return_exceptions=True)
        await self.settle()
        assert self.scheduler.in_use("m") == self.scheduler.waiting("m") == 0
        async with self.scheduler._queues.running():
            """Closes them."""


class Asker:
    """Somebody who takes a slot, holds it until told to leave, and remembers the places announced."""

    def __init__(self, house: House, ticket: Ticket) -> None:
        self._house = house
        self.ticket = ticket
        self.turns: list[Turn] = []
        self.leave = asyncio.Event()
        self.held: Held | None = None
        self.taken = asyncio.Event()
        self.task = asyncio.create_task(self._live(house.scheduler))

    async def _live(self, scheduler: Scheduler) -> None:
        async with scheduler.lease(self.ticket, self.turns.append) as held:
            self.held = held
            self.taken.set()
            await self.leave.wait()

    @property
    def served(self) -> bool:
        return self.held is not None

    @property
    def node_id(self) -> str:
        assert self.held is not None
        return self.held.station.node_id

    async def done(self, **work: int) -> None:
        """It is answered, for that much work."""
        assert self.held is not None
        self.held.charge(**work)
        self.leave.set()
        await asyncio.wait([self.task])
        await self._house.settle()


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


def story(tale: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(tale())
