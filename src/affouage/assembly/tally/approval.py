"""Each voter approves as many options as they like; the one with most approvals wins. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from affouage.assembly.tally.check import check_options, unreadable
from affouage.assembly.tally.choosing import grouped, ranked, score_steps
from affouage.assembly.tally.shapes import ABSTAIN, Ballot, CountSpec, Decision, Vote


def read(spec: CountSpec, ballot: Ballot) -> Vote | None:
    """Raises BadRequest for what is no list of options, or names one twice."""
    if ballot.choice == ABSTAIN:
        return None
    if not isinstance(ballot.choice, list | tuple):
        unreadable(spec, "a list of options, or abstain")
    check_options(spec, ballot.choice)
    return frozenset(ballot.choice) or None


def approved(vote: Vote) -> frozenset[str]:
    assert isinstance(vote, frozenset)
    return vote


def decide(spec: CountSpec, votes: Mapping[Vote, int]) -> Decision:
    scores = {
        option: sum(weight for vote, weight in votes.items() if option in approved(vote)) for option in spec.choices
    }
    return ranked(grouped(scores), steps=score_steps(spec, scores, sum(votes.values())))
