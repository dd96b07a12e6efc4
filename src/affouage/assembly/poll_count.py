"""From the ballots of a poll to its result: which count, and what it means for rivals. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from affouage.assembly.decisions.events import PollOpened
from affouage.assembly.rules.governance import threshold_of
from affouage.assembly.tally.count import count
from affouage.assembly.tally.shapes import GRADES, NONE, Ballot, CountSpec, Outcome


class Cast(msgspec.Struct, frozen=True):
    """A stored ballot. ``id``: of the voter, or the random one of a detached ballot."""

    id: str
    college: str
    choice: Any
    reason: str = ""


class Judged(msgspec.Struct, frozen=True):
    """``told``: the whole count as JSON, steps included."""

    outcome: str
    winner: str | None
    told: dict[str, Any]


def spec_of(opened: PollOpened) -> CountSpec:
    """How a poll is counted: all of it frozen when it opened."""
    several = opened.method == "majority_judgment"
    return CountSpec(
        method=opened.method,  # type: ignore[arg-type]
        threshold=opened.profile.threshold,
        quorum_percent=opened.quorum_percent,
        quorum_base=opened.profile.quorum_base,
        electors=opened.electors,
        colleges=opened.colleges,
        options=opened.options if several else (),
        grades=GRADES,
        none_option=several,
    )


def judged(opened: PollOpened, ballots: list[Cast]) -> Judged:
    """The result of a poll."""
    told = [Ballot(one.choice, one.college, reasoned=bool(one.reason.strip())) for one in ballots]
    outcome = count(spec_of(opened), told, present=len(told))
    ended, winner = outcome.outcome, outcome.winner
    plain: dict[str, Any] = msgspec.to_builtins(outcome)
    if ended == "adopted" and opened.method == "majority_judgment" and len(opened.proposals) > 1:
        share = preferred_share(opened, ballots, str(winner))
        plain["preferred"] = f"{share.numerator}/{share.denominator}"
        if not _enough(opened, share):
            return Judged("rejected", None, {**plain, "outcome": "rejected", "winner": None})
    return Judged(ended, winner, plain)


def preferred_share(opened: PollOpened, ballots: list[Cast], winner: str) -> Fraction:
    """Of those who tell them apart, how many grade the winner above "none of these"; colleges weighed.

    Rivals decided by grades must not pass where one alone would have needed two thirds.
    """
    weights = opened.colleges or {"": 100}
    total, used = Fraction(0), 0
    for college, weight in weights.items():
        grades = [one.choice for one in ballots if one.college == college and isinstance(one.choice, dict)]
        above = sum(1 for one in grades if one[winner] > one[NONE])
        below = sum(1 for one in grades if one[winner] < one[NONE])
        if above + below:
            total += weight * Fraction(above, above + below)
            used += weight
    return total / used if used else Fraction(0)


def _enough(opened: PollOpened, share: Fraction) -> bool:
    threshold = threshold_of(opened.profile)
    return share >= threshold if opened.profile.method == "supermajority" else share > threshold


def outcome_of(told: dict[str, Any]) -> Outcome:
    """The count of a closed poll, from its event. Raises msgspec.ValidationError."""
    plain = {name: value for name, value in told.items() if name != "preferred"}
    return msgspec.convert(plain, Outcome)
