"""What a member really pays: sums that close, nothing invented, "at least" as soon as something is not known."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.footprint.costs import costs, electricity_eur, hardware_eur, hosting_eur, share
from affouage.footprint.machine import Machine
from affouage.units import Interval

NOVEMBER = {"first": date(2026, 11, 1), "last": date(2026, 11, 30)}
KWH = 3.6e12


def machine(**more: object) -> Machine:
    told = {"id": "box", "acquired": "2025-01-01", "planned_years": 4.0, "price_eur": 1461.0} | more
    return Machine(**told)  # type: ignore[arg-type]


def kwh(low: float, central: float, high: float) -> Interval:
    return Interval(low * KWH, central * KWH, high * KWH)


def test_a_month_by_hand() -> None:
    of = costs(kwh(58, 60, 62), 0.25, [machine()], hosting_eur_per_month=10, **NOVEMBER)
    assert of.electricity is not None
    assert of.electricity.central == pytest.approx(15.0)
    assert of.electricity.low == pytest.approx(14.5)
    assert of.hardware is not None
    assert of.hardware.central == pytest.approx(30.0)  # 1461 euros over 1461 days
    assert of.hosting == pytest.approx(10)
    assert of.total is not None
    assert of.total.central == pytest.approx(15 + 30 + 10)
    assert not of.at_least
    mine = share(of, 20, 20.0)
    assert mine.per_member is not None
    assert mine.per_member.central == pytest.approx(of.total.central / 20)
    assert mine.subscriptions == 400
    assert mine.as_subscriptions is not None
    assert mine.as_subscriptions.central == pytest.approx(of.total.central / 20)


@pytest.mark.parametrize(
    ("given_", "missing"),
    [
        ({"interval_uj": None}, "energy"),
        ({"price_eur_per_kwh": None}, "price"),
        ({"price_eur_per_kwh": 0.0}, "price"),
        ({"machines": []}, "machine"),
        ({"machines": [machine(price_eur=None)]}, "machine_price"),
        ({"energy_at_least": True}, "energy"),
    ],
)
def test_what_is_not_told_makes_a_lower_bound(given_: dict[str, object], missing: str) -> None:
    told = {"interval_uj": kwh(1, 2, 3), "price_eur_per_kwh": 0.2, "machines": [machine()], **NOVEMBER} | given_
    of = costs(**told)  # type: ignore[arg-type]
    assert of.missing == (missing,)
    assert of.at_least
    assert share(of, 3, 20).at_least
    if missing in ("price",):
        assert of.electricity is None
    if missing.startswith("machine"):
        assert of.hardware is None


def test_nothing_known_is_unknown_not_zero() -> None:
    of = costs(None, None, [], **NOVEMBER)
    assert (of.electricity, of.hardware, of.fixed, of.total) == (None, None, None, None)
    mine = share(of, 12, None)
    assert (mine.per_member, mine.subscriptions, mine.as_subscriptions) == (None, None, None)
    assert share(costs(kwh(1, 1, 1), 0.2, [machine()], **NOVEMBER), 0, 20).per_member is None


def test_a_machine_costs_nothing_before_it_comes_and_after_its_years() -> None:
    box = machine(acquired="2026-11-16")
    assert hardware_eur(box, date(2026, 11, 1), date(2026, 11, 15)) == 0
    assert hardware_eur(box, **NOVEMBER) == pytest.approx(15.0)
    old = machine(acquired="2015-01-01")
    of = costs(kwh(1, 1, 1), 0.2, [old], **NOVEMBER)
    assert of.hardware == Interval(0.0, 0.0, 0.0)
    assert of.paid_off == ("box",)
    assert not of.missing


def test_an_unknown_arrival_is_within_the_planned_years() -> None:
    assert hardware_eur(machine(acquired=None), **NOVEMBER) == pytest.approx(30.0)


def test_one_that_dies_early_is_written_off_that_day() -> None:
    box = machine(acquired="2026-11-01", planned_years=2, price_eur=730.0, retired="2026-11-10")
    assert hardware_eur(box, date(2026, 11, 1), date(2026, 11, 9)) == pytest.approx(9)
    assert hardware_eur(box, date(2026, 11, 10), date(2026, 11, 10)) == pytest.approx(721)
    assert hardware_eur(box, date(2026, 11, 11), date(2026, 11, 30)) == 0


def test_half_of_the_machine_is_half_of_the_price() -> None:
    assert hardware_eur(machine(commons_share=0.5), **NOVEMBER) == pytest.approx(15.0)


@given(
    price=st.floats(0, 1e5),
    years=st.floats(0.01, 30),
    came=st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    cuts=st.lists(st.integers(0, 12_000), max_size=6),
    served=st.none() | st.integers(0, 11_000),
)
def test_over_its_life_a_machine_costs_its_price(
    price: float, years: float, came: date, cuts: list[int], served: int | None
) -> None:
    retired = None if served is None else (came + timedelta(days=served)).isoformat()
    box = machine(price_eur=price, planned_years=years, acquired=came.isoformat(), retired=retired)
    first, last = came - timedelta(days=400), came + timedelta(days=12_000)
    edges = sorted({first, *(first + timedelta(days=cut) for cut in cuts), last + timedelta(days=1)})
    total = 0.0
    for left, right in pairwise(edges):
        part = hardware_eur(box, left, right - timedelta(days=1))
        assert part is not None
        assert part >= 0
        total += part
    assert total == pytest.approx(price)


@given(
    bounds=st.tuples(st.floats(0, 1e18), st.floats(0, 1e18), st.floats(0, 1e18)).map(sorted),
    price=st.floats(0.001, 5),
    members=st.integers(1, 5000),
)
def test_ranges_stay_in_order_and_shares_add_up(bounds: list[float], price: float, members: int) -> None:
    of = costs(Interval(*bounds), price, [machine()], **NOVEMBER)
    each = share(of, members, 20).per_member
    assert each is not None
    assert of.total is not None
    assert each.low <= each.central <= each.high
    assert each.central * members == pytest.approx(of.total.central)
    assert of.total.central >= of.fixed.central if of.fixed else False


def test_rent_is_a_month_s_whatever_its_length() -> None:
    for first, last in ((date(2026, 2, 1), date(2026, 2, 28)), (date(2026, 3, 1), date(2026, 3, 31))):
        assert hosting_eur(31.0, first, last) == pytest.approx(31)
    assert hosting_eur(31.0, date(2026, 2, 28), date(2026, 3, 1)) == pytest.approx(31 / 28 + 1)


def test_days_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="before"):
        costs(None, None, [], first=date(2026, 11, 2), last=date(2026, 11, 1))


def test_electricity_needs_both() -> None:
    assert electricity_eur(None, 0.2) is None
    assert electricity_eur(kwh(1, 1, 1), None) is None
    assert electricity_eur(kwh(1, 1, 1), 0.2) == Interval(0.2, 0.2, 0.2)
