"""The machine the commons runs on, as a node of its own pool: where several gateways share it, none has its engines.

The commons enrols it itself: no invitation, no steward. It keeps the nearest reach, as when one process has it all.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select

from affouage.clock import Clock
from affouage.errors import Conflict
from affouage.pool.nodes import decisions
from affouage.pool.nodes.commons_keys import pool_folder
from affouage.pool.nodes.identity import Enrolled
from affouage.pool.nodes.joining import name_for
from affouage.pool.nodes.records import NodeRecord
from affouage.storage.tables import node


def place_of(home: Path) -> Path:
    """The folder where this machine keeps what a node keeps. Raises HomeReadOnly."""
    return pool_folder(home) / "here"


def enter(
    connection: Connection, held: Enrolled, box_key: bytes, clock: Clock, max_watts: float | None = None
) -> NodeRecord:
    """Let it serve, from now on or again; ``box_key``: what is sealed for it. Raises Conflict once it was revoked."""
    now_ms = clock.now_ms()
    if connection.execute(select(node.c.id).where(node.c.id == held.node_id)).first() is None:
        record = NodeRecord(
            id=held.node_id,
            name=_free_name(connection, held.name),
            owner_id="",
            owned_by="collective",
            state="approved",
            trust=decisions.OWN,
            public_key=held.public_key,
            box_key=box_key,
            machine_id=held.machine_id,
            created_ms=now_ms,
            decided_ms=now_ms,
            max_watts=max_watts,
        )
        decisions.enter(connection, record, now_ms)
        decisions.note(connection, record, "approved", "", now_ms)
    record = decisions.by_id(connection, held.node_id)
    if not record.serves:
        raise Conflict(
            "The machine of the commons itself was revoked: its keys are worth nothing any more.",
            remedy="Take its folder away, and it is entered anew: pool/here, in the home.",
            code="node_closed",
        )
    return record


def _free_name(connection: Connection, wanted: str) -> str:
    name, number = name_for(wanted), 1
    while decisions.holder_of(connection, name) is not None:
        number += 1
        name = f"{name_for(wanted)[:36]} {number}"
    return name
