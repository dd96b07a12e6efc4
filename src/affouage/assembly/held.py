"""What is held about a member: given whole to them, and deleted when its time has passed. Functions of a connection."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, select

from affouage.assembly import answered, attempts, desk_held, keys, readings, sessions, voices
from affouage.assembly.member import Member
from affouage.assembly.refused_uses import held as reports_held
from affouage.storage.tables import (
    conversation,
    invitation,
    member,
    node,
    node_day,
    node_invitation,
    training_run,
    turn,
)

INVITATIONS_KEPT_MS = 30 * sessions.DAY_MS
"""How long a link that can no longer be used stays on record, so that the refusal can say why."""


def iso_utc(time_ms: int | None) -> str | None:
    """``2026-11-22T12:00:00Z``, to the second; None stays None. Pure."""
    if time_ms is None:
        return None
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def export(connection: Connection, who: Member, now_ms: int) -> dict[str, Any]:
    """Everything the accounts hold about ``who``, ready for JSON; no secret and no digest of one."""
    made = connection.execute(
        select(invitation).where((invitation.c.created_by == who.id) | (invitation.c.member_id == who.id))
    )
    has_password = connection.scalar(select(member.c.password_hash).where(member.c.id == who.id)) is not None
    return {
        "member": {
            "id": who.id,
            "name": who.name,
            "role": who.role.value,
            "language": who.language,
            "created": iso_utc(who.created_ms),
            "deactivated": iso_utc(who.deactivated_ms),
            "has_password": has_password,
        },
        "assembly": voices.of_member(connection, who.id),
        "sessions": [
            {"id": one.id, "agent": one.agent, "created": iso_utc(one.created_ms), "seen": iso_utc(one.seen_ms)}
            for one in sessions.open_sessions(connection, who.id, now_ms)
        ],
        "keys": [
            {
                "id": key.id,
                "label": key.label,
                "scopes": sorted(key.scopes),
                "created": iso_utc(key.created_ms),
                "expires": iso_utc(key.expires_ms),
                "revoked": iso_utc(key.revoked_ms),
            }
            for key in keys.of_member(connection, who.id)
        ],
        "invitations": [
            {
                "id": one.id,
                "role": one.role,
                "for_this_member": one.member_id == who.id,
                "created": iso_utc(one.created_ms),
                "expires": iso_utc(one.expires_ms),
                "used": iso_utc(one.used_ms),
                "revoked": iso_utc(one.revoked_ms),
            }
            for one in made
        ],
        "machines": machines(connection, who.id),
        "machine_invitations": [
            {
                "created": iso_utc(one.created_ms),
                "expires": iso_utc(one.expires_ms),
                "used": iso_utc(one.used_ms),
                "machine_id": one.node_id,
            }
            for one in connection.execute(select(node_invitation).where(node_invitation.c.owner_id == who.id))
        ],
        "conversations": conversations(connection, who.id, now_ms),
        "refused_uses": reports_held.export(connection, who.id),
        "readings": readings.export(connection, who.id),
        "work_answers": answered.of_member(connection, who.id),
        "desk": desk_held.export(connection, who.id),
        "training_runs": runs(connection, who.id),
    }


_TRUSTS = {1: "collective", 2: "trusted", 3: "everyone"}


def runs(connection: Connection, member_id: str) -> list[dict[str, Any]]:
    """The runs of training they asked for: they are the collective's, and keep the opaque id of the roll."""
    query = select(training_run).where(training_run.c.member_id == member_id).order_by(training_run.c.created_ms)
    return [
        {"id": one.id, "name": one.name, "state": one.state, "asked": iso_utc(one.created_ms)}
        for one in connection.execute(query)
    ]


def machines(connection: Connection, owner_id: str) -> list[dict[str, Any]]:
    """The machines they lend or lent, oldest first, with what each served day by day: counts, never content."""
    theirs = select(node).where(node.c.owner_id == owner_id).order_by(node.c.created_ms, node.c.id)
    return [
        {
            "id": one.id,
            "name": one.name,
            "state": one.state,
            "trust": _TRUSTS[one.trust],
            "name_in_the_books": one.machine_id,
            "max_watts": one.max_watts,
            "lends": msgspec.json.decode(one.policy),
            "created": iso_utc(one.created_ms),
            "decided": iso_utc(one.decided_ms),
            "revoked": iso_utc(one.revoked_ms),
            "seen": iso_utc(one.seen_ms),
            "served": _served(connection, one.id),
        }
        for one in connection.execute(theirs)
    ]


def _served(connection: Connection, node_id: str) -> list[dict[str, Any]]:
    days = connection.execute(select(node_day).where(node_day.c.node_id == node_id).order_by(node_day.c.day))
    return [_day(one) for one in days]


def _day(one: Row[Any]) -> dict[str, Any]:
    """``energy_uj``: what was counted, None when nothing was. ``served_us``: of the machine's time, for others."""
    told = {name: getattr(one, name) for name in ("day", "requests", "own_requests", "lost", "decoded_tokens")}
    return {**told, "energy_uj": one.energy_uj or None, "served_us": one.served_us}


def conversations(connection: Connection, member_id: str, now_ms: int) -> list[dict[str, Any]]:
    """Kept conversations with their turns, oldest first; what has expired is not given, purged or not."""
    mine = (conversation.c.member_id == member_id) & (conversation.c.expires_ms > now_ms)
    kept = connection.execute(select(conversation).where(mine).order_by(conversation.c.created_ms, conversation.c.id))
    return [
        {
            "id": one.id,
            "title": one.title,
            "created": iso_utc(one.created_ms),
            "expires": iso_utc(one.expires_ms),
            "turns": [
                {"role": said.role, "text": said.text, "receipt_id": said.receipt_id}
                for said in connection.execute(
                    select(turn).where(turn.c.conversation_id == one.id).order_by(turn.c.seq)
                )
            ],
        }
        for one in kept
    ]


def purge(connection: Connection, now_ms: int) -> int:
    """Delete sessions that are over, old attempts, links long closed; how many rows. Idempotent."""
    closed_ms = func.coalesce(invitation.c.used_ms, invitation.c.revoked_ms, invitation.c.expires_ms)
    old = delete(invitation).where(closed_ms <= now_ms - INVITATIONS_KEPT_MS)
    return (
        sessions.forget_over(connection, now_ms)
        + attempts.forget_old(connection, now_ms)
        + connection.execute(old).rowcount
    )
