"""What a machine counted for a commons that had stopped, or told too late: nobody's request, and in the books all the
same, as the collective's loss."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import Connection, func, select

from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import UNCLAIMED, Block
from affouage.pool.run import KeptBlock
from affouage.storage import Database, open_database
from affouage.storage.home import prepare
from affouage.storage.tables import machine_day, usage_day, usage_people
from affouage.testing import ManualClock
from tests.integration.books import a_receipt, a_reservation
from tests.integration.footprint_days import a_block


def signed(name: str, parts: dict[str, tuple[int, int, int]]) -> Block:
    return a_block(name, parts, idle_uj=7, signed_by="UNODE", signature="00", machine_id="atelier")


def in_blocks_and_in_receipts(connection: Connection) -> tuple[int, int]:
    of = usage_day.c
    receipts = select(func.sum(of.static_uj + of.dynamic_uj)).where(of.dimension == "total")
    return (
        connection.execute(select(func.sum(machine_day.c.requests_uj))).scalar_one(),
        connection.execute(receipts).scalar() or 0,
    )


def opened(home: Path) -> tuple[Database, Ledger]:
    prepare(home)
    db = open_database(home / "affouage.db")
    return db, Ledger(db, ManualClock())


def test_what_comes_too_late_is_the_collective_s_loss_and_no_request(home: Path) -> None:
    async def main() -> None:
        db, ledger = opened(home)
        block = signed("blk_1", {"r_old": (10, 20, 5), "r_now": (1, 2, 3)})
        await ledger.keep([KeptBlock(block, b"", unclaimed=("r_old",))])
        await ledger.keep([KeptBlock(signed("blk_2", {"r_old": (4, 0, 1)}), b"", unclaimed=("r_old",))])
        await ledger.keep([KeptBlock(block, b"", unclaimed=("r_old",))])  # told again: written once
        told = await db.read(in_blocks_and_in_receipts)
        assert told == (37, 34), "all but the run that still goes on"
        totals = select(usage_day.c.requests, usage_day.c.lost, usage_day.c.unknown, usage_day.c.lost_uj)
        rows = await db.read(lambda c: c.execute(totals.where(usage_day.c.dimension == "total")).all())
        assert [tuple(row) for row in rows] == [(0, 0, 0, 34)], "a loss, and nobody's request"
        nobody = await db.read(lambda c: c.execute(select(func.count()).select_from(usage_people)).scalar_one())
        assert nobody == 0
        assert (await ledger.verify()).problems == []
        assert (await ledger.receipt("r_old", "")).kind == UNCLAIMED
        db.close()

    asyncio.run(main())


def test_after_a_kill_what_machines_were_doing_is_found_in_their_blocks(home: Path) -> None:
    async def main() -> None:
        db, ledger = opened(home)
        await ledger.reserve(a_reservation("rcp_done"))
        await ledger.reserve(a_reservation("rcp_killed"))
        done = a_receipt("rcp_done", run_id="r_done", machine_id="atelier")
        parts = {"r_done": (done.energy.static_uj or 0, done.energy.dynamic_uj or 0, 0), "r_killed": (40, 2, 9)}
        await ledger.settle(done, None, [KeptBlock(signed("blk_1", parts), b"")])
        before = await db.read(in_blocks_and_in_receipts)
        assert before[0] - before[1] == 42
        assert await ledger.settle_abandoned() == 1
        after = await db.read(in_blocks_and_in_receipts)
        assert after[0] == after[1]
        assert await ledger.settle_abandoned() == 0, "and only once"
        assert await db.read(in_blocks_and_in_receipts) == after
        assert (await ledger.verify()).problems == []
        db.close()

    asyncio.run(main())
