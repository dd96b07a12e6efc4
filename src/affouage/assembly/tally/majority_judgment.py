"""Majority judgment: every option gets a grade from each voter, the best median wins. Pure.

After M. Balinski and R. Laraki, *Majority Judgment* (MIT Press, 2011). An option's majority grade is the lower median
of its grades. Between two of the same, one median grade is taken away from each, again and again, until their medians
differ. That decides whatever the published short cut decides (the "majority gauge": the larger group beside the median
pulls the option up or down) and most of what it leaves tied. Only options graded alike by the electorate stay tied.

Ballots of colleges weigh differently, so grades are held as numbers for each grade and taken away in bulk: sorted from
the worst, the grades removed are those in the middle, then outwards, the lower one of each pair first.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate

import msgspec

from affouage.assembly.tally.check import check_options, refuse, unreadable
from affouage.assembly.tally.choosing import grouped, ranked
from affouage.assembly.tally.shapes import ABSTAIN, Ballot, CountSpec, Decision, Merit, Step, Vote, written

Counts = tuple[int, ...]
"""How many gave each grade, the worst first."""


def read(spec: CountSpec, ballot: Ballot) -> Vote | None:
    """The grades in the order of the options; one that is missing is the worst. Raises BadRequest."""
    grades = ballot.choice
    if grades == ABSTAIN or grades == {}:
        return None
    if not isinstance(grades, Mapping):
        unreadable(spec, "{option: grade}, or abstain")
    check_options(spec, grades)
    for grade in grades.values():
        if type(grade) is not int or not 0 <= grade < spec.grades:
            best, given = spec.grades - 1, str(grade)[:40]
            refuse(
                "grade", f"{given!r} is no grade.", f"From 0, the worst, to {best}.", "choice", given=given, best=best
            )
    return tuple(grades.get(option, 0) for option in spec.choices)


def decide(spec: CountSpec, votes: Mapping[Vote, int]) -> Decision:
    profile = _profile(spec, votes)
    values = {option: majority_value(numbers) for option, numbers in profile.items()}
    groups = grouped(values)
    merits = tuple(merit(option, profile[option]) for group in groups for option in group)
    return ranked(groups, merits=merits, steps=_told(merits, groups))


def with_ballots(spec: CountSpec, decision: Decision, ballots: Mapping[Vote, int]) -> Decision:
    """Weights can be numbers that no JSON holds: what is told is how many ballots gave each grade."""
    profile = _profile(spec, ballots)
    merits = tuple(msgspec.structs.replace(one, counts=profile[one.option]) for one in decision.merits)
    return msgspec.structs.replace(decision, merits=merits)


def _profile(spec: CountSpec, votes: Mapping[Vote, int]) -> dict[str, Counts]:
    counts = {option: [0] * spec.grades for option in spec.choices}
    for grades, weight in votes.items():
        assert isinstance(grades, tuple)
        for option, grade in zip(spec.choices, grades, strict=True):
            counts[option][grade] += weight
    return {option: tuple(numbers) for option, numbers in counts.items()}


def median(counts: Counts) -> int:
    """The lower median: at least half give this grade or more. Of no ballot, the worst."""
    half = (sum(counts) + 1) // 2
    return next(grade for grade, so_far in enumerate(accumulate(counts)) if so_far >= half)


def merit(option: str, counts: Counts) -> Merit:
    grade, total = median(counts), sum(counts)
    better, worse = (Fraction(sum(some), total) for some in (counts[grade + 1 :], counts[:grade]))
    shares = tuple(written(Fraction(number, total)) for number in counts)
    return Merit(option, counts, grade, written(better), written(worse), shares)


def majority_value(counts: Counts) -> tuple[tuple[int, int, int], ...]:
    """What options are compared by: greater for the option whose medians, taken away one by one, are better.

    Grades go in pairs from the middle outwards, the lower one first. Pairs that are alike make a run (low, high, rest):
    ``rest`` is what is left after it, negative when the next pair is lower, so that of two options the one that rises
    sooner, or falls later, is the greater. At most two runs for each grade, however many ballots there are.
    """
    total = sum(counts)
    doubled = [2 * number for number in counts]  # the order is the same, and the middle falls between two grades
    downwards = _half(list(enumerate(doubled))[::-1], total)
    upwards = _half(list(enumerate(doubled)), total)
    ends = sorted({end for end, _ in (*downwards, *upwards)})
    pairs = [(_at(downwards, end), _at(upwards, end), end) for end in ends]
    runs = []
    for (low, high, end), after in zip(pairs, [*pairs[1:], None], strict=True):
        rises = after is not None and after[:2] > (low, high)
        runs.append((low, high, total - end if rises else end - total))
    return tuple(runs)


def _half(numbers: list[tuple[int, int]], total: int) -> list[tuple[int, int]]:
    """The second half of the sorted grades, from the middle on: (distance from it where they end, grade)."""
    found, so_far = [], -total
    for grade, number in numbers:
        so_far += number
        if number and so_far > 0:
            found.append((so_far, grade))
    return found


def _at(half: list[tuple[int, int]], distance: int) -> int:
    return next(grade for end, grade in half if end >= distance)


def _told(merits: tuple[Merit, ...], groups: tuple[tuple[str, ...], ...]) -> tuple[Step, ...]:
    """The grade of each, then what decided between the first two of the same grade."""
    steps = [Step("merit", {"option": one.option, "grade": one.grade}) for one in merits]
    if len(merits) < 2 or merits[0].grade != merits[1].grade or len(groups[0]) > 1:
        return tuple(steps)
    first, second = merits[:2]
    code = "gauge" if gauge(first) > gauge(second) else "medians_removed"
    facts = {"better": first.better, "worse": first.worse, "other_better": second.better, "other_worse": second.worse}
    return (*steps, Step(code, {"option": first.option, "other": second.option, "grade": first.grade, **facts}))


def gauge(one: Merit) -> tuple[int, Fraction]:
    """The published short cut between options of one grade: pulled up by those above it, or down by those below."""
    better, worse = Fraction(one.better), Fraction(one.worse)
    return (1, better) if better > worse else (0, -worse)
