"""One question: majority, reinforced majority, consent, quorum, colleges, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from affouage.assembly.tally import Ballot, CountSpec, Outcome, Step, count
from affouage.errors import BadRequest
from tests.unit.tally_cases import poll

FOR, AGAINST, ABSTAIN = ["for"], ["against"], ["abstain"]


def codes(outcome: Outcome) -> list[str]:
    return [step.code for step in outcome.steps]


@pytest.mark.parametrize(
    ("ballots", "expected"),
    [
        (FOR * 2 + AGAINST, "adopted"),
        (FOR + AGAINST, "tie_rejected"),
        (FOR + AGAINST * 2, "rejected"),
        (FOR + ABSTAIN * 9, "adopted"),
        (ABSTAIN * 3, "rejected"),
        ([], "rejected"),
    ],
)
def test_a_majority_is_more_than_half_of_what_is_expressed(ballots: list[str], expected: str) -> None:
    assert poll("majority", *ballots, electors=10).outcome == expected


@pytest.mark.parametrize(
    ("threshold", "favour", "against", "expected"),
    [
        ("2/3", 2, 1, "adopted"),
        ("2/3", 66, 34, "rejected"),
        ("2/3", 67, 33, "adopted"),
        ("3/4", 3, 1, "adopted"),
        ("3/5", 3, 2, "adopted"),
        ("1/1", 99, 1, "rejected"),
        ("1/1", 3, 0, "adopted"),
        ("1/2", 1, 1, "tie_rejected"),
    ],
)
def test_a_supermajority_is_at_least_its_threshold_to_the_vote(
    threshold: str, favour: int, against: int, expected: str
) -> None:
    assert poll("supermajority", *FOR * favour, *AGAINST * against, threshold=threshold).outcome == expected


def test_the_same_threshold_must_be_passed_by_a_majority() -> None:
    assert poll("majority", *FOR * 3, *AGAINST * 2, threshold="3/5").outcome == "rejected"
    assert poll("majority", *FOR * 4, *AGAINST * 2, threshold="3/5").outcome == "adopted"


def test_consent_is_given_by_silence_and_undone_by_one_reasoned_objection() -> None:
    assert poll("consent", "consent", "abstain", electors=9).outcome == "adopted"
    assert poll("consent", electors=9).outcome == "adopted"
    assert poll("consent", *["consent"] * 8, "object").outcome == "objection"
    unreasoned = poll("consent", "consent", Ballot("object", reasoned=False))
    assert (unreasoned.outcome, unreasoned.abstained) == ("adopted", 1)


@pytest.mark.parametrize(
    ("base", "present", "counted", "expected"),
    [("members", None, 3, "adopted"), ("expressed", None, 2, "no_quorum"), ("present", 4, 4, "adopted")],
)
def test_who_counts_towards_the_quorum(base: Any, present: int | None, counted: int, expected: str) -> None:
    found = poll("majority", "for", "for", "abstain", electors=6, quorum_percent=50, quorum_base=base, present=present)
    assert (found.outcome, found.quorum.needed, found.quorum.counted) == (expected, 3, counted)


def test_a_quorum_is_rounded_up_and_a_second_convocation_is_the_same_count_with_another() -> None:
    first = poll("majority", *FOR * 3, electors=7, quorum_percent=50)
    assert (first.outcome, first.quorum.needed, first.quorum.reached) == ("no_quorum", 4, False)
    assert codes(first) == ["electors", "quorum_missed", "no_quorum"]
    assert poll("majority", *FOR * 3, electors=7, quorum_percent=0).outcome == "adopted"
    assert poll("majority", electors=7, quorum_percent=1).outcome == "no_quorum"


def test_nobody_may_vote() -> None:
    assert poll("majority", electors=0).outcome == "empty_electorate"
    assert count(CountSpec(electors={}), []).outcome == "empty_electorate"


SCIC = {"users": 50, "workers": 30, "towns": 20}


def college_vote(*numbers: tuple[str, int, int], electors: int = 20, **more: Any) -> Outcome:
    ballots = [
        Ballot(word, college)
        for college, favour, against in numbers
        for word, times in (("for", favour), ("against", against))
        for _ in range(times)
    ]
    return count(CountSpec(colleges=SCIC, electors=dict.fromkeys(SCIC, electors), **more), ballots)


def test_colleges_are_counted_apart_then_weighed() -> None:
    # 50 % x 3/5 + 30 % x 1/4 + 20 % x 1 = 57.5 %, though 8 of 14 are against.
    found = college_vote(("users", 3, 2), ("workers", 1, 3), ("towns", 2, 0))
    assert (found.outcome, found.share) == ("adopted", "23/40")
    against = college_vote(("users", 9, 0), ("workers", 1, 9), ("towns", 0, 5))
    assert (against.outcome, against.share) == ("adopted", "53/100")
    assert against.totals == {"for": 10, "against": 14}


def test_the_weight_of_a_college_that_says_nothing_is_shared_out_in_proportion() -> None:
    found = college_vote(("users", 1, 0), ("workers", 0, 1))
    assert found.share == "5/8"
    assert [one.weight for one in found.colleges] == ["125/2", "75/2", ""]
    assert Step("college_silent", {"college": "towns", "percent": 20, "expressed": 0}) in found.steps


def test_half_of_the_weights_is_a_tie() -> None:
    assert college_vote(("users", 5, 0), ("workers", 0, 5), ("towns", 0, 1)).outcome == "tie_rejected"


@pytest.mark.parametrize(
    ("spec", "ballots", "code"),
    [
        ({"electors": {"": 1}}, ["for", "for"], "count_too_many_ballots"),
        ({"electors": {"": 0}}, ["for"], "count_too_many_ballots"),
        ({"electors": {"": 3}}, ["yes"], "count_choice"),
        ({"electors": {"": 3}}, [{"a": 1}], "count_choice"),
        ({"electors": {"": 3}}, ["object"], "count_choice"),
        ({"electors": {"": 3}, "threshold": "0.66"}, [], "count_threshold"),
        ({"electors": {"": 3}, "threshold": "1/3"}, [], "count_threshold"),
        ({"electors": {"": 3}, "threshold": "3/2"}, [], "count_threshold"),
        ({"electors": {"": 3}, "quorum_percent": 101}, [], "count_quorum"),
        ({"electors": {"": -3}}, [], "count_electors"),
        ({"electors": {"": 3}, "options": ("a",)}, [], "count_no_options"),
        ({"electors": {"x": 3}}, [], "count_college"),
        ({"electors": {"x": 3}, "colleges": {"x": 99}}, [], "count_colleges"),
        ({"electors": {"x": 3}, "colleges": {"x": 150, "y": -50}}, [], "count_colleges"),
        ({"electors": {"x": 3}, "colleges": {"x": 100}}, ["for"], "count_college"),
    ],
)
def test_what_cannot_be_counted_is_refused(spec: dict[str, Any], ballots: list[Any], code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        count(CountSpec(**spec), [Ballot(one) for one in ballots])
    assert refused.value.code == code
    assert refused.value.remedy


@pytest.mark.parametrize("present", [0, 4])
def test_the_present_are_those_who_voted_at_least_and_the_electors_at_most(present: int) -> None:
    with pytest.raises(BadRequest, match="present or represented"):
        poll("majority", "for", electors=3, present=present)
