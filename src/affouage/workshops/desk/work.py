"""What happened at the desk, for the ledger of the work: who, when, how long, never a word of anybody."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, select

from affouage.storage.tables import desk_event, desk_item
from affouage.workshops.desk import rows
from affouage.workshops.desk.cases import Kind
from affouage.workshops.desk.shapes import WorkEvent

MOST = 1_000
"""Events of one reading at most."""


def since(connection: Connection, number: int, most: int = MOST) -> list[WorkEvent]:
    """The events after ``number`` (0: from the first that is kept), in order, ``most`` at a time.

    They are kept as long as their items: read them before the days of retention are over.
    """
    first = (
        select(desk_event.c.item_id, func.min(desk_event.c.seq).label("seq"))
        .where(desk_event.c.kind == Kind.TAKEN.value)
        .group_by(desk_event.c.item_id)
        .subquery()
    )
    query = (
        select(desk_event, desk_item.c.arm, desk_item.c.created_ms, first.c.seq.label("first_taken"))
        .join(desk_item, desk_item.c.id == desk_event.c.item_id)
        .outerjoin(first, first.c.item_id == desk_event.c.item_id)
        .where(desk_event.c.number > number)
        .order_by(desk_event.c.number)
        .limit(max(1, min(most, MOST)))
    )
    return [_event(row) for row in connection.execute(query)]


def _event(row: Row[Any]) -> WorkEvent:
    body = rows.read_body(row.body)
    return WorkEvent(
        number=row.number,
        item_id=row.item_id,
        kind=row.kind,
        arm=row.arm,
        at_ms=row.at_ms,
        actor_id=row.actor_id,
        active_ms=row.active_ms,
        wait_ms=row.at_ms - row.created_ms if row.seq == row.first_taken else None,
        review_ms=body.review_ms,
        edit_words=body.edit_words,
        sent_words=body.sent_words,
        quick=body.quick,
        drafted=body.drafted,
        receipt_id=body.receipt_id,
    )
