"""Interval arithmetic encloses; a sum is only as good as its worst part; shares add up to the last unit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.units import Interval, split_exactly, worst

finite = st.floats(-1e12, 1e12, allow_nan=False)
intervals = st.tuples(finite, finite, finite).map(lambda three: Interval(*sorted(three)))


@pytest.mark.parametrize(
    "bounds", [(2, 1, 3), (1, 3, 2), (math.nan, 1, 2), (0, math.nan, 1), (0, 1, math.inf), (-math.inf, 0, 1)]
)
def test_what_is_no_interval_is_refused(bounds: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="not an interval"):
        Interval(*bounds)


@given(one=intervals, other=intervals, place=st.floats(0, 1), place_other=st.floats(0, 1))
def test_a_sum_encloses_every_sum_of_enclosed_values(
    one: Interval, other: Interval, place: float, place_other: float
) -> None:
    value = one.low + place * (one.high - one.low)
    value_other = other.low + place_other * (other.high - other.low)
    total = one + other
    slack = 1e-9 * max(abs(total.low), abs(total.high), 1.0)
    assert total.low - slack <= value + value_other <= total.high + slack
    assert total.central == one.central + other.central


@given(interval=intervals, factor=st.floats(0, 1e6))
def test_scaling_keeps_the_order(interval: Interval, factor: float) -> None:
    scaled = interval.scaled(factor)
    assert scaled.low <= scaled.central <= scaled.high
    assert scaled.central == interval.central * factor


def test_a_negative_factor_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Interval(1, 2, 3).scaled(-1)


def test_a_sum_is_as_good_as_its_worst_part() -> None:
    assert worst(["measured", "estimated", "declared"]) == "estimated"
    assert worst(["measured", "unknown"]) == "unknown"
    assert worst(["measured"]) == "measured"
    assert worst([]) == "unknown"


weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@given(total=st.integers(0, 10**15), shares=weights)
def test_parts_add_up_exactly_and_are_fair_to_less_than_one_unit(total: int, shares: list[int]) -> None:
    parts = split_exactly(total, shares)
    assert sum(parts) == total
    for part, weight in zip(parts, shares, strict=True):
        assert abs(part * sum(shares) - total * weight) < sum(shares)
        assert weight > 0 or part == 0


@given(total=st.integers(0, 10**9), shares=weights)
def test_who_weighs_more_never_gets_less(total: int, shares: list[int]) -> None:
    parts = split_exactly(total, shares)
    for i, weight in enumerate(shares):
        for j, other in enumerate(shares):
            assert weight <= other or parts[i] >= parts[j]


def test_ties_go_to_the_earliest() -> None:
    assert split_exactly(100, [1, 1, 1]) == [34, 33, 33]


@pytest.mark.parametrize(("total", "shares"), [(1, [0, 0]), (1, []), (-1, [1]), (1, [2, -1])])
def test_nothing_to_share_or_nobody(total: int, shares: list[int]) -> None:
    with pytest.raises(ValueError, match="nothing to share"):
        split_exactly(total, shares)


@given(st.lists(st.floats(0, 1e15), min_size=3, max_size=3))
def test_outwards_encloses_and_gives_integers(bounds: list[float]) -> None:
    low, central, high = sorted(bounds)
    wider = Interval(low, central, high).outwards()
    assert wider.low <= low
    assert wider.high >= high
    assert all(isinstance(bound, int) for bound in (wider.low, wider.central, wider.high))
