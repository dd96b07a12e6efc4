"""Limits that bind: conversion, decisions exactly at the limit, notices, and what is refused when enacted."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import RuleRefused
from affouage.footprint.budget import (
    MICROJOULES_PER_KWH,
    BudgetRules,
    Limit,
    Rates,
    Scope,
    Standing,
    applying,
    check_budget,
    decide,
    limit_uj,
    notices,
    standings,
    uncountable,
)
from affouage.footprint.period import Calendar

KNOWN = Rates(gwp_g_per_kwh=52.0, price_eur_per_kwh=0.25)
amounts = st.integers(0, 10**15)
percents = st.integers(1, 99)
positive = st.floats(1e-9, 1e9, allow_nan=False)


def a_limit(**more: Any) -> Limit:
    return Limit(**{"scope": "commons", "span": "day", "unit": "kwh", "amount": 2.0, **more})


def standing(limit_uj: int, used_uj: int = 0, held_uj: int = 0, resets_ms: int = 0, **more: Any) -> Standing:
    return Standing(
        limit=a_limit(**more), key="", limit_uj=limit_uj, used_uj=used_uj, held_uj=held_uj, resets_ms=resets_ms
    )


@pytest.mark.parametrize(
    ("limit", "rates", "expected"),
    [
        (a_limit(amount=2.0), Rates(), 2 * MICROJOULES_PER_KWH),
        (a_limit(amount=0.05), Rates(), 180_000_000_000),
        (a_limit(unit="g", amount=52.0), KNOWN, MICROJOULES_PER_KWH),
        (a_limit(unit="g", amount=52.0), Rates(gwp_g_per_kwh=52.0, pue=2.0), MICROJOULES_PER_KWH // 2),
        (a_limit(unit="eur", amount=0.5), KNOWN, 2 * MICROJOULES_PER_KWH),
        (a_limit(unit="eur", amount=0.5), Rates(price_eur_per_kwh=0.25, pue=2.0), 2 * MICROJOULES_PER_KWH),
        (a_limit(unit="g"), Rates(price_eur_per_kwh=0.25), None),
        (a_limit(unit="eur"), Rates(gwp_g_per_kwh=52.0), None),
        (a_limit(unit="eur"), Rates(price_eur_per_kwh=0.0), None),
    ],
)
def test_a_limit_in_microjoules(limit: Limit, rates: Rates, expected: int | None) -> None:
    assert limit_uj(limit, rates) == expected


@given(positive, st.floats(0.1, 2000), st.floats(1, 3))
def test_the_conversion_is_exact_and_rounded_down(amount: float, rate: float, pue: float) -> None:
    found = limit_uj(a_limit(unit="g", amount=amount), Rates(gwp_g_per_kwh=rate, pue=pue))
    assert found is not None
    grams = Fraction(repr(rate)) * Fraction(repr(pue)) / MICROJOULES_PER_KWH
    assert found * grams <= Fraction(repr(amount)) < (found + 1) * grams


@given(amounts, amounts, amounts)
def test_what_reaches_the_limit_passes_and_one_microjoule_more_does_not(used: int, held: int, more: int) -> None:
    state = standing(used + held + more, used, held)
    assert decide([state], more) is None
    assert decide([state], more + 1) is state


@given(st.lists(st.tuples(amounts, amounts, amounts, amounts), max_size=5), amounts)
def test_all_limits_must_allow_and_the_last_to_reset_is_told(rows: list[tuple[int, int, int, int]], more: int) -> None:
    states = [standing(limit + 1, used, held, resets) for limit, used, held, resets in rows]
    refusing = [one for one in states if one.used_uj + one.held_uj + more > one.limit_uj]
    told = decide(states, more)
    assert (told is None) == (not refusing)
    if told is not None:
        assert told in refusing
        assert told.resets_ms == max(one.resets_ms for one in refusing)


@given(st.integers(1, 10**15), amounts, amounts, percents)
def test_a_notice_from_the_percentage_on_and_not_before(limit: int, used: int, more: int, percent: int) -> None:
    told = notices([standing(limit, used)], more, percent)
    level = 100 * Fraction(used + more, limit)
    assert told == ((f"budget:commons:day:{100 if level >= 100 else percent}",) if level >= percent else ())


def test_the_same_notice_is_told_once() -> None:
    crowded = [standing(10, 9), standing(10, 9), standing(10, 9, span="month"), standing(10, 1, span="year")]
    assert notices(crowded, 0, 80) == ("budget:commons:day:80", "budget:commons:month:80")


def test_a_state_in_its_own_unit() -> None:
    state = standing(MICROJOULES_PER_KWH, MICROJOULES_PER_KWH // 2, MICROJOULES_PER_KWH // 4, unit="g", amount=52.0)
    told = state.state()
    assert (told.used, told.held, told.fraction) == (26.0, 13.0, 0.75)


def test_which_limits_a_request_falls_under() -> None:
    commons, member, each = a_limit(), a_limit(scope="member"), a_limit(scope="workshop")
    explain = a_limit(scope="workshop", key="explain")
    rules = BudgetRules(limits=(commons, member, each, explain))
    assert applying(rules, member_id="m1", workshop="explain") == [
        (commons, ""),
        (member, "m1"),
        (each, "explain"),
        (explain, "explain"),
    ]
    assert applying(rules, member_id="m1", workshop="web") == [(commons, ""), (member, "m1"), (each, "web")]
    assert applying(rules, member_id=None, workshop=None) == [(commons, "")]


def test_spans_are_days_months_and_years_of_the_commons() -> None:
    asked: list[tuple[Scope, str, str, str]] = []

    def sums(scope: Scope, key: str, first: str, last: str) -> tuple[int, int]:
        asked.append((scope, key, first, last))
        return 7, 3

    calendar = Calendar("Europe/Paris")
    now_ms = calendar.bounds("2026-11-22")[0] + 1000
    limits = [(a_limit(span=span), "") for span in ("day", "month", "year")]
    found = standings(limits, sums, calendar, KNOWN, now_ms)
    assert asked == [
        ("commons", "", "2026-11-22", "2026-11-22"),
        ("commons", "", "2026-11-01", "2026-11-30"),
        ("commons", "", "2026-01-01", "2026-12-31"),
    ]
    assert [one.resets_ms for one in found] == [
        calendar.bounds(f"{day}")[0] for day in ("2026-11-23", "2026-12-01", "2027")
    ]
    assert {(one.used_uj, one.held_uj) for one in found} == {(7, 3)}
    assert standings([(a_limit(unit="g"), "")], sums, calendar, Rates(), now_ms) == []


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("budget_zero", {"limits": (a_limit(amount=0.0),)}),
    ("budget_zero", {"limits": (a_limit(amount=1e-20),)}),
    ("budget_amount", {"limits": (a_limit(amount=-1.0),)}),
    ("budget_amount", {"limits": (a_limit(amount=float("nan")),)}),
    ("budget_amount", {"limits": (a_limit(amount=float("inf")),)}),
    ("budget_key", {"limits": (a_limit(key="explain"),)}),
    ("budget_key", {"limits": (a_limit(scope="member", key="m1"),)}),
    ("budget_twice", {"limits": (a_limit(), a_limit(amount=3.0))}),
    ("budget_notice", {"notice_percent": 0}),
    ("budget_notice", {"notice_percent": 100}),
    ("budget_sober_model", {"at_full": "sober"}),
    ("budget_use", {"exempt_uses": ("Urgence !",)}),
    ("budget_use", {"exempt_uses": ("",)}),
]


@pytest.mark.parametrize(("code", "wrong"), REFUSED)
def test_rules_that_could_not_be_applied_are_refused_with_what_would_work(code: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(RuleRefused) as refused:
        check_budget(BudgetRules(**wrong), KNOWN)
    assert refused.value.code == code
    assert refused.value.remedy


@pytest.mark.parametrize(("unit", "code"), [("g", "budget_factor"), ("eur", "budget_price")])
def test_no_factor_or_price_no_limit_in_it(unit: str, code: str) -> None:
    rules = BudgetRules(limits=(a_limit(), a_limit(unit=unit, span="year")))
    with pytest.raises(RuleRefused) as refused:
        check_budget(rules, Rates())
    assert refused.value.code == code
    assert "settings.toml" in refused.value.remedy
    check_budget(rules, KNOWN)
    assert uncountable(rules, KNOWN) is None
    assert uncountable(rules, Rates()) == rules.limits[1]


def test_a_budget_of_zero_is_told_to_close_the_hours_instead() -> None:
    with pytest.raises(RuleRefused) as refused:
        check_budget(BudgetRules(limits=(a_limit(amount=0.0),)), KNOWN)
    assert "budget hours" in refused.value.remedy


@given(
    st.builds(
        Limit,
        scope=st.sampled_from(["commons", "member", "workshop"]),
        span=st.sampled_from(["day", "month", "year"]),
        unit=st.sampled_from(["kwh", "g", "eur"]),
        amount=positive,
    ),
    percents,
)
def test_any_plain_limit_is_accepted_and_survives_its_own_json(limit: Limit, percent: int) -> None:
    rules = BudgetRules(limits=(limit,), notice_percent=percent)
    check_budget(rules, KNOWN)
    assert msgspec.json.decode(msgspec.json.encode(rules), type=BudgetRules) == rules


def test_one_workshop_and_each_workshop_are_two_limits() -> None:
    check_budget(BudgetRules(limits=(a_limit(scope="workshop"), a_limit(scope="workshop", key="explain"))), KNOWN)
