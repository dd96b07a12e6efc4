"""One among several: published elections, ties, "none of these", and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.tally import NONE, Ballot, Merit, MethodName, count, majority_judgment
from affouage.errors import BadRequest
from tests.unit.tally_cases import CHOOSING, ORSAY_2007, SCHULZE_45, TENNESSEE, graded, poll, repeated, spec


@pytest.mark.parametrize(
    ("method", "winner"), [("plurality", "Memphis"), ("instant_runoff", "Knoxville"), ("schulze", "Nashville")]
)
def test_tennessee(method: MethodName, winner: str) -> None:
    assert repeated(TENNESSEE, method).winner == winner


def test_the_forty_five_ballots_of_schulze() -> None:
    found = repeated(SCHULZE_45, "schulze")
    assert (found.winner, "".join(one for (one,) in found.ranking)) == ("E", "EACBD")


def test_orsay_2007() -> None:
    found = graded(ORSAY_2007)
    assert found.winner == "Bayrou"
    assert [one.option for one in found.merits] == [
        "Bayrou",
        "Royal",
        "Sarkozy",
        "Voynet",
        "Besancenot",
        "Buffet",
        "Bové",
        "Laguiller",
        "Nihous",
        "de Villiers",
        "Schivardi",
        "Le Pen",
    ]
    published = {"Bayrou": (3, 44.3, 30.6), "Royal": (3, 39.4, 41.5), "Sarkozy": (3, 38.9, 46.9)}
    for one in found.merits[:3]:
        shares = (round(100 * float(Fraction(share)), 1) for share in (one.better, one.worse))
        assert (one.grade, *shares) == published[one.option]
    assert [step.code for step in found.steps[-2:]] == ["gauge", "winner"]


def one_by_one(counts: tuple[int, ...]) -> list[int]:
    """The definition itself: take a median grade away, and again."""
    grades = [grade for grade, number in enumerate(counts) for _ in range(number)]
    return [grades.pop((len(grades) - 1) // 2) for _ in range(len(grades))]


@st.composite
def two_tallies(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    number, grades = draw(st.integers(1, 14)), draw(st.integers(2, 5))
    one, other = (draw(st.lists(st.integers(0, grades - 1), min_size=number, max_size=number)) for _ in range(2))
    return tuple(map(one.count, range(grades))), tuple(map(other.count, range(grades)))


@given(two_tallies(), st.integers(1, 7))
def test_taking_medians_away_in_bulk_is_taking_them_one_by_one(
    tallies: tuple[tuple[int, ...], tuple[int, ...]], times: int
) -> None:
    one, other = tallies
    expected = one_by_one(one) > one_by_one(other), one_by_one(one) == one_by_one(other)
    for scale in (1, times):  # and ballots that each count for several give the same order
        values = [majority_judgment.majority_value(tuple(scale * number for number in counts)) for counts in tallies]
        assert (values[0] > values[1], values[0] == values[1]) == expected


@given(two_tallies())
def test_the_published_short_cut_agrees_whenever_it_decides(tallies: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    one, other = (majority_judgment.merit("x", counts) for counts in tallies)

    def level(merit: Merit) -> tuple[Any, ...]:
        return merit.grade, *majority_judgment.gauge(merit)

    values = [majority_judgment.majority_value(counts) for counts in tallies]
    if level(one) != level(other):
        assert (level(one) > level(other)) == (values[0] > values[1])


def test_equal_gauges_are_told_apart_by_the_grades_further_out() -> None:
    found = graded({"a": (0, 2, 3, 0, 2), "b": (0, 2, 3, 2, 0)})
    assert (found.winner, found.steps[-2].code) == ("a", "medians_removed")
    assert (found.merits[0].better, found.merits[1].better) == ("2/7", "2/7")


def test_a_grade_not_given_is_the_worst_and_a_blank_ballot_is_none() -> None:
    found = poll("majority_judgment", {"a": 5}, {"a": 3, "b": 5}, {}, "abstain", options=("a", "b"))
    assert (found.winner, found.expressed, found.abstained) == ("a", 2, 2)
    assert found.merits[1].counts == (1, 0, 0, 0, 0, 1)


TIES: dict[MethodName, list[Any]] = {
    "majority_judgment": [{"a": 4, "b": 2}, {"a": 2, "b": 4}],
    "plurality": ["a", "b"],
    "approval": [["a", "b"], ["b", "a"]],
    "instant_runoff": [["a", "c"], ["b", "c"]],
    "schulze": [["a", "b"], ["b", "a"]],
}


@pytest.mark.parametrize("method", CHOOSING)
def test_a_true_tie_elects_nobody(method: MethodName) -> None:
    found = poll(method, *TIES[method])
    assert (found.outcome, found.winner, found.ranking[0]) == ("tie_rejected", None, ("a", "b"))


NONE_FIRST: dict[MethodName, Any] = {
    "majority_judgment": {"a": 1, NONE: 3},
    "plurality": NONE,
    "approval": [NONE],
    "instant_runoff": [NONE, "a"],
    "schulze": [NONE, "a"],
}


@pytest.mark.parametrize("method", CHOOSING)
def test_none_of_these_may_win_where_it_is_offered(method: MethodName) -> None:
    found = poll(method, NONE_FIRST[method], none_option=True)
    assert (found.outcome, found.winner) == ("none_rejected", None)
    with pytest.raises(BadRequest, match="no option"):
        poll(method, NONE_FIRST[method])


@pytest.mark.parametrize("method", CHOOSING)
def test_nothing_expressed_elects_nobody(method: MethodName) -> None:
    assert poll(method, "abstain", "abstain").outcome == "rejected"


def test_all_the_last_go_at_once_and_exhausted_ballots_count_no_more() -> None:
    found = poll("instant_runoff", *[["a"]] * 4, *[["b", "a"]] * 3, *[["c", "b"]] * 2, *[["d", "b"]] * 2)
    assert (found.winner, found.ranking) == ("b", (("b",), ("a",), ("c", "d")))
    assert poll("instant_runoff", *[["a"]] * 4, *[["b"]] * 3, *[["c"]] * 2).winner == "a"


def test_colleges_weigh_grades_and_preferences_too() -> None:
    colleges = {"many": 40, "few": 60}
    ballots = [Ballot({"a": 5, "b": 1}, "many")] * 9 + [Ballot({"a": 1, "b": 5}, "few")]
    asked = spec("majority_judgment", {"many": 9, "few": 1}, colleges=colleges, options=("a", "b"))
    assert count(asked, ballots).winner == "b"
    ranked = [Ballot(["a", "b"], "many")] * 9 + [Ballot(["b", "a"], "few")]
    for method in ("schulze", "instant_runoff"):
        asked = spec(method, {"many": 9, "few": 1}, colleges=colleges, options=("a", "b"))  # type: ignore[arg-type]
        assert count(asked, ranked).winner == "b"


@pytest.mark.parametrize(
    ("method", "choice", "code"),
    [
        ("majority_judgment", {"z": 1}, "count_option"),
        ("majority_judgment", {"a": 6}, "count_grade"),
        ("majority_judgment", {"a": -1}, "count_grade"),
        ("majority_judgment", {"a": True}, "count_grade"),
        ("majority_judgment", {"a": "good"}, "count_grade"),
        ("majority_judgment", "a", "count_choice"),
        ("plurality", "z", "count_option"),
        ("plurality", ["a"], "count_choice"),
        ("approval", ["a", "a"], "count_option_twice"),
        ("approval", "a", "count_choice"),
        ("instant_runoff", ["a", "z"], "count_option"),
        ("instant_runoff", ["a", ["b", "c"]], "count_equal"),
        ("instant_runoff", ["a", "b", "a"], "count_option_twice"),
        ("schulze", ["a", ["b", "a"]], "count_option_twice"),
        ("schulze", {"a": 1}, "count_choice"),
        ("schulze", [[["a"]]], "count_option"),
    ],
)
def test_a_ballot_that_is_not_of_the_method_is_refused(method: MethodName, choice: Any, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        poll(method, choice)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), "count_options"),
        (("a", "a"), "count_option_repeated"),
        (("",), "count_option_name"),
        (("none",), "count_option_name"),
        (("abstain", "b"), "count_option_name"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: tuple[str, ...], code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        poll("plurality", options=options)
    assert refused.value.code == code
