"""What is due now: the passages that time, or enough signatures, bring about. Pure; applied by ``assembly.steps``.

A server that was stopped meanwhile finds the same things due when it starts again, one after the other.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from affouage.assembly.decisions.events import Choice, Ratification, RuleChange
from affouage.assembly.decisions.patches import disjoint
from affouage.assembly.decisions.proposal import DRAFT_DAYS, Proposal
from affouage.assembly.decisions.state import AssemblyState, Poll
from affouage.assembly.rules.governance import GovernanceRules, Profile, profile

MS_PER_MIN = 60_000
MS_PER_DAY = 86_400_000
BELENIOS_DAYS = 30

Kind = Literal["pass", "open", "close", "enact", "in_force", "end_mandate"]


class Due(NamedTuple):
    """``number``: of a proposal; of a poll for ``close``, of a mandate for ``end_mandate``."""

    kind: Kind
    number: int
    to: str = ""
    cause: str = ""


def due(state: AssemblyState, rules: GovernanceRules, now_ms: int) -> Due | None:
    """The first thing due, polls before proposals, oldest first; None when there is nothing."""
    for poll in state.polls.values():
        if poll.closed is None and now_ms >= poll.opened.closes_ms + _grace_ms(poll):
            return Due("close", poll.id)
    for one in state.proposals.values():
        found = _of_proposal(state, one, rules, now_ms)
        if found is not None:
            return found
    for mandate in state.mandates.values():
        if mandate.ended_ms is None and now_ms >= mandate.until_ms:
            return Due("end_mandate", mandate.id, cause="expired")
    return None


def _grace_ms(poll: Poll) -> int:
    """A result is awaited from Belenios, where trustees open the urn; without it the vote has no quorum."""
    return BELENIOS_DAYS * MS_PER_DAY if poll.opened.secrecy == "belenios" else 0


def _of_proposal(state: AssemblyState, one: Proposal, rules: GovernanceRules, now_ms: int) -> Due | None:
    asked = _profile(state, one, rules)
    waited_ms = now_ms - one.since_ms
    match one.state:
        case "draft" | "needs_rebase" if waited_ms >= DRAFT_DAYS * MS_PER_DAY:
            return Due("pass", one.id, "lapsed", "time")
        case "support":
            if len(one.cosigners) >= asked.cosigners:
                return Due("pass", one.id, "deliberation", "supported")
            if waited_ms >= rules.support_days * MS_PER_DAY:
                return Due("pass", one.id, "lapsed", "no_support")
        case "deliberation" if waited_ms >= asked.deliberation_min * MS_PER_MIN:
            return Due("pass", one.id, "frozen", "deliberated")
        case "frozen" if waited_ms >= asked.notice_min * MS_PER_MIN:
            return Due("open", one.id, cause="first")
        case "no_quorum":
            poll = state.poll_of(one)
            second = poll is not None and poll.opened.round == 1 and poll.opened.profile.second_quorum_percent >= 0
            if not second:
                return Due("pass", one.id, "rejected", "no_quorum")
            assert poll is not None
            if waited_ms >= poll.opened.profile.second_after_min * MS_PER_MIN:
                return Due("open", one.id, cause="second")
        case "adopted":
            if len(one.contests) >= rules.contest_members and not _contested_before(one):
                return Due("pass", one.id, "frozen", "contested")
            if waited_ms >= _counted_by(state, one, asked).contest_min * MS_PER_MIN:
                return Due("enact", one.id)
        case "scheduled" if one.in_force_ms is not None and now_ms >= one.in_force_ms:
            return Due("in_force", one.id)
    return None


def _profile(state: AssemblyState, one: Proposal, rules: GovernanceRules) -> Profile:
    """The delays that it is treated by: the rule of now, until its vote; then that of its vote."""
    asked = profile(rules, one.profile)
    if not isinstance(one.about, Ratification):
        return asked
    # An emergency ends by itself in some days: it is deliberated while it lasts, and voted on before its end.
    return msgspec.structs.replace(asked, cosigners=0, deliberation_min=0, notice_min=0, contest_min=0)


def _contested_before(one: Proposal) -> bool:
    """A second adoption stands: contesting asks for another vote once, it is no veto."""
    return any(cause == "contested" for _, _, cause in one.history)


def _counted_by(state: AssemblyState, one: Proposal, asked: Profile) -> Profile:
    poll = state.poll_of(one)
    if poll is None or isinstance(one.about, Ratification):
        return asked
    return poll.opened.profile


def rivals(state: AssemblyState, one: Proposal) -> list[Proposal]:
    """The frozen proposals that cannot stand beside this one: they go to the same vote. ``one`` comes first."""
    if not isinstance(one.about, RuleChange):
        return [one]
    others = [
        other
        for other in state.proposals.values()
        if other.id != one.id
        and other.state == "frozen"
        and isinstance(other.about, RuleChange)
        and other.about.area == one.about.area
        and not disjoint(other.about.patch, one.about.patch)
    ]
    return [one, *others]


def question(together: list[Proposal], asked: Profile, electors: int, consent_most: int) -> tuple[str, tuple[str, ...]]:
    """(method, options) of the vote on these proposals."""
    first = together[0]
    if len(together) > 1:
        return "majority_judgment", tuple(str(one.id) for one in together)
    if isinstance(first.about, Choice):
        return "majority_judgment", tuple(str(number) for number in range(len(first.about.options)))
    if asked.method == "consent" and (first.force_majority or electors > consent_most):
        return "majority", YES_NO
    return asked.method, CONSENT if asked.method == "consent" else YES_NO


YES_NO = ("for", "against", "abstain")
CONSENT = ("consent", "object", "abstain")
