"""The books on a real database: each movement once, whatever is repeated, killed or refused."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, delete, event, func, select, update

from affouage.clock import SystemClock
from affouage.errors import LedgerUnavailable, NotFound
from affouage.ledger.ledger import Ledger, verify
from affouage.ledger.receipt import Energy, Impacts, TokenCounts
from affouage.pool.metering import Metering
from affouage.storage import Database, open_database
from affouage.storage.database import make_engine
from affouage.storage.schema import bring_up_to_date
from affouage.storage.tables import ledger_entry, receipt_salt, usage_day
from affouage.testing import FixedMeter, ManualClock
from tests.databases import by_hand, place
from tests.integration.books import a_receipt, a_reservation

pytestmark = pytest.mark.both_databases


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "affouage.db")
    yield database
    database.close()


@pytest.fixture
def ledger(db: Database) -> Ledger:
    return Ledger(db, SystemClock())


def _kinds(db: Database) -> list[str]:
    return db.read_now(lambda c: list(c.execute(select(ledger_entry.c.kind).order_by(ledger_entry.c.seq)).scalars()))


def test_an_empty_ledger_holds(ledger: Ledger) -> None:
    found = asyncio.run(ledger.verify())
    assert (found.entries, found.open_reservations, found.problems) == (0, 0, [])
    assert found.head == "0" * 64


def test_what_was_settled_is_read_back_whole(ledger: Ledger) -> None:
    async def story() -> None:
        await ledger.reserve(a_reservation())
        await ledger.settle(a_receipt(), b"s" * 16)
        assert await ledger.receipt("rcp_1", "m1") == a_receipt()
        assert await ledger.salt("rcp_1", "m1") == b"s" * 16
        found = await ledger.verify()
        assert (found.entries, found.open_reservations, found.problems) == (2, 0, [])

    asyncio.run(story())


def test_unknown_comes_back_as_unknown(ledger: Ledger) -> None:
    async def story() -> None:
        await ledger.settle(a_receipt(energy=Energy(), impacts=Impacts(), tokens=TokenCounts()), None)
        back = await ledger.receipt("rcp_1", "m1")
        assert back.energy.interval_uj is None
        assert back.energy.quality == "unknown"
        assert back.impacts.gwp_g is None
        assert back.tokens.decoded is None

    asyncio.run(story())


def test_repeating_writes_once(db: Database, ledger: Ledger) -> None:
    async def story() -> None:
        for _ in range(3):
            await ledger.reserve(a_reservation())
        await asyncio.gather(*(ledger.settle(a_receipt(), b"s" * 16) for _ in range(5)))
        await ledger.settle(a_receipt(outcome="refused"), None)  # too late: it is settled
        await ledger.settle(a_receipt(attempt=2, outcome="failed"), None)

    asyncio.run(story())
    assert _kinds(db) == ["reserved", "settled", "settled"]
    assert db.read_now(verify).problems == []


def test_a_refused_request_is_voided(db: Database, ledger: Ledger) -> None:
    async def story() -> None:
        await ledger.reserve(a_reservation())
        await ledger.settle(a_receipt(outcome="refused"), None)

    asyncio.run(story())
    assert _kinds(db) == ["reserved", "voided"]


def test_a_receipt_is_its_members_alone(ledger: Ledger) -> None:
    async def story() -> None:
        await ledger.settle(a_receipt("rcp_1", "m1"), b"s" * 16)
        for name, member in (("rcp_1", "m2"), ("rcp_2", "m1"), ("", ""), ("rcp_1", "")):
            with pytest.raises(NotFound):
                await ledger.receipt(name, member)
        assert await ledger.salt("rcp_1", "m2") is None
        assert await ledger.receipts("m2") == []
        assert [one.id for one in await ledger.receipts("m1")] == ["rcp_1"]

    asyncio.run(story())


def test_receipts_come_newest_first_and_page_by_page(ledger: Ledger) -> None:
    async def story() -> None:
        for i in range(7):
            await ledger.settle(a_receipt(f"rcp_{i}", "m1" if i % 2 else "m2"), None)
        assert [one.id for one in await ledger.receipts("m1", limit=2)] == ["rcp_5", "rcp_3"]
        assert [one.id for one in await ledger.receipts("m1", before_seq=4)] == ["rcp_1"]

    asyncio.run(story())


def test_a_running_request_shows_as_open(ledger: Ledger) -> None:
    async def story() -> None:
        await ledger.reserve(a_reservation("rcp_1"))
        await ledger.reserve(a_reservation("rcp_2"))
        await ledger.settle(a_receipt("rcp_1"), None)
        assert (await ledger.verify()).open_reservations == 1

    asyncio.run(story())


def test_what_a_stopped_server_left_is_settled_as_unknown_once(db: Database, ledger: Ledger) -> None:
    async def story() -> None:
        await ledger.reserve(a_reservation("rcp_1"))
        await ledger.reserve(a_reservation("rcp_2"))
        await ledger.settle(a_receipt("rcp_2"), None)
        assert await ledger.settle_abandoned() == 1
        assert await ledger.settle_abandoned() == 0
        lost = await ledger.receipt("rcp_1", "m1")
        assert (lost.outcome, lost.problem) == ("failed", "server_stopped")
        assert lost.energy.interval_uj is None
        assert lost.tokens == TokenCounts()
        assert lost.durations.total_ms > 0

    asyncio.run(story())
    found = db.read_now(verify)
    assert (found.open_reservations, found.problems) == (0, [])


def test_receipts_of_a_version_without_sums_are_added_up_once(db: Database, ledger: Ledger) -> None:
    def days() -> list[tuple[str, int]]:
        query = select(usage_day.c.day, usage_day.c.requests).where(usage_day.c.dimension == "total")
        return db.read_now(lambda c: [(row.day, row.requests) for row in c.execute(query)])

    async def story() -> None:
        for name in ("rcp_1", "rcp_2"):
            await ledger.settle(a_receipt(name), None)
        before = days()
        assert sum(requests for _, requests in before) == 2
        await db.write(lambda c: c.execute(delete(usage_day)) and None)
        for _ in range(2):
            await ledger.settle_abandoned()
            assert days() == before

    asyncio.run(story())


def test_the_last_block_is_the_last_written_though_the_clock_was_put_back(ledger: Ledger) -> None:
    async def story() -> None:
        clock = ManualClock()
        metering = Metering(meter := FixedMeter(clock), clock, machine_id="here", idle_uw=0)
        await metering.cut()
        kept = []
        for _ in range(2):
            clock.advance(ms=1000)
            meter.count(1_000_000)
            await metering.cut()
            kept = metering.blocks()
        put_back = msgspec.structs.replace(kept[1].block, t0_ms=0, t1_ms=kept[0].block.t1_ms - 86_400_000)
        await ledger.keep([kept[0], msgspec.structs.replace(kept[1], block=put_back)])
        last = await ledger.last_block("here")
        assert last is not None
        assert last.last.counters_uj == {"fixed": 2_000_000}

    asyncio.run(story())


def test_forgetting_the_salt_leaves_the_chain_whole(db: Database, ledger: Ledger) -> None:
    asyncio.run(ledger.settle(a_receipt(prompt_sha256="a" * 64), b"s" * 16))
    db.write_now(lambda c: c.execute(delete(receipt_salt)))
    assert db.read_now(verify).problems == []
    assert asyncio.run(ledger.salt("rcp_1", "m1")) is None


@pytest.mark.parametrize(
    "forgery",
    [
        update(ledger_entry)
        .where(ledger_entry.c.seq == 4)
        .values(body=func.replace(ledger_entry.c.body, "2250000", "1250000")),
        update(ledger_entry).where(ledger_entry.c.seq == 4).values(member_id="m9"),
        delete(ledger_entry).where(ledger_entry.c.seq == 3),
        update(ledger_entry).where(ledger_entry.c.seq == 2).values(hash=bytes(32)),
        update(ledger_entry).where(ledger_entry.c.seq == 6).values(seq=60),
    ],
    ids=["body", "column", "removed", "hash", "moved"],
)
def test_a_hand_in_the_database_shows(db: Database, ledger: Ledger, tmp_path: Path, forgery: Any) -> None:
    async def story() -> None:
        for i in range(3):
            await ledger.reserve(a_reservation(f"rcp_{i}"))
            await ledger.settle(a_receipt(f"rcp_{i}"), None)

    asyncio.run(story())
    assert db.read_now(verify).problems == []
    with by_hand(tmp_path / "affouage.db") as other:
        assert other.execute(forgery).rowcount == 1
    assert db.read_now(verify).problems


@pytest.mark.sqlite_only
def test_a_disk_full_while_settling_is_said_and_the_books_stay_whole(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "affouage.db")
    bring_up_to_date(engine)
    pages_max = [60]

    @event.listens_for(engine, "begin")
    def _limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages_max[0]}")

    database = Database(engine)
    ledger = Ledger(database, SystemClock())

    async def story() -> None:
        await ledger.reserve(a_reservation("rcp_last"))
        await _until_full(ledger)
        with pytest.raises(LedgerUnavailable):
            await ledger.settle(a_receipt("rcp_last", problem="x" * 5000), b"s" * 16)
        with pytest.raises(LedgerUnavailable):
            await ledger.reserve(a_reservation("rcp_after", member="m" * 5000))
        pages_max[0] = 10_000
        assert await ledger.settle_abandoned() == 1
        found = await ledger.verify()
        assert (found.open_reservations, found.problems) == (0, [])

    try:
        asyncio.run(story())
    finally:
        database.close()


async def _until_full(ledger: Ledger) -> None:
    for i in range(2000):
        try:
            await ledger.settle(a_receipt(f"rcp_{i}", problem="x" * 1000), b"s" * 16)
        except LedgerUnavailable:
            return
    pytest.fail("it never filled up")


_BUSY = """
import asyncio, os, sys
import msgspec
from affouage.clock import SystemClock
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import Receipt, Reservation
from tests.databases import opened

