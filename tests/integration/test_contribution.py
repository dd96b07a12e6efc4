"""What machines of members did for the others, out of the very settlements."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select, update

from affouage.errors import LedgerUnavailable
from affouage.footprint.audit.period import audit_period
from affouage.footprint.period import Calendar
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import Durations, Energy, Receipt
from affouage.pool.contribution import contribution_h, node_served
from affouage.storage import Database, open_database
from affouage.storage.tables import node, node_day
from affouage.testing import ManualClock
from affouage.units import Interval
from tests.integration.books import a_receipt

NOON = 1_790_000_000_000  # 2026-09-21 in UTC
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
TODAY = "2026-09-21"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "affouage.db")
    yield database
    database.close()


def a_node(db: Database, node_id: str, owner_id: str, owned_by: str = "member") -> None:
    row = {
        "id": node_id,
        "name": node_id,
        "owner_id": owner_id,
        "owned_by": owned_by,
        "state": "approved",
        "trust": 3,
        "public_key": f"U{node_id}",
        "box_key": bytes(32),
        "machine_id": f"machine-of-{node_id}",
        "created_ms": NOON,
        "policy": "{}",
        "policy_serial": 0,
    }
    db.write_now(lambda c: c.execute(insert(node).values(row)))


def answered(name: str, *, by: str, member: str = "m_other", hours: float = 1.0, **more: Any) -> Receipt:
    """An answer that took the whole of a machine for so long and 0.1 kWh."""
    energy = Energy(
        interval_uj=Interval(3.6e11, 3.6e11, 3.6e11),
        static_uj=200_000_000_000,
        dynamic_uj=160_000_000_000,
        quality="measured",
        method="x",
        machine_share_us=round(hours * HOUR_MS) * 1000,
    )
    durations = Durations(wait_ms=500, wait_reason="turn", total_ms=round(hours * HOUR_MS) + 500)
    return msgspec.structs.replace(
        a_receipt(name, member, energy=energy, node_id=by, machine_id=f"machine-of-{by}"),
        **{"durations": durations, **more},
    )


def settle(db: Database, clock: ManualClock, *receipts: Receipt) -> None:
    ledger = Ledger(db, clock)

    async def story() -> None:
        for one in receipts:
            await ledger.settle(one, None)

    asyncio.run(story())


def lent_h(db: Database, member_id: str, day: str = TODAY, window_days: int = 28) -> float:
    return db.read_now(lambda c: contribution_h(c, member_id, day, window_days))


def test_hours_served_for_others_are_the_owner_s(db: Database, clock: ManualClock) -> None:
    a_node(db, "n_a", "m_owner")
    a_node(db, "n_b", "m_owner")
    settle(db, clock, answered("r1", by="n_a"), answered("r2", by="n_b", hours=0.5), answered("r3", by=""))
    assert lent_h(db, "m_owner") == 1.5
    assert lent_h(db, "m_other") == 0.0


def test_settling_twice_counts_once(db: Database, clock: ManualClock) -> None:
    a_node(db, "n_a", "m_owner")
    settle(db, clock, *[answered("r1", by="n_a")] * 3)
    assert lent_h(db, "m_owner") == 1.0


def test_what_brings_nothing(db: Database, clock: ManualClock) -> None:
    """His own questions, what failed, what was not metered, what was refused, the collective's machine."""
    a_node(db, "n_a", "m_owner")
    a_node(db, "n_c", "m_owner", owned_by="collective")
    settle(
        db,
        clock,
        answered("own", by="n_a", member="m_owner"),
        answered("lost", by="n_a", outcome="failed", problem="node_lost"),
        answered("unmetered", by="n_a", energy=Energy()),
        answered("refused", by="n_a", outcome="refused", energy=Energy()),
        answered("collective", by="n_c"),
    )
    assert lent_h(db, "m_owner") == 0.0
    served = db.read_now(lambda c: node_served(c, "n_a", TODAY, 28, 0.25))
    assert (served.requests, served.own_requests, served.lost, served.served_h) == (3, 1, 1, 0.0)


