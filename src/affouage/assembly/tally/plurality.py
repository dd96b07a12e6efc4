"""The option that most voters choose, though it be fewer than half of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from affouage.assembly.tally.check import check_options, unreadable
from affouage.assembly.tally.choosing import grouped, ranked, score_steps
from affouage.assembly.tally.shapes import ABSTAIN, Ballot, CountSpec, Decision, Vote


def read(spec: CountSpec, ballot: Ballot) -> Vote | None:
    """Raises BadRequest for what is no option."""
    if ballot.choice == ABSTAIN:
        return None
    if not isinstance(ballot.choice, str):
        unreadable(spec, "one option, or abstain")
    check_options(spec, [ballot.choice])
    return ballot.choice


def decide(spec: CountSpec, votes: Mapping[Vote, int]) -> Decision:
    scores = {option: votes.get(option, 0) for option in spec.choices}
    return ranked(grouped(scores), steps=score_steps(spec, scores, sum(votes.values())))