template = msgspec.json.decode(sys.argv[2], type=Receipt)
ledger = Ledger(opened(sys.argv[1]), SystemClock())

async def ask(name):
    await ledger.reserve(Reservation(
        id=name, member_id="m1", door="api", kind="chat", model_id="echo", created_ms=1))
    os.write(1, f"reserved {name}\\n".encode())
    await asyncio.sleep(0)
    await ledger.settle(msgspec.structs.replace(template, id=name), b"s" * 16)
    os.write(1, f"settled {name}\\n".encode())

async def live():
    await ledger.settle_abandoned()
    os.write(1, b"ready\\n")
    for round_ in range(100_000):
        await asyncio.gather(*(ask(f"{sys.argv[3]}_{round_}_{i}") for i in range(7)))

asyncio.run(live())
"""


def _killed_after(path: Path, generation: int, lines_wanted: int) -> list[str]:
    """Run a busy writer and kill -9 it once it has acknowledged so many movements; all it acknowledged until then."""
    template = msgspec.json.encode(a_receipt()).decode()
    busy = subprocess.Popen(
        [sys.executable, "-c", _BUSY, place(path), template, f"g{generation}"], stdout=subprocess.PIPE, text=True
    )
    assert busy.stdout is not None
    told: list[str] = []
    try:
        for line in busy.stdout:
            told.append(line.strip())
            if len(told) > lines_wanted:
                break
    finally:
        busy.kill()
    told += [line.strip() for line in busy.stdout if line.endswith("\n")]
    busy.wait(10)
    assert told[:1] == ["ready"], "the writer did not start"
    return told[1:]


def _movements(connection: Connection) -> set[str]:
    rows = connection.execute(select(ledger_entry.c.kind, ledger_entry.c.request_id))
    return {f"{kind} {request_id}" for kind, request_id in rows}


def test_kill_9_at_random_moments_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Same home, killed again and again: the chain holds, what was acknowledged is there, what was open is settled."""
    path = tmp_path / "affouage.db"
    rng = random.Random(20261122)
    acknowledged: set[str] = set()
    for generation in range(8):
        acknowledged |= set(_killed_after(path, generation, rng.randrange(1, 150)))
        database = open_database(path)
        try:
            found = database.read_now(verify)
            assert found.problems == []
            missing = acknowledged - database.read_now(_movements)
            assert not missing, f"acknowledged and lost: {sorted(missing)[:5]}"
            asyncio.run(Ledger(database, SystemClock()).settle_abandoned())
            assert database.read_now(verify).open_reservations == 0
        finally:
            database.close()
    assert len(acknowledged) > 100