def test_an_audit_computes_what_machines_did_again(db: Database, clock: ManualClock) -> None:
    a_node(db, "n_a", "m_owner")
    settle(db, clock, answered("r1", by="n_a"), answered("own", by="n_a", member="m_owner"))

    def differing() -> set[tuple[str, str]]:
        audit = db.read_now(lambda c: audit_period(c, Calendar("UTC"), TODAY))
        return {(one.id, one.field) for one in audit.differences if one.what == "day"}

    assert differing() == set()
    db.write_now(lambda c: c.execute(update(node_day).values(served_us=node_day.c.served_us + HOUR_MS * 1000)))
    assert differing() == {(f"node_day n_a {TODAY}", "served_us")}


def test_a_cancelled_answer_was_work_all_the_same(db: Database, clock: ManualClock) -> None:
    a_node(db, "n_a", "m_owner")
    settle(db, clock, answered("r1", by="n_a", outcome="cancelled"))
    assert lent_h(db, "m_owner") == 1.0


def test_a_machine_that_claims_more_time_than_passed_is_not_believed(db: Database, clock: ManualClock) -> None:
    a_node(db, "n_a", "m_owner")
    claim = answered("r1", by="n_a", durations=Durations(wait_ms=1000, wait_reason="turn", total_ms=37_000))
    settle(db, clock, claim)
    assert lent_h(db, "m_owner") == 0.01


def test_only_the_window_counts(db: Database, clock: ManualClock) -> None:
    a_node(db, "n_a", "m_owner")
    for day in range(40):
        settle(db, clock, answered(f"r{day}", by="n_a"))
        clock.advance(ms=DAY_MS)
    last = "2026-10-30"
    assert lent_h(db, "m_owner", last, 28) == 28.0
    assert lent_h(db, "m_owner", last, 1) == 1.0
    assert lent_h(db, "m_owner", "2026-11-26", 28) == 1.0, "a machine no longer lent is forgotten day by day"
    assert lent_h(db, "m_owner", "2026-11-27", 28) == 0.0
    assert lent_h(db, "m_owner", TODAY, 28) == 1.0, "days ahead of now do not count"


def test_the_owner_reads_counts_kwh_and_euros(db: Database, clock: ManualClock) -> None:
    a_node(db, "n_a", "m_owner")
    settle(db, clock, answered("r1", by="n_a"), answered("r2", by="n_a", member="m_owner", hours=0.25))
    served = db.read_now(lambda c: node_served(c, "n_a", TODAY, 28, 0.25))
    assert (served.requests, served.own_requests, served.lost, served.decoded_tokens) == (2, 1, 0, 10)
    assert served.energy_kwh == pytest.approx(0.2)
    assert served.energy_eur == pytest.approx(0.05)
    assert served.served_h == 1.0


@pytest.mark.parametrize("price", [None, 0.0])
def test_what_nobody_told_is_unknown(db: Database, clock: ManualClock, price: float | None) -> None:
    a_node(db, "n_a", "m_owner")
    settle(db, clock, answered("r1", by="n_a"))
    assert db.read_now(lambda c: node_served(c, "n_a", TODAY, 28, price)).energy_eur is None
    nothing = db.read_now(lambda c: node_served(c, "n_b", TODAY, 28, 0.25))
    assert (nothing.requests, nothing.energy_kwh, nothing.energy_eur) == (0, None, None)


@pytest.mark.sqlite_only
def test_it_stands_in_the_transaction_of_the_settlement(db: Database, clock: ManualClock) -> None:
    """A settlement that cannot be written leaves no work of a machine behind, and the other way round."""
    a_node(db, "n_a", "m_owner")
    db.write_now(lambda c: c.exec_driver_sql("DROP TABLE node_day"))
    with pytest.raises(LedgerUnavailable):
        settle(db, clock, answered("r1", by="n_a"))
    db.write_now(lambda c: node_day.create(c))
    assert asyncio.run(Ledger(db, clock).verify()).entries == 0
    assert db.read_now(lambda c: c.execute(select(node_day)).first()) is None
