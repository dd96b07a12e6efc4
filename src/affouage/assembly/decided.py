"""When a version of a rule was decided: what refusals and receipts tell of it. Functions of a connection."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, select

from affouage.assembly.charter import Version
from affouage.storage.tables import assembly_event, journal_leaf, ledger_entry


def decided_ms(connection: Connection, decision: Version) -> int:
    """When the vote closed that decided it; without a vote, when it was written down."""
    if decision.proposal_id is not None:
        closed_ms = _closed_ms(connection, decision.proposal_id)
        if closed_ms is not None:
            return closed_ms
    entered = None
    if decision.leaf_seq is not None:
        entered = connection.scalar(select(journal_leaf.c.created_ms).where(journal_leaf.c.seq == decision.leaf_seq))
    written = connection.scalar(
        select(ledger_entry.c.created_ms).where(
            ledger_entry.c.request_id == f"rule_{decision.area}_{decision.version}", ledger_entry.c.kind == "rule"
        )
    )
    known = [one for one in (written, entered, decision.in_force_ms) if one is not None]
    return int(known[0])


def _closed_ms(connection: Connection, proposal_id: int) -> int | None:
    """Of the last vote on a proposal."""
    events = connection.execute(
        select(assembly_event.c.kind, assembly_event.c.at_ms, assembly_event.c.body)
        .where(assembly_event.c.kind.in_(["poll_opened", "poll_closed"]))
        .order_by(assembly_event.c.seq)
    )
    polls: set[int] = set()
    found: int | None = None
    for kind, at_ms, body in events:
        said: dict[str, Any] = msgspec.json.decode(body)
        if kind == "poll_opened" and proposal_id in said["proposals"]:
            polls.add(said["id"])
        elif kind == "poll_closed" and said["id"] in polls:
            found = at_ms
    return found
