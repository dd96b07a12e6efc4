"""The allowance on the real database: what is promised, refused, extended, given back; and that it binds."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from affouage.chat import ChatRequest
from affouage.errors import AllowanceUncountable, BadRequest, Closed
from affouage.footprint.budget import HoursRules, Rates
from affouage.ledger.receipt import Energy, TokenCounts
from affouage.storage.tables import allowance_hold
from affouage.units import Interval
from tests.integration.allowance_house import (
    KNOWN,
    TOKEN_UJ,
    UJ,
    House,
    a_limit,
    asking,
    counted,
    question,
    refusal,
    run,
)
from tests.integration.books import a_receipt


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
        considered, name = await house.ask(who, question(50))
        assert considered.exempt
        assert house.sums() == (0, 50 * TOKEN_UJ)
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
        await house.enact(a_limit(150 * TOKEN_UJ))
        considered, name = await house.ask(asking(), question(100_000))
        assert considered.hold_uj == 64 * TOKEN_UJ
        with counted(house.db) as statements:
            assert await considered.extend(50 * TOKEN_UJ)
        assert statements == [], "far from the promise, nothing is asked of the database"
        assert await considered.extend(60 * TOKEN_UJ)
        assert house.sums() == (0, 128 * TOKEN_UJ)
        assert not await considered.extend(125 * TOKEN_UJ)
        assert considered.notices[-1] == "budget:commons:day:100"
        assert house.sums() == (0, 128 * TOKEN_UJ), "nothing was promised when it could not be"
        await house.settle(name, 126 * TOKEN_UJ, asking())
        assert house.sums() == (126 * TOKEN_UJ, 0)

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
