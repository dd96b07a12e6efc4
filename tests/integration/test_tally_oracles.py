"""Our counts against others' own: pref-voting (in its own environment) and belenios-tool, on drawn elections.

The product imports neither.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from affouage.assembly.tally import Ballot, CountSpec, MethodName, Outcome, count
from tests.conftest import ROOT, missing
from tests.unit.tally_cases import ORSAY_2007, SCHULZE_45, TENNESSEE, graded, repeated

ORACLE = ROOT / ".venv" / "oracle-votes" / "bin" / "python"
ELECTIONS = 400

# Reads lines of elections, each [method, number of candidates, number of grades or null, ballots], and writes a line of
# their winners for each. It takes seconds to start: one for all tests.
PROGRAM = """
import json, sys
from pref_voting.grade_methods import majority_judgement
from pref_voting.grade_profiles import GradeProfile
from pref_voting.iterative_methods import instant_runoff
from pref_voting.margin_based_methods import beat_path
from pref_voting.profiles import Profile
from pref_voting.profiles_with_ties import ProfileWithTies
from pref_voting.scoring_methods import plurality

def ties(number, ballots):
    profile = ProfileWithTies([{option: level for level, liked in enumerate(ballot) for option in liked}
                               for ballot in ballots], candidates=list(range(number)))
    profile.use_extended_strict_preference()
    return profile

def beats(profile):
    # Winning votes as Schulze defines them: of two duels won by as many, the one with fewer against is the stronger.
    def strength(a, b):
        return profile.support(a, b) * 1000 - profile.support(b, a) if profile.margin(a, b) > 0 else 0
    return beat_path(profile, strength_function=strength)

def winners(method, number, grades, ballots):
    if method == "majority_judgment":
        return majority_judgement(GradeProfile([dict(enumerate(ballot)) for ballot in ballots], list(range(grades))))
    if method == "approval":
        profile = GradeProfile([dict(enumerate(ballot)) for ballot in ballots], [0, 1])
        return [one for one in range(number)
                if profile.sum(one) == max(profile.sum(other) for other in range(number))]
    if method == "schulze_equal":
        return beats(ties(number, ballots))
    rule = {"plurality": plurality, "instant_runoff": instant_runoff, "schulze": beat_path}[method]
    return rule(Profile(ballots))

for line in sys.stdin:
    found = [[int(one) for one in winners(*election)] for election in json.loads(line)]
    print("winners", json.dumps(found), flush=True)
