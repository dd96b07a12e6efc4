"""A scheduler over stations that a test opens and closes, and people who ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from affouage.footprint.period import Calendar
from affouage.pool.metering import Metering
from affouage.pool.scheduler import Held, Scheduler, Turn
from affouage.pool.share_rules import ShareRules
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket
from affouage.testing import EchoEngine, FixedMeter, ManualClock

NO_HOURS = ShareRules(batch_hours=())


class House:
    """Stations that the test opens and closes, rules that it changes, and the scheduler over them."""

    def __init__(self, *slots: int, max_waiting: int = 1000, max_waiting_per_member: int = 1000) -> None:
        self.clock = ManualClock()
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
        asker = Asker(self.scheduler, ticket)
        self.askers.append(asker)
        return asker

    async def asked(self, member_id: str = "", **facts: Any) -> Asker:
        asker = self.ask(member_id, **facts)
        await settle()
        return asker

    async def empty(self) -> None:
        for one in self.askers:
            one.leave.set()
        await asyncio.gather(*(one.task for one in self.askers), return_exceptions=True)
        assert self.scheduler.in_use("m") == self.scheduler.waiting("m") == 0


class Asker:
    """Somebody who takes a slot, holds it until told to leave, and remembers the places announced."""

    def __init__(self, scheduler: Scheduler, ticket: Ticket) -> None:
        self.ticket = ticket
        self.turns: list[Turn] = []
        self.leave = asyncio.Event()
        self.held: Held | None = None
        self.taken = asyncio.Event()
        self.task = asyncio.create_task(self._live(scheduler))

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
        await settle()


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


def story(tale: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(tale())
