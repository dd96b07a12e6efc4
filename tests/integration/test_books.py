"""Reports on a real database: what is counted, by whom, what is unknown; and how long that takes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, insert, text

from affouage.errors import BadRequest
from affouage.footprint.balance import Prices
from affouage.footprint.budget import Limit, LimitState, PotRules
from affouage.footprint.factors import Site
from affouage.ledger.receipt import MeterStamp
from affouage.ledger.sums import post_receipt
from affouage.storage import Database, open_database
from affouage.storage.tables import machine_day, usage_day
from affouage.units import Interval
from tests.integration.footprint_days import (
    SET,
    WH,
    a_block,
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
"""2026-11-22, noon in Paris."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "affouage.db")
    yield database
    database.close()


def test_an_empty_period_knows_nothing(db: Database) -> None:
    report = asyncio.run(books_on(db, NOV_22).report("2026-11", "m1"))
    assert (report.requests, report.total.energy_uj, report.total.interval_uj) == (0, 0, None)
    assert report.total.quality == "unknown"
    assert report.total.use.gwp_g is None
    assert (report.days, report.models, report.machines, report.factor_sets) == ((), (), (), ())
    assert report.fixed_cost_eur is None


@pytest.mark.parametrize("period", ["2026-13", "", "november"])
def test_no_period(db: Database, period: str) -> None:
    with pytest.raises(BadRequest):
        asyncio.run(books_on(db, NOV_22).report(period))


