"""Movements that are asked at once are written as one group: as if each had been written by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select

from affouage.errors import AllowanceSpent, NotFound
from affouage.ledger.ledger import Ledger, find_receipt, verify
from affouage.storage import Database, open_database
from affouage.storage.tables import ledger_entry, usage_day
from affouage.testing import ManualClock
from tests.integration.books import a_receipt, a_reservation


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "affouage.db")
    yield database
    database.close()


def in_the_books(db: Database, kind: str) -> int:
    query = select(func.count()).select_from(ledger_entry).where(ledger_entry.c.kind == kind)
    return db.read_now(lambda connection: connection.execute(query).scalar_one())


def test_many_at_once_take_few_commits_and_make_one_chain(db: Database) -> None:
    commits: list[Connection] = []
    event.listen(db.engine, "commit", commits.append)

    async def go() -> None:
        ledger = Ledger(db, ManualClock())
        await asyncio.gather(*(ledger.reserve(a_reservation(f"r{n}")) for n in range(100)))
        await asyncio.gather(*(ledger.settle(a_receipt(f"r{n}"), b"s" * 16) for n in range(100)))

    asyncio.run(go())
    assert len(commits) < 20
    assert db.read_now(verify).problems == []
    assert (in_the_books(db, "reserved"), in_the_books(db, "settled")) == (100, 100)
    total = select(usage_day.c.requests).where(usage_day.c.dimension == "total")
    assert db.read_now(lambda connection: connection.execute(total).scalar_one()) == 100


def test_one_that_is_refused_refuses_no_other(db: Database) -> None:
    def refuse(_connection: Connection) -> None:
        raise AllowanceSpent("Spent.")

    async def go() -> list[object]:
        ledger = Ledger(db, ManualClock())
        asked = (ledger.reserve(a_reservation(f"r{n}"), also=refuse if n == 5 else None) for n in range(10))
        return await asyncio.gather(*asked, return_exceptions=True)

    told = asyncio.run(go())
    assert [type(one) for one in told] == [type(None)] * 5 + [AllowanceSpent] + [type(None)] * 4
    assert db.read_now(verify).problems == []
    assert in_the_books(db, "reserved") == 9


def test_what_is_looked_at_before_a_promise_counts_what_stands_before_it_in_the_group(db: Database) -> None:
    seen: list[int] = []

    def look(connection: Connection) -> None:
        seen.append(connection.execute(select(func.count()).select_from(ledger_entry)).scalar_one())

    async def go() -> None:
        ledger = Ledger(db, ManualClock())
        first = asyncio.create_task(ledger.reserve(a_reservation("first")))  # is being written while the others come
        await asyncio.sleep(0)
        await asyncio.gather(*(ledger.reserve(a_reservation(f"r{n}"), also=look) for n in range(4)), first)

    asyncio.run(go())
    assert seen == [1, 2, 3, 4]


def test_the_same_settlement_twice_in_a_group_is_written_once(db: Database) -> None:
    async def go() -> None:
        ledger = Ledger(db, ManualClock())
        await ledger.reserve(a_reservation("r"))
        await asyncio.gather(*(ledger.settle(a_receipt("r"), b"s" * 16) for _ in range(3)))

    asyncio.run(go())
    assert in_the_books(db, "settled") == 1
    assert db.read_now(verify).problems == []


def test_whoever_leaves_meanwhile_does_not_take_the_movement_along(db: Database) -> None:
    async def go() -> None:
        ledger = Ledger(db, ManualClock())
        leaving = [asyncio.create_task(ledger.reserve(a_reservation(f"r{n}"))) for n in range(3)]
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        await ledger.reserve(a_reservation("last"))

    asyncio.run(go())
    assert in_the_books(db, "reserved") == 4
    with pytest.raises(NotFound):
        db.read_now(lambda connection: find_receipt(connection, "r0", None))
