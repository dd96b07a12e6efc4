"""Closing months on a real database: once, exactly, never rewritten; restated beside; public of five or more."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, func, select, update

from affouage.clock import SystemClock
from affouage.errors import BadRequest, Conflict, DatabaseUnusable
from affouage.footprint.balance import Prices
from affouage.footprint.books import SETTLING_MS
from affouage.footprint.budget import BudgetRules, Limit, PotRules
from affouage.footprint.period import Calendar
from affouage.footprint.public import OTHER
from affouage.ledger.ledger import Ledger
from affouage.storage import Database, open_database
from affouage.storage.tables import closed_period, ledger_entry, machine_day
from tests.integration.footprint_days import (
    WH,
    a_grid,
    a_machine,
    a_receipt,
    books_on,
    describe,
    enter,
    random_month,
    rule,
    settle,
)

NOV_22 = 1_795_345_200_000
GRIDS = (a_grid(), a_grid("set-2", 70.0), a_grid("newer", 200.0))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "affouage.db")
    yield database
    database.close()


def _october(db: Database, seed: int = 1, sharing: str = "pro_rata") -> None:
    def post(c: Connection) -> None:
        enter(c, *(f"m{i}" for i in range(8)))
        rule(c, "pot", PotRules(sharing=sharing))
        describe(c, a_machine())
        random_month(c, seed)

    db.write_now(post)


def _entries(db: Database, kind: str) -> list[str]:
    query = select(ledger_entry.c.body).where(ledger_entry.c.kind == kind).order_by(ledger_entry.c.seq)
    return db.read_now(lambda c: list(c.execute(query).scalars()))


@pytest.mark.parametrize("sharing", ["kept", "pro_rata", "equal"])
@pytest.mark.parametrize("seed", range(4))
def test_a_closed_month_adds_up_for_everybody(db: Database, seed: int, sharing: str) -> None:
    """Law: own uses + shares of the pot (or the pot kept) + contended + unsettled = what was counted, exactly."""
    _october(db, seed, sharing)
    books = books_on(db, NOV_22, grids=GRIDS)
    entry, new = asyncio.run(books.close("2026-10"))
    assert new
    assert (entry.residual_uj, entry.unsettled_uj, entry.pot_sharing, entry.pot_rule) == (0, 0, sharing, "pot@1")
    reports = [asyncio.run(books.report("2026-10", f"m{i}")) for i in range(8)]
    assert all(one.closed and one.entry_seq == 1 for one in reports)
    mine = [one.mine for one in reports if one.mine]
    shared = sum(one.keeping_on.energy_uj for one in mine if one.keeping_on)
    assert shared == entry.pot_shared_uj == (0 if sharing == "kept" else entry.pot_uj)
    kept = entry.pot_uj - shared
    own = sum(one.use.energy_uj for one in mine)
    assert own + shared + kept + entry.sums.contended_uj + entry.unsettled_uj == entry.sums.energy_uj


def test_the_entry_is_in_the_chain_and_names_nobody(db: Database) -> None:
    _october(db)
    asyncio.run(books_on(db, NOV_22, grids=GRIDS).close("2026-10"))
    (body,) = _entries(db, "period")
    assert not any(f'"m{i}"' in body for i in range(8))
    assert json.loads(body)["content"]["member_id"] == ""
    assert asyncio.run(Ledger(db, SystemClock()).verify()).problems == []
    row = db.read_now(lambda c: c.execute(select(closed_period)).one())
    said = json.loads(body)["content"]
    assert hashlib.sha256(row.figures.encode()).hexdigest() == said["figures_sha256"]
    assert hashlib.sha256(row.salt + row.shares.encode()).hexdigest() == said["shares_sha256"]
    assert hashlib.sha256(row.shares.encode()).hexdigest() != said["shares_sha256"]


def test_closing_twice_is_closing_once(db: Database) -> None:
    _october(db)
    first, new = asyncio.run(books_on(db, NOV_22, grids=GRIDS).close("2026-10", 0.5))
    again, twice = asyncio.run(books_on(db, NOV_22 + 9 * 10**9, grids=GRIDS, prices=Prices(9.0)).close("2026-10"))
    assert (new, twice) == (True, False)
    assert again == first
    assert len(_entries(db, "period")) == 1


@pytest.mark.parametrize("change", ["sums", "bill", "roll"])
def test_closing_otherwise_is_refused(db: Database, change: str) -> None:
    _october(db)
    books = books_on(db, NOV_22, grids=GRIDS)
    asyncio.run(books.close("2026-10", 0.5))
    before = asyncio.run(books.report("2026-10", "m1"))
    if change == "sums":
        db.write_now(lambda c: settle(c, a_receipt("late"), "2026-10-31"))
    elif change == "roll":
        db.write_now(lambda c: enter(c, "m9"))
    with pytest.raises(Conflict) as refused:
        asyncio.run(books.close("2026-10", 0.6 if change == "bill" else None))
    assert refused.value.code == "closed_otherwise"
    assert {"sums": "sums", "bill": "bill", "roll": "members"}[change] in refused.value.details["fields"]
    assert len(_entries(db, "period")) == 1
    after = asyncio.run(books.report("2026-10", "m1"))
    assert msgspec.structs.replace(after, mine=None) == msgspec.structs.replace(before, mine=None)


def test_a_month_that_is_not_over(db: Database) -> None:
    _october(db)
    _, end = Calendar("Europe/Paris").bounds("2026-10")
    with pytest.raises(Conflict) as refused:
        asyncio.run(books_on(db, end - 1, grids=GRIDS).close("2026-10"))
    assert refused.value.code == "period_open"
    assert asyncio.run(books_on(db, end, grids=GRIDS).close("2026-10"))[1]


@pytest.mark.parametrize("period", ["2026", "2026-10-01", "2026-13", "x"])
def test_only_months_are_closed(db: Database, period: str) -> None:
    with pytest.raises(BadRequest):
        asyncio.run(books_on(db, NOV_22).close(period))


def test_books_that_do_not_add_up_are_not_closed(db: Database) -> None:
    _october(db)
    db.write_now(lambda c: c.execute(update(machine_day).values(idle_uj=machine_day.c.idle_uj + 1)))
    with pytest.raises(Conflict) as refused:
        asyncio.run(books_on(db, NOV_22, grids=GRIDS).close("2026-10"))
    assert refused.value.code == "residual"
    assert _entries(db, "period") == []


def test_a_closed_month_keeps_its_figures(db: Database) -> None:
    """Newer factors, other prices, a machine described later: the closed month says what it said."""
    _october(db)
    asyncio.run(books_on(db, NOV_22, grids=GRIDS).close("2026-10"))
    before = asyncio.run(books_on(db, NOV_22, grids=GRIDS).report("2026-10", "m1"))
    db.write_now(lambda c: describe(c, a_machine("laptop")))
    other = tuple(a_grid(one.set_id, 999.0) for one in GRIDS)
    after = asyncio.run(books_on(db, NOV_22, grids=other, prices=Prices(9.0, 9.0)).report("2026-10", "m1"))
    assert (after.total, after.embodied, after.fixed_cost_eur) == (before.total, before.embodied, before.fixed_cost_eur)
    assert after.mine is not None
    assert before.mine is not None
    assert after.mine.keeping_on == before.mine.keeping_on


@pytest.mark.parametrize("column", ["figures", "shares"])
def test_altered_figures_are_noticed(db: Database, column: str) -> None:
    _october(db)
    books = books_on(db, NOV_22, grids=GRIDS)
    asyncio.run(books.close("2026-10"))
    altered = func.replace(closed_period.c[column], "1", "2")
    db.write_now(lambda c: c.execute(update(closed_period).values({column: altered})))
    with pytest.raises(DatabaseUnusable):
        asyncio.run(books.report("2026-10", "m1"))


def test_names_can_be_forgotten(db: Database) -> None:
    _october(db)
    books = books_on(db, NOV_22, grids=GRIDS)
    entry, _ = asyncio.run(books.close("2026-10"))
    db.write_now(lambda c: c.execute(update(closed_period).values(shares=None, salt=None)))
    assert asyncio.run(books.report("2026-10")).total.energy_uj == entry.sums.energy_uj
    assert asyncio.run(books.close("2026-10")) == (entry, False)


@pytest.mark.parametrize(("bill_kwh", "agrees"), [(0.25, True), (9.0, None), (0.001, False)])
def test_the_meter_against_the_bill(db: Database, bill_kwh: float, agrees: bool | None) -> None:
    """Some answers' energy is unknown, so a larger bill proves nothing; a smaller one does."""
    _october(db)
    entry, _ = asyncio.run(books_on(db, NOV_22, grids=GRIDS).close("2026-10", bill_kwh))
    assert entry.bill is not None
    assert entry.bill.counted_kwh is not None
    assert entry.bill.at_least
    assert entry.bill.counted_kwh.low < 0.25 < entry.bill.counted_kwh.high
    assert entry.bill.agrees is agrees


