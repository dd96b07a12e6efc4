"""With a draft or without: the interval is the one statisticians know, and both outcomes are treated the same way."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.workshops.work.comparison import FEWEST_TASKS, compare, difference
from affouage.workshops.work.student import below, incomplete_beta, quantile
from affouage.workshops.work.times import Times, times

durations = st.lists(st.integers(1_000, 7_200_000), max_size=60)
sides = st.lists(st.integers(1_000, 7_200_000), min_size=FEWEST_TASKS, max_size=60)


# -- times ---------------------------------------------------------------------------------------------------------


@given(durations, durations, durations)
def test_groups_joined_give_what_the_times_taken_together_give(a: list[int], b: list[int], c: list[int]) -> None:
    together = times([*a, *b, *c])
    for joined in ((times(a) + times(b)) + times(c), times(c) + (times(b) + times(a))):
        assert (joined.tasks, joined.total_ms) == (together.tasks, together.total_ms)
        assert joined.log_mean == pytest.approx(together.log_mean)
        assert joined.log_m2 == pytest.approx(together.log_m2, abs=1e-9)


@given(st.lists(st.integers(1_000, 7_200_000), min_size=2, max_size=60))
def test_the_typical_time_is_the_geometric_mean(all_ms: list[int]) -> None:
    told = times(all_ms)
    assert told.typical_ms == pytest.approx(statistics.geometric_mean(all_ms))
    assert told.mean_ms == pytest.approx(statistics.mean(all_ms))
    assert told.log_m2 / (told.tasks - 1) == pytest.approx(
        statistics.variance([math.log(one) for one in all_ms]), abs=1e-9
    )


def test_nothing_is_no_time_rather_than_zero() -> None:
    assert times([]).mean_ms is None
    assert times([]).typical_ms is None
    assert times([0]).typical_ms == pytest.approx(1_000), "nobody reads in less than a second"


# -- Student -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("probability", "freedom", "t"),
    [  # any printed table
        (0.975, 1, 12.7062),
        (0.975, 2, 4.30265),
        (0.975, 10, 2.22814),
        (0.975, 30, 2.04227),
        (0.975, 120, 1.97993),
        (0.95, 5, 2.01505),
        (0.995, 7, 3.49948),
        (0.9995, 15, 4.07277),
        (0.975, 1e9, 1.95996),
    ],
)
def test_quantiles_are_those_of_the_tables(probability: float, freedom: float, t: float) -> None:
    assert quantile(probability, freedom) == pytest.approx(t, rel=3e-6)


@given(st.floats(0.51, 0.9999), st.floats(0.5, 5_000))
def test_a_quantile_leaves_below_it_what_was_asked(probability: float, freedom: float) -> None:
    assert below(quantile(probability, freedom), freedom) == pytest.approx(probability, abs=1e-9)


@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(0, 1))
def test_the_beta_function_mirrors_itself(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) + incomplete_beta(b, a, 1 - x) == pytest.approx(1, abs=1e-9)
    assert -1e-12 <= incomplete_beta(a, b, x) <= 1 + 1e-12


@pytest.mark.parametrize(("probability", "freedom"), [(0.4, 3), (1.0, 3), (0.9, 0), (0.9, math.inf), (0.9, math.nan)])
def test_what_is_no_quantile_is_refused(probability: float, freedom: float) -> None:
    with pytest.raises(ValueError, match="a probability"):
        quantile(probability, freedom)


# -- Welch ---------------------------------------------------------------------------------------------------------


def of_logs(logs: list[float]) -> Times:
    mean = statistics.mean(logs)
    return Times(tasks=len(logs), log_mean=mean, log_m2=sum((one - mean) ** 2 for one in logs))


@pytest.mark.parametrize(
    ("one", "other", "freedom", "low", "high"),
    [  # what t.test of R prints, as two courses show it
        (
            [5.1, 2.0, 4.1, 6.2, 7.1, 8.3],
            [1.5, 6.4, 3.3, 5.8, 4.8, 7.2, 5.6, 4.5],
            9.48,
            -1.935420,
            3.093754,
        ),
        (
            [6.6, 5.3, 2.2, 2.3, 7.1, 1.6, 6.1, 2.0, 2.5, 3.7],
            [6.3, 14.7, 10.3, 7.8, 3.7, 5.8, 4.5, 7.8, 11.1, 10.8],
            15.045,
            -7.054604,
            -1.625396,
        ),
    ],
)
def test_the_interval_is_the_one_r_gives(
    one: list[float], other: list[float], freedom: float, low: float, high: float
) -> None:
    apart, found = difference(of_logs(one), of_logs(other))
    assert found == pytest.approx(freedom, abs=5e-4)
    assert (apart.low, apart.high) == pytest.approx((low, high), abs=5e-7)


@settings(max_examples=40)
@given(sides, sides)
def test_neither_side_is_favoured(draft: list[int], blind: list[int]) -> None:
    one, other = compare(times(draft), times(blind)), compare(times(blind), times(draft))
    assert one.ratio is not None
    assert other.ratio is not None
    assert one.ratio.central == pytest.approx(1 / other.ratio.central)
    assert one.ratio.low == pytest.approx(1 / other.ratio.high)
    turned = {"heavier": "lighter", "lighter": "heavier", "undecided": "undecided"}
    assert other.verdict == turned[one.verdict]


@settings(max_examples=30)
@given(sides, sides, st.integers(2, 50))
def test_only_the_ratio_of_times_counts(draft: list[int], blind: list[int], factor: int) -> None:
    one = compare(times(draft), times(blind))
    slower = compare(times(ms * factor for ms in draft), times(ms * factor for ms in blind))
    assert one.ratio is not None
    assert slower.ratio is not None
    assert slower.ratio.central == pytest.approx(one.ratio.central)
    assert slower.ratio.high == pytest.approx(one.ratio.high)


@settings(max_examples=40)
@given(durations, durations)
def test_below_twenty_a_side_nothing_is_said(draft: list[int], blind: list[int]) -> None:
    told = compare(times(draft), times(blind))
    assert (told.ratio is None) == (min(len(draft), len(blind)) < FEWEST_TASKS)
    assert (told.verdict == "not_enough") == (told.ratio is None)
    assert told.fewest == min(len(draft), len(blind))


def test_a_clear_difference_is_told_in_both_directions() -> None:
    slow, fast = times([300_000 + 1_000 * i for i in range(30)]), times([200_000 + 1_000 * i for i in range(30)])
    assert compare(slow, fast).verdict == "heavier"
    assert compare(fast, slow).verdict == "lighter"
    assert compare(slow, slow).verdict == "undecided"
    same = times([60_000] * 20)
    assert compare(same, same).verdict == "undecided"


def test_about_one_interval_in_twenty_misses_the_truth() -> None:
    """Times as work has them, the same on both sides, groups of very different size: what the level promises."""
    chance, missed, drawn = random.Random(6), 0, 200
    for _ in range(drawn):
        draft = times(round(1_000 * chance.lognormvariate(5, 0.9)) for _ in range(120))
        blind = times(round(1_000 * chance.lognormvariate(5, 0.9)) for _ in range(22))
        missed += compare(draft, blind).verdict != "undecided"
    assert 0.02 * drawn <= missed <= 0.085 * drawn
