"""Links that let somebody in: single use, short-lived, only their digest kept. Functions of a connection.

Three kinds: ``join`` makes a new member, ``first_administrator`` the first operator of a new home, ``password`` gives
a member already on the roll a (new) password.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, update

from affouage.assembly import credentials
from affouage.assembly.member import Role
from affouage.errors import Conflict, NotFound
from affouage.storage.tables import invitation, member

HOUR_MS = 3_600_000
INVITATION_MS = 7 * 24 * HOUR_MS
FIRST_ADMINISTRATOR_MS = 24 * HOUR_MS

FIRST_ADMINISTRATOR = "first administrator"
"""What ``created_by`` holds for the link printed at start-up; never a member id (those have no space)."""

Kind = Literal["join", "first_administrator", "password"]


@dataclass(frozen=True)
class InvitationLink:
    """A link just made: the only time its secret is known. ``expires_ms`` UTC."""

    id: str
    secret: str = field(repr=False)
    role: Role
    expires_ms: int
    member_id: str | None = None

    @property
    def path(self) -> str:
        """What follows the address of the server."""
        return f"/join/{self.secret}"


@dataclass(frozen=True)
class Invitation:
    """A link that can still be used. ``member_name``: of the member it gives a password to, None for a new member."""

    id: str
    kind: Kind
    role: Role
    created_ms: int
    expires_ms: int
    member_id: str | None = None
    member_name: str | None = None
    resets: bool = False
    """Whether the member had a password: their kept conversations are then deleted, see ``Accounts.accept``."""


def issue(
    connection: Connection, role: Role, now_ms: int, *, by: str | None, member_id: str | None = None, lasts_ms: int
) -> InvitationLink:
    """Write a new link. Earlier ones for the same member are revoked: one way in at a time."""
    if member_id is not None:
        revoke(connection, invitation.c.member_id == member_id, now_ms)
    link = InvitationLink(
        credentials.new_id(), credentials.new_link_secret(), role, now_ms + lasts_ms, member_id=member_id
    )
    connection.execute(
        insert(invitation).values(
            id=link.id,
            secret_sha256=credentials.digest(link.secret),
            role=role.value,
            member_id=member_id,
            created_by=by,
            created_ms=now_ms,
            expires_ms=link.expires_ms,
        )
    )
    return link


def find(connection: Connection, secret: str, now_ms: int) -> Invitation:
    """The usable invitation of this secret.

    Raises NotFound (``invitation_not_found``), Conflict (``invitation_used``, ``_revoked``, ``_expired``).
    """
    row = None
    if credentials.is_secret(secret):
        row = (
            connection.execute(_with_member(invitation.c.secret_sha256 == credentials.digest(secret)))
            .mappings()
            .first()
        )
    if row is None:
        raise NotFound(
            "This invitation does not exist.",
            remedy="Check that the whole link was copied, or ask for a new one.",
            code="invitation_not_found",
        )
    if row["used_ms"] is not None:
        raise _closed("used", "This invitation has already been used.", "Sign in, or ask for a new one.")
    if row["revoked_ms"] is not None or (row["member_id"] is not None and row["deactivated_ms"] is not None):
        raise _closed("revoked", "This invitation was withdrawn.", "Ask a steward for a new one.")
    if row["expires_ms"] <= now_ms:
        raise _closed("expired", "This invitation has expired.", "Ask for a new one; a link lasts a few days.")
    return _read(row)


def consume(connection: Connection, invitation_id: str, now_ms: int) -> None:
    """Mark it used. The single writer makes two simultaneous acceptances follow one another."""
    connection.execute(update(invitation).where(invitation.c.id == invitation_id).values(used_ms=now_ms))


def revoke(connection: Connection, which: ColumnElement[bool], now_ms: int) -> int:
    """Withdraw those of ``which`` that are still pending; how many."""
    pending = which & invitation.c.used_ms.is_(None) & invitation.c.revoked_ms.is_(None)
    return connection.execute(update(invitation).where(pending).values(revoked_ms=now_ms)).rowcount


def pending(connection: Connection, now_ms: int) -> list[Invitation]:
    """Those somebody could still use, oldest first."""
    usable = invitation.c.used_ms.is_(None) & invitation.c.revoked_ms.is_(None) & (invitation.c.expires_ms > now_ms)
    rows = connection.execute(_with_member(usable).order_by(invitation.c.created_ms)).mappings()
    return [_read(row) for row in rows]


def pending_of(connection: Connection, member_id: str, now_ms: int) -> int:
    """How many links to join of this person somebody could still use."""
    usable = invitation.c.used_ms.is_(None) & invitation.c.revoked_ms.is_(None) & (invitation.c.expires_ms > now_ms)
    theirs = (invitation.c.created_by == member_id) & invitation.c.member_id.is_(None)
    return connection.scalar(select(func.count()).select_from(invitation).where(usable & theirs)) or 0


def _with_member(which: ColumnElement[bool]) -> Any:
    return (
        select(invitation, member.c.name, member.c.deactivated_ms, member.c.password_hash)
        .select_from(invitation.outerjoin(member, invitation.c.member_id == member.c.id))
        .where(which)
    )


def _read(row: RowMapping) -> Invitation:
    kind: Kind = "join"
    if row["member_id"] is not None:
        kind = "password"
    elif row["created_by"] == FIRST_ADMINISTRATOR:
        kind = "first_administrator"
    return Invitation(
        id=row["id"],
        kind=kind,
        role=Role(row["role"]),
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        member_id=row["member_id"],
        member_name=row["name"],
        resets=row["password_hash"] is not None,
    )


def _closed(why: str, message: str, remedy: str) -> Conflict:
    return Conflict(message, remedy=remedy, code=f"invitation_{why}")
