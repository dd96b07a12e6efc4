"""A request that goes on elsewhere has a part of the meter for each attempt, and each is found again after a stop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from affouage.clock import SystemClock
from affouage.ledger.receipt import Reservation, part_name
from affouage.pool.metering import Metering
from affouage.testing import FixedMeter
from tests.integration.test_remote_meter import Books


def test_a_second_attempt_that_a_stopped_server_left_keeps_its_own_part(tmp_path: Path) -> None:
    """The first one was lost with its machine and is settled; this one ran here."""

    async def main() -> None:
        books, clock = Books(tmp_path), SystemClock()
        meter = FixedMeter(clock, idle_uw=1_000_000)
        metering = Metering(meter, clock, machine_id="local")
        now_ms = clock.now_ms()
        held = Reservation(
            id="rcp_1", attempt=2, member_id="m_1", door="api", kind="chat", model_id="echo", created_ms=now_ms
        )
        await books.ledger.reserve(held)
        await metering.cut()
        metering.start(part_name("rcp_1", 2), "echo")
        metering.count("rcp_1.2", decoded_tokens=5)
        await asyncio.sleep(0.02)
        meter.count(2_000_000)
        await metering.cut()
        await books.ledger.keep(metering.blocks())
        assert await books.ledger.settle_abandoned() == 1
        receipt = await books.ledger.receipt("rcp_1", "m_1")
        assert (receipt.attempt, receipt.run_id, receipt.problem) == (2, "rcp_1.2", "server_stopped")
        assert receipt.energy.interval_uj is not None
        assert receipt.energy.interval_uj.central > 1_900_000
        assert (await books.audit()).differences == []
        books.db.close()

    asyncio.run(main())
