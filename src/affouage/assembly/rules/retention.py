"""Rule area ``retention``: how many days each kind of data is kept. Pure.

Each bound is ``law`` (what a text imposes or limits) or ``choice`` (ours): ``docs/reference/rules.md`` says which and
why. A member's right to have their data erased is above all of them and is no rule.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from affouage.errors import RuleRefused

DAY_MS = 24 * 3_600_000


class RetentionRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``retention``. Days, counted from the creation of each piece unless its bound says otherwise."""

    conversations: int = 30
    """Conversations that a member chose to keep."""
    sessions: int = 90
    """A session ends after so long, used or not."""
    idle_sessions: int = 14
    """A session that nobody uses for so long is over."""
    sign_in_attempts: int = 0
    """Counts of failed sign-ins, after the quarter of an hour in which they count."""
    invitations: int = 30
    """Links that can no longer be used, so that a refusal can say why."""
    reports: int = 180
    """Reports of refused uses, with what was shown in them, once they are decided."""
    meter_readings: int = 1095
    """The energy of each second, from which an audit computes a month again."""
    receipt_salts: int = 1825
    """What lets a member prove which exact text their receipt is of."""
    ballots: int = 90
    """Who voted what in an open vote, after its closing. The count stays."""
    desk: int = 60
    """Questions of the desk with their drafts and answers, after the last thing that happened to them. Counts stay."""


class Bound(NamedTuple):
    """Days, both included. ``basis``: where the limits come from."""

    least: int
    most: int
    basis: Literal["law", "choice"]


BOUNDS: dict[str, Bound] = {
    "conversations": Bound(1, 365, "choice"),
    "sessions": Bound(1, 90, "choice"),
    "idle_sessions": Bound(1, 14, "choice"),
    "sign_in_attempts": Bound(0, 7, "choice"),
    "invitations": Bound(1, 365, "choice"),
    "reports": Bound(30, 365, "law"),
    "meter_readings": Bound(62, 3650, "choice"),
    "receipt_salts": Bound(30, 1825, "law"),
    "ballots": Bound(30, 365, "choice"),
    "desk": Bound(7, 365, "choice"),
}
CLASSES = tuple(BOUNDS)


def check_retention(rules: RetentionRules) -> None:
    """Raises RuleRefused for days out of the bounds of their kind, or a session that idles longer than it lasts."""
    for name, bound in BOUNDS.items():
        days: int = getattr(rules, name)
        if not bound.least <= days <= bound.most:
            raise RuleRefused(
                f"{name} cannot be kept {days} days.",
                remedy=f"Give a whole number of days from {bound.least} to {bound.most}.",
                code="retention_days",
                param="retention",
                field=name,
                value=days,
                least=bound.least,
                most=bound.most,
            )
    if rules.idle_sessions > rules.sessions:
        raise RuleRefused(
            f"A session of {rules.sessions} days cannot idle for {rules.idle_sessions}.",
            remedy="Give idle_sessions at most the days of sessions.",
            code="retention_idle",
            param="retention",
            field="idle_sessions",
        )


def lowered(rules: RetentionRules, *keep_days: int) -> RetentionRules:
    """The rule with conversations kept no longer than each of ``keep_days`` (0: says nothing). Never longer."""
    days = min((rules.conversations, *(one for one in keep_days if one > 0)))
    return msgspec.structs.replace(rules, conversations=days)


def too_old_ms(days: int, now_ms: int) -> int:
    """What dates from this moment or before is kept no longer."""
    return now_ms - days * DAY_MS


def lengthens(old: RetentionRules, new: RetentionRules) -> bool:
    """Whether something would be kept longer: that takes more than a simple majority."""
    return any(getattr(new, name) > getattr(old, name) for name in CLASSES)
