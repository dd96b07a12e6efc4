"""What is held of people at the desk: given to a member, forgotten with them, deleted in time.

Functions of a connection. What a member wrote to the public is the collective's answer: it stays, for the days of the
rule, and says no longer whose it was.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from affouage.assembly.rules.retention import too_old_ms
from affouage.storage.tables import desk_event, desk_focus, desk_item, desk_switch


def export(connection: Connection, member_id: str) -> dict[str, Any]:
    """What a member did at the desk and when, how long their page of each question was in focus, stops they decided.
    Never the words of the public."""
    acts = select(desk_event).where(desk_event.c.actor_id == member_id).order_by(desk_event.c.number)
    focus = select(desk_focus).where(desk_focus.c.member_id == member_id).order_by(desk_focus.c.item_id)
    turns = select(desk_switch).where(desk_switch.c.by == member_id).order_by(desk_switch.c.number)
    return {
        "acts": [{"item": one.item_id, "what": one.kind, "at_ms": one.at_ms} for one in connection.execute(acts)],
        "focus": [{"item": one.item_id, "active_ms": one.active_ms} for one in connection.execute(focus)],
        "stops": [
            {"at_ms": one.at_ms, "stopped": bool(one.stopped), "reason": one.reason}
            for one in connection.execute(turns)
        ],
    }


def forget(connection: Connection, member_id: str) -> None:
    """Erase somebody who leaves: their hours, their reasons; what they held goes back to the queue by its rule.

    Their acts keep the opaque id of the roll, which leads to nobody any more: what left was read by a person, and goes
    on saying so.
    """
    connection.execute(delete(desk_focus).where(desk_focus.c.member_id == member_id))
    connection.execute(update(desk_event).where(desk_event.c.actor_id == member_id).values(active_ms=None))
    connection.execute(update(desk_switch).where(desk_switch.c.by == member_id).values(by="", reason="-"))


def purge(connection: Connection, days: int, now_ms: int) -> int:
    """Delete items to which nothing has happened for so long, with all that hangs on them; how many. Idempotent."""
    return connection.execute(delete(desk_item).where(desk_item.c.touched_ms <= too_old_ms(days, now_ms))).rowcount
