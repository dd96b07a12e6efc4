"""The count: ballots are read, weighed by college, the quorum is looked at, then the method decides. Pure.

To add a method, see docs/how-to/add-a-voting-method.md: one file beside this one, one line in :data:`METHODS`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

import msgspec

from affouage.assembly.tally import approval, instant_runoff, majority_judgment, plurality, schulze, yes_no
from affouage.assembly.tally.check import check_college, check_spec, refuse
from affouage.assembly.tally.shapes import (
    Ballot,
    CollegeCount,
    CountSpec,
    Decision,
    Facts,
    Outcome,
    Quorum,
    Step,
    Vote,
    written,
)


class Method(NamedTuple):
    """``read``: a ballot as a vote, None for an abstention, BadRequest for what is neither; ``decide``: from what each
    vote weighs in all; ``choosing``: one among several, of at least one vote; ``totals``: what a vote adds to;
    ``finish``: what is told of the ballots themselves, which weigh one each."""

    read: Callable[[CountSpec, Ballot], Vote | None]
    decide: Callable[[CountSpec, Mapping[Vote, int]], Decision]
    choosing: bool
    totals: Callable[[Vote], Iterable[str]] = lambda vote: (str(vote),)
    finish: Callable[[CountSpec, Decision, Mapping[Vote, int]], Decision] = lambda _spec, decision, _ballots: decision


def _nothing(_vote: Vote) -> tuple[str, ...]:
    return ()


METHODS: Mapping[str, Method] = {
    "majority": Method(yes_no.read, yes_no.decide, choosing=False),
    "supermajority": Method(yes_no.read, yes_no.decide, choosing=False),
    "consent": Method(yes_no.read_consent, yes_no.decide_consent, choosing=False),
    "majority_judgment": Method(
        majority_judgment.read,
        majority_judgment.decide,
        choosing=True,
        totals=_nothing,
        finish=majority_judgment.with_ballots,
    ),
    "plurality": Method(plurality.read, plurality.decide, choosing=True),
    "approval": Method(approval.read, approval.decide, choosing=True, totals=approval.approved),
    "instant_runoff": Method(
        instant_runoff.read, instant_runoff.decide, choosing=True, totals=instant_runoff.first_choice
    ),
    "schulze": Method(schulze.read, schulze.decide, choosing=True, totals=_nothing),
}


def count(spec: CountSpec, ballots: Iterable[Ballot], *, present: int | None = None) -> Outcome:
    """Count ``ballots``, one for each voter. ``present``: persons present or represented; None: those who voted.

    Raises BadRequest (``count_...``) for a spec or a ballot that means nothing, a college that does not vote, and more
    ballots than electors. O(ballots), then what the method takes for the distinct votes among them.
    """
    method = METHODS[spec.method]
    check_spec(spec, method.choosing)
    cast = _read(spec, method, ballots)
    weights = _weights(spec, cast)
    colleges = tuple(_counted(spec, method, college, votes, weights) for college, votes in cast.items())
    electors = sum(spec.electors.values())
    number, expressed = sum(one.ballots for one in colleges), sum(one.expressed for one in colleges)
    quorum = _quorum(spec, electors, number, expressed, present)
    decision = _decide(spec, method, cast, electors, quorum)
    steps = (
        Step("electors", {"electors": electors, "ballots": number, "abstained": number - expressed}),
        *((_quorum_step(quorum),) if electors else ()),
        *decision.steps,
    )
    return Outcome(
        method=spec.method,
        outcome=decision.outcome,
        winner=decision.winner,
        electors=electors,
        ballots=number,
        expressed=expressed,
        abstained=number - expressed,
        quorum=quorum,
        totals=_totals(spec, method, colleges),
        share=decision.share,
        colleges=colleges if spec.colleges else (),
        merits=decision.merits,
        ranking=decision.ranking,
        steps=steps,
    )


Cast = Mapping[str, Counter[Vote | None]]
"""By college, how many voted what; None for abstentions."""


def _read(spec: CountSpec, method: Method, ballots: Iterable[Ballot]) -> Cast:
    cast: dict[str, Counter[Vote | None]] = {college: Counter() for college in spec.colleges or ("",)}
    for ballot in ballots:
        if ballot.college not in cast:
            check_college(spec, ballot.college)
        cast[ballot.college][method.read(spec, ballot)] += 1
    for college, votes in cast.items():
        number, electors = votes.total(), spec.electors.get(college, 0)
        if number > electors:
            whose = f" of the college {college}" if college else ""
            message = f"There are {number} ballots{whose} for {electors} electors."
            remedy = "Count one ballot for each elector: the last."
            refuse("too_many_ballots", message, remedy, "ballots", ballots=number, electors=electors)
    return cast


def _expressed(votes: Counter[Vote | None]) -> int:
    return votes.total() - votes[None]


def _weights(spec: CountSpec, cast: Cast) -> dict[str, Fraction]:
    """What each college weighs, in percent. The weight of one that expressed nothing is shared out among the others,
    in proportion: else nobody could reach a majority without it."""
    speaking = {college: spec.colleges.get(college, 100) for college, votes in cast.items() if _expressed(votes)}
    return {college: Fraction(100 * weight, sum(speaking.values())) for college, weight in speaking.items()}


def _counted(
    spec: CountSpec, method: Method, college: str, votes: Counter[Vote | None], weights: Mapping[str, Fraction]
) -> CollegeCount:
    totals: Counter[str] = Counter()
    for vote, number in votes.items():
        if vote is not None:
            for name in method.totals(vote):
                totals[name] += number
    return CollegeCount(
        college,
        spec.electors.get(college, 0),
        votes.total(),
        _expressed(votes),
        written(weights[college]) if spec.colleges and college in weights else "",
        dict(sorted(totals.items())),
    )


def _totals(spec: CountSpec, method: Method, colleges: Iterable[CollegeCount]) -> dict[str, int]:
    known = (
        spec.choices if method.choosing else ("consent", "object") if spec.method == "consent" else ("for", "against")
    )
    together: Counter[str] = Counter()
    for one in colleges:
        together.update(one.totals)
    return {choice: together[choice] for choice in known} if method.totals is not _nothing else {}


def _quorum(spec: CountSpec, electors: int, ballots: int, expressed: int, present: int | None) -> Quorum:
    here = ballots if present is None else present
    if electors and not ballots <= here <= electors:
        message = f"{here} present or represented cannot be: {ballots} voted, of {electors} electors."
        remedy = f"Give {ballots} to {electors}."
        refuse("present", message, remedy, "present", given=here, ballots=ballots, electors=electors)
    counted = {"members": ballots, "present": here, "expressed": expressed}[spec.quorum_base]
    needed = math.ceil(Fraction(spec.quorum_percent * electors, 100))
    return Quorum(spec.quorum_percent, spec.quorum_base, needed, counted, counted >= needed)


def _quorum_step(quorum: Quorum) -> Step:
    facts: Facts = {"percent": quorum.percent, "base": quorum.base, "needed": quorum.needed, "counted": quorum.counted}
    code = "quorum_reached" if quorum.reached else "quorum_missed"
    return Step(code if quorum.percent else "no_quorum_asked", facts)


def _decide(spec: CountSpec, method: Method, cast: Cast, electors: int, quorum: Quorum) -> Decision:
    if not electors:
        return Decision(outcome="empty_electorate", steps=(Step("empty_electorate"),))
    if not quorum.reached:
        return Decision(outcome="no_quorum", steps=(Step("no_quorum"),))
    weights = _weights(spec, cast)
    if not weights and method.choosing:
        return Decision(outcome="rejected", steps=(Step("nothing_expressed"),))
    decision = method.decide(spec, _weighed(cast, weights))
    decision = method.finish(spec, decision, _together(cast, dict.fromkeys(weights, Fraction(1))))
    told = tuple(_college_step(spec, cast, weights, college) for college in spec.colleges)
    return msgspec.structs.replace(decision, steps=(*told, *decision.steps))


def _college_step(spec: CountSpec, cast: Cast, weights: Mapping[str, Fraction], college: str) -> Step:
    facts: Facts = {"college": college, "percent": spec.colleges[college], "expressed": _expressed(cast[college])}
    if college not in weights:
        return Step("college_silent", facts)
    facts["weight"] = written(weights[college])
    favour, against = (cast[college][word] for word in ("for", "against"))
    if not favour + against:
        return Step("college", facts)
    share = written(Fraction(favour, favour + against))
    return Step("college_yes_no", {**facts, "for": favour, "against": against, "share": share})


def _weighed(cast: Cast, weights: Mapping[str, Fraction]) -> dict[Vote, int]:
    """Votes in whole numbers: a ballot counts for its college's weight shared among the ballots of the college."""
    return _together(cast, {college: weight / _expressed(cast[college]) for college, weight in weights.items()})


def _together(cast: Cast, each: Mapping[str, Fraction]) -> dict[Vote, int]:
    """What the votes of all colleges weigh, a ballot weighing ``each`` of its college; one, where all are alike."""
    if len(set(each.values())) <= 1:
        each = dict.fromkeys(each, Fraction(1))
    scale = math.lcm(*(one.denominator for one in each.values()))
    together: Counter[Vote] = Counter()
    for college, one in each.items():
        for vote, number in cast[college].items():
            if vote is not None:
                together[vote] += number * int(one * scale)
    return dict(together)
