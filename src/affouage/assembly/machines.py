"""The machines of a member, as the roll looks after them: shut out when their account closes, nameless once erased.

Joining and approving are the pool's. Functions of a connection.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from affouage.ledger import nodes
from affouage.storage.tables import node, node_invitation

_LAST_SERIAL = 2**31 - 1
"""Nothing that a machine still tells of what it lends is newer."""


def shut_out(connection: Connection, owner_id: str, by: str, now_ms: int) -> None:
    """Revoke every machine of theirs that serves or waits, each with its entry.

    ``by``: id of who closed the account, "" for the command line. For good: a machine that somebody who left still
    has at home would otherwise go on reading questions. A running server notices within a second.
    """
    theirs = (node.c.owner_id == owner_id) & node.c.state.in_(("pending", "approved"))
    in_order = select(node.c.id).where(theirs).order_by(node.c.created_ms, node.c.id)
    for node_id in connection.execute(in_order).scalars().all():
        connection.execute(update(node).where(node.c.id == node_id).values(state="revoked", revoked_ms=now_ms))
        nodes.note(connection, node_id, "revoked", by, now_ms)


def forget(connection: Connection, owner_id: str) -> None:
    """What its owner wrote of a machine goes: its name, what he lent and when. Its keys and its sums stay."""
    theirs = connection.execute(select(node.c.id).where(node.c.owner_id == owner_id)).scalars().all()
    for node_id in theirs:
        row = update(node).where(node.c.id == node_id)
        connection.execute(row.values(name=node_id, policy="{}", policy_serial=_LAST_SERIAL, max_watts=None))
    connection.execute(delete(node_invitation).where(node_invitation.c.owner_id == owner_id))
