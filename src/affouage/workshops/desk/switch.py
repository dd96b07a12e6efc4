"""Stopping the tool: no draft is made any more until a steward starts it again. Functions of a connection.

Anybody at the desk may stop it, at once. Both are told in the public log, as facts: who and why are only committed to.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from affouage.journal import log
from affouage.storage.tables import desk_draft, desk_switch
from affouage.workshops.desk.shapes import Switch

STOPPED_LEAF, RESUMED_LEAF = "desk_stopped", "desk_resumed"


def read(connection: Connection) -> Switch:
    """As it is now."""
    row = connection.execute(select(desk_switch).order_by(desk_switch.c.number.desc()).limit(1)).first()
    if row is None:
        return Switch(stopped=False)
    return Switch(stopped=bool(row.stopped), at_ms=row.at_ms, by=row.by, reason=row.reason)


def turn(connection: Connection, *, stopped: bool, by: str, reason: str, now_ms: int) -> Switch:
    """Stop it or start it again; nothing for what it is already. ``by``: member id, "" for the command line."""
    before = read(connection)
    if before.stopped is stopped:
        return before
    connection.execute(insert(desk_switch).values(at_ms=now_ms, stopped=int(stopped), by=by, reason=reason))
    log.append(
        connection,
        STOPPED_LEAF if stopped else RESUMED_LEAF,
        {},
        now_ms,
        private={"by": by, "reason": reason},
        persons=(by,) if by else (),
    )
    waiting, then = ("wanted", "stopped") if stopped else ("stopped", "wanted")
    of = desk_draft.c
    connection.execute(update(desk_draft).where(of.state == waiting, of.found.is_not(None)).values(state=then))
    return read(connection)
