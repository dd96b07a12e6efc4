"""What every count must hold, whatever the votes: no voter and no option is favoured, nothing depends on the order."""

from __future__ import annotations

import random
import time
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.tally import METHODS, Ballot, CountSpec, MethodName, Outcome, count
from affouage.journal import canonical
from tests.unit.tally_cases import CHOOSING, OPTIONS, choices, elections, poll, spec

Election = tuple[CountSpec, list[Ballot]]


@given(elections(), st.randoms(use_true_random=False))
def test_the_order_of_the_ballots_is_of_no_matter(election: Election, rng: random.Random) -> None:
    asked, ballots = election
    shuffled = rng.sample(ballots, len(ballots))
    assert count(asked, ballots) == count(asked, shuffled)


@given(elections())
def test_an_outcome_is_written_and_read_again_the_same(election: Election) -> None:
    found = count(*election)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Outcome) == found
    assert "." not in "".join(str(value) for step in found.steps for value in step.facts.values()), "no floats"


def test_an_outcome_fits_canonical_json_however_many_colleges_weigh() -> None:
    sizes = dict(zip("uvwxyz", (997, 991, 983, 977, 971, 967), strict=True))
    ballots = [
        Ballot({"a": number % 6, "b": number * size % 6}, college)
        for college, size in sizes.items()
        for number in range(size)
    ]
    colleges = dict(zip("uvwxyz", (20, 20, 20, 20, 10, 10), strict=True))
    for method in ("majority_judgment", "plurality"):
        cast = ballots if method == "majority_judgment" else [Ballot("a", one.college) for one in ballots]
        found = count(spec(method, sizes, colleges=colleges, options=("a", "b")), cast)  # type: ignore[arg-type]
        canonical.write(msgspec.to_builtins(found))
        assert not found.merits or sum(found.merits[0].counts) == len(ballots)


@given(elections())
def test_numbers_add_up(election: Election) -> None:
    asked, ballots = election
    found = count(asked, ballots)
    assert found.ballots == len(ballots) == found.expressed + found.abstained
    if asked.method in ("majority", "supermajority", "consent", "plurality", "instant_runoff"):
        assert sum(found.totals.values()) == found.expressed
    weights = [Fraction(one.weight) for one in found.colleges if one.weight]
    assert not weights or sum(weights) == 100
    if found.ranking:
        assert sorted(option for level in found.ranking for option in level) == sorted(OPTIONS)
    assert (found.winner is not None) == (found.outcome == "adopted" and METHODS[asked.method].choosing)


def renamed(choice: Any, names: dict[str, str]) -> Any:
    if isinstance(choice, dict):
        return {names[option]: grade for option, grade in choice.items()}
    if isinstance(choice, list):
        return [names[option] for option in choice]
    return names.get(choice, choice)


@given(elections(CHOOSING), st.permutations(OPTIONS))
def test_options_are_treated_alike_whatever_their_names(election: Election, names: list[str]) -> None:
    asked, ballots = election
    other = dict(zip(OPTIONS, names, strict=True))
    told = [Ballot(renamed(one.choice, other), one.college) for one in ballots]
    found, again = count(asked, ballots), count(asked, told)
    assert again.outcome == found.outcome
    assert again.winner == (None if found.winner is None else other[found.winner])
    assert [{other[option] for option in level} for level in found.ranking] == [set(level) for level in again.ranking]


def better(method: MethodName, choice: Any, option: str) -> Any:
    """A ballot that likes ``option`` more and changes nothing else."""
    if method == "majority_judgment":
        grades = {} if choice == "abstain" else choice
        return {**grades, option: 5} if grades else choice
    if choice == "abstain" or not choice:
        return choice
    if method == "approval":
        return [*[one for one in choice if one != option], option]
    return [option, *[one for one in choice if one != option]]


@given(elections(("majority_judgment", "approval", "schulze", "plurality")), st.data())
def test_being_liked_more_never_harms(election: Election, data: st.DataObject) -> None:
    """Instant run-off does not hold this, which is known of it."""
    asked, ballots = election
    found = count(asked, ballots)
    if found.winner is None:
        return
    place = data.draw(st.integers(0, len(ballots) - 1))
    one = ballots[place]
    choice = found.winner if asked.method == "plurality" and one.choice != "abstain" else None
    liked = Ballot(choice or better(asked.method, one.choice, found.winner), one.college)
    again = count(asked, [*ballots[:place], liked, *ballots[place + 1 :]])
    assert again.winner == found.winner


@given(elections(("majority", "supermajority")), st.data())
def test_a_vote_for_never_rejects_what_was_adopted(election: Election, data: st.DataObject) -> None:
    asked, ballots = election
    if count(asked, ballots).outcome != "adopted":
        return
    against = [place for place, one in enumerate(ballots) if one.choice == "against"]
    if against:
        place = data.draw(st.sampled_from(against))
        told = [*ballots[:place], Ballot("for", ballots[place].college), *ballots[place + 1 :]]
        assert count(asked, told).outcome == "adopted"


@given(st.lists(choices("majority"), max_size=30), st.sampled_from(["1/2", "2/3", "3/4", "1/1"]))
def test_thresholds_are_exact(cast: list[str], threshold: str) -> None:
    favour, against = cast.count("for"), cast.count("against")
    upper, lower = map(int, threshold.split("/"))
    more, enough = favour * lower > upper * (favour + against), favour * lower >= upper * (favour + against)
    assert (poll("majority", *cast, threshold=threshold).outcome == "adopted") == more
    passed = poll("supermajority", *cast, threshold=threshold).outcome == "adopted"
    assert passed == (enough and favour > against)


@given(st.integers(0, 60), st.integers(0, 100), st.data())
def test_a_quorum_is_reached_exactly_at_its_share(electors: int, percent: int, data: st.DataObject) -> None:
    voted = data.draw(st.integers(0, electors))
    found = poll("majority", *["for"] * voted, electors=electors, quorum_percent=percent)
    assert found.quorum.reached == (voted * 100 >= percent * electors)


@pytest.mark.parametrize("method", METHODS)
def test_ten_thousand_ballots_take_less_than_a_second(method: MethodName) -> None:
    rng, options = random.Random(10_000), tuple("abcdefgh")
    draws: dict[str, Any] = {
        "consent": lambda: "consent",
        "majority_judgment": lambda: {option: rng.randrange(6) for option in options},
        "plurality": lambda: rng.choice(options),
        "approval": lambda: rng.sample(options, 3),
        "instant_runoff": lambda: rng.sample(options, len(options)),
        "schulze": lambda: rng.sample(options, len(options)),
    }
    draw = draws.get(method, lambda: rng.choice(["for", "against", "abstain"]))
    colleges = {"x": 50, "y": 30, "z": 20}
    ballots = [Ballot(draw(), rng.choice("xyz")) for _ in range(10_000)]
    more = {"options": options} if METHODS[method].choosing else {}
    asked = spec(method, dict.fromkeys(colleges, 10_000), colleges=colleges, **more)
    began = time.process_time()  # our own: other tests may be busy beside this one
    assert count(asked, ballots).ballots == 10_000
    assert time.process_time() - began < 1
