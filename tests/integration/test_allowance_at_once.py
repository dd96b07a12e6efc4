"""Many at once, in every order: promises are never overspent, and looking costs the same whatever the past."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event

from affouage.chat import ChatRequest, Message
from affouage.errors import AllowanceSpent
from affouage.footprint.budget import Limit
from affouage.inference.allowance import Considered
from affouage.inference.attempt import Asking
from affouage.ledger import allowance as books
from affouage.ledger.receipt import Energy, TokenCounts
from affouage.storage import Database
from affouage.storage.tables import allowance_hold, ledger_entry, machine_day, rule_version, usage_day
from affouage.units import Interval
from tests.integration.allowance_house import (
    KNOWN,
    TOKEN_UJ,
    House,
    a_limit,
    asking,
    question,
    refusal,
    run,
)
from tests.integration.books import a_receipt


@pytest.mark.incident("budget-bypassed")
def test_two_hundred_at_once_never_promise_more_than_there_is(house: House) -> None:
    async def one(number: int) -> int:
        who = asking(f"m{number % 20}")
        try:
            considered, name = await house.ask(who, question(10))
        except AllowanceSpent:
            return 0
        used, _ = house.sums()
        assert sum(house.sums()) <= 500 * TOKEN_UJ, used
        await house.settle(name, 10 * TOKEN_UJ, who)
        return considered.hold_uj or 0

    async def story() -> None:
        await house.enact(a_limit(500 * TOKEN_UJ))
        granted = await asyncio.gather(*(one(number) for number in range(200)))
        assert house.sums() == (500 * TOKEN_UJ, 0), "fifty were answered, and not one more"
        assert sum(granted) == 500 * TOKEN_UJ

    run(story)


# --- it binds, whatever happens ----------------------------------------------

BETWEEN_LOOKS_UJ = 40 * TOKEN_UJ
"""The most one request spends between two looks, until the engine stops included."""

steps = st.lists(
    st.tuples(
        st.sampled_from(["consider", "consider", "begin", "spend", "spend", "settle", "lose", "idle"]),
        st.integers(0, 7),
        st.integers(1, 1200),
    ),
    max_size=40,
)


class Race:
    """Requests at every stage, moved one step at a time in any order.

    ``slack``: by limit, what was spent since the last promise under it without a promise: beyond one's own, by exempt
    uses, by machines being on. A promise finds every limit it falls under respected, so it takes the slack away.
    """

    def __init__(self, house: House, limits: dict[tuple[str, str], int]) -> None:
        self.house = house
        self.limits = limits
        self.considered: list[tuple[Considered, Asking]] = []
        self.running: list[tuple[Considered, Asking, str, int]] = []
        self.slack = dict.fromkeys(limits, 0)

    async def step(self, what: str, which: int, amount: int) -> None:
        await getattr(self, f"_{what}")(which, amount)
        for (scope, key), limit_uj in self.limits.items():
            assert sum(self.house.sums(scope, key)) <= limit_uj + self.slack[scope, key], (what, scope, key)

    def _unpromised(self, considered: Considered, uj: int) -> None:
        for limit, key in considered.limits:
            self.slack[limit.scope, key] += uj

    def _promised(self, considered: Considered, uj: int) -> None:
        if considered.exempt:
            self._unpromised(considered, uj)
            return
        for limit, key in considered.limits:
            assert sum(self.house.sums(limit.scope, key)) <= self.limits[limit.scope, key], (
                "promises are never overspent"
            )
            self.slack[limit.scope, key] = 0

    async def _consider(self, which: int, amount: int) -> None:
        who = asking(f"m{which % 2}", use="emergency" if which == 7 else "", workshop="explain" if which % 3 else "")
        try:
            self.considered.append((await self.house.allowance.consider(who, question(amount)), who))
        except AllowanceSpent:
            assert not who.use, "an exempt use is never refused"

    async def _begin(self, which: int, _amount: int) -> None:
        if not self.considered:
            return
        considered, who = self.considered.pop(which % len(self.considered))
        try:
            name = await self.house.begin(considered, who)
        except AllowanceSpent:
            assert not considered.exempt
            return
        self.running.append((considered, who, name, 0))
        self._promised(considered, considered.hold_uj or 0)

    async def _spend(self, which: int, amount: int) -> None:
        if not self.running:
            return
        place = which % len(self.running)
        considered, who, name, spent = self.running[place]
        held = considered.hold_uj or 0
        spent += min(amount * TOKEN_UJ, BETWEEN_LOOKS_UJ)
        self.running[place] = (considered, who, name, spent)
        if await considered.extend(spent):
            assert spent < (considered.hold_uj or 0)
            if considered.hold_uj != held:
                self._promised(considered, (considered.hold_uj or 0) - held)
        else:
            assert not considered.exempt
            await self._settle(place, 0)

    async def _settle(self, which: int, _amount: int) -> None:
        if not self.running:
            return
        considered, who, name, spent = self.running.pop(which % len(self.running))
        beyond = spent - (considered.hold_uj or 0)
        assert beyond <= BETWEEN_LOOKS_UJ, "no request passes its promise by more than the stated bound"
        self._unpromised(considered, max(0, beyond))
        await self.house.settle(name, spent, who)

    async def _lose(self, which: int, _amount: int) -> None:
        """Its energy is never known: it counts what was held for it."""
        if self.running:
            _considered, who, name, _spent = self.running.pop(which % len(self.running))
            await self.house.settle(name, None, who, outcome="failed")

    async def _idle(self, _which: int, amount: int) -> None:
        """What keeps the machines on is counted, and cannot be refused."""
        self.house.idle(amount * TOKEN_UJ // 10)
        self.slack["commons", ""] += amount * TOKEN_UJ // 10


@pytest.mark.incident("budget-bypassed")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, commons=st.integers(1, 4000), member=st.integers(1, 3000))
def test_no_interleaving_overspends(db: Database, steps: list[tuple[str, int, int]], commons: int, member: int) -> None:
    tables = (usage_day, machine_day, allowance_hold, rule_version, ledger_entry)
    db.write_now(lambda c: [c.execute(delete(table)) for table in tables])
    house = House(db, KNOWN)
    limits = {
        ("commons", ""): commons * TOKEN_UJ,
        ("member", "m0"): member * TOKEN_UJ,
        ("member", "m1"): member * TOKEN_UJ,
    }

    async def story() -> None:
        await house.enact(a_limit(commons * TOKEN_UJ), a_limit(member * TOKEN_UJ, scope="member"))
        race = Race(house, limits)
        for what, which, amount in steps:
            await race.step(what, which, amount)
        while race.running:
            await race.step("settle", 0, 0)
        assert house.sums()[1] == 0, "every promise is given back"

    run(story)


# --- its cost ----------------------------------------------------------------


def _plan(db: Database, statement: str, parameters: Any) -> str:
    found = db.read_now(lambda c: list(c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)))
    return " ".join(row[3] for row in found)


@pytest.mark.sqlite_only
def test_no_sum_reads_the_ledger_and_each_uses_an_index(db: Database) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        asked.append((statement, parameters))

    def look(connection: Any) -> None:
        for scope, key in (("commons", ""), ("member", "m1"), ("workshop", "explain")):
            books.sums(connection, scope, key, "2026-01-01", "2026-12-31")

    event.listen(db._engine, "before_cursor_execute", note)
    db.read_now(look)
    event.remove(db._engine, "before_cursor_execute", note)
    plans = [_plan(db, words, given) for words, given in list(asked) if words.startswith("SELECT")]
    assert len(plans) == 7
    assert not any("ledger_entry" in plan for plan in plans)
    assert all("SCAN allowance_hold" in plan or "USING INDEX" in plan for plan in plans), plans


def test_the_estimates_start_from_the_last_month_of_the_books(house: House) -> None:
    async def story() -> None:
        receipt = a_receipt("r1", "m1", tokens=TokenCounts(prompt=0, cached=0, decoded=100))
        known = Energy(interval_uj=Interval(1, 700, 900), static_uj=200, dynamic_uj=500, quality="measured")
        await house.ledger.settle(msgspec.structs.replace(receipt, energy=known), None)
        await house.ledger.settle(a_receipt("r2", "m1", energy=Energy(), tokens=TokenCounts()), None)
        assert not house.estimate.of("echo").seen
        await house.allowance.remember()
        assert house.estimate.of("echo").mean_uj == 7

    run(story)


def test_messages_travel_with_plain_figures(house: House) -> None:
    async def story() -> None:
        await house.enact(Limit(scope="member", span="day", unit="kwh", amount=0.00005))
        long = ChatRequest(model="large", messages=(Message("user", "x"),))
        house.estimate.seed("large", prompt_tokens=0, decoded_tokens=10, energy_uj=10_000_000)
        told = await refusal(house.ask(asking(), long))
        assert told.message.startswith("The energy allowance of each member for today does not leave enough: 0.05 Wh")

    run(story)
