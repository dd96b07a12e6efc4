"""Invitations for machines: single use, short-lived, only their digest kept. Functions of a connection."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, insert, select, update

from affouage.assembly import attempts, credentials, mandates, roll
from affouage.assembly.member import Member
from affouage.catalogue.machine import machine_id as own_machine_id
from affouage.errors import BadRequest, Conflict, NotFound, TooMuch
from affouage.ledger.nodes import NodeEntry
from affouage.ledger.posting import append
from affouage.pool.nodes import decisions, ruled
from affouage.pool.nodes.joining import JoinRequest, node_id_of
from affouage.pool.nodes.records import NodeRecord
from affouage.storage.tables import machine_version, node, node_invitation, reading_block

HOUR_MS = 3_600_000
HOURS_MAX = 720


@dataclass(frozen=True)
class Invited:
    """An invitation just made: the only time its secret is known. ``owner_id``: "" for a machine of the collective."""

    secret: str = field(repr=False)
    owner_id: str
    expires_ms: int


def issue(connection: Connection, by: Member | None, owner_id: str, now_ms: int, hours: int) -> Invited:
    """Raises NotAllowed as the rule of machines says, Conflict ``machines_full``, ``member_deactivated``, BadRequest
    ``node_hours``."""
    who = mandates.again(connection, by)
    ruled.may_enrol(connection, who, owner_id, now_ms)
    if not 1 <= hours <= HOURS_MAX:
        raise BadRequest(
            "An invitation cannot last that long.",
            remedy=f"Give 1 to {HOURS_MAX} hours.",
            code="node_hours",
            param="hours",
        )
    _active_owner(connection, owner_id)
    invited = Invited(credentials.new_link_secret(), owner_id, now_ms + hours * HOUR_MS)
    author = "" if who is None else who.id
    connection.execute(
        insert(node_invitation),
        {
            "token_sha256": credentials.digest(invited.secret),
            "owner_id": owner_id,
            "created_by": author,
            "created_ms": now_ms,
            "expires_ms": invited.expires_ms,
        },
    )
    entry = NodeEntry(id=f"node_invitation:{credentials.new_id()}", what="invited", by=author, owner_id=owner_id)
    append(connection, "node", entry, now_ms)
    return invited


def count_attempt(connection: Connection, secret: str, address: str, now_ms: int) -> None:
    """Count one use before it is looked at, by address, with the sign-ins. Raises TooMuch ``too_many_joins``."""
    try:
        attempts.count(connection, _attempt_key(secret), address, now_ms)
    except TooMuch as wait:
        raise TooMuch(
            "Too many invitations were tried from this address.",
            remedy=f"Wait {-(-wait.retry_after_s // 60)} min, then try again.",
            retry_after_s=wait.retry_after_s,
            code="too_many_joins",
        ) from None


def redeem(connection: Connection, request: JoinRequest, name: str, address: str, now_ms: int) -> NodeRecord:
    """Use it for the machine that signed the request. Idempotent for that machine."""
    found, node_id = _usable(connection, request, now_ms), node_id_of(request.public_key)
    attempts.forgive(connection, _attempt_key(request.secret), address)
    if found.used_ms is not None:
        return decisions.by_id(connection, node_id)  # its answer was lost on the way
    record = NodeRecord(
        id=node_id,
        name=name,
        owner_id=found.owner_id,
        owned_by="member" if found.owner_id else "collective",
        state="pending",
        trust=decisions.TRUSTED if found.owner_id else decisions.COLLECTIVE,
        public_key=request.public_key,
        box_key=bytes.fromhex(request.box_key),
        machine_id=_free_machine_id(connection, request.machine_id, node_id),
        created_ms=now_ms,
        max_watts=request.max_watts,
    )
    ruled.open_to_new(connection, now_ms)
    ruled.room_for_one(connection, found.owner_id, now_ms)
    decisions.enter(connection, record, now_ms)
    at_once = ruled.approved_at_once(connection, found.owner_id, decisions.TRUSTED, now_ms)
    if at_once is not None:
        record = decisions.approve(connection, None, node_id, at_once, now_ms)
    used = update(node_invitation).where(node_invitation.c.token_sha256 == found.token_sha256)
    connection.execute(used.values(used_ms=now_ms, node_id=node_id))
    return record


def _usable(connection: Connection, request: JoinRequest, now_ms: int) -> Row[object]:
    digest, row = b"", None
    if credentials.is_secret(request.secret):
        digest = credentials.digest(request.secret)
        row = connection.execute(select(node_invitation).where(node_invitation.c.token_sha256 == digest)).first()
    if row is None or not credentials.same(row.token_sha256, digest):
        raise NotFound(
            "This commons never made that invitation: it is for another commons, or was withdrawn.",
            remedy="Look at the address it begins with, or ask a steward for a new one.",
            code="node_invitation_not_found",
        )
    if row.used_ms is not None and row.node_id != node_id_of(request.public_key):
        raise Conflict(
            "This invitation has already been used, for another machine or by keys that are gone.",
            remedy="One invitation, one machine: ask a steward for a new one.",
            code="node_invitation_used",
        )
    if row.used_ms is None and row.expires_ms <= now_ms:
        raise Conflict(
            "This invitation has expired.",
            remedy="Ask a steward for a new one; it lasts a few days.",
            code="node_invitation_expired",
        )
    if row.used_ms is None:
        _active_owner(connection, row.owner_id)
    return row


def _active_owner(connection: Connection, owner_id: str) -> None:
    if owner_id and not roll.by_id(connection, owner_id).active:
        raise Conflict("This account is deactivated.", remedy="Reactivate it first.", code="member_deactivated")


def _free_machine_id(connection: Connection, wanted: str, node_id: str) -> str:
    """What the books will call it: two machines under one name would be one meter."""
    known = (node.c.machine_id, reading_block.c.machine_id, machine_version.c.machine_id)
    taken = wanted == own_machine_id() or any(
        connection.execute(select(column).where(column == wanted).limit(1)).first() is not None for column in known
    )
    return f"{wanted[:60]}-{node_id.removeprefix('n_')}" if taken else wanted


def _attempt_key(secret: str) -> str:
    return f"node {secret}"  # kept as a digest, as names are
