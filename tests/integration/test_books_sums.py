"""Sums by day: what each settlement adds, once, whatever came before; and what that costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from affouage.ledger.receipt import Receipt
from affouage.ledger.sums import post_block, post_receipt
from affouage.storage import Database, open_database
from affouage.storage.tables import machine_day, usage_day, usage_people
from tests.integration.footprint_days import SET, WH, a_block, a_receipt

pytestmark = pytest.mark.both_databases

DAY = "2026-11-22"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "affouage.db")
    yield database
    database.close()


def _post(db: Database, *receipts: Receipt, day: str = DAY) -> None:
    def change(c: Connection) -> None:
        for one in receipts:
            post_receipt(c, one, day)

    db.write_now(change)


def _rows(db: Database, dimension: str) -> list[dict[str, Any]]:
    query = select(usage_day).where(usage_day.c.dimension == dimension).order_by(*usage_day.primary_key.columns)
    return [dict(row._mapping) for row in db.read_now(lambda c: c.execute(query).all())]


def test_a_receipt_counts_once_in_each_dimension(db: Database) -> None:
    _post(db, a_receipt("r1", uj=(3, 4), share_us=5, use="accessibility"))
    keys = {"total": "", "member": "m1", "model": "small", "workshop": "web", "use": "accessibility"}
    for dimension, key in keys.items():
        (row,) = _rows(db, dimension)
        assert (row["key"], row["day"], row["machine_id"], row["factor_set"], row["quality"]) == (
            key, DAY, "tower", SET, "declared",
        )  # fmt: skip
        amounts = ("requests", "static_uj", "dynamic_uj", "machine_share_us", "prompt_tokens", "decoded_tokens")
        assert [row[name] for name in amounts] == [1, 3, 4, 5, 10, 5]
        assert [row[name] for name in ("lost", "cancelled", "unknown", "lost_uj", "lost_dynamic_uj")] == [0] * 5
        assert row["low_uj"] <= 7 <= row["high_uj"]


def test_no_declared_use_no_row(db: Database) -> None:
    _post(db, a_receipt("r1"))
    assert _rows(db, "use") == []


def test_unknown_energy_adds_none(db: Database) -> None:
    _post(db, a_receipt("r1", uj=None), a_receipt("r2", uj=(1, 1), at_least=True))
    unknown, partial = sorted(_rows(db, "total"), key=lambda row: row["quality"], reverse=True)
    assert (unknown["quality"], unknown["requests"], unknown["unknown"]) == ("unknown", 1, 1)
    assert unknown["static_uj"] + unknown["dynamic_uj"] + unknown["high_uj"] == 0
    assert (partial["unknown"], partial["static_uj"] + partial["dynamic_uj"]) == (1, 2)


def test_losses_and_cancellations(db: Database) -> None:
    _post(db, a_receipt("r1", outcome="failed", uj=(3, 4)), a_receipt("r2", outcome="cancelled", uj=(1, 1)))
    (row,) = _rows(db, "total")
    names = ("requests", "lost", "cancelled", "static_uj", "dynamic_uj", "lost_uj", "lost_dynamic_uj")
    assert [row[name] for name in names] == [2, 1, 1, 4, 5, 7, 4]


def test_a_refused_request_is_none_but_its_energy_counts(db: Database) -> None:
    _post(db, a_receipt("r1", outcome="refused", uj=None))
    assert _rows(db, "total") == []
    assert db.read_now(lambda c: c.execute(select(usage_people)).all()) == []
    _post(db, a_receipt("r2", outcome="refused", uj=(3, 0)))
    (row,) = _rows(db, "total")
    assert (row["requests"], row["static_uj"], row["unknown"]) == (0, 3, 0)


def test_who_used_what_is_noted_once_a_month(db: Database) -> None:
    _post(db, a_receipt("r1"), a_receipt("r2"), a_receipt("r3", "m2"), a_receipt("r4", outcome="failed"))
    _post(db, a_receipt("r5"), day="2026-12-01")
    rows = db.read_now(lambda c: c.execute(select(usage_people.c.month, usage_people.c.member_id, usage_people.c.lost)))
    found = sorted(tuple(row) for row in rows)
    assert found == [("2026-11", "m1", 0), ("2026-11", "m1", 1), ("2026-11", "m2", 0), ("2026-12", "m1", 0)]


def test_a_block_adds_up(db: Database) -> None:
    block = a_block("b1", {"r1": (3, 4, 5), "r2": (1, 0, 2)}, idle_uj=10, unattributed_uj=2, contended_uj=1, gap_us=7)

    def twice(c: Connection) -> None:
        post_block(c, block, DAY, SET)
        post_block(c, block, DAY, SET)

    db.write_now(twice)
    (row,) = db.read_now(lambda c: c.execute(select(machine_day)).all())
    assert (row.energy_uj, row.requests_uj, row.idle_uj, row.unattributed_uj, row.contended_uj) == (42, 16, 20, 4, 2)
    assert (row.low_uj, row.high_uj, row.requests_us, row.idle_us, row.gap_us) == (36, 48, 14, 6_000_000, 14)
    assert (row.machine_id, row.meter_id, row.factor_set, row.quality) == ("tower", "plug", SET, "declared")


ENERGIES = st.none() | st.tuples(st.integers(0, 10**12), st.integers(0, 10**12))
RECEIPTS = st.lists(
    st.builds(
        lambda member, model, outcome, uj: a_receipt("r", member, model=model, outcome=outcome, uj=uj),
        st.sampled_from(["m1", "m2"]),
        st.sampled_from(["small", "large"]),
        st.sampled_from(["completed", "failed", "cancelled", "refused"]),
        ENERGIES,
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(RECEIPTS, st.randoms(use_true_random=False))
def test_sums_are_those_of_the_receipts_in_any_order(db: Database, receipts: list[Receipt], chance: Any) -> None:
    db.write_now(lambda c: c.execute(delete(usage_day)))
    chance.shuffle(receipts)
    _post(db, *receipts)
    exact = sum((one.energy.static_uj or 0) + (one.energy.dynamic_uj or 0) for one in receipts)
    lost = sum(
        (one.energy.static_uj or 0) + (one.energy.dynamic_uj or 0) for one in receipts if one.outcome == "failed"
    )
    for dimension in ("total", "member", "model", "workshop"):
        rows = _rows(db, dimension)
        assert sum(row["static_uj"] + row["dynamic_uj"] for row in rows) == exact
        assert sum(row["lost_uj"] for row in rows) == lost
        assert sum(row["requests"] for row in rows) == sum(one.outcome != "refused" for one in receipts)
        assert all(row["low_uj"] <= row["static_uj"] + row["dynamic_uj"] <= row["high_uj"] for row in rows)


@pytest.mark.sqlite_only
def test_what_a_settlement_pays_for_it(db: Database) -> None:
    """In the settlement's transaction, so it must stay far under a millisecond."""
    receipts = [a_receipt(f"r{i}", f"m{i % 50}", uj=(WH, WH)) for i in range(500)]
    block = a_block("b", {f"r{i}": (1, 2, 3) for i in range(4)})

    def change(c: Connection) -> list[float]:
        took = []
        for one in receipts:
            began = time.perf_counter()
            post_receipt(c, one, DAY)
            post_block(c, block, DAY, SET)
            took.append((time.perf_counter() - began) * 1e6)
        return took

    median = statistics.median(db.write_now(change))
    print(f"a receipt and its block: {median:.0f} µs")
    assert median < 500