def test_limits_and_what_was_used_of_them(db: Database) -> None:
    limits = (
        Limit(scope="commons", span="month", unit="kwh", amount=1.0),
        Limit(scope="workshop", span="month", unit="g", amount=5.0, key="web"),
        Limit(scope="member", span="month", unit="kwh", amount=1.0),
        Limit(scope="commons", span="day", unit="kwh", amount=1.0),
    )
    _october(db)
    db.write_now(lambda c: rule(c, "budget", BudgetRules(limits=limits), version=4))
    books = books_on(db, NOV_22, grids=GRIDS)
    entry, _ = asyncio.run(books.close("2026-10"))
    report = asyncio.run(books.report("2026-10"))
    web = next(one for one in report.workshops if one.key == "web")
    assert web.sum is not None
    assert web.sum.use.gwp_g is not None
    assert entry.budget_rule == "budget@4"
    assert [(one.key, one.used) for one in entry.limits] == [
        ("", report.total.energy_uj / 3.6e12),
        ("web", web.sum.use.gwp_g.central),
    ]


def test_answers_running_at_the_turn_are_told_apart(db: Database) -> None:
    """Counted before midnight, on a receipt of the month after."""
    receipt = a_receipt("r1", uj=(WH, WH))

    def post(c: Connection) -> None:
        settle(c, a_receipt("r0", uj=None), "2026-10-31", idle_uj=5)
        settle(c, receipt, "2026-11-01", idle_uj=0)
        c.execute(update(machine_day).where(machine_day.c.requests_uj > 0).values(day="2026-10-30"))

    db.write_now(post)
    books = books_on(db, NOV_22 + 30 * 86_400_000)
    october, november = (asyncio.run(books.close(month))[0] for month in ("2026-10", "2026-11"))
    assert (october.unsettled_uj, november.unsettled_uj) == (2 * WH, -2 * WH)
    assert (october.residual_uj, november.residual_uj) == (0, 0)