def test_figures_by_hand(db: Database) -> None:
    """One answer of 2 Wh, 1 Wh idle: 3 Wh, at 50 g and 0.25 EUR a kWh."""
    db.write_now(lambda c: settle(c, a_receipt("r1"), "2026-11-03", idle_uj=WH))
    report = asyncio.run(books_on(db, NOV_22).report("2026-11"))
    assert (report.requests, report.total.energy_uj, report.total.quality) == (1, 3 * WH, "declared")
    assert report.total.interval_uj == Interval(3 * WH * 9 // 10, 3 * WH, 3 * WH * 11 // 10 + 1)  # rounded outwards
    assert (report.to_requests.energy_uj, report.idle.energy_uj) == (2 * WH, WH)
    gwp = report.total.use.gwp_g
    assert gwp is not None
    assert (gwp.low, gwp.central, gwp.high) == pytest.approx((0.003 * 0.9 * 25, 0.150, 0.003 * 1.1 * 100))
    assert report.total.use.adpe_g_sb is None  # the set has none: unknown
    assert report.total.cost_eur is not None
    assert report.total.cost_eur.central == pytest.approx(0.00075)
    assert not report.total.at_least
    assert [(one.key, one.requests, one.sum and one.sum.energy_uj) for one in report.models] == [("small", 1, 2 * WH)]
    assert [(one.key, one.sum and one.sum.energy_uj) for one in report.machines] == [("tower", 3 * WH)]
    assert [(day.day, day.requests, day.energy_uj) for day in report.days] == [("2026-11-03", 1, 3 * WH)]
    assert report.fixed_cost_eur is not None
    assert report.fixed_cost_eur.central == pytest.approx(31.0 / 30 * 20)  # hosting since the first day, 3rd to 22nd
    assert report.known_s == 4


def test_the_building_counts_in_euros_and_grams(db: Database) -> None:
    db.write_now(lambda c: settle(c, a_receipt("r1"), "2026-11-03", idle_uj=WH))
    site = Site(pue=Interval(1.5, 1.5, 1.5))
    report = asyncio.run(books_on(db, NOV_22, site=site).report("2026-11"))
    assert report.total.use.gwp_g is not None
    assert report.total.use.gwp_g.central == pytest.approx(0.225)
    assert report.total.cost_eur is not None
    assert report.total.cost_eur.central == pytest.approx(0.001125)


def test_unknown_is_not_zero(db: Database) -> None:

    db.write_now(lambda c: post_receipt(c, a_receipt("r1", uj=None, machine_id="far"), "2026-11-03"))
    report = asyncio.run(books_on(db, NOV_22).report("2026-11", "m1"))
    assert report.requests == 1
    assert report.total.interval_uj is None
    assert report.total.at_least
    (model,) = report.models
    assert model.sum is not None
    assert (model.sum.interval_uj, model.sum.at_least, model.sum.quality) == (None, True, "unknown")
    assert report.mine is not None
    assert (report.mine.use.interval_uj, report.mine.use.at_least) == (None, True)
    db.write_now(lambda c: settle(c, a_receipt("r2"), "2026-11-03"))
    report = asyncio.run(books_on(db, NOV_22).report("2026-11"))
    assert (report.total.energy_uj, report.total.at_least, report.to_requests.at_least) == (3 * WH, True, True)
    assert report.idle.at_least is False


def test_energy_without_factors_is_carbon_unknown(db: Database) -> None:
    db.write_now(lambda c: settle(c, a_receipt("r1", factor_set=""), "2026-11-03"))
    report = asyncio.run(books_on(db, NOV_22).report("2026-11"))
    assert report.total.energy_uj == 3 * WH
    assert report.total.use.gwp_g is None
    db.write_now(lambda c: settle(c, a_receipt("r2"), "2026-11-04"))
    use = asyncio.run(books_on(db, NOV_22).report("2026-11")).total.use
    assert use.gwp_g is not None
    assert use.gwp_g.central == pytest.approx(0.150)  # of the second alone
    assert use.at_least


def test_each_energy_counts_by_the_factors_of_its_time(db: Database) -> None:
    def post(c: Connection) -> None:
        settle(c, a_receipt("r1"), "2026-11-03", idle_uj=0)
        settle(c, a_receipt("r2", factor_set="set-2"), "2026-11-04", idle_uj=0)

    db.write_now(post)
    books = books_on(db, NOV_22, grids=(a_grid(), a_grid("set-2", 500.0)))
    report = asyncio.run(books.report("2026-11"))
    assert report.total.use.gwp_g is not None
    assert report.total.use.gwp_g.central == pytest.approx(0.002 * 50 + 0.002 * 500)
    assert report.factor_sets == (SET, "set-2")


def test_losses_are_the_commons(db: Database) -> None:
    def post(c: Connection) -> None:
        enter(c, "m1", "m2")
        settle(c, a_receipt("r1", uj=(WH, 2 * WH)), "2026-11-03", idle_uj=0)
        settle(c, a_receipt("r2", outcome="failed"), "2026-11-03", idle_uj=0)
        settle(c, a_receipt("r3", outcome="cancelled"), "2026-11-03", idle_uj=0)

    db.write_now(post)
    report = asyncio.run(books_on(db, NOV_22).report("2026-11", "m1"))
    assert (report.losses.energy_uj, report.pot.energy_uj, report.requests) == (2 * WH, 2 * WH, 3)
    assert report.mine is not None
    assert report.mine.use.energy_uj == 5 * WH  # what they cancelled is theirs, what failed is not
    assert report.mine.keeping_on is None
    assert report.mine.keeping_on_if_equal is not None
    assert report.mine.keeping_on_if_equal.energy_uj == WH


@pytest.mark.parametrize(("sharing", "mine"), [("equal", 3 * WH // 2), ("pro_rata", 3 * WH * 3 // 4)])
def test_the_pot_by_the_rule(db: Database, sharing: str, mine: int) -> None:
    def post(c: Connection) -> None:
        enter(c, "m1", "m2")
        enter(c, "gone", deactivated_ms=5)
        enter(c, "late", created_ms=NOV_22 * 2)
        rule(c, "pot", PotRules(sharing=sharing))
        settle(c, a_receipt("r1", "m1", uj=(0, 3 * WH)), "2026-11-03", idle_uj=3 * WH)
        settle(c, a_receipt("r2", "m2", uj=(9 * WH, WH)), "2026-11-03", idle_uj=0)

    db.write_now(post)
    report = asyncio.run(books_on(db, NOV_22).report("2026-11", "m1"))
    assert (report.members, report.pot.energy_uj) == (2, 3 * WH)
    assert report.mine is not None
    assert report.mine.keeping_on is not None
    assert report.mine.keeping_on.energy_uj == mine
    assert report.mine.keeping_on_if_equal is None
    fixed = report.fixed_cost_eur
    assert fixed is not None
    assert report.mine.cost_eur is not None
    fraction = 0.5 if sharing == "equal" else 0.75
    electricity = (3 * WH + mine) / 3.6e12 * 0.25
    assert report.mine.cost_eur.central == pytest.approx(electricity + fixed.central * fraction)


def test_the_commons_own_requests_are_overhead(db: Database) -> None:
    def post(c: Connection) -> None:
        enter(c, "m1")
        enter(c, "house", role="commons")
        rule(c, "pot", PotRules(sharing="equal"))
        settle(c, a_receipt("r1", "house"), "2026-11-03", idle_uj=WH)

    db.write_now(post)
    report = asyncio.run(books_on(db, NOV_22).report("2026-11", "m1"))
    assert (report.members, report.pot.energy_uj) == (1, 3 * WH)
    assert report.mine is not None
    assert report.mine.keeping_on is not None
    assert (report.mine.requests, report.mine.use.energy_uj, report.mine.keeping_on.energy_uj) == (0, 0, 3 * WH)


def test_the_making_by_machine_seconds(db: Database) -> None:
    """G11 over two days: 200 kg over 8 years, a quarter for the commons; 30 s and 90 s alone; then a day without."""

    def post(c: Connection) -> None:
        describe(c, a_machine(commons_share=0.25))
        settle(c, a_receipt("r1", "m1", share_us=30_000_000), "2026-11-21")
        settle(c, a_receipt("r2", "m2", share_us=90_000_000), "2026-11-21")

    db.write_now(post)
    report = asyncio.run(books_on(db, NOV_22).report("2026-11", "m1"))
    day_g = 17.1116
    made = [report.embodied.total.gwp_g, report.embodied.to_requests.gwp_g, report.embodied.to_pot.gwp_g]
    assert [one and one.central for one in made] == pytest.approx([2 * day_g, day_g, day_g], rel=1e-5)
    assert report.mine is not None
    assert report.mine.embodied.gwp_g is not None
    assert report.mine.embodied.gwp_g.central == pytest.approx(4.27789, rel=1e-5)
    assert report.embodied.undescribed == ()


def test_a_machine_nobody_described_makes_a_lower_bound(db: Database) -> None:
    def post(c: Connection) -> None:
        describe(c, a_machine())
        settle(c, a_receipt("r1"), "2026-11-21")
        settle(c, a_receipt("r2", machine_id="laptop"), "2026-11-21")

    db.write_now(post)
    report = asyncio.run(books_on(db, NOV_22).report("2026-11"))
    assert report.embodied.undescribed == ("laptop",)
    assert report.embodied.total.at_least


def test_hardware_in_a_straight_line(db: Database) -> None:
    def post(c: Connection) -> None:
        describe(c, a_machine(price_eur=1461.0))
        settle(c, a_receipt("r1"), "2026-11-13")

    db.write_now(post)
    report = asyncio.run(books_on(db, NOV_22, prices=Prices()).report("2026-11"))
    assert report.fixed_cost_eur is not None
    assert report.fixed_cost_eur.central == pytest.approx(10.0)  # a euro a day, 13th to 22nd
    assert report.total.cost_eur is None


def test_a_gap_is_said(db: Database) -> None:
    db.write_now(lambda c: settle(c, a_receipt("r1"), "2026-11-03", gap_us=1_500_000))
    report = asyncio.run(books_on(db, NOV_22).report("2026-11"))
    assert (report.gap_s, report.total.at_least, report.idle.at_least, report.days[0].at_least) == (2, True, True, True)


def test_the_worst_quality_is_said(db: Database) -> None:
    def post(c: Connection) -> None:
        for i, quality in enumerate(("measured", "estimated")):
            stamp = MeterStamp(id=quality, kind="plug", quality=quality, low_factor=0.5, high_factor=2, method="x")
            settle(c, a_receipt(f"r{i}", quality=quality), "2026-11-03", meter=stamp)

    db.write_now(post)
    report = asyncio.run(books_on(db, NOV_22).report("2026-11"))
    assert report.total.quality == "estimated"
    assert report.total.use.quality == "estimated"


def test_a_day_is_that_day_and_a_year_all_of_them(db: Database) -> None:
    def post(c: Connection) -> None:
        for i, day in enumerate(("2026-10-31", "2026-11-01", "2026-11-30")):
            settle(c, a_receipt(f"r{i}", uj=(0, (i + 1) * WH)), day, idle_uj=0)

    db.write_now(post)
    books = books_on(db, NOV_22 + 20 * 86_400_000)
    found = {period: asyncio.run(books.report(period)).total.energy_uj for period in ("2026-11-01", "2026-11", "2026")}
    assert found == {"2026-11-01": 2 * WH, "2026-11": 5 * WH, "2026": 6 * WH}


def test_limits_are_asked_only_while_a_period_runs(db: Database) -> None:
    limit = LimitState(
        limit=Limit(scope="commons", span="day", unit="kwh", amount=2), key="", used=1, held=0, resets_ms=9
    )
    asked: list[str | None] = []

    async def limits(*, member_id: str | None = None) -> list[LimitState]:
        asked.append(member_id)
        return [limit]

    books = books_on(db, NOV_22)
    books._limits = limits
    assert asyncio.run(books.report("2026-11", "m1")).limits == (limit,)
    assert asyncio.run(books.report("2026-10", "m1")).limits == ()
    assert asked == ["m1"]


@pytest.mark.parametrize("seed", range(8))
def test_every_table_adds_up_to_the_meter(db: Database, seed: int) -> None:
    """Law: requests + idle + unattributed + contended = what was counted, to the microjoule, however it is read."""
    receipts = db.write_now(lambda c: random_month(c, seed))
    settled = {receipt.id: receipt.energy for receipt in receipts}
    exact = sum((energy.static_uj or 0) + (energy.dynamic_uj or 0) for energy in settled.values())
    books = books_on(db, NOV_22, grids=(a_grid(), a_grid("set-2", 70.0)))
    report = asyncio.run(books.report("2026-10"))
    parts = [report.to_requests, report.idle, report.unattributed, report.contended]
    assert sum(part.energy_uj for part in parts) == report.total.energy_uj
    assert report.to_requests.energy_uj == exact
    assert report.unsettled_uj == 0
    for lines in (report.models, report.workshops):
        assert sum(one.sum.energy_uj for one in lines if one.sum) == exact
        assert sum(one.requests or 0 for one in lines) == report.requests == len(receipts)
    assert sum(one.sum.energy_uj for one in report.machines if one.sum) == report.total.energy_uj
    assert sum(day.energy_uj for day in report.days) == report.total.energy_uj
    own = [asyncio.run(books.report("2026-10", f"m{i}")).mine for i in range(8)]
    assert sum(one.use.energy_uj for one in own if one) + report.losses.energy_uj == exact
    whole = report.total.use.gwp_g
    by_day = [asyncio.run(books.report(day.day)).total.use.gwp_g for day in report.days]
    assert whole is not None
    assert sum(one.central for one in by_day if one) == pytest.approx(whole.central)
    for part in parts:
        assert part.interval_uj is not None
        assert part.interval_uj.low <= part.energy_uj <= part.interval_uj.high


def _busy(database: Database, months: tuple[int, ...], entries_count: int) -> None:
    """So many entries in the ledger, and the sums of busy months: 200 members, 3 machines, 10 models, 5 doors."""
    chance = random.Random(3)
    amounts = {"requests": 9, "lost": 1, "cancelled": 1, "unknown": 0, "prompt_tokens": 9, "decoded_tokens": 9,
               "static_uj": WH, "dynamic_uj": WH, "lost_uj": 5, "low_uj": WH, "high_uj": 3 * WH,
               "machine_share_us": 10_000_000}  # fmt: skip
    keys = [("total", "")] + [("member", f"m{i}") for i in range(200)]
    keys += [("model", f"model-{i}") for i in range(10)] + [("workshop", f"door-{i}") for i in range(5)]
    keys += [("use", "accessibility"), ("use", "emergency")]
    days = [f"2026-{month:02}-{day:02}" for month in months for day in range(1, 31)]
    machines = ["tower", "laptop", "rack"]
    uses = [
        {"dimension": dimension, "key": key, "day": day, "machine_id": machine, "factor_set": SET, "quality": quality,
         **amounts}
        for dimension, key in keys
        for day in days
        for machine in machines
        for quality in (("measured", "estimated") if dimension != "member" else (chance.choice(["measured"]),))
    ]  # fmt: skip
    block = msgspec.structs.asdict(a_block("b", {"r": (WH, WH, 9)}, idle_uj=WH))
    counted = [
        {"day": day, "machine_id": machine, "meter_id": "plug", "factor_set": SET, "quality": "measured",
         "requests_uj": 2 * WH, "low_uj": 2 * WH, "high_uj": 4 * WH, "requests_us": 10_000_000,
         **{name: block[name] for name in ("energy_uj", "idle_uj", "unattributed_uj", "contended_uj", "idle_us",
                                           "known_us", "gap_us")}}
        for day in days
        for machine in machines
    ]  # fmt: skip
    entries = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :entries) "
        "INSERT INTO ledger_entry SELECT i, 'rcp_' || i, 1, 'settled', 'm' || (i % 200), i, "
        "json_object('content', json_object('id', 'rcp_' || i, 'attempt', 1)), zeroblob(32) FROM n"
    )

    def write(c: Connection) -> None:
        c.execute(insert(usage_day), uses)
        c.execute(insert(machine_day), counted)
        enter(c, *(f"m{i}" for i in range(200)))
        rule(c, "pot", PotRules(sharing="pro_rata"))
        for machine in machines:
            describe(c, a_machine(machine))
        c.execute(entries, {"entries": entries_count})

    database.write_now(write)


def _month_ms(database: Database, member_id: str | None) -> float:
    """The best of 15: others may be at work beside this."""
    books = books_on(database, NOV_22)
    took = []
    for _ in range(15):
        began = time.perf_counter()
        report = database.read_now(lambda c: books.read(c, "2026-11", member_id))
        took.append(time.perf_counter() - began)
    assert report.requests == 22 * 3 * 2 * 9
    return min(took) * 1e3


@pytest.mark.alone
def test_a_month_costs_the_same_after_a_million_entries(db: Database, tmp_path: Path) -> None:
    """Side by side with the same month and nothing before it. The aim is 20 ms on an idle machine: what is printed."""
    _busy(db, (9, 10, 11), 1_000_000)
    young = open_database(tmp_path / "young.db")
    try:
        _busy(young, (11,), 1000)
        for member_id in (None, "m7"):
            old_ms, young_ms = _month_ms(db, member_id), _month_ms(young, member_id)
            print(
                f"month of {member_id or 'everybody'}: {old_ms:.1f} ms after a million entries, {young_ms:.1f} before"
            )
            assert old_ms < 1.5 * young_ms
            assert old_ms < 100
    finally:
        young.close()
