"""Rule area ``machines``: whose machines may join, who approves them, how far they may be trusted. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from affouage.assembly.area import Area, Field, choices_of
from affouage.errors import RuleRefused
from affouage.pool.station import REACHES

Enroller = Literal["member", "steward", "nobody"]
Approval = Literal["steward", "none"]
Widest = Literal["collective", "trusted", "everyone"]

MACHINES_MOST = 100


class MachineRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``machines``."""

    enrol: Enroller = "steward"
    """Who invites a machine: any member (their own), a steward (anybody's), or nobody any more."""
    approval: Approval = "steward"
    """``none``: an invited machine serves at once, with the trust that the rule allows a member's."""
    per_member: int = 0
    """Machines of one member that serve or wait; 0: as many as they like."""
    widest_trust: Widest = "everyone"
    """No machine is approved for questions that go further than this class."""


def trust_most(rules: MachineRules) -> int:
    """The highest ``pool.station.Trust`` that may be given, 1 to 3."""
    return REACHES.index(rules.widest_trust)


def check_machines(rules: MachineRules) -> None:
    """Raises RuleRefused for a number out of bounds."""
    if not 0 <= rules.per_member <= MACHINES_MOST:
        raise RuleRefused(
            f"per_member cannot be {rules.per_member}.",
            remedy=f"Give a whole number from 0 to {MACHINES_MOST}; 0 for as many as they like.",
            code="machines_amount",
            param="machines",
            field="per_member",
            value=rules.per_member,
            least=0,
            most=MACHINES_MOST,
        )


def opens_wider(before: MachineRules, after: MachineRules) -> bool:
    """Whether questions could be read by machines that could not before."""
    order = ("nobody", "steward", "member")
    return (
        order.index(after.enrol) > order.index(before.enrol)
        or (before.approval == "steward" and after.approval == "none")
        or trust_most(after) > trust_most(before)
    )


MACHINES = Area(
    name="machines",
    kind=MachineRules,
    check=check_machines,
    lowering=opens_wider,
    fields=(
        Field(path="enrol", kind="choice", choices=choices_of(MachineRules, "enrol")),
        Field(path="approval", kind="choice", choices=choices_of(MachineRules, "approval")),
        Field(path="per_member", kind="whole", least=0, most=MACHINES_MOST, unit="machines"),
        Field(path="widest_trust", kind="choice", choices=choices_of(MachineRules, "widest_trust")),
    ),
)
