"""Elections for tests of the counts: published ones with their published results, and drawn ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from affouage.assembly.tally import ABSTAIN, METHODS, Ballot, CountSpec, MethodName, Outcome, count

CHOOSING: tuple[MethodName, ...] = ("majority_judgment", "plurality", "approval", "instant_runoff", "schulze")
OPTIONS = ("a", "b", "c", "d")

# Tennessee's capital, the example of every textbook: 42 % live in Memphis, 26 in Nashville ...
TENNESSEE = {
    ("Memphis", "Nashville", "Chattanooga", "Knoxville"): 42,
    ("Nashville", "Chattanooga", "Knoxville", "Memphis"): 26,
    ("Chattanooga", "Knoxville", "Nashville", "Memphis"): 15,
    ("Knoxville", "Chattanooga", "Nashville", "Memphis"): 17,
}

# M. Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner election
# method", section 3, example 1: E wins, and the whole order is E A C B D.
SCHULZE_45 = {
    tuple("ACBED"): 5,
    tuple("ADECB"): 5,
    tuple("BEDAC"): 8,
    tuple("CABED"): 3,
    tuple("CAEBD"): 7,
    tuple("CBADE"): 2,
    tuple("DCEBA"): 7,
    tuple("EBADC"): 8,
}

# Orsay, 22 April 2007, polling stations 1, 6 and 12: 1,733 ballots of Balinski and Laraki's experiment, tallied from
# the ballots that MieuxVoter/majority-judgment-datasets publishes (CC0), a grade not given being the worst. Worst
# grade first. The shares that the authors published come out of it: Bayrou 44.3 and 30.6 ...
ORSAY_2007 = {
    "Besancenot": (540, 392, 276, 282, 172, 71),
    "Buffet": (528, 457, 356, 217, 132, 43),
    "Schivardi": (1045, 431, 164, 67, 18, 8),
    "Bayrou": (129, 146, 256, 434, 532, 236),
    "Bové": (683, 445, 278, 197, 104, 26),
    "Voynet": (355, 452, 410, 303, 162, 51),
    "de Villiers": (962, 273, 196, 150, 111, 41),
    "Royal": (218, 211, 291, 331, 393, 289),
    "Nihous": (953, 462, 190, 91, 31, 6),
    "Le Pen": (1288, 93, 112, 108, 80, 52),
    "Laguiller": (694, 447, 288, 176, 91, 37),
    "Sarkozy": (489, 123, 200, 247, 343, 331),
}


def spec(method: MethodName, electors: int | dict[str, int] = 100, **more: Any) -> CountSpec:
    known = {"options": OPTIONS} if METHODS[method].choosing else {}
    return CountSpec(
        method=method, electors={"": electors} if isinstance(electors, int) else electors, **{**known, **more}
    )


def poll(method: MethodName, *ballots: Any, **more: Any) -> Outcome:
    """Count these choices, as many electors as there are unless said."""
    told = [one if isinstance(one, Ballot) else Ballot(one) for one in ballots]
    present = more.pop("present", None)
    return count(spec(method, **{"electors": len(told), **more}), told, present=present)


def repeated(profile: dict[tuple[str, ...], int], method: MethodName, **more: Any) -> Outcome:
    """A profile of rankings, read by ``method``."""
    ballots = [
        Ballot(ranking[0] if method == "plurality" else list(ranking))
        for ranking, times in profile.items()
        for _ in range(times)
    ]
    options = tuple(sorted(next(iter(profile))))
    return count(spec(method, electors=len(ballots), options=options, **more), ballots)


def graded(tallies: dict[str, tuple[int, ...]], **more: Any) -> Outcome:
    """Ballots that give these tallies: majority judgment reads each option's grades apart."""
    columns = {
        option: [grade for grade, number in enumerate(counts) for _ in range(number)]
        for option, counts in tallies.items()
    }
    number = len(next(iter(columns.values())))
    ballots = [Ballot({option: grades[one] for option, grades in columns.items()}) for one in range(number)]
    grades = len(next(iter(tallies.values())))
    return count(
        spec("majority_judgment", electors=number, options=tuple(tallies), **{"grades": grades, **more}), ballots
    )


def choices(method: MethodName, options: tuple[str, ...] = OPTIONS) -> st.SearchStrategy[Any]:
    """Any choice that the method reads."""
    some = st.lists(st.sampled_from(options), unique=True)
    by_method: dict[str, st.SearchStrategy[Any]] = {
        "majority": st.sampled_from(["for", "against"]),
        "supermajority": st.sampled_from(["for", "against"]),
        "consent": st.sampled_from(["consent", "object"]),
        "majority_judgment": st.dictionaries(st.sampled_from(options), st.integers(0, 5)),
        "plurality": st.sampled_from(options),
        "approval": some,
        "instant_runoff": some,
        "schulze": some,
    }
    return st.one_of(by_method[method], st.just(ABSTAIN))


@st.composite
def elections(draw: st.DrawFn, methods: tuple[MethodName, ...] = tuple(METHODS)) -> tuple[CountSpec, list[Ballot]]:  # type: ignore[arg-type]
    """A method, its ballots, colleges or none."""
    method = draw(st.sampled_from(methods))
    colleges = draw(st.sampled_from([{}, {"users": 50, "workers": 30, "towns": 20}]))
    college = st.sampled_from(sorted(colleges) or [""])
    cast = draw(st.lists(st.builds(Ballot, choices(method), college), max_size=24))
    electors = {name: sum(one.college == name for one in cast) for name in sorted(colleges) or [""]}
    threshold = draw(st.sampled_from(["1/2", "3/5", "2/3", "1/1"]))
    return spec(method, electors=electors, colleges=colleges, threshold=threshold), cast
