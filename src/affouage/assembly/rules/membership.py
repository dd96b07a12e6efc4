"""Rule area ``membership``: who comes in, how many there may be, who votes, and how somebody is made to leave. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from affouage.errors import RuleRefused

Inviter = Literal["member", "steward", "operator", "nobody"]
VOTERS = ("member", "operator", "steward")
MEMBERS_MOST = 100_000
DAYS_MOST = 365


class MembershipRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``membership``."""

    invite: Inviter = "steward"
    """The least role of who may invite; ``nobody``: nobody comes in for the time being."""
    members_most: int = 0
    """Accounts open at once; 0: as many as come."""
    exclusion_by_vote: bool = True
    """Once the assembly is founded, closing somebody's account against their will takes a vote."""
    days_before_voting: int = 0
    """Days of membership before the first vote."""
    voters: tuple[str, ...] = VOTERS
    """Roles that vote. Somebody may still be recorded as using the commons without voting."""


def check_membership(rules: MembershipRules) -> None:
    """Raises RuleRefused for numbers out of bounds, and for an assembly in which nobody votes."""
    for name, most in (("members_most", MEMBERS_MOST), ("days_before_voting", DAYS_MOST)):
        value: int = getattr(rules, name)
        if not 0 <= value <= most:
            raise RuleRefused(
                f"{name} cannot be {value}.",
                remedy=f"Give a whole number from 0 to {most}.",
                code="membership_amount",
                param="membership",
                field=name,
                value=value,
                least=0,
                most=most,
            )
    unknown = sorted(set(rules.voters) - set(VOTERS))
    if unknown or len(set(rules.voters)) < len(rules.voters):
        raise RuleRefused(
            f"{(unknown or rules.voters)[0]!r:.40} is no role that votes, or stands there twice.",
            remedy=f"Choose among: {', '.join(VOTERS)}.",
            code="membership_voters",
            param="membership",
        )
    if "member" not in rules.voters:
        raise RuleRefused(
            "An assembly in which members do not vote is none.",
            remedy="Keep member among the voters; who uses without voting is recorded person by person.",
            code="membership_nobody",
            param="membership",
        )


def excludes_more(before: MembershipRules, after: MembershipRules) -> bool:
    """Whether the change takes something from members: the vote on an exclusion, or a vote they had."""
    return (
        (before.exclusion_by_vote and not after.exclusion_by_vote)
        or bool(set(before.voters) - set(after.voters))
        or after.days_before_voting > before.days_before_voting
    )
