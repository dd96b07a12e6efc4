"""Days of the ledger in the public log: once, in order, whatever stops; and months as they close."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from affouage.footprint import closing
from affouage.journal import log
from affouage.journal.public_log import open_log
from affouage.journal.verify import problems
from affouage.ledger import daily
from affouage.log_room import keeping_the_log, tell_days
from tests.integration.conftest import until
from tests.integration.footprint_days import a_receipt, books_on, enter
from tests.integration.lived_commons import NOV_2, OCTOBER_30, Life

DAY_MS = 86_400_000


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    lived = Life(tmp_path / "home")
    yield lived
    lived.db.close()


def _settle(life: Life, *people: str) -> None:
    """One answer for each of these, now."""

    for who in people:
        life.count += 1
        asyncio.run(life.ledger.settle(a_receipt(f"rcp_{life.count}", who), None))


def _tell(life: Life) -> list[str]:
    now_ms = life.clock.now_ms()
    return asyncio.run(tell_days(life.db, life.calendar, now_ms, now_ms))


def _leaves(life: Life) -> list[dict[str, object]]:
    return life.db.read_now(lambda c: [leaf.public for leaf in log.of_kind(c, daily.KIND)])


def _found(life: Life) -> list[str]:
    hooks = (daily.problems, closing.problems)
    return life.db.read_now(lambda c: [str(one) for one in problems(c, key=None, hooks=hooks)])


def test_days_are_told_once_in_order_and_those_that_ended_while_nothing_ran(life: Life) -> None:
    assert _tell(life) == []
    _settle(life, "m1", "m2")
    assert _tell(life) == [], "it is not over"
    life.clock.advance(ms=3 * DAY_MS)
    assert _tell(life) == ["2026-10-30", "2026-10-31", "2026-11-01"]
    assert _tell(life) == []
    told = _leaves(life)
    assert [(one["entries"], one["last_seq"]) for one in told] == [(2, 2), (0, 2), (0, 2)]
    assert [one["totals"] for one in told] == [[], [], []], "two people: nothing is told of them"
    assert told[0]["head"] == told[2]["head"] != "0" * 64
    assert _found(life) == []


def test_a_day_waits_until_what_was_counted_is_written(life: Life) -> None:
    _settle(life, "m1")
    end_ms = life.calendar.bounds("2026-10-30")[1]
    life.clock.advance(ms=end_ms - life.clock.now_ms() + daily.SETTLING_MS - 1)
    assert _tell(life) == []
    life.clock.advance(ms=1)
    assert _tell(life) == ["2026-10-30"]


def test_totals_are_told_of_five_people_and_leave_nothing_to_subtract(life: Life) -> None:
    life.clock.advance(ms=2 * DAY_MS)  # 1 November
    for day in range(30):
        if day in (0, 1, 2, 9):
            _settle(life, *(f"m{i}" for i in range(6)))
        elif day in (5, 28):
            _settle(life, "m1")
        life.clock.advance(ms=DAY_MS)
        _tell(life)
    spans = [span for leaf in _leaves(life) for span in leaf["totals"]]  # type: ignore[attr-defined]
    assert [(span["first"][8:], span["last"][8:], span["requests"]) for span in spans] == [
        ("01", "01", 6),
        ("02", "02", 6),
        ("03", "03", 6),
        ("04", "30", 8),
    ]
    assert all(span["energy_uj"] > 0 for span in spans)
    assert _found(life) == []


def test_a_ledger_that_was_changed_is_not_the_one_that_was_told(life: Life) -> None:
    _settle(life, "m1", "m2", "m3")
    life.clock.advance(ms=DAY_MS)
    _tell(life)
    raw = sqlite3.connect(life.home / "affouage.db")
    raw.execute("DELETE FROM ledger_entry WHERE seq = 3")
    raw.commit()
    raw.close()
    (found,) = _found(life)
    assert "not what it was at the end of 2026-10-30" in found


def test_an_entry_dated_by_a_wrong_clock_is_in_one_day_all_the_same(life: Life) -> None:
    _settle(life, "m1")
    life.clock.back_ms = 3 * DAY_MS
    _settle(life, "m2")
    life.clock.back_ms = -3 * DAY_MS
    _settle(life, "m3")
    life.clock.back_ms = 0
    _settle(life, "m4")
    life.clock.advance(ms=6 * DAY_MS)
    _tell(life)
    told = _leaves(life)
    assert sum(one["entries"] for one in told) == 4  # type: ignore[misc]
    assert told[-1]["last_seq"] == 4
    assert _found(life) == []


def test_a_closed_month_is_told_in_the_transaction_that_closes_it(life: Life) -> None:
    books = books_on(life.db, NOV_2)

    def people(connection: Connection) -> None:
        enter(connection, "m0", "m1", "m2")
        enter(connection, "commons", role="commons")

    async def story() -> None:
        await life.db.write(people)
        await life.month()
        await books.close("2026-10")
        await books.close("2026-10")

    asyncio.run(story())
    (leaf,) = life.db.read_now(lambda c: list(log.of_kind(c, closing.TOLD)))
    assert leaf.public["period"] == "2026-10"
    assert leaf.public["total"] is None, "three people"
    assert _found(life) == []
    raw = sqlite3.connect(life.home / "affouage.db")
    raw.execute("UPDATE ledger_entry SET hash = zeroblob(32) WHERE kind = 'period'")
    raw.commit()
    raw.close()
    (found,) = _found(life)
    assert "2026-10" in found


def test_a_month_of_five_people_is_told_with_its_total(life: Life) -> None:
    books = books_on(life.db, NOV_2)
    life.db.write_now(lambda connection: enter(connection, *(f"m{i}" for i in range(6))))
    _settle(life, *(f"m{i}" for i in range(6)))
    life.clock.advance(ms=NOV_2 - OCTOBER_30)
    asyncio.run(books.close("2026-10"))
    (leaf,) = life.db.read_now(lambda c: list(log.of_kind(c, closing.TOLD)))
    assert leaf.public["total"]["requests"] == 6


def test_while_a_commons_runs_days_are_told_and_signed(life: Life) -> None:
    _settle(life, "m1")
    life.clock.advance(ms=DAY_MS)

    async def story() -> None:
        public = open_log(life.db, life.clock, life.home)
        for _ in range(2):  # started again: nothing is told twice
            async with keeping_the_log(public, life.db, life.calendar, life.clock):
                await asyncio.to_thread(until, (life.home / "journal" / "checkpoint").exists)

    asyncio.run(story())
    until(lambda: len(_leaves(life)) == 1)
    assert _found(life) == []
