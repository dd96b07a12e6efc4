"""Preview of the rules of the votes: how the votes that are over would have ended. Pure.

Votes are counted again from their stored counts. What a count cannot tell is said to be unknown: other colleges, other
ways to vote, secret votes whose ballots were too few to be counted, votes held in Belenios.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from affouage.assembly.rules.governance import PROFILES, GovernanceRules, Profile, profile, threshold_of
from affouage.assembly.tally.count import count
from affouage.assembly.tally.shapes import Ballot, CountSpec
from affouage.errors import AffouageError
from affouage.previews.shapes import Facts, Preview, Recount


def governance(before: GovernanceRules, after: GovernanceRules, facts: Facts) -> list[Preview]:
    """How each closed vote would have ended under the new thresholds."""
    if not facts.recounts:
        return [Preview("governance_no_votes"), *_delays(before, after)]
    ended = [(one, again(after, one)) for one in facts.recounts]
    other = [(one, new) for one, new in ended if new is not None and new != _plain(one.outcome)]
    unknown = sum(1 for _, new in ended if new is None)
    numbers = {"votes": len(ended), "changed": len(other), "unknown": unknown}
    told = [Preview("governance_recounted", {**numbers})]
    told += [
        Preview("governance_vote", {"proposal": one.proposal, "before": _plain(one.outcome), "after": new})
        for one, new in other[-5:]
    ]
    return [*told, *_delays(before, after)]


def again(rules: GovernanceRules, one: Recount) -> str | None:
    """``adopted``, ``rejected``, ``no_quorum`` or ``objection``; None when the count does not say."""
    asked = profile(rules, one.profile)
    if not one.counted or (rules.colleges != one.colleges):
        return None
    if one.several:
        return _several(asked, one)
    if (one.method == "consent") != (asked.method == "consent"):
        return None
    spec = CountSpec(
        method=asked.method,
        threshold=asked.threshold,
        quorum_percent=asked.quorum_percent,
        quorum_base=asked.quorum_base,
        electors=one.electors,
        colleges=one.colleges,
    )
    try:
        return _plain(count(spec, list(_ballots(one))).outcome)
    except AffouageError:
        return None


def _ballots(one: Recount) -> Iterator[Ballot]:
    """As many as were cast, in no order and of nobody."""
    rows: list[dict[str, Any]] = one.counted.get("colleges") or [
        {"college": "", "ballots": one.counted["ballots"], "totals": one.counted["totals"]}
    ]
    for row in rows:
        cast = 0
        for choice, number in row["totals"].items():
            cast += number
            for _ in range(number):
                yield Ballot(choice, row["college"])
        for _ in range(row["ballots"] - cast):
            yield Ballot("abstain", row["college"])


def _several(asked: Profile, one: Recount) -> str | None:
    """One among several: its grades stand; the quorum, and the majority that rivals need, are looked at again."""
    quorum = one.counted["quorum"]
    counted = quorum["counted"] if quorum["base"] == asked.quorum_base else None
    if counted is None:
        return None
    electors = sum(one.electors.values())
    if counted * 100 < asked.quorum_percent * electors:
        return "no_quorum"
    if one.outcome == "no_quorum":
        return None  # nothing was decided then, and grades are no votes
    preferred = one.counted.get("preferred")
    if preferred is None:
        return _plain(one.outcome)
    share, threshold = Fraction(preferred), threshold_of(asked)
    enough = share >= threshold if asked.method == "supermajority" else share > threshold
    return "adopted" if enough else "rejected"


def _plain(outcome: str) -> str:
    return outcome if outcome in ("adopted", "no_quorum", "objection") else "rejected"


def _delays(before: GovernanceRules, after: GovernanceRules) -> Iterator[Preview]:
    """How long a decision of each kind takes at least, from the proposal to its effect."""
    for name in PROFILES:
        old, new = (_shortest_min(profile(rules, name)) for rules in (before, after))
        if old != new:
            yield Preview("governance_delay", {"profile": name, "before_min": old, "after_min": new})


def _shortest_min(one: Profile) -> int:
    return one.deliberation_min + one.notice_min + one.voting_min + one.contest_min
