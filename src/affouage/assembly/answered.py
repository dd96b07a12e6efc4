"""In which weeks a member answered about their work: given to them, forgotten with them. Functions of a connection.

What they answered is nobody's: see ``storage.work_tables``.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from affouage.storage.tables import work_voice


def of_member(connection: Connection, member_id: str) -> list[dict[str, str]]:
    """Ready for JSON, oldest first; weeks whose answers were told are forgotten already."""
    mine = select(work_voice).where(work_voice.c.member_id == member_id).order_by(work_voice.c.week, work_voice.c.kind)
    return [{"what": row.kind, "week": row.week} for row in connection.execute(mine)]


def forget(connection: Connection, member_id: str) -> None:
    connection.execute(delete(work_voice).where(work_voice.c.member_id == member_id))
