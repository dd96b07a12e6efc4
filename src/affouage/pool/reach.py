"""Whose machines may read a question: four classes, chosen by the member, capped by the rule of confidentiality. Pure.

The machine that answers does read what it answers: no encryption changes that, so the choice is told before sending.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from affouage.errors import BadRequest, RuleRefused
from affouage.pool.station import REACHES

Reach = Literal["local", "collective", "trusted", "everyone"]


class ConfidentialityRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area "confidentiality". ``default``: of who chooses nothing; ``most``: nobody may choose wider.

    ``workshops``: a narrower cap for what comes by a workshop, by its name.
    """

    default: Reach = "trusted"
    most: Reach = "everyone"
    workshops: dict[str, Reach] = {}


def check_confidentiality(rules: ConfidentialityRules) -> None:
    """Raises RuleRefused when the default is wider than the cap."""
    if number(rules.default) > number(rules.most):
        raise RuleRefused(
            "What is chosen for everybody cannot be wider than what anybody may choose.",
            remedy="Give a default at most as wide as the cap: local, collective, trusted, everyone.",
            code="reach_default",
            param="default",
        )


def lowered(rules: ConfidentialityRules, most: str) -> ConfidentialityRules:
    """The rule with a cap at ``most`` ("" for none): what a configuration file may take away. Never wider."""
    if not most:
        return rules
    cap = min(rules.most, REACHES[number(most)], key=number)
    return msgspec.structs.replace(rules, most=cap, default=min(rules.default, cap, key=number))


def number(reach: str) -> int:
    """0 local .. 3 everyone. Raises KeyError-like ValueError for another word."""
    return REACHES.index(reach)


def allowed(rules: ConfidentialityRules, workshop: str = "") -> tuple[str, ...]:
    """The classes a member may choose, narrowest first."""
    cap = min(number(rules.most), number(rules.workshops.get(workshop, "everyone")))
    return REACHES[: cap + 1]


def reach_of(rules: ConfidentialityRules, asked: str = "", workshop: str = "") -> int:
    """The reach of a request: as asked, else the default, never above the cap.

    Raises BadRequest for a class there is not, or one that the rule does not allow.
    """
    may = allowed(rules, workshop)
    if not asked:
        return min(number(rules.default), len(may) - 1)
    if asked not in REACHES:
        raise BadRequest(
            f"{asked!r:.40} is no confidentiality class.",
            remedy=f"Choose among: {', '.join(may)}.",
            code="unknown_reach",
            param="confidentiality",
        )
    if asked not in may:
        raise BadRequest(
            "The members decided that questions go no further than that.",
            remedy=f"Choose among: {', '.join(may)}.",
            code="reach_capped",
            param="confidentiality",
        )
    return number(asked)
