"""Gateways on one real PostgreSQL, in this process: who keeps the house, what the dead leave, what is told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from affouage.clock import SystemClock
from affouage.errors import HomeInUse, LedgerUnavailable
from affouage.ledger import allowance
from affouage.ledger.allowance import Hold
from affouage.ledger.ledger import Ledger
from affouage.ledger.run_names import new_run_name
from affouage.pool.run import KeptBlock
from affouage.storage import Database, gateways, open_database
from affouage.storage.tables import allowance_hold, gateway, gateway_request
from affouage.workers.gateways import Gateways
from affouage.workers.worker import Worker
from tests.integration.books import a_receipt, a_reservation
from tests.integration.test_unclaimed_parts import in_blocks_and_in_receipts, signed

pytestmark = pytest.mark.sqlite_only  # it has a PostgreSQL of its own


async def until(true: Callable[[], Any], within_s: float = 30) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - of other threads
            await asyncio.sleep(0.02)


def count(db: Database, table: Any) -> int:
    return db.read_now(lambda connection: connection.execute(select(func.count()).select_from(table)).scalar_one())


def silence(db: Database, gateway_id: str) -> None:
    """As if it had been killed: nobody takes its row away."""

    def change(connection: Connection) -> None:
        connection.execute(update(gateway).where(gateway.c.id == gateway_id).values(heard_ms=1))

    db.write_now(change)


def test_one_does_what_is_done_once_and_another_takes_over(pg_url: str, tmp_path: Path) -> None:
    async def main() -> None:
        db, clock = open_database(pg_url), SystemClock()
        open_in: list[int] = []

        @asynccontextmanager
        async def work(number: int) -> AsyncIterator[None]:
            open_in.append(number)
            try:
                yield
            finally:
                open_in.remove(number)

        async def settle(_gateway_id: str) -> int:
            return 0

        first, began_ms = Gateways(db, clock, tmp_path, Worker(1)), clock.now_ms()
        await first.enter()
        await until(lambda: clock.now_ms() > began_ms)  # the longest at work is the one
        second = Gateways(db, clock, tmp_path, Worker(2))
        await second.enter()
        async with second.running(settle), second.by_one(lambda: work(2)):
            async with first.running(settle), first.by_one(lambda: work(1)):
                await until(lambda: open_in == [1])
                await until(lambda: [one.id for one in second.others()] == [first.id])
                await until(lambda: first.of_another(new_run_name(second.id)))
                assert not first.of_another(new_run_name(first.id))
                assert not first.of_another(new_run_name(""))
                await asyncio.sleep(0)
                assert open_in == [1]
            await until(lambda: open_in == [2])  # it left in order: no wait for its silence
        assert open_in == []
        assert count(db, gateway) == 0
        db.close()

    asyncio.run(main())


def test_what_a_dead_one_left_is_settled_once_with_what_the_blocks_say(pg_url: str, tmp_path: Path) -> None:
    async def main() -> None:
        db, clock = open_database(pg_url), SystemClock()
        dead, alive = gateways.new_id(), gateways.new_id()
        theirs, ours = Ledger(db, clock, gateway_id=dead), Ledger(db, clock, gateway_id=alive)
        lost, held = a_reservation("rcp_lost"), a_reservation("rcp_held")
        promise = Hold(request_id="rcp_lost", member_id="m", workshop="api", energy_uj=9)
        await theirs.reserve(lost, also=lambda connection: allowance.hold(connection, promise))
        await ours.reserve(held)
        parts = {new_run_name(dead): (40, 2, 9), new_run_name(alive): (5, 5, 5)}
        await ours.keep([KeptBlock(signed("blk_1", parts), b"")])

        assert await ours.settle_gone(dead) == 1
        assert (count(db, gateway_request), count(db, allowance_hold)) == (1, 0), "what lives keeps its own"
        assert (await ours.receipt("rcp_lost", lost.member_id)).problem == "server_stopped"
        counted, told = await db.read(in_blocks_and_in_receipts)
        assert (counted, told) == (52, 42), "of the dead one: the collective's loss; the other goes on"
        assert await ours.settle_gone(dead) == 0
        assert await db.read(in_blocks_and_in_receipts) == (counted, told), "and only once"

        await ours.settle(a_receipt("rcp_held"), None)
        assert count(db, gateway_request) == 0
        found = await ours.verify()
        assert (found.problems, found.open_reservations) == ([], 0)
        db.close()

    asyncio.run(main())


def test_who_was_held_for_dead_is_told_that_its_answer_does_not_count(pg_url: str) -> None:
    async def main() -> None:
        db, clock = open_database(pg_url), SystemClock()
        stalled, keeper = Ledger(db, clock, gateway_id="aaaaaaaa"), Ledger(db, clock, gateway_id="bbbbbbbb")
        await stalled.reserve(a_reservation("rcp_late"))
        assert await keeper.settle_gone("aaaaaaaa") == 1
        with pytest.raises(LedgerUnavailable, match="settled this answer as failed"):
            await stalled.settle(a_receipt("rcp_late"), b"salt")
        await stalled.reserve(a_reservation("rcp_next"))
        await stalled.settle(a_receipt("rcp_next"), None)
        await stalled.settle(a_receipt("rcp_next"), None)  # told twice by itself: nothing
        assert (await keeper.verify()).problems == []
        db.close()

    asyncio.run(main())


def test_a_part_that_comes_late_is_told_by_its_own_gateway_whoever_brought_the_block(pg_url: str) -> None:
    async def main() -> None:
        db, clock = open_database(pg_url), SystemClock()
        one, other = Ledger(db, clock, gateway_id="aaaaaaaa"), Ledger(db, clock, gateway_id="bbbbbbbb")
        late, going = new_run_name("aaaaaaaa"), new_run_name("bbbbbbbb")
        block = signed("blk_1", {late: (10, 20, 5), going: (1, 2, 3)})
        await other.keep([KeptBlock(block, b"")])
        for _ in range(2):
            await one.keep([KeptBlock(block, b"", unclaimed=(late,))])
        assert await db.read(in_blocks_and_in_receipts) == (33, 30)
        assert (await one.verify()).problems == []
        db.close()

    asyncio.run(main())


def test_books_put_back_in_a_file_hold_nothing_for_the_gateways_of_then(tmp_path: Path) -> None:
    async def main() -> None:
        db, clock = open_database(tmp_path / "affouage.db"), SystemClock()
        await Ledger(db, clock, gateway_id="aaaaaaaa").reserve(a_reservation("rcp_then"))
        assert await Ledger(db, clock).settle_abandoned() == 1
        assert count(db, gateway_request) == 0
        db.close()

    asyncio.run(main())


def test_a_database_serves_one_home_and_a_start_forgets_the_killed(pg_url: str, tmp_path: Path) -> None:
    async def main() -> None:
        db, clock = open_database(pg_url), SystemClock()
        killed = Gateways(db, clock, tmp_path / "a", Worker(1))
        await killed.enter()
        await Ledger(db, clock, gateway_id=killed.id).reserve(a_reservation("rcp_killed"))
        with pytest.raises(HomeInUse, match="already serves from this database"):
            await Gateways(db, clock, tmp_path / "b").enter()
        again = Gateways(db, clock, tmp_path / "a")  # the only one of its home
        await again.enter()
        assert [one.id for one in db.read_now(gateways.everybody)] == [again.id]
        assert await Ledger(db, clock, gateway_id=again.id).settle_abandoned() == 1
        silence(db, again.id)
        await Gateways(db, clock, tmp_path / "b").enter()
        db.close()

    asyncio.run(main())
