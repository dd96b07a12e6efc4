"""The making of machines over their life: golden case G11, and what must hold for any machine."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from affouage.footprint.embodied import Charge, day_charge, split_day, totals
from affouage.footprint.machine import Machine, PartImpact
from affouage.ledger.receipt import Impacts
from affouage.units import Interval


def a_part(gwp_kg: float, **more: object) -> PartImpact:
    whole: dict[str, object] = {
        "kind": "gpu",
        "model": "card",
        "gwp_kg": Interval(gwp_kg / 2, gwp_kg, gwp_kg * 2),
        "adpe_kg_sb": Interval(1e-5 * gwp_kg, 2e-5 * gwp_kg, 4e-5 * gwp_kg),
        "primary_energy_mj": Interval(5 * gwp_kg, 10 * gwp_kg, 20 * gwp_kg),
        "quality": "estimated",
    }
    return PartImpact(**{**whole, **more})  # type: ignore[arg-type]


G11 = Machine(
    id="m",
    acquired="2024-01-01",
    age_years=4,
    planned_years=4,
    commons_share=0.25,
    parts=(a_part(200),),
)


def grams(impacts: Impacts | None) -> float:
    assert impacts is not None
    assert impacts.gwp_g is not None
    return float(impacts.gwp_g.central)


def test_golden_case_g11() -> None:
    alone = day_charge(replace(G11, commons_share=1.0), "2024-06-01")
    assert grams(alone.impacts) / 1000 == pytest.approx(0.0684463, rel=1e-6)
    charge = day_charge(G11, "2024-06-01")
    assert grams(charge.impacts) / 1000 == pytest.approx(0.0171116, rel=3e-6)
    assert grams(charge.impacts) / 1000 == pytest.approx(200 / 2922 / 4, rel=1e-12)
    served, pot = split_day(charge, {"r1": 30_000_000, "r2": 90_000_000})
    assert grams(served["r1"]) / 1000 == pytest.approx(0.00427789, rel=1e-6)
    assert grams(served["r2"]) / 1000 == pytest.approx(0.0128337, rel=1e-5)
    assert grams(pot) == 0
    nobody, pot = split_day(charge, {})
    assert nobody == {}
    assert pot == charge.impacts


def test_units_and_quality() -> None:
    charge = day_charge(replace(G11, commons_share=1.0), "2024-06-01").impacts
    assert charge.adpe_g_sb is not None
    assert charge.adpe_g_sb.central == pytest.approx(2e-5 * 200 * 1000 / 2922)
    assert charge.primary_energy_mj is not None
    assert charge.primary_energy_mj.central == pytest.approx(2000 / 2922)
    assert charge.water_l is None, "water of making is unknown, never 0"
    assert (charge.quality, charge.at_least) == ("estimated", False)


def test_before_it_came_and_after_it_is_paid_off() -> None:
    before = day_charge(G11, "2023-12-31")
    assert (before.state, grams(before.impacts), before.amortised) == ("before", 0, False)
    first = day_charge(G11, "2024-01-01")
    assert first.state == "serving"
    assert grams(first.impacts) > 0
    last = day_charge(G11, "2027-12-31")  # the 1461st day
    assert grams(last.impacts) == pytest.approx(grams(first.impacts))
    after = day_charge(G11, "2028-01-01")
    assert (after.state, after.amortised, grams(after.impacts)) == ("amortised", True, 0)


def test_a_machine_that_dies_early_is_written_off_once() -> None:
    dead = replace(G11, retired="2025-06-30")
    assert day_charge(dead, "2025-06-29").written_off is None
    death = day_charge(dead, "2025-06-30")
    assert grams(death.impacts) == grams(day_charge(G11, "2025-06-30").impacts)
    days_left = 1461 - ((date(2025, 6, 30) - date(2024, 1, 1)).days + 1)
    assert grams(death.written_off) == pytest.approx(days_left * 200_000 / 2922 / 4)
    gone = day_charge(dead, "2025-07-01")
    assert (gone.state, grams(gone.impacts), gone.written_off) == ("retired", 0, None)
    assert day_charge(dead, "2035-07-01").state == "retired"
    late = replace(G11, retired="2030-01-01")
    assert day_charge(late, "2030-01-01").written_off is None, "there was nothing left"


def test_an_undescribed_machine_is_unknown_not_free() -> None:
    charge = day_charge(replace(G11, parts=()), "2024-06-01")
    assert (charge.state, charge.impacts) == ("undescribed", Impacts())


def test_an_unknown_part_makes_a_lower_bound() -> None:
    half = replace(G11, parts=(a_part(200), a_part(100, primary_energy_mj=None)))
    whole = totals(half)
    assert whole.lower_bounds == ("primary_energy_mj",)
    assert whole.at_least
    assert whole.gwp_kg is not None
    assert whole.gwp_kg.central == pytest.approx(300)
    assert day_charge(half, "2024-06-01").impacts.at_least
    none = totals(replace(G11, parts=(a_part(200, adpe_kg_sb=None),)))
    assert none.adpe_kg_sb is None
    assert not none.at_least, "unknown throughout: nothing is a lower bound"


def test_without_a_date_it_serves_on_any_day() -> None:
    undated = replace(G11, acquired=None)
    assert grams(day_charge(undated, "1999-01-01").impacts) == pytest.approx(200_000 / 2922 / 4)


@pytest.mark.parametrize(("age", "planned"), [(-1.0, 4.0), (1.0, 0.0), (1.0, -1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_no_such_life(age: float, planned: float) -> None:
    with pytest.raises(ValueError, match="serves"):
        day_charge(replace(G11, age_years=age, planned_years=planned), "2024-06-01")


def test_no_such_day_and_no_such_time() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        day_charge(G11, "yesterday")
    with pytest.raises(ValueError, match="negative"):
        split_day(day_charge(G11, "2024-06-01"), {"r": -1})


parts = st.builds(a_part, st.floats(min_value=0.01, max_value=1000), count=st.integers(1, 8))
machines = st.builds(
    Machine,
    id=st.just("m"),
    acquired=st.dates(date(2000, 1, 1), date(2030, 1, 1)).map(date.isoformat),
    age_years=st.floats(min_value=0, max_value=20),
    planned_years=st.floats(min_value=0.1, max_value=3),
    commons_share=st.floats(min_value=0.01, max_value=1),
    parts=st.lists(parts, min_size=1, max_size=4).map(tuple),
)


def days_from(start: str, count: int) -> list[str]:
    return [(date.fromisoformat(start) + timedelta(days=n)).isoformat() for n in range(-2, count)]


def bounds(impacts: Impacts) -> list[float]:
    known = (impacts.gwp_g, impacts.adpe_g_sb, impacts.primary_energy_mj)
    return [float(b) for one in known if one is not None for b in (one.low, one.central, one.high)]


@settings(max_examples=25, deadline=None)
@given(machines)
def test_the_days_add_up_to_the_commons_part_of_what_was_left(machine: Machine) -> None:
    assert machine.acquired is not None
    days = days_from(machine.acquired, int(machine.planned_years * 365.25) + 4)
    charged = math.fsum(grams(day_charge(machine, day).impacts) for day in days)
    whole = totals(machine).gwp_kg
    assert whole is not None
    left = machine.planned_years / (machine.age_years + machine.planned_years)
    assert charged == pytest.approx(whole.central * 1000 * left * machine.commons_share, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(machines, st.integers(0, 900))
def test_an_early_death_changes_when_not_how_much(machine: Machine, served_days: int) -> None:
    assert machine.acquired is not None
    death = (date.fromisoformat(machine.acquired) + timedelta(days=served_days)).isoformat()
    dead = replace(machine, retired=death)
    days = days_from(machine.acquired, int(machine.planned_years * 365.25) + served_days + 4)

    def charged(one: Machine) -> float:
        found = [day_charge(one, day) for day in days]
        assert sum(charge.written_off is not None for charge in found) <= 1
        return math.fsum(grams(c.impacts) + (grams(c.written_off) if c.written_off else 0.0) for c in found)

    assert charged(dead) == pytest.approx(charged(machine), rel=1e-9)


@given(machines, st.integers(-10, 2000), st.randoms(use_true_random=False))
def test_never_negative_and_the_order_of_parts_means_nothing(machine: Machine, day: int, random: object) -> None:
    assert machine.acquired is not None
    when = (date.fromisoformat(machine.acquired) + timedelta(days=day)).isoformat()
    shuffled = list(machine.parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    charge = day_charge(machine, when)
    assert all(bound >= 0 for bound in bounds(charge.impacts))
    assert day_charge(replace(machine, parts=tuple(shuffled)), when) == charge


@given(machines, parts, st.integers(0, 30))
def test_one_part_more_weighs_more(machine: Machine, more: PartImpact, day: int) -> None:
    assert machine.acquired is not None
    when = (date.fromisoformat(machine.acquired) + timedelta(days=day)).isoformat()
    before = bounds(day_charge(machine, when).impacts)
    after = bounds(day_charge(replace(machine, parts=(*machine.parts, more)), when).impacts)
    assert all(one < other for one, other in zip(before, after, strict=True))


@given(machines)
def test_second_hand_is_never_free_and_older_weighs_less(machine: Machine) -> None:
    assert machine.acquired is not None
    today = grams(day_charge(machine, machine.acquired).impacts)
    assert today > 0
    older = replace(machine, age_years=machine.age_years + 1)
    assert 0 < grams(day_charge(older, machine.acquired).impacts) < today


shares = st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 10**12), max_size=8)


@given(machines, shares)
def test_a_day_is_split_whole(machine: Machine, shares_us: dict[str, int]) -> None:
    assert machine.acquired is not None
    charge: Charge = day_charge(machine, machine.acquired)
    served, pot = split_day(charge, shares_us)
    assert served.keys() == shares_us.keys()
    total = [math.fsum(column) for column in zip(*map(bounds, [*served.values(), pot]), strict=True)]
    assert total == pytest.approx(bounds(charge.impacts), rel=1e-9)
    assert sum(bounds(pot)) == 0 or not any(shares_us.values())
    for one, us in shares_us.items():
        for other, them in shares_us.items():
            if us == them:
                assert served[one] == served[other]
            if us < them:
                assert grams(served[one]) <= grams(served[other])
