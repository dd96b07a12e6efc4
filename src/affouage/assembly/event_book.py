"""The events of the assembly in the database, each with its leaf in the public log. Functions of a connection."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions.state import AssemblyState, Happened, fold
from affouage.errors import DatabaseUnusable
from affouage.journal import log
from affouage.storage.tables import assembly_event

LEAF_PREFIX = "assembly_"
"""Of the kind of a leaf: ``assembly_poll_opened``."""


def record(connection: Connection, event: ev.Event, now_ms: int) -> Happened:
    """Append an event, its leaf first: what is public enters the log before it has any effect."""
    leaf_seq = log.append(
        connection,
        LEAF_PREFIX + event.kind,
        event.public(),
        now_ms,
        private=event.private(),
        persons=event.persons(),
    )
    last = connection.execute(select(assembly_event.c.seq).order_by(assembly_event.c.seq.desc()).limit(1)).scalar()
    seq = (last or 0) + 1
    row = {"seq": seq, "at_ms": now_ms, "kind": event.kind, "body": ev.write(event), "leaf_seq": leaf_seq}
    connection.execute(insert(assembly_event), row)
    return Happened(seq, now_ms, event)


def since(connection: Connection, seq: int) -> list[Happened]:
    """The events after ``seq``, in order. Raises DatabaseUnusable for what this version cannot read."""
    rows = connection.execute(select(assembly_event).where(assembly_event.c.seq > seq).order_by(assembly_event.c.seq))
    return [Happened(row.seq, row.at_ms, _read(row.seq, row.kind, row.body)) for row in rows]


def state_of(connection: Connection, known: AssemblyState | None = None) -> AssemblyState:
    """What stands; ``known``: an earlier state, so that only what happened since is read."""
    base = known or AssemblyState()
    happened = since(connection, base.seq)
    if not happened:
        return base
    try:
        return fold(happened, base)
    except (KeyError, ValueError) as wrong:
        raise DatabaseUnusable(
            f"The events of the assembly do not follow from one another: {wrong}.",
            remedy="Somebody may have written in the database: `affouage journal verify`.",
        ) from wrong


def _read(seq: int, kind: str, body: str) -> ev.Event:
    try:
        return ev.read(kind, body)
    except (KeyError, ValueError) as unknown:
        raise DatabaseUnusable(
            f"Event {seq} of the assembly ({kind}) cannot be read: {unknown}.",
            remedy="It may come from a newer affouage: use that one. Else: `affouage journal verify`.",
        ) from unknown
