"""What is decided of a machine: who may, what it becomes, the ledger entry of it. Functions of a connection.

``by`` is who decides, read again here: their mandate may have gone since the request began. None is the command line.
"""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import Connection, insert, select, update

from affouage.assembly import mandates
from affouage.assembly.member import Member, Role
from affouage.errors import BadRequest, Conflict, NotAllowed, NotFound
from affouage.ledger import nodes
from affouage.ledger.nodes import What
from affouage.pool.nodes import ruled
from affouage.pool.nodes.joining import is_node_id, same_name
from affouage.pool.nodes.records import NodeRecord, record_of, row_of
from affouage.pool.station import Trust
from affouage.storage.tables import node

OWN: Trust = 0
COLLECTIVE: Trust = 1
TRUSTED: Trust = 2
MAX_WATTS = 100_000.0


def by_id(connection: Connection, node_id: str) -> NodeRecord:
    """Raises NotFound ``node_not_found``."""
    row = connection.execute(select(node).where(node.c.id == node_id)).mappings().first()
    if row is None:
        raise NotFound("There is no such machine.", remedy="They are all in: affouage node list", code="node_not_found")
    return record_of(dict(row))


def find(connection: Connection, name_or_id: str) -> NodeRecord:
    """By its number or its name. Raises NotFound ``node_not_found``."""
    if not is_node_id(name_or_id):
        holder = holder_of(connection, name_or_id)
        if holder is not None:
            return holder
    return by_id(connection, name_or_id)


def holder_of(connection: Connection, name: str) -> NodeRecord | None:
    """The machine that people would read under this name."""
    rows = connection.execute(select(node.c.id, node.c.name)).all()
    found = next((row.id for row in rows if same_name(row.name, name)), None)
    return None if found is None else by_id(connection, found)


def enter(connection: Connection, record: NodeRecord, now_ms: int) -> None:
    """Write a machine that asks. Raises Conflict ``node_name_taken``."""
    free_name(connection, record.name)
    connection.execute(insert(node), row_of(record))
    note(connection, record, "asked", "", now_ms)


def free_name(connection: Connection, name: str, unless: str = "") -> None:
    """Raises Conflict when a machine that serves or waits has it; one that is gone leaves it, and keeps its number."""
    holder = holder_of(connection, name)
    if holder is None or holder.id == unless:
        return
    if holder.state in ("pending", "approved"):
        raise Conflict(
            "A machine of this commons already has that name.",
            remedy="Choose another: --name NAME",
            code="node_name_taken",
        )
    _write(connection, holder.id, name=f"{holder.name[:24]} {holder.id}")


def approve(connection: Connection, by: Member | None, node_id: str, trust: Trust | None, now_ms: int) -> NodeRecord:
    who, record = steward(connection, by), by_id(connection, node_id)
    own = record.owned_by == "collective"
    if record.trust == OWN and record.serves:
        return record  # the machine the commons runs on: nobody else's reach is nearer
    wanted = trust or (COLLECTIVE if own else TRUSTED)
    if wanted not in (1, 2, 3) or (wanted == COLLECTIVE and not own):
        raise BadRequest(
            "A member's machine is not the collective's: whoever asks is told whose it is.",
            remedy="Approve it as trusted or everyone, or invite it again with --collective.",
            code="node_trust",
            param="trust",
        )
    if record.state in ("refused", "revoked"):
        raise Conflict(
            "This machine was refused or revoked: its keys may be anywhere.",
            remedy="Invite it again: affouage node invite",
            code="node_closed",
        )
    if record.serves and record.trust == wanted:
        return record
    ruled.may_trust(connection, wanted, now_ms)
    now = _write(connection, node_id, state="approved", trust=wanted, decided_ms=now_ms, decided_by=_id(who))
    return note(connection, now, "approved", _id(who), now_ms)


def refuse(connection: Connection, by: Member | None, node_id: str, now_ms: int) -> NodeRecord:
    who, record = steward(connection, by), by_id(connection, node_id)
    if record.state == "approved":
        raise Conflict(
            "This machine is approved already.", remedy="Revoke it: affouage node revoke NAME", code="node_approved"
        )
    if record.state != "pending":
        return record
    now = _write(connection, node_id, state="refused", decided_ms=now_ms, decided_by=_id(who))
    return note(connection, now, "refused", _id(who), now_ms)


def revoke(connection: Connection, by: Member | None, node_id: str, now_ms: int) -> NodeRecord:
    who, record = _owner_or_steward(connection, by, node_id)
    if record.state == "revoked":
        return record
    now = _write(connection, node_id, state="revoked", revoked_ms=now_ms)
    return note(connection, now, "revoked", _id(who), now_ms)


def rename(connection: Connection, by: Member | None, node_id: str, name: str, now_ms: int) -> NodeRecord:
    who, record = _owner_or_steward(connection, by, node_id)
    if record.name == name:
        return record
    free_name(connection, name, unless=node_id)
    return note(connection, _write(connection, node_id, name=name), "renamed", _id(who), now_ms)


def set_max_watts(
    connection: Connection, by: Member | None, node_id: str, max_watts: float | None, now_ms: int
) -> NodeRecord:
    if max_watts is not None and not (math.isfinite(max_watts) and 0 < max_watts <= MAX_WATTS):
        raise BadRequest(
            "That is not what a machine can draw.",
            remedy=f"Give watts, above 0 and at most {MAX_WATTS:.0f}: it stands on the power supply.",
            code="node_watts",
            param="max_watts",
        )
    who, record = _owner_or_steward(connection, by, node_id)
    if record.max_watts == max_watts:
        return record
    return note(connection, _write(connection, node_id, max_watts=max_watts), "max_watts", _id(who), now_ms)


def note(connection: Connection, record: NodeRecord, what: What, by: str, now_ms: int) -> NodeRecord:
    """Append the entry of a decision just written."""
    nodes.note(connection, record.id, what, by, now_ms)
    return record


def steward(connection: Connection, by: Member | None) -> Member | None:
    """``by`` as they are now. Raises NotAllowed ``insufficient_role`` below steward."""
    who = mandates.again(connection, by)
    if who is not None and not (who.active and who.role.at_least(Role.STEWARD)):
        raise _not_yours()
    return who


def _owner_or_steward(connection: Connection, by: Member | None, node_id: str) -> tuple[Member | None, NodeRecord]:
    """The machine, for who may decide of it. To anybody else it does not show whether there is one."""
    who = mandates.again(connection, by)
    if who is None or (who.active and who.role.at_least(Role.STEWARD)):
        return who, by_id(connection, node_id)
    row = connection.execute(select(node.c.owner_id).where(node.c.id == node_id)).first()
    if not who.active or row is None or row.owner_id != who.id:
        raise _not_yours()
    return who, by_id(connection, node_id)


def _write(connection: Connection, node_id: str, **values: Any) -> NodeRecord:
    connection.execute(update(node).where(node.c.id == node_id).values(**values))
    return by_id(connection, node_id)


def _id(who: Member | None) -> str:
    return "" if who is None else who.id


def _not_yours() -> NotAllowed:
    return NotAllowed(
        "Only its owner or a steward may do this.",
        remedy="Ask a steward of the collective.",
        code="insufficient_role",
        role=Role.STEWARD.value,
    )
