"""Votes in files, counted by the command: what it reads, what it says, and what it refuses with exit status 2."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.tally import METHODS, MethodName
from affouage.assembly.tally.file import count_file, read
from affouage.cli.assembly_count import count
from affouage.errors import BadRequest
from tests.unit.tally_cases import ORSAY_2007

GRADES = ["excellent", "good", "poor"]


def run(vote: Any, *options: str, language: str = "en") -> Result:
    text = vote if isinstance(vote, str | bytes) else json.dumps(vote)
    return CliRunner().invoke(count, ["-", *options], input=text, env={"AFFOUAGE_LANG": language})


def counted(vote: Any) -> dict[str, Any]:
    done = run(vote, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)
    return found


def test_every_method_is_one_a_file_may_ask_for() -> None:
    assert set(METHODS) == set(MethodName.__args__)  # type: ignore[attr-defined]


def test_ballots_that_are_alike_are_written_once() -> None:
    vote = {"method": "supermajority", "threshold": "2/3", "electors": 5}
    ballots = [{"choice": "for", "times": 2}, {"choice": "against", "voter": "m7"}]
    found = counted({**vote, "ballots": ballots})
    assert (found["outcome"], found["share"], found["electors"]) == ("adopted", "2/3", 5)
    assert counted({"method": "majority", "ballots": ballots})["electors"] == 3


def test_grades_by_their_names_or_by_their_numbers() -> None:
    named = [{"choice": {"a": "good", "b": "excellent"}}, {"choice": {"a": "good"}}, {"choice": "abstain"}]
    found = counted({"method": "majority_judgment", "options": ["a", "b"], "grades": GRADES, "ballots": named})
    assert (found["winner"], found["merits"][1]["counts"]) == ("a", [1, 0, 1])
    numbers = [{"choice": {"a": 1, "b": 2}}, {"choice": {"a": 1}}, {"choice": "abstain"}]
    assert counted({"method": "majority_judgment", "options": ["a", "b"], "grades": 3, "ballots": numbers}) == found


def test_tallies_as_they_are_published_the_best_grade_first() -> None:
    tallies = {option: counts[::-1] for option, counts in ORSAY_2007.items()}
    found = counted({"method": "majority_judgment", "tallies": tallies})
    assert (found["winner"], found["ballots"]) == ("Bayrou", 1733)
    above = counted(
        {"method": "majority_judgment", "grades": 2, "none_option": True, "tallies": {"a": [1, 2], "none": [2, 1]}}
    )
    assert above["outcome"] == "none_rejected"
    short = counted({"method": "majority_judgment", "grades": 2, "tallies": {"a": [2, 1], "b": [2, 0]}})
    assert short["merits"][0]["counts"] == short["merits"][1]["counts"] == [1, 2]


def test_colleges_and_their_electors() -> None:
    ballots = [{"choice": "for", "college": "users", "times": 3}, {"choice": "against", "college": "towns"}]
    vote = {"method": "majority", "colleges": {"users": 50, "towns": 50}, "ballots": ballots}
    assert counted(vote)["outcome"] == "tie_rejected"
    assert counted({**vote, "electors": {"users": 9, "towns": 9}, "quorum_percent": 50})["outcome"] == "no_quorum"


def test_it_is_explained_in_both_languages() -> None:
    vote = {"method": "majority", "electors": 4, "ballots": [{"choice": "for", "times": 2}, {"choice": "abstain"}]}
    assert "2 for, 0 against: 100% for" in run(vote).output
    assert "2 pour, 0 contre : 100 % pour" in run(vote, language="fr").output.replace("\u202f", " ")


WRONG: list[tuple[Any, str]] = [
    ("{", "count_file"),
    ("[]", "count_file"),
    (b"\xff\xfe", "count_file"),
    ({}, "count_file"),
    ({"method": "lottery"}, "count_file"),
    ({"method": "majority", "ballot": []}, "count_file"),
    ({"method": "majority", "ballots": [{"choice": "for", "times": 1.5}]}, "count_file"),
    (b'{"method": "majority", "ballots": [{"choice": ' + b"[" * 100_000, "count_file"),
    (b'{"method": "majority", "electors": ' + b"9" * 6_000 + b"}", "count_file"),
    ({"method": "majority"}, "count_empty_electorate"),
    ({"method": "majority", "electors": 0}, "count_empty_electorate"),
    ({"method": "majority", "electors": -1}, "count_electors"),
    ({"method": "majority", "electors": 1, "ballots": [{"choice": "for", "times": 2}]}, "count_too_many_ballots"),
    ({"method": "majority", "ballots": [{"choice": "for", "times": 0}]}, "count_times"),
    ({"method": "majority", "ballots": [{"choice": "for", "times": 2, "voter": "m"}]}, "count_times"),
    ({"method": "majority", "ballots": [{"choice": "for", "times": 10**15}]}, "count_too_large"),
    ({"method": "majority", "ballots": [{"choice": "for", "voter": "m"}] * 2}, "count_voted_twice"),
    ({"method": "majority", "ballots": [{"choice": None}]}, "count_choice"),
    ({"method": "majority", "colleges": {"a": 100}, "electors": 3}, "count_electors_college"),
    ({"method": "majority", "tallies": {"for": [1]}}, "count_tallies"),
    ({"method": "consent", "ballots": [{"choice": "object"}]}, "count_reason"),
    ({"method": "plurality", "options": ["a"], "ballots": [{"choice": "z"}]}, "count_option"),
    ({"method": "majority_judgment", "tallies": {"a": [1, 2]}}, "count_tally"),
    ({"method": "majority_judgment", "grades": 2, "tallies": {"a": [1, -2]}}, "count_tally"),
    ({"method": "majority_judgment", "grades": 2, "tallies": {"a": [1, 10**15]}}, "count_tally"),
    ({"method": "majority_judgment", "grades": 1, "tallies": {"a": [1]}}, "count_grades"),
    ({"method": "majority_judgment", "grades": ["x", "x"], "options": ["a"]}, "count_grade_names"),
    (
        {"method": "majority_judgment", "grades": GRADES, "options": ["a"], "ballots": [{"choice": {"a": "fine"}}]},
        "count_grade_name",
    ),
    (
        {"method": "majority_judgment", "grades": GRADES, "options": ["a"], "ballots": [{"choice": {"a": 1}}]},
        "count_grade_name",
    ),
    ({"method": "majority_judgment", "options": ["a"], "ballots": [{"choice": {"a": 6}}]}, "count_grade"),
]


@pytest.mark.parametrize(("vote", "code"), WRONG)
def test_what_cannot_be_counted_ends_with_two_and_a_sentence(vote: Any, code: str) -> None:
    text = vote if isinstance(vote, str | bytes) else json.dumps(vote)
    with pytest.raises(BadRequest) as refused:
        count_file(read(text.encode() if isinstance(text, str) else text))
    assert refused.value.code == code
    for language in ("en", "fr"):
        done = run(vote, language=language)
        assert done.exit_code == 2
        assert "Traceback" not in done.output
        assert "{" not in done.output.replace('{"college": 12}', "").replace("{option: grade}", "")
    assert "En détail" not in done.output, "a French sentence of its own"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = CliRunner().invoke(count, [str(tmp_path / "none.json")])
    assert done.exit_code == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from(["for", "a", "abstain", "good", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "choice"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {"method": st.sampled_from(sorted(METHODS)), "ballots": st.lists(st.fixed_dictionaries({"choice": JSON}))},
        optional={
            "options": st.lists(st.sampled_from(["a", "b", "", "none"])),
            "grades": st.one_of(st.integers(-1, 14), st.just(GRADES)),
            "colleges": JSON,
            "electors": JSON,
            "tallies": JSON,
            "quorum_percent": st.integers(-1, 101),
            "threshold": st.sampled_from(["1/2", "2/3", "x", "0/0"]),
            "none_option": st.booleans(),
            "present": st.none() | st.integers(-1, 9),
        },
    )
)
def test_any_file_is_counted_or_refused(vote: Any) -> None:
    with contextlib.suppress(BadRequest):  # anything else is an error of ours
        count_file(read(json.dumps(vote).encode()))
