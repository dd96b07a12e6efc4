"""The energy of runs in the books: stretch by stretch, conserved, told by their own line, also after a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import TRAINING, Energy, Impacts
from affouage.pool.metering import Metering
from affouage.storage import Database
from affouage.storage.tables import machine_day, usage_day
from affouage.testing import FixedMeter, ManualClock
from affouage.training.runs.booked import HOUR_MS, BookedRuns, booked_energy, together
from tests.integration import training_house as house

SECOND_UJ = 1_000_000


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    opened = house.database(home)
    yield opened
    opened.close()


class Bench:
    """A meter that counts 100 W, 40 of them static, on a clock that moves when told to."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, ManualClock()
        self.meter = FixedMeter(self.clock)
        self.metering = Metering(self.meter, self.clock, machine_id="here", idle_uw=40_000_000)
        self.ledger = Ledger(db, self.clock)
        self.booked = BookedRuns(self.metering, self.ledger, db, self.clock, lambda _energy: Impacts())

    async def pass_s(self, seconds: int, cpu_us: int) -> None:
        self.booked.work_of("trn_1", cpu_us)
        self.clock.advance(ms=seconds * 1000)
        self.meter.count(100 * seconds * SECOND_UJ)
        await self.metering.cut()

    async def end(self, cpu_us: int | None) -> Energy:
        """Booked, with the meter's last word: the clock stands, so no window can be added."""
        ending = asyncio.create_task(self.booked.end("trn_1", cpu_us))
        await asyncio.sleep(0)
        await self.pass_s(1, cpu_us or 0)
        done = await ending
        assert done is not None
        assert done.attempt >= 1
        return done.energy


def test_stretches_are_their_own_line_and_the_sums_close(db: Database) -> None:
    async def main() -> None:
        bench = Bench(db)
        async with bench.metering.running(bench.ledger.keep):
            await bench.booked.begin("trn_1", "mairie-1", "mbr_commons", 500_000)
            await bench.booked.begin("trn_1", "mairie-1", "mbr_commons", 500_000)  # once
            await bench.pass_s(10, 1_500_000)
            bench.booked.set_aside("trn_1")
            await bench.pass_s(10, 1_500_000)
            bench.booked.go_on("trn_1")
            await bench.pass_s(10, 2_500_000)
            assert bench.booked.spent_uj("trn_1") == bench.booked.open_uj() == 2 * 10 * 100 * SECOND_UJ
            assert not bench.booked.due("trn_1")
            bench.clock.advance(ms=HOUR_MS)
            bench.meter.count(0)
            assert bench.booked.due("trn_1")
            await bench.end(3_500_000)
            assert not bench.booked.open("trn_1")
            assert await bench.booked.end("trn_1", 1) is None
            await bench.booked.begin("trn_1", "mairie-1", "mbr_commons", 3_500_000)
            await bench.pass_s(5, 4_500_000)
            await bench.end(4_500_000)
        stretches = db.read_now(lambda connection: booked_energy(connection, "trn_1"))
        assert [(one.attempt, one.kind, one.model.id) for one in stretches] == [
            (1, TRAINING, "training:mairie-1"),
            (2, TRAINING, "training:mairie-1"),
        ]
        total = together([one.energy for one in stretches])
        rows = db.read_now(lambda connection: connection.execute(select(usage_day)).all())
        for dimension, key in (("total", ""), ("workshop", TRAINING), ("member", "mbr_commons")):
            of = [one for one in rows if (one.dimension, one.key) == (dimension, key)]
            assert sum(one.static_uj + one.dynamic_uj for one in of) == total.interval_uj.central  # type: ignore[union-attr]
            assert sum(one.requests for one in of) == 0
        [machine] = db.read_now(lambda connection: connection.execute(select(machine_day)).all())
        assert machine.requests_uj == total.interval_uj.central  # type: ignore[union-attr]
        parts = machine.requests_uj + machine.idle_uj + machine.unattributed_uj + machine.contended_uj
        assert parts == machine.energy_uj

    asyncio.run(main())


def test_what_a_killed_server_left_open_is_a_lower_bound_and_the_next_stretch_is_another(db: Database) -> None:
    async def main() -> None:
        bench = Bench(db)
        async with bench.metering.running(bench.ledger.keep):
            await bench.booked.begin("trn_1", "mairie-1", "mbr_commons", 0)
            await bench.pass_s(10, 1_000_000)
            await bench.ledger.keep(bench.metering.blocks())  # what was written before the kill
        again = Bench(db)
        assert await again.ledger.settle_abandoned() == 1
        async with again.metering.running(again.ledger.keep):
            await again.booked.begin("trn_1", "mairie-1", "mbr_commons", 5_000_000)
            await again.pass_s(10, 6_000_000)
            await again.end(None)
        left, whole = db.read_now(lambda connection: booked_energy(connection, "trn_1"))
        assert (left.attempt, left.outcome, left.energy.at_least) == (1, "failed", True)
        assert left.energy.interval_uj is not None
        assert left.energy.interval_uj.central == 10 * 100 * SECOND_UJ
        assert (whole.attempt, whole.outcome, whole.energy.at_least) == (2, "completed", False)
        assert (await again.ledger.verify()).problems == []

    asyncio.run(main())