def test_finished_months_close_by_themselves(db: Database) -> None:
    def post(c: Connection) -> None:
        settle(c, a_receipt("r1"), "2026-08-30")
        settle(c, a_receipt("r2"), "2026-10-30")

    db.write_now(post)
    books = books_on(db, NOV_22)
    end = Calendar("Europe/Paris").bounds("2026-10")[1]
    assert asyncio.run(books.close_finished(end + SETTLING_MS - 1)) == ["2026-08", "2026-09"]
    assert asyncio.run(books.close_finished(NOV_22)) == ["2026-10"]
    assert asyncio.run(books.close_finished(NOV_22)) == []
    assert len(_entries(db, "period")) == 3
    assert asyncio.run(books.report("2026-09")).total.interval_uj is None


def test_a_month_that_does_not_close_keeps_no_other_open(db: Database) -> None:
    def post(c: Connection) -> None:
        settle(c, a_receipt("r1"), "2026-09-30")
        c.execute(update(machine_day).values(idle_uj=machine_day.c.idle_uj + 1))
        settle(c, a_receipt("r2"), "2026-10-30")

    db.write_now(post)
    books = books_on(db, NOV_22)
    with pytest.raises(Conflict) as refused:
        asyncio.run(books.close_finished(NOV_22))
    assert refused.value.details["period"] == "2026-09"
    assert [asyncio.run(books.report(month)).closed for month in ("2026-09", "2026-10")] == [False, True]


def test_nothing_to_close_in_an_empty_home(db: Database) -> None:
    assert asyncio.run(books_on(db, NOV_22).close_finished(NOV_22)) == []


