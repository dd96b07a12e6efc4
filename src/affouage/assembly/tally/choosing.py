"""What the methods that choose one among several have in common. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from affouage.assembly.tally.shapes import NONE, CountSpec, Decision, Ended, Facts, Merit, Step, written

Ranking = tuple[tuple[str, ...], ...]
"""Best first; options that nothing tells apart stand together, in the order of the ballot paper."""


def grouped(values: Mapping[str, Any]) -> Ranking:
    """The options by what they are worth, the greatest first."""
    return tuple(
        tuple(option for option, value in values.items() if value == level)
        for level in sorted(set(values.values()), reverse=True)
    )


def ranked(
    ranking: Ranking,
    *,
    totals: Mapping[str, int] | None = None,
    merits: tuple[Merit, ...] = (),
    steps: tuple[Step, ...] = (),
) -> Decision:
    """The decision of a ranking: its first is adopted, unless it is not alone there or is :data:`NONE`."""
    first = ranking[0]
    outcome: Ended = "tie_rejected" if len(first) > 1 else "none_rejected" if first[0] == NONE else "adopted"
    last = {
        "tie_rejected": Step("tie_first", {"options": "\n".join(first)}),
        "none_rejected": Step("none_first"),
        "adopted": Step("winner", {"option": first[0]}),
    }[outcome]
    return Decision(
        outcome=outcome,
        winner=first[0] if outcome == "adopted" else None,
        totals=dict(totals or {}),
        merits=merits,
        ranking=ranking,
        steps=(*steps, last),
    )


def score_steps(spec: CountSpec, scores: Mapping[str, int], total: int) -> tuple[Step, ...]:
    """What each option has of ``total``, the most first; in shares only when the ballots of colleges are weighed."""
    steps = []
    for option, score in sorted(scores.items(), key=lambda one: -one[1]):
        facts: Facts = {"option": option, "share": part(score, total)}
        steps.append(Step("score", facts if spec.colleges else {**facts, "votes": score}))
    return tuple(steps)


def part(number: int, total: int) -> str:
    """Of none, nothing."""
    return written(Fraction(number, total)) if total else "0/1"
