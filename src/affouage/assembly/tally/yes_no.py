"""One question, for or against: by majority, by a reinforced majority, or by consent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from affouage.assembly.tally.check import threshold_of, unreadable
from affouage.assembly.tally.shapes import ABSTAIN, Ballot, CountSpec, Decision, Step, Vote, written

HALF = Fraction(1, 2)


def read(spec: CountSpec, ballot: Ballot) -> Vote | None:
    """Raises BadRequest for another word."""
    if ballot.choice == ABSTAIN:
        return None
    if ballot.choice not in ("for", "against"):
        unreadable(spec, "for, against or abstain")
    return str(ballot.choice)


def decide(spec: CountSpec, votes: Mapping[Vote, int]) -> Decision:
    """A majority is *more than* its threshold, a supermajority *at least* its own: two thirds of three are two.

    A tie is a rejection whatever the threshold: what changes nothing needs no majority.
    """
    threshold = threshold_of(spec)
    favour, against = votes.get("for", 0), votes.get("against", 0)
    if not favour + against:
        return Decision(outcome="rejected", steps=(Step("nothing_expressed"),))
    share = Fraction(favour, favour + against)
    step = Step("share", {"share": written(share), "threshold": written(threshold), "method": spec.method})
    if share == HALF == threshold:
        return Decision(outcome="tie_rejected", share=written(share), steps=(step, Step("tie")))
    enough = share > threshold if spec.method == "majority" else share >= threshold
    ended = Step("adopted" if enough else "rejected")
    return Decision(outcome="adopted" if enough else "rejected", share=written(share), steps=(step, ended))


def read_consent(spec: CountSpec, ballot: Ballot) -> Vote | None:
    """Silence is consent, so that ``for`` says no more than ``consent``. Raises BadRequest for another word."""
    if ballot.choice == ABSTAIN:
        return None
    if ballot.choice in ("consent", "for"):
        return "consent"
    if ballot.choice != "object":
        unreadable(spec, "consent, object or abstain")
    return "object" if ballot.reasoned else None


def decide_consent(spec: CountSpec, votes: Mapping[Vote, int]) -> Decision:
    """Adopted unless somebody objects, which sends it to a vote. Weights of colleges are of no matter here."""
    if votes.get("object"):
        return Decision(outcome="objection", steps=(Step("objection"),))
    return Decision(outcome="adopted", steps=(Step("no_objection"), Step("adopted")))
