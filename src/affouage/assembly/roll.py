"""The roll: rows of members. Functions of a connection."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, not_, select, update

from affouage.assembly import credentials
from affouage.assembly.member import PERSONS, Member, Role, fold_name
from affouage.errors import Conflict, NotFound
from affouage.storage.tables import api_key, conversation, invitation, member, receipt_salt, session

COMMONS_NAME = "commons"
_ERASED = "ERASED "
"""Starts the folded name of an erased member; folded names have no capitals, so nobody can choose it."""


def read_member(row: Row[Any]) -> Member:
    return Member(row.id, row.name, Role(row.role), row.language, row.created_ms, row.deactivated_ms)


def by_id(connection: Connection, member_id: str) -> Member:
    """Raises NotFound; the commons is no member one can act upon."""
    row = None
    if credentials.is_id(member_id):
        row = connection.execute(select(member).where(member.c.id == member_id)).first()
    if row is None or row.role == Role.COMMONS:
        raise _unknown()
    return read_member(row)


def by_name(connection: Connection, name: str) -> Member:
    """The member people would read under this name (case and accents do not count). Raises NotFound."""
    row = connection.execute(select(member).where(member.c.name_key == fold_name(name))).first()
    if row is None or row.role == Role.COMMONS:
        raise _unknown()
    return read_member(row)


def everybody(connection: Connection) -> list[Member]:
    """Everyone on the roll, deactivated ones too, by name; neither the commons nor those erased."""
    query = select(member).where(member.c.role.in_([one.value for one in PERSONS]))
    rows = connection.execute(query.order_by(member.c.name_key))
    return [read_member(row) for row in rows if not row.name_key.startswith(_ERASED)]


def joined(connection: Connection) -> set[str]:
    """Ids of those who can come in: they used their link, or hold a key. Somebody only invited is not there yet."""
    passwords = connection.scalars(select(member.c.id).where(member.c.password_hash.is_not(None)))
    keys = connection.scalars(select(api_key.c.member_id).where(api_key.c.revoked_ms.is_(None)))
    return {*passwords, *keys}


def enter(
    connection: Connection, name: str, role: Role, language: str, now_ms: int, password_hash: str | None = None
) -> Member:
    """Write a new member. Raises Conflict ``name_taken``."""
    refuse_taken(connection, name)
    new = Member(credentials.new_id(), name, role, language, now_ms)
    connection.execute(
        insert(member).values(
            id=new.id,
            name=name,
            name_key=fold_name(name),
            role=role.value,
            password_hash=password_hash,
            language=language,
            created_ms=now_ms,
        )
    )
    return new


def commons(connection: Connection) -> Member | None:
    """The collective's own row; None before its first use."""
    row = connection.execute(select(member).where(member.c.role == Role.COMMONS.value)).first()
    return None if row is None else read_member(row)


def enter_commons(connection: Connection, now_ms: int) -> Member:
    """The collective's own row, written if nobody else wrote it first."""
    return commons(connection) or enter(connection, COMMONS_NAME, Role.COMMONS, "fr", now_ms)


def refuse_taken(connection: Connection, name: str, *, unless: str = "") -> None:
    """Raises Conflict when somebody other than ``unless`` (a member id) has this name."""
    holder = connection.scalar(select(member.c.id).where(member.c.name_key == fold_name(name)))
    if holder is not None and holder != unless:
        raise Conflict(
            "Somebody already has that name.", remedy="Add a surname, an initial or a place.", code="name_taken"
        )


def change(connection: Connection, member_id: str, **values: Any) -> None:
    connection.execute(update(member).where(member.c.id == member_id).values(**values))


def has_operator(connection: Connection) -> bool:
    """Whether somebody can administer: an active operator who has a password."""
    query = select(func.count()).select_from(member).where(_operators(), member.c.password_hash.is_not(None))
    return (connection.scalar(query) or 0) > 0


def keep_an_operator(connection: Connection, leaving: Member) -> None:
    """Raises Conflict when nobody could administer without ``leaving``.

    Who has a password is replaced only by somebody who has one too: an unanswered invitation administers nothing.
    """
    if leaving.role is not Role.OPERATOR or not leaving.active:
        return
    others = _operators() & (member.c.id != leaving.id)
    if connection.scalar(select(member.c.password_hash).where(member.c.id == leaving.id)) is not None:
        others &= member.c.password_hash.is_not(None)
    if not connection.scalar(select(func.count()).select_from(member).where(others)):
        raise Conflict(
            "This is the last operator: nobody could administer the commons any more.",
            remedy="Give another member the role of operator first, with a password.",
            code="last_operator",
        )


def erase(connection: Connection, leaving: Member, now_ms: int) -> None:
    """Forget a person. The opaque id stays, because the ledger holds it; nothing here says any more whose it was."""
    for table in (session, api_key, conversation, receipt_salt, invitation):
        connection.execute(delete(table).where(table.c.member_id == leaving.id))
    change(
        connection,
        leaving.id,
        name=f"{_ERASED.lower()}{leaving.id}",
        name_key=f"{_ERASED}{leaving.id}",
        role=Role.MEMBER.value,
        password_hash=None,
        deactivated_ms=now_ms,
    )


def is_erased(connection: Connection, member_id: str) -> bool:
    key = connection.scalar(select(member.c.name_key).where(member.c.id == member_id))
    return key is not None and key.startswith(_ERASED)


def not_erased() -> Any:
    """The condition that a row of the roll is still somebody."""
    return not_(member.c.name_key.startswith(_ERASED))


def _operators() -> Any:
    return (member.c.role == Role.OPERATOR.value) & member.c.deactivated_ms.is_(None)


def _unknown() -> NotFound:
    return NotFound("There is no such member.", remedy="See `affouage members list`.", code="member_not_found")
