"""What the public is given: letters that a person reviewed, and the question they asked. Nothing else is read here.

This module reads ``desk_sent`` and the question's own row; a test holds that it names no draft.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from affouage.storage.tables import desk_item
from affouage.workshops.desk import intake, rows
from affouage.workshops.desk.shapes import PickUp

_DISPUTED = ("disputed", "retaken")


def of_code(connection: Connection, code: str) -> PickUp:
    """Raises NotFound, code ``desk_no_such_code``."""
    of = desk_item.c
    item_id = intake.find_by_code(connection, code)
    row = connection.execute(select(of.question, of.created_ms, of.language, of.state).where(of.id == item_id)).one()
    return PickUp(
        question=row.question,
        asked_ms=row.created_ms,
        language=row.language,
        sent=rows.sent(connection, item_id),
        disputed=row.state in _DISPUTED,
    )
