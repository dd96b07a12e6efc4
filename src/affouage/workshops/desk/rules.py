"""Rule area ``desk``: who answers the public, under which safeguards, and whether the public may write. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from affouage.errors import RuleRefused

Clerks = Literal["mandated", "stewards", "members"]
"""Who may be at the desk, each including those before it."""


class DeskRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``desk``."""

    clerks: Clerks = "stewards"
    """Before the founding nobody holds a mandate: stewards and operators are then at the desk whatever it says."""
    blind_percent: int = 10
    """Of the items, drawn at random: the clerk writes before seeing a draft. Also what drafts are compared with."""
    items_per_hour: int = 20
    """Answers that one clerk sends in an hour, at most: reading takes time."""
    alarm_hours: int = 24
    """A question that has waited for so long is shown as late."""
    release_minutes: int = 30
    """A question taken and left alone for so long goes back to the queue."""
    public_open: bool = False
    """Whether anybody may write to the desk, without an account."""
    public_most: int = 5
    """Questions from one network in a quarter of an hour."""
    public_waiting_most: int = 100
    """While so many questions wait, the public is asked to come back later."""


class Bound(NamedTuple):
    """Both included."""

    least: int
    most: int


BOUNDS: dict[str, Bound] = {
    "blind_percent": Bound(0, 50),
    "items_per_hour": Bound(1, 120),
    "alarm_hours": Bound(1, 720),
    "release_minutes": Bound(5, 480),
    "public_most": Bound(1, 100),
    "public_waiting_most": Bound(1, 2_000),
}
_WIDTH: dict[str, int] = {"mandated": 0, "stewards": 1, "members": 2}


def check_desk(rules: DeskRules) -> None:
    """Raises RuleRefused, code ``desk_amount``, for a number out of its bounds."""
    for name, bound in BOUNDS.items():
        value: int = getattr(rules, name)
        if not bound.least <= value <= bound.most:
            raise RuleRefused(
                f"{name} cannot be {value}.",
                remedy=f"Give a whole number from {bound.least} to {bound.most}.",
                code="desk_amount",
                param="desk",
                field=name,
                value=value,
                least=bound.least,
                most=bound.most,
            )


def loosens(before: DeskRules, after: DeskRules) -> bool:
    """Whether a safeguard is taken away: more people at the desk, more answers an hour, less written first."""
    wider = _WIDTH[after.clerks] > _WIDTH[before.clerks]
    return wider or after.items_per_hour > before.items_per_hour or after.blind_percent < before.blind_percent