def test_restating_stands_beside(db: Database) -> None:
    db.write_now(lambda c: settle(c, a_receipt("r1"), "2026-10-03", idle_uj=WH))
    books = books_on(db, NOV_22, grids=GRIDS)
    with pytest.raises(Conflict):
        asyncio.run(books.restate("2026-10", GRIDS[2], "open still"))
    asyncio.run(books.close("2026-10"))
    (body,) = _entries(db, "period")
    (one,) = asyncio.run(books.restate("2026-10", GRIDS[2], "the operator published its year"))
    assert (one.old_set, one.new_set, one.periods) == ("set-1", "newer", ("2026-10",))
    assert one.old.gwp_g is not None
    assert one.new.gwp_g is not None
    assert (one.old.gwp_g.central, one.new.gwp_g.central) == pytest.approx((0.150, 0.600))
    assert _entries(db, "period") == [body]
    for period in ("2026-10", "2026"):
        report = asyncio.run(books.report(period))
        assert [(told.new_set, told.new, told.old) for told in report.restated] == [("newer", one.new, one.old)]
        assert report.total.use.gwp_g is not None
        assert report.total.use.gwp_g.central == pytest.approx(0.150)
    assert asyncio.run(books.report("2026-10-03")).restated == ()
    with pytest.raises(Conflict) as refused:
        asyncio.run(books.restate("2026-10", GRIDS[2], "again"))
    assert refused.value.code == "already_restated"
    assert len(_entries(db, "restatement")) == 1


@pytest.mark.parametrize(
    ("period", "grid", "reason"), [("2026-10", 2, " "), ("2026-10", 0, "x"), ("2026-10-03", 2, "x")]
)
def test_restatements_that_are_none(db: Database, period: str, grid: int, reason: str) -> None:
    db.write_now(lambda c: settle(c, a_receipt("r1"), "2026-10-03"))
    books = books_on(db, NOV_22, grids=GRIDS)
    asyncio.run(books.close("2026-10"))
    with pytest.raises(BadRequest):
        asyncio.run(books.restate(period, GRIDS[grid], reason))
    assert _entries(db, "restatement") == []


def test_the_public_report_of_a_month(db: Database) -> None:
    def post(c: Connection) -> None:
        enter(c, "house", role="commons")
        for i in range(9):
            settle(c, a_receipt(f"r{i}", f"m{i}"), "2026-10-03")
        for i in range(5):
            settle(c, a_receipt(f"v{i}", "house" if i == 4 else f"m{i}", model="vision"), "2026-10-03")
        for i in range(6):
            settle(c, a_receipt(f"l{i}", f"m{i}", model="large", workshop="explain"), "2026-10-03")

    db.write_now(post)
    books = books_on(db, NOV_22)
    report = asyncio.run(books.public_report("2026-10"))
    assert report is not None
    # Vision is of four people and the house. It goes with large; and as explain less large would still tell, the
    # workshops go together.
    assert sorted(one.key for one in report.models) == [OTHER, "small"]
    assert [one.key for one in report.workshops] == [OTHER]
    assert sum(one.sum.energy_uj for one in report.models if one.sum) == report.to_requests.energy_uj
    asyncio.run(books.close("2026-10"))
    closed = asyncio.run(books.public_report("2026-10"))
    assert closed is not None
    assert (closed.models, closed.workshops) == (report.models, report.workshops)


def test_nothing_public_of_four_people_nor_of_a_running_month(db: Database) -> None:
    def post(c: Connection) -> None:
        for day in ("2026-10-03", "2026-11-03"):
            for i in range(4 if day < "2026-11" else 9):
                settle(c, a_receipt(f"r{day}{i}", f"m{i}"), day)

    db.write_now(post)
    books = books_on(db, NOV_22)
    assert asyncio.run(books.public_report("2026-10")) is None
    with pytest.raises(Conflict):
        asyncio.run(books.public_report("2026-11"))
    end = Calendar("Europe/Paris").bounds("2026-11")[1]
    assert asyncio.run(books_on(db, end).public_report("2026-11")) is None
    assert asyncio.run(books_on(db, end + SETTLING_MS).public_report("2026-11")) is not None
