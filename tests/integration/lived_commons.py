"""A commons that lives a while: a real meter loop and a real ledger, on a clock the test moves."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import msgspec

from affouage.footprint.budget import PotRules
from affouage.footprint.period import Calendar
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import Energy, Reservation
from affouage.pool.metering import Metering
from affouage.storage import open_database
from affouage.storage.home import prepare
from affouage.testing import FixedMeter, ManualClock
from tests.integration.footprint_days import a_receipt, books_on, enter, rule

OCTOBER_30 = 1_793_361_600_000
"""2026-10-30, noon UTC."""
NOV_2 = OCTOBER_30 + 3 * 86_400_000
ZONE = "Europe/Paris"


class Wall(ManualClock):
    """A clock that somebody puts back: ``back_ms``; what has passed goes on being told."""

    back_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() - self.back_ms


class Life:
    """A commons of three members and one machine; time passes only when told to."""

    def __init__(self, home: Path) -> None:
        prepare(home)
        self.home = home
        self.db = open_database(home / "affouage.db")
        self.clock = Wall(OCTOBER_30)
        self.meter = FixedMeter(self.clock, wraps_uj=7_000_000_000)
        self.calendar = Calendar(ZONE)
        self.ledger = Ledger(self.db, self.clock, day=self.calendar.day, factor_set="set-1")
        self.metering = Metering(self.meter, self.clock, machine_id="tower", idle_uw=20_000_000)
        self.chance = random.Random(7)
        self.count = 0
        (home / "settings.toml").write_text(f'[commons]\ntime_zone = "{ZONE}"\n', encoding="utf-8")

    async def pass_time(self, ms: int, watts: float) -> None:
        self.clock.advance(ms=ms)
        self.meter.count(round(watts * ms * 1000))
        await self.metering.cut()

    async def start(self) -> str:
        self.count += 1
        name = f"rcp_{self.count:03}"
        await self.ledger.reserve(
            Reservation(
                id=name, member_id="m0", door="api", kind="chat", model_id="small", created_ms=self.clock.now_ms()
            )
        )
        self.metering.start(name, "small")
        return name

    async def settle(self, name: str, energy: Energy | None = None, **more: Any) -> None:
        if energy is None:
            self.metering.stop(name)
            await self.metering.cut()
            energy = await self.metering.finished(name)
        who = f"m{self.count % 3}"
        receipt = msgspec.structs.replace(a_receipt(name, who, **more), energy=energy)
        blocks = self.metering.blocks()
        await self.ledger.settle(receipt, None, blocks)
        self.metering.kept(blocks)

    async def crowd(self, rounds: int) -> None:
        """Requests that overlap, and end however they end."""
        running: list[str] = []
        for _ in range(rounds):
            if len(running) < 3:
                running.append(await self.start())
            for i, name in enumerate(running):
                self.metering.count(name, prompt_tokens=50 * (i + 1), decoded_tokens=self.chance.randrange(400))
            await self.pass_time(self.chance.randrange(200, 1500), watts=self.chance.uniform(25, 390))
            if self.chance.random() < 0.6:
                outcome = self.chance.choice(["completed", "completed", "cancelled", "failed"])
                await self.settle(running.pop(self.chance.randrange(len(running))), outcome=outcome)
        for name in running:
            await self.settle(name)

    async def keep(self, blocks: Any) -> None:
        await self.ledger.keep(blocks)

    async def month(self) -> None:
        """Two evenings of October, one of them into November, with everything that happens to meters."""
        async with self.metering.running(self.keep):
            await self.crowd(12)
            await self.pass_time(9_000, watts=20)
            self.meter.foreign_ppm = 400_000
            await self.crowd(3)
            self.meter.foreign_ppm = 0
            served = await self.start()
            self.meter.restart()
            await self.pass_time(1_000, watts=50)
            self.metering.count(served, decoded_tokens=9)
            await self.pass_time(1_000, watts=50)
            await self.settle(served)
            await self.silence()
            self.clock.advance(ms=self.calendar.bounds("2026-11")[0] - self.clock.now_ms() - 1_500)
            over_midnight = await self.start()
            await self.pass_time(1_000, watts=200)
            self.metering.count(over_midnight, decoded_tokens=5)
            await self.crowd(2)
            await self.settle(over_midnight)
            await self.settle("upstream", Energy(), outcome="completed")
        self.clock.advance(ms=NOV_2 - self.clock.now_ms())

    async def silence(self) -> None:
        """The plug is out for longer than a finished request waits."""
        gone = await self.start()
        self.metering.count(gone, decoded_tokens=30)
        self.meter.fail()
        self.clock.advance(ms=500)
        await self.metering.cut()
        self.metering.stop(gone)
        self.clock.advance(ms=6_000)
        await self.metering.cut()
        await self.settle(gone, await self.metering.finished(gone))
        self.meter.mend()
        await self.pass_time(2_000, watts=60)


def live(home: Path, sharing: str = "pro_rata") -> None:
    """October and a little of November, October closed."""
    life = Life(home)
    books = books_on(life.db, NOV_2)

    def people(connection: Any) -> None:
        enter(connection, "m0", "m1", "m2")
        enter(connection, "commons", role="commons")
        rule(connection, "pot", PotRules(sharing=sharing))  # type: ignore[arg-type]

    async def everything() -> None:
        await life.db.write(people)
        await life.month()
        await books.close("2026-10")

    try:
        asyncio.run(everything())
    finally:
        life.db.close()
