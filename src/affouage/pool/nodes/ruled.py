"""What the rule of machines allows, asked inside the transaction that would do it. Each refusal names rule and vote."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from affouage.assembly import ruled
from affouage.assembly.member import Member, Role
from affouage.errors import Conflict, NotAllowed
from affouage.pool.machine_rules import MACHINES, MachineRules, trust_most
from affouage.pool.station import REACHES, Trust
from affouage.storage.tables import node


def may_enrol(connection: Connection, author: Member | None, owner_id: str, now_ms: int) -> None:
    """Whether ``author`` (None: the command line) may invite a machine of ``owner_id`` ("" for the collective's).

    Raises NotAllowed ``enrol_closed``, ``insufficient_role``; Conflict ``machines_full``.
    """
    rules, facts, words = _named(connection, now_ms)
    open_to_new(connection, now_ms)
    own = author is not None and author.active and author.id == owner_id
    steward = author is None or (author.active and author.role.at_least(Role.STEWARD))
    if not steward and not (own and rules.enrol == "member"):
        raise NotAllowed(
            f"A steward invites machines here: so the members decided ({words}).",
            remedy="Ask a steward of the collective.",
            code="insufficient_role",
            role=Role.STEWARD.value,
            **facts,
        )
    room_for_one(connection, owner_id, now_ms)


def open_to_new(connection: Connection, now_ms: int) -> None:
    """Raises NotAllowed ``enrol_closed`` while no machine joins."""
    rules, facts, words = _named(connection, now_ms)
    if rules.enrol == "nobody":
        raise NotAllowed(
            f"No machine joins at present: so the members decided ({words}).",
            remedy="Any member may propose to change the rule of machines.",
            code="enrol_closed",
            **facts,
        )


def room_for_one(connection: Connection, owner_id: str, now_ms: int) -> None:
    """Raises Conflict ``machines_full`` when a member has as many as the rule allows. The collective has no limit."""
    rules, facts, words = _named(connection, now_ms)
    if not owner_id or not rules.per_member:
        return
    theirs = (node.c.owner_id == owner_id) & node.c.state.in_(("pending", "approved"))
    there = connection.scalar(select(func.count()).select_from(node).where(theirs)) or 0
    if there >= rules.per_member:
        raise Conflict(
            f"A member lends {rules.per_member} machines at most ({words}).",
            remedy="Take one back first: affouage node revoke NAME",
            code="machines_full",
            most=rules.per_member,
            **facts,
        )


def may_trust(connection: Connection, trust: int, now_ms: int) -> None:
    """Raises NotAllowed ``trust_capped`` for a class wider than the rule allows."""
    rules, facts, words = _named(connection, now_ms)
    if trust > trust_most(rules):
        raise NotAllowed(
            f"No machine is trusted further than {rules.widest_trust}: so the members decided ({words}).",
            remedy=f"Approve it as {rules.widest_trust} at most, if it is that.",
            code="trust_capped",
            known=", ".join(REACHES[1 : trust_most(rules) + 1]),
            **facts,
        )


def approved_at_once(connection: Connection, owner_id: str, usual: Trust, now_ms: int) -> Trust | None:
    """The trust with which an invited machine serves without being looked at; None when a steward approves it."""
    rules, _, _ = _named(connection, now_ms)
    if rules.approval == "steward" or not owner_id or usual > trust_most(rules):
        return None
    return usual


def _named(connection: Connection, now_ms: int) -> tuple[MachineRules, dict[str, Any], str]:
    return ruled.named(connection, MACHINES, now_ms)
