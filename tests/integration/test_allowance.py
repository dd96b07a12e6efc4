"""The allowance on the real database: what is promised, refused, extended, given back; and that it binds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select

from affouage.assembly.charter import Charter
from affouage.chat import ChatRequest, Message
from affouage.errors import AffouageError, AllowanceSpent, AllowanceUncountable, BadRequest, Closed
from affouage.footprint import rules
from affouage.footprint.budget import BudgetRules, HoursRules, Limit, Rates
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
from affouage.storage.tables import allowance_hold, ledger_entry, machine_day, rule_version, usage_day
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
        self.charter = Charter(db, self.clock, rules.AREAS, rules.checks(rates))
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


# --- without a limit ---------------------------------------------------------


def test_without_a_limit_nothing_is_held_and_nothing_is_read(house: House) -> None:
    async def story() -> None:
        with counted(house.db) as statements:
            considered = await house.allowance.consider(asking(), question())
            assert await considered.extend(10**15, decoded_tokens=10**9)
        assert statements == []
        assert (considered.model, considered.hold_uj, considered.notices, considered.rules) == ("large", None, (), ())
        assert considered.holding("rcp_x") is None
        assert not considered.exempt
        assert await house.allowance.states() == []

    run(story)


def test_a_limit_on_another_workshop_holds_nothing(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(1, scope="workshop", key="explain"))
        considered = await house.allowance.consider(asking(), question())
        assert considered.hold_uj is None
        await refusal(house.allowance.consider(asking(workshop="explain"), question()))

    run(story)


# --- refused exactly at the limit --------------------------------------------


@pytest.mark.parametrize("scope", ["commons", "member", "workshop"])
def test_what_reaches_the_limit_passes_and_the_next_is_refused(house: House, scope: str) -> None:
    async def story() -> None:
        await house.enact(a_limit(30 * TOKEN_UJ, scope=scope))
        who = asking(workshop="explain")
        for _ in range(3):
            considered, _name = await house.ask(who, question(10))
            assert considered.hold_uj == 10 * TOKEN_UJ
        assert house.sums() == (0, 30 * TOKEN_UJ)
        told = await refusal(house.ask(who, question(1)))
        assert told.code == "allowance_promised"
        assert told.details["scope"] == scope
        if scope != "commons":
            await house.ask(asking("m2", workshop="board"), question(10))

    run(story)


def test_the_refusal_says_which_limit_how_much_when_and_what_is_cheaper(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(40 * TOKEN_UJ), a_limit(10**9, span="month"))
        house.estimate.seed("tiny", prompt_tokens=0, decoded_tokens=100, energy_uj=100)
        _, name = await house.ask(asking(), question(10))
        await house.settle(name, 10 * TOKEN_UJ, asking())
        told = await refusal(house.ask(asking(), question(50)))
        assert told.code == "allowance_spent"
        assert told.details["rule"] == "budget@1"
        assert told.details["span"] == "day"
        assert told.details["used"] == pytest.approx(10 * TOKEN_UJ * UJ)
        assert told.details["resets_on"] == "2026-11-23"
        assert told.retry_after_s == 12 * 3600
        assert told.details["max_tokens"] == 30, "an answer that would pass"
        assert told.details["smaller_model"] == "tiny"
        considered, _ = await house.ask(asking(), question(told.details["max_tokens"]))
        assert considered.notices == ("budget:commons:day:100",)

    run(story)


def test_only_promises_in_the_way_ask_to_come_back_soon(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(15 * TOKEN_UJ))
        _, name = await house.ask(asking(), question(10))
        told = await refusal(house.ask(asking(), question(10)))
        assert (told.code, told.retry_after_s) == ("allowance_promised", 30)
        await house.settle(name, 2 * TOKEN_UJ, asking())
        await house.ask(asking(), question(10))

    run(story)


def test_idle_unattributed_and_contended_energy_count_for_the_commons_alone(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(100 * TOKEN_UJ), a_limit(100 * TOKEN_UJ, scope="member"))
        house.idle(95 * TOKEN_UJ, idle_uj=50 * TOKEN_UJ, unattributed_uj=30 * TOKEN_UJ, contended_uj=15 * TOKEN_UJ)
        assert house.sums() == (95 * TOKEN_UJ, 0)
        assert house.sums("member", "m1") == (0, 0)
        told = await refusal(house.ask(asking(), question(10)))
        assert told.details["scope"] == "commons"
        await house.ask(asking(), question(5))

    run(story)


def test_the_allowance_begins_again_with_the_day_but_not_with_the_month(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(20 * TOKEN_UJ), a_limit(25 * TOKEN_UJ, span="month"))
        _, name = await house.ask(asking(), question(20))
        await house.settle(name, 20 * TOKEN_UJ, asking())
        assert (await refusal(house.ask(asking(), question(1)))).details["span"] == "day"
        house.clock.advance(ms=12 * 3_600_000 - 1)
        await refusal(house.ask(asking(), question(1)))
        house.clock.advance(ms=1)
        assert (await refusal(house.ask(asking(), question(10)))).details["span"] == "month"
        await house.ask(asking(), question(5))

    run(story)


def test_somebody_faster_between_the_look_and_the_reservation(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(15 * TOKEN_UJ))
        slow = await house.allowance.consider(asking(), question(10))
        await house.ask(asking("m2"), question(10))
        await refusal(house.begin(slow, asking()))
        found = await house.ledger.verify()
        assert (found.entries, found.problems) == (2, []), "the rule and the faster one: nothing of the slower"
        assert house.sums()[1] == 10 * TOKEN_UJ

    run(story)


# --- grams and euros ---------------------------------------------------------


def test_grams_and_euros_bind_as_microjoules(house: House) -> None:
    async def story() -> None:
        grams, euros = 30 * TOKEN_UJ * UJ * 50.0, 20 * TOKEN_UJ * UJ * 0.25
        await house.enact(a_limit(0, unit="g", amount=grams, span="year"), a_limit(0, unit="eur", amount=euros))
        await house.ask(asking(), question(19))
        assert (await refusal(house.ask(asking(), question(5)))).details["unit"] == "eur"
        (first, _) = await house.allowance.states()
        assert first.held == pytest.approx(19 * TOKEN_UJ * UJ * 50.0)

    run(story)


def test_a_limit_that_lost_its_factor_refuses_rather_than_forgets(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(0, unit="g", amount=10.0))
        later = House(house.db, Rates())  # the same home, its country gone from the settings
        told = await refusal(later.allowance.consider(asking(), question()), AllowanceUncountable)
        assert told.details["missing"] == "footprint.country"
        assert (await later.allowance.consider(asking(use="emergency"), question())).exempt

    run(story)


# --- unknown energy is never free --------------------------------------------


@pytest.mark.parametrize(
    ("more", "assumed", "counted_uj"),
    [
        ({}, None, 10 * TOKEN_UJ),
        ({}, 3 * TOKEN_UJ, 3 * TOKEN_UJ),
        ({"outcome": "failed"}, None, 10 * TOKEN_UJ),
        ({"outcome": "refused"}, None, 0),
        ({"outcome": "cancelled", "tokens": TokenCounts(prompt=0, cached=0, decoded=0)}, None, 0),
    ],
)
def test_unknown_energy_counts_what_was_held_or_assumed(
    house: House, more: dict[str, Any], assumed: int | None, counted_uj: int
) -> None:
    async def story() -> None:
        await house.enact(a_limit(50 * TOKEN_UJ))
        _, name = await house.ask(asking(), question(10))
        await house.settle(name, None, asking(), assumed_uj=assumed, **more)
        for scope, key in (("commons", ""), ("member", "m1"), ("workshop", "api")):
            assert house.sums(scope, key) == (counted_uj, 0)
        stored = await house.ledger.receipt(name, "m1")
        assert stored.energy.interval_uj is None, "the receipt says unknown all the same"

    run(story)


def test_a_lower_bound_counts_at_least_what_was_assumed(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(50 * TOKEN_UJ))
        who = asking()
        part = Energy(interval_uj=Interval(1, 4, 9), static_uj=1, dynamic_uj=3, quality="unknown", at_least=True)
        for _ in range(2):
            considered, name = await house.ask(who, question(10))
            tokens = TokenCounts(prompt=0, cached=0, decoded=5)
            receipt = a_receipt(name, "m1", energy=part, tokens=tokens, workshop="api")
            await house.ledger.settle(receipt, None, assumed_uj=considered.assumed_uj(receipt))
        assert house.sums() == (10 * TOKEN_UJ, 0), "5 tokens each, the 4 microjoules seen of each included"

    run(story)


def test_what_a_stopped_server_left_is_counted_and_its_promise_forgotten(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(50 * TOKEN_UJ))
        await house.ask(asking(), question(10))
        assert await House(house.db, KNOWN).ledger.settle_abandoned() == 1
        assert house.sums() == (10 * TOKEN_UJ, 0)
        assert house.db.read_now(lambda c: list(c.execute(select(allowance_hold)))) == []

    run(story)


# --- notices, sober model, exemptions, hours ---------------------------------


def test_a_notice_from_80_percent_on(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(100 * TOKEN_UJ), a_limit(50 * TOKEN_UJ, scope="member", span="month"))
        first, _ = await house.ask(asking(), question(39))
        assert first.notices == ()
        second, _ = await house.ask(asking(), question(1))
        assert second.notices == ("budget:member:month:80",)
        third, _ = await house.ask(asking("m2"), question(40))
        assert third.notices == ("budget:commons:day:80", "budget:member:month:80")
        assert third.rules == ("budget@1",)

    run(story)


def test_at_full_the_sober_model_stands_in_and_the_answer_says_so(house: House) -> None:
    async def story() -> None:
        await house.enact(
            a_limit(20 * TOKEN_UJ), a_limit(40 * TOKEN_UJ, scope="member"), at_full="sober", sober_model="small"
        )
        first, _ = await house.ask(asking(), question(20))
        assert (first.model, first.notices) == ("large", ("budget:commons:day:100",))
        second, _ = await house.ask(asking(), question(15))
        assert second.model == "small"
        assert second.notices == ("sober:large", "budget:commons:day:100", "budget:member:day:80")
        third, _ = await house.ask(asking("m2"), question(10, model="small"))
        assert third.notices == ("budget:commons:day:100",)
        assert (await refusal(house.ask(asking(), question(10)))).details["scope"] == "member"
        vectors = ChatRequest(kind="embedding", model="large", inputs=("x" * 100,))
        await refusal(house.ask(asking("m3"), vectors))

    run(story)


def test_an_exempt_use_passes_and_is_counted(house: House) -> None:
    async def story() -> None:
        await house.enact(
            a_limit(10 * TOKEN_UJ),
            hours=HoursRules(closed_from="11:00", closed_until="13:00"),
            exempt_uses=("urgence",),
        )
        await refusal(house.allowance.consider(asking(), question()), Closed)
        unknown = await refusal(house.allowance.consider(asking(use="emergency"), question()), BadRequest)
        assert (unknown.code, unknown.details["known"]) == ("unknown_use", "urgence")
        who = asking(use="urgence")
        considered, name = await house.ask(who, question(500))
        assert considered.exempt
        assert house.sums() == (0, 500 * TOKEN_UJ)
        assert await considered.extend(10_000 * TOKEN_UJ)
        await house.settle(name, 9_000 * TOKEN_UJ, who)
        assert house.sums() == (9_000 * TOKEN_UJ, 0)

    run(story)


def test_closed_says_until_when_and_under_which_rule(house: House) -> None:
    async def story() -> None:
        await house.enact(hours=HoursRules(closed_from="11:30", closed_until="14:00"))
        told = await refusal(house.allowance.consider(asking(), question()), Closed)
        assert told.retry_after_s == 2 * 3600
        assert told.details["rule"] == "hours@1"
        assert "14:00" in told.remedy
        house.clock.advance(ms=2 * 3_600_000)
        considered = await house.allowance.consider(asking(), question())
        assert considered.rules == ("budget@1", "hours@1")

    run(story)


# --- as the answer goes on ---------------------------------------------------


def test_a_promise_is_extended_while_the_limit_allows_and_then_the_answer_stops(house: House) -> None:
    async def story() -> None:
        await house.enact(a_limit(1500 * TOKEN_UJ))
        considered, name = await house.ask(asking(), question(100_000))
        assert considered.hold_uj == 512 * TOKEN_UJ
        with counted(house.db) as statements:
            assert await considered.extend(400 * TOKEN_UJ)
        assert statements == [], "far from the promise, nothing is asked of the database"
        assert await considered.extend(480 * TOKEN_UJ)
        assert house.sums() == (0, 1024 * TOKEN_UJ)
        assert not await considered.extend(1000 * TOKEN_UJ)
        assert considered.notices[-1] == "budget:commons:day:100"
        assert house.sums() == (0, 1024 * TOKEN_UJ), "nothing was promised when it could not be"
        await house.settle(name, 1010 * TOKEN_UJ, asking())
        assert house.sums() == (1010 * TOKEN_UJ, 0)

    run(story)


def test_tokens_tell_before_the_meter_does(house: House) -> None:
    async def story() -> None:
        house.estimate.seed("large", prompt_tokens=0, decoded_tokens=100, energy_uj=100 * TOKEN_UJ)
        await house.enact(a_limit(5000 * TOKEN_UJ))
        considered, _ = await house.ask(asking(), question(100_000))
        held = considered.hold_uj
        assert held is not None
        assert await considered.extend(0, decoded_tokens=held // TOKEN_UJ)
        assert considered.hold_uj > held

    run(story)


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
