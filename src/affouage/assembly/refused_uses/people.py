"""Whose answer it is, what they are called, who may be drawn. Functions of a connection."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from affouage.assembly import roll
from affouage.errors import NotFound
from affouage.ledger.ledger import find_receipt
from affouage.storage.tables import member, member_standing


def electors(connection: Connection) -> Sequence[str]:
    """Who may be drawn: active members who vote."""
    query = (
        select(member.c.id)
        .outerjoin(member_standing, member_standing.c.member_id == member.c.id)
        .where(
            member.c.deactivated_ms.is_(None),
            member.c.role != "commons",
            (member_standing.c.votes.is_(None)) | (member_standing.c.votes == 1),
        )
    )
    return list(connection.scalars(query))


def name_of(connection: Connection, member_id: str | None) -> str | None:
    if member_id is None or roll.is_erased(connection, member_id):
        return None
    try:
        return roll.by_id(connection, member_id).name
    except NotFound:
        return None


def owner_of(connection: Connection, receipt_id: str) -> str | None:
    """The member whose answer it is. Raises NotFound, code ``reported_receipt``."""
    if not receipt_id:
        return None
    try:
        owner_id = find_receipt(connection, receipt_id, None).member_id
    except NotFound:
        raise NotFound(
            "No answer here has that receipt.",
            remedy="Copy the number of the receipt again: it begins with rcp_.",
            code="reported_receipt",
        ) from None
    return owner_id if name_of(connection, owner_id) is not None else None
