"""A house with an allowance: its books on a real database, a clock that the test moves, questions and members."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import event

from affouage.assembly.charter import Charter
from affouage.chat import ChatRequest
from affouage.errors import AffouageError, AllowanceSpent
from affouage.footprint.budget import BudgetRules, HoursRules, Limit, PotRules, Rates, check_budget
from affouage.footprint.hours import check_hours
from affouage.footprint.period import Calendar
from affouage.inference.allowance import Allowance, Considered
from affouage.inference.attempt import Asking
from affouage.inference.estimate import RequestEstimate
from affouage.ledger import allowance as books
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import Block, Energy, MeterStamp, Receipt, Reservation, TokenCounts
from affouage.ledger.sums import post_block
from affouage.storage import Database, open_database
from affouage.storage.home import prepare
from affouage.testing import ManualClock
from affouage.units import Interval
from tests.integration.books import a_receipt

T = TypeVar("T")
PARIS = Calendar("Europe/Paris")
NOON_MS = PARIS.bounds("2026-11-22")[0] + 12 * 3_600_000
TOKEN_UJ = 1000
"""High figure of a decoded token in these tests: 3 mW for a third of a second."""
UJ = 1 / 3.6e12
"""A microjoule in kWh."""
AREAS = {"budget": BudgetRules, "hours": HoursRules, "pot": PotRules}
"""Bare types: limits of single microjoules are below what a form would take."""


def a_limit(uj: int, **more: Any) -> Limit:
    return Limit(**{"scope": "commons", "span": "day", "unit": "kwh", "amount": uj * UJ, **more})


def question(tokens: int = 10, model: str = "large", **more: Any) -> ChatRequest:
    return ChatRequest(kind="completion", model=model, max_tokens=tokens, **more)


def asking(member: str = "m1", **more: Any) -> Asking:
    return Asking(member_id=member, door="api", **more)


class House:
    """A ledger and its allowance, on a real database."""

    def __init__(self, db: Database, rates: Rates) -> None:
        self.db = db
        self.clock = ManualClock(NOON_MS)
        checks = {"budget": partial(check_budget, rates=rates), "hours": check_hours}
        self.charter = Charter(db, self.clock, AREAS, checks)
        self.ledger = Ledger(db, self.clock, day=PARIS.day)
        self.estimate = RequestEstimate(assumed_watts=3 * TOKEN_UJ / 1e6, kappa_of=lambda _model: 0.0)
        self.allowance = Allowance(db, self.clock, self.charter, PARIS, self.estimate, rates)
        self._next = 0

    async def enact(self, *limits: Limit, hours: HoursRules | None = None, **more: Any) -> None:
        await self.charter.enact("budget", BudgetRules(limits=limits, **more), "tests", "to see")
        if hours is not None:
            await self.charter.enact("hours", hours, "tests", "to see")

    async def begin(self, considered: Considered, who: Asking) -> str:
        """Reserve, as serve does."""
        self._next += 1
        name = f"rcp_{self._next}"
        reservation = Reservation(
            id=name,
            member_id=who.member_id,
            door=who.door,
            kind="chat",
            model_id=considered.model,
            created_ms=self.clock.now_ms(),
            workshop=who.workshop or who.door,
            energy_uj=considered.hold_uj,
        )
        await self.ledger.reserve(reservation, also=considered.holding(name))
        return name

    async def ask(self, who: Asking, request: ChatRequest) -> tuple[Considered, str]:
        considered = await self.allowance.consider(who, request)
        return considered, await self.begin(considered, who)

    async def settle(
        self, name: str, uj: int | None, who: Asking, *, assumed_uj: int | None = None, **more: Any
    ) -> Receipt:
        known = (
            Energy()
            if uj is None
            else Energy(interval_uj=Interval(uj, uj, uj), static_uj=0, dynamic_uj=uj, quality="measured")
        )
        receipt = a_receipt(
            name,
            who.member_id,
            **{"energy": known, "tokens": TokenCounts(), "workshop": who.workshop or who.door, **more},
        )
        await self.ledger.settle(receipt, None, assumed_uj=assumed_uj)
        return receipt

    def sums(self, scope: str = "commons", key: str = "") -> tuple[int, int]:
        return self.db.read_now(lambda c: books.sums(c, scope, key, "2026-11-22", "2026-11-22"))

    def idle(self, uj: int, **more: int) -> None:
        """The machines drew this while nobody asked anything."""
        self._next += 1
        block = Block(
            id=f"blk_{self._next}",
            machine_id="here",
            t0_ms=0,
            t1_ms=1,
            meter=MeterStamp(id="m", kind="plug", quality="measured", low_factor=1, high_factor=1, method="x"),
            energy_uj=uj,
            idle_uj=more.get("idle_uj", uj),
            unattributed_uj=more.get("unattributed_uj", 0),
            contended_uj=more.get("contended_uj", 0),
            idle_us=1,
            known_us=1,
            windows=1,
            readings_sha256="",
        )
        self.db.write_now(lambda c: post_block(c, block, PARIS.day(self.clock.now_ms()), ""))


KNOWN = Rates(gwp_g_per_kwh=50.0, price_eur_per_kwh=0.25)


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    prepare(home)
    database = open_database(home / "affouage.db")
    yield database
    database.close()


@pytest.fixture
def house(db: Database) -> House:
    return House(db, KNOWN)


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """Every statement the database is given meanwhile."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(db._engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db._engine, "before_cursor_execute", note)


async def refusal(attempt: Awaitable[T], kind: type[AffouageError] = AllowanceSpent) -> Any:
    with pytest.raises(kind) as refused:
        await attempt
    assert refused.value.remedy
    return refused.value


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await story()

    asyncio.run(main())
