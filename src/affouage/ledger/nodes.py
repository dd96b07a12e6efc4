"""Decisions about machines of members, in the books: ids and public keys only, never a name nor a secret."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection, func, select

from affouage.ledger.posting import append
from affouage.storage.tables import ledger_entry, node

What = Literal["invited", "asked", "approved", "refused", "revoked", "renamed", "max_watts"]


class NodeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger entry of kind "node": one decision. Ids only; ``public_key`` is the one its readings are signed by.

    ``id``: of the node (``attempt`` numbers its decisions), or of the invitation. ``by``: id of who decided, "" for the
    command line or, of "asked", the machine itself. ``owner_id``: "" for the collective's own.
    """

    id: str
    attempt: int = 1
    member_id: str = ""
    what: What
    by: str = ""
    owner_id: str = ""
    public_key: str = ""
    machine_id: str = ""
    trust: int | None = None
    max_watts: float | None = None


def note(connection: Connection, node_id: str, what: What, by: str, now_ms: int) -> None:
    """Append the entry of a decision just written to the row of this machine, which must be there."""
    row = connection.execute(select(node).where(node.c.id == node_id)).one()
    before = connection.execute(
        select(func.count())
        .select_from(ledger_entry)
        .where(ledger_entry.c.kind == "node", ledger_entry.c.request_id == node_id)
    ).scalar_one()
    entry = NodeEntry(
        id=node_id,
        attempt=before + 1,
        what=what,
        by=by,
        owner_id=row.owner_id,
        public_key=row.public_key,
        machine_id=row.machine_id,
        trust=row.trust if row.state == "approved" else None,
        max_watts=row.max_watts,
    )
    append(connection, "node", entry, now_ms)
