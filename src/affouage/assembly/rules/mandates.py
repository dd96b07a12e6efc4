"""Rule area ``mandates``: how long a mandate lasts at most, and which roles are held by a vote alone. Pure.

A mandate is never renewed without a vote: that is the software's, not a rule. How many moderators there may be at once
is with the uses they judge (area ``uses``).
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from affouage.errors import RuleRefused

Scope = Literal["moderator", "operator", "steward", "treasurer", "emergency", "witness", "trustee", "clerk"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
ROLES = ("operator", "steward")
"""Mandates that give the role of the same name while they last."""
DAYS_MOST = 6 * 365


class Days(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Longest duration of each mandate, in days."""

    moderator: int = 365
    operator: int = 3 * 365
    steward: int = 365
    treasurer: int = 365
    emergency: int = 180
    witness: int = 2 * 365
    trustee: int = 365
    clerk: int = 365


class MandateRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``mandates``."""

    days: Days = Days()
    voted: tuple[str, ...] = ROLES
    """Roles that, once the assembly is founded, are given by a mandate that was voted, and by nothing else."""


def days_of(rules: MandateRules, scope: str) -> int:
    """Raises RuleRefused for a mandate there is not."""
    if scope not in SCOPES:
        raise RuleRefused(
            f"There is no mandate {scope!r:.40}.",
            remedy=f"Choose among: {', '.join(SCOPES)}.",
            code="mandates_scope",
            param="scope",
        )
    days: int = getattr(rules.days, scope)
    return days


def check_mandates(rules: MandateRules) -> None:
    """Raises RuleRefused for durations out of bounds, and for a role there is not."""
    for scope in SCOPES:
        _between(f"days/{scope}", days_of(rules, scope), 1, DAYS_MOST)
    if set(rules.voted) - set(ROLES) or len(set(rules.voted)) < len(rules.voted):
        raise RuleRefused(
            "Only the roles of steward and of operator are given by a mandate.",
            remedy=f"Choose among: {', '.join(ROLES)}, once each.",
            code="mandates_voted",
            param="mandates",
        )


def lengthens(before: MandateRules, after: MandateRules) -> bool:
    """Whether somebody would hold power for longer, or without a vote."""
    longer = any(days_of(after, scope) > days_of(before, scope) for scope in SCOPES)
    return longer or bool(set(before.voted) - set(after.voted))


def _between(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise RuleRefused(
            f"{field} cannot be {value}.",
            remedy=f"Give a whole number from {least} to {most}.",
            code="mandates_amount",
            param="mandates",
            field=field,
            value=value,
            least=least,
            most=most,
        )
