"""How long a clerk works on an item, as their page tells it: never more than has passed. Functions of a connection."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from affouage.storage.tables import desk_focus, desk_item
from affouage.workshops.desk import rows
from affouage.workshops.desk.cases import HELD

BEAT_MOST_MS = 60_000
"""A page in focus that tells nothing for longer is no work."""


def note(connection: Connection, item_id: str, member_id: str, ms: int, now_ms: int) -> None:
    """Add ``ms`` in focus; nothing for an item they do not hold. Raises NotFound."""
    row = rows.find(connection, item_id)
    if row.holder_id != member_id or row.state not in HELD:
        return
    mine = (desk_focus.c.item_id == item_id) & (desk_focus.c.member_id == member_id)
    known = connection.execute(select(desk_focus.c.active_ms, desk_focus.c.beat_ms).where(mine)).first()
    taken_ms = rows.case_of(connection, row).taken_ms
    since_ms = taken_ms if known is None else max(known.beat_ms, taken_ms)
    more_ms = max(0, min(ms, BEAT_MOST_MS, now_ms - since_ms))
    if known is None:
        values = {"item_id": item_id, "member_id": member_id, "active_ms": more_ms, "beat_ms": now_ms}
        connection.execute(insert(desk_focus).values(**values))
    else:
        beat = {"active_ms": known.active_ms + more_ms, "beat_ms": now_ms}
        connection.execute(update(desk_focus).where(mine).values(**beat))
    connection.execute(update(desk_item).where(desk_item.c.id == item_id).values(held_ms=now_ms))
