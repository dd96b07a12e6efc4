"""Entries for tests of the books, and homes that hold them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from affouage.assembly.charter import Charter
from affouage.clock import Clock, SystemClock
from affouage.footprint.budget import Rates
from affouage.footprint.period import Calendar
from affouage.inference.allowance import Allowance
from affouage.inference.estimate import RequestEstimate
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import (
    Durations,
    Energy,
    EngineStamp,
    Impacts,
    ModelStamp,
    Receipt,
    Reservation,
    TokenCounts,
)
from affouage.rulebook import ANY_RATES, open_charter
from affouage.storage import Database, open_database
from affouage.storage.home import prepare
from affouage.units import Interval


def no_limits(db: Database, clock: Clock) -> Allowance:
    """The allowance of a collective that voted none."""
    return Allowance(db, clock, a_charter(db, clock), Calendar(), RequestEstimate(assumed_watts=65), Rates())


def a_charter(db: Database, clock: Clock) -> Charter:
    """The rules of a collective that voted none."""
    return open_charter(db, clock, ANY_RATES)


def a_reservation(name: str = "rcp_1", member: str = "m1") -> Reservation:
    return Reservation(id=name, member_id=member, door="api", kind="chat", model_id="echo", created_ms=1000)


def a_receipt(name: str = "rcp_1", member: str = "m1", **more: Any) -> Receipt:
    """A completed answer with every figure known, but for what ``more`` says otherwise."""
    whole: dict[str, Any] = {
        "outcome": "completed",
        "tokens": TokenCounts(prompt=10, cached=3, decoded=5, discarded=0),
        "energy": Energy(
            interval_uj=Interval(1.5e6, 2.25e6, 3.125e6),
            quality="estimated",
            method="x",
            static_uj=2_000_000,
            dynamic_uj=250_000,
        ),
        "impacts": Impacts(gwp_g=Interval(0.001, 0.002, 0.003), factor_set="s"),
    }
    return Receipt(
        id=name,
        member_id=member,
        door="api",
        kind="chat",
        created_ms=1000,
        model=ModelStamp(id="echo", name="Écho", openness={"weights": "open", "training_data": "closed"}),
        engine=EngineStamp("echo", "1", "here"),
        durations=Durations(wait_ms=1, wait_reason="none", total_ms=5),
        **{**whole, **more},
    )


def fill(home: Path, *movements: Reservation | Receipt) -> None:
    """Write these movements, in order, in the books of ``home``."""
    prepare(home)
    database = open_database(home / "affouage.db")
    ledger = Ledger(database, SystemClock())

    async def write() -> None:
        for one in movements:
            await (ledger.reserve(one) if isinstance(one, Reservation) else ledger.settle(one, b"s" * 16))

    try:
        asyncio.run(write())
    finally:
        database.close()
