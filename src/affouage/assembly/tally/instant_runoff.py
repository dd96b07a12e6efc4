"""Instant run-off: the option with the fewest first preferences goes, its ballots pass on, until one has half. Pure.

When several have the fewest, all of them go at once: choosing one of them would be choosing for the voters. If that
leaves none, those that were left are tied. A ballot whose options are all gone is exhausted, and counts no more.
"""

from __future__ import annotations

from collections.abc import Mapping

from affouage.assembly.tally.choosing import grouped, ranked, score_steps
from affouage.assembly.tally.preferences import Preferences, read_preferences
from affouage.assembly.tally.shapes import Ballot, CountSpec, Decision, Step, Vote


def read(spec: CountSpec, ballot: Ballot) -> Vote | None:
    """Raises BadRequest for what does not rank options, one after the other."""
    return read_preferences(spec, ballot, strict=True)


def first_choice(vote: Vote) -> tuple[str, ...]:
    assert isinstance(vote, tuple)
    first: tuple[str, ...] = vote[0]
    return first


def decide(spec: CountSpec, votes: Mapping[Vote, int]) -> Decision:
    left = list(spec.choices)
    gone: list[tuple[str, ...]] = []
    steps: list[Step] = []
    while True:
        scores = _first_preferences(left, votes)
        steps += [Step("round", {"number": len(gone) + 1}), *score_steps(spec, scores, sum(scores.values()))]
        ranking = grouped(scores)
        if len(ranking) == 1 or 2 * max(scores.values()) > sum(scores.values()):
            break
        gone.append(ranking[-1])
        left = [option for option in left if option not in ranking[-1]]
        steps.append(Step("eliminated", {"options": "\n".join(ranking[-1])}))
    return ranked((*ranking, *reversed(gone)), steps=tuple(steps))


def _first_preferences(left: list[str], votes: Mapping[Vote, int]) -> dict[str, int]:
    scores = dict.fromkeys(left, 0)
    for vote, weight in votes.items():
        preferences: Preferences = vote  # type: ignore[assignment]
        first = next((option for (option,) in preferences if option in scores), None)
        if first is not None:
            scores[first] += weight
    return scores