"""


Election = tuple[str, int, int | None, list[Any]]


class PrefVoting:
    """The oracle, started once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(ORACLE), "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, *elections: Election) -> list[list[str]]:
        """The winners of each, named by their letters."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(json.dumps(elections), file=stdin, flush=True)
        for line in stdout:
            word, _, told = line.partition(" ")
            if word == "winners":
                return [[names(number) for number in won] for won in json.loads(told)]
        raise AssertionError("the oracle ended; what it said is above")

    def close(self) -> None:
        with self._process:
            self._process.kill()


@pytest.fixture(scope="module")
def oracle() -> Iterator[PrefVoting]:
    if not ORACLE.exists():
        missing("pref-voting, in an environment of its own: .venv/oracle-votes")
    started = PrefVoting()
    yield started
    started.close()


def names(number: int) -> str:
    return "abcdefgh"[number]


def counted(method: MethodName, number: int, choices: list[Any], **more: Any) -> Outcome:
    options = tuple("abcdefgh"[:number])
    spec = CountSpec(method=method, electors={"": len(choices)}, options=options, **more)
    return count(spec, [Ballot(choice) for choice in choices])


def shapes(seed: int) -> list[tuple[random.Random, int, int]]:
    """(draws, candidates, voters); few voters, so that ties are frequent."""
    rng = random.Random(seed)
    return [(rng, rng.randint(2, 6), rng.randint(1, 15)) for _ in range(ELECTIONS)]


def rankings(rng: random.Random, number: int, voters: int) -> list[list[int]]:
    return [rng.sample(range(number), number) for _ in range(voters)]


@pytest.mark.parametrize("method", ["plurality", "instant_runoff", "schulze"])
def test_rankings_against_pref_voting(oracle: PrefVoting, method: MethodName) -> None:
    drawn = [(number, rankings(rng, number, voters)) for rng, number, voters in shapes(5)]
    theirs = oracle.ask(*((method, number, None, ballots) for number, ballots in drawn))
    for (number, ballots), won in zip(drawn, theirs, strict=True):
        choices = [[names(one) for one in ballot] for ballot in ballots]
        ours = counted(method, number, [one[0] for one in choices] if method == "plurality" else choices)
        assert list(ours.ranking[0]) == won, ballots
        assert ours.winner == (won[0] if len(won) == 1 else None)


def test_rankings_with_equals_and_gaps_against_pref_voting(oracle: PrefVoting) -> None:
    drawn = []
    for rng, number, voters in shapes(6):
        ballots = []
        for _ in range(voters):
            named = rng.sample(range(number), rng.randint(1, number))
            cuts = [place for place in range(1, len(named)) if rng.random() < 0.7]
            ballots.append([named[a:b] for a, b in zip([0, *cuts], [*cuts, len(named)], strict=True)])
        drawn.append((number, ballots))
    theirs = oracle.ask(*(("schulze_equal", number, None, ballots) for number, ballots in drawn))
    for (number, ballots), won in zip(drawn, theirs, strict=True):
        ours = counted("schulze", number, [[[names(one) for one in level] for level in ballot] for ballot in ballots])
        assert list(ours.ranking[0]) == won, ballots


def test_approvals_against_pref_voting(oracle: PrefVoting) -> None:
    drawn = [
        (number, [[rng.randint(0, 1) for _ in range(number)] for _ in range(voters)])
        for rng, number, voters in shapes(7)
    ]
    theirs = oracle.ask(*(("approval", number, None, ballots) for number, ballots in drawn))
    for (number, ballots), won in zip(drawn, theirs, strict=True):
        ours = counted("approval", number, [[names(one) for one in range(number) if ballot[one]] for ballot in ballots])
        assert list(ours.ranking[0] if ours.ranking else "abcdefgh"[:number]) == won, ballots


def grades(seed: int, number_of_grades: int) -> list[tuple[int, list[list[int]]]]:
    return [
        (number, [[rng.randrange(number_of_grades) for _ in range(number)] for _ in range(voters)])
        for rng, number, voters in shapes(seed)
    ]


def test_majority_judgment_against_pref_voting(oracle: PrefVoting) -> None:
    """It stops at the published short cut: where that leaves a tie, our winner is one of its."""
    drawn = grades(8, 6)
    theirs = oracle.ask(*(("majority_judgment", number, 6, ballots) for number, ballots in drawn))
    alone = 0
    for (number, ballots), won in zip(drawn, theirs, strict=True):
        ours = counted("majority_judgment", number, [{names(o): g for o, g in enumerate(one)} for one in ballots])
        assert set(ours.ranking[0]) <= set(won), ballots
        if len(won) == 1:
            alone += 1
            assert ours.winner == won[0]
    assert alone > ELECTIONS / 2


def test_published_elections_against_pref_voting(oracle: PrefVoting) -> None:
    def numbered(profile: dict[tuple[str, ...], int]) -> list[list[int]]:
        order = sorted(next(iter(profile)))
        return [[order.index(one) for one in ranking] for ranking, times in profile.items() for _ in range(times)]

    for profile in (TENNESSEE, SCHULZE_45):
        methods: tuple[MethodName, ...] = ("plurality", "instant_runoff", "schulze")
        theirs = oracle.ask(*((method, len(next(iter(profile))), None, numbered(profile)) for method in methods))
        order = sorted(next(iter(profile)))
        for method, won in zip(methods, theirs, strict=True):
            ours = repeated(profile, method)
            assert list(ours.ranking[0]) == [order["abcdefgh".index(one)] for one in won]


def belenios(method: str, ballots: list[Any], *more: str) -> list[list[str]]:
    """The whole order."""
    if shutil.which("belenios-tool") is None:
        missing("belenios-tool (Debian package belenios-tool)")
    done = subprocess.run(
        ["belenios-tool", "method", method, "--blank-allowed", "true", *more],
        input=json.dumps(ballots),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return [sorted(names(one) for one in level) for level in json.loads(done.stdout)["winners"]]


def test_majority_judgment_against_belenios() -> None:
    """The whole order, ties included. Of two grades in the middle it takes the better, the authors of the method the
    worse: so it is read upside down, the worst grade being its first one and its last option the best.
    """
    for number, ballots in grades(9, 5):
        ours = counted(
            "majority_judgment", number, [{names(o): g for o, g in enumerate(one)} for one in ballots], grades=5
        )
        theirs = belenios("majority-judgment", [[grade + 1 for grade in one] for one in ballots], "--ngrades", "5")
        assert [sorted(level) for level in ours.ranking] == theirs[::-1], ballots


def test_orsay_2007_against_belenios() -> None:
    ours = graded(ORSAY_2007)
    columns = [
        [6 - grade for grade, number in enumerate(counts) for _ in range(number)] for counts in ORSAY_2007.values()
    ]
    if shutil.which("belenios-tool") is None:
        missing("belenios-tool (Debian package belenios-tool)")
    done = subprocess.run(
        ["belenios-tool", "method", "majority-judgment", "--blank-allowed", "true", "--ngrades", "6"],
        input=json.dumps([list(one) for one in zip(*columns, strict=True)]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    options = list(ORSAY_2007)
    theirs = [[options[one] for one in level] for level in json.loads(done.stdout)["winners"]]
    assert [list(level) for level in ours.ranking] == theirs


def test_schulze_against_belenios() -> None:
    """Ranks with equals; what is not ranked (0) comes last."""
    for rng, number, voters in shapes(10):
        ballots = [[rng.randint(0, number) for _ in range(number)] for _ in range(voters)]
        choices = [
            [[names(o) for o, rank in enumerate(one) if rank == level] for level in range(1, number + 1)]
            for one in ballots
        ]
        if not any(option for one in choices for level in one for option in level):
            continue
        ours = counted("schulze", number, [[level for level in one if level] for one in choices])
        assert [sorted(level) for level in ours.ranking] == belenios("schulze", ballots), ballots
