"""Coming in: the roll, its links, and what using one changes. Functions of a connection, whole or not at all."""

from __future__ import annotations

from sqlalchemy import Connection, delete

from affouage.assembly import invitations, mandates, roll, ruled, sessions
from affouage.assembly.invitations import FIRST_ADMINISTRATOR, Invitation, InvitationLink
from affouage.assembly.member import Member, Role
from affouage.assembly.sessions import SessionToken
from affouage.errors import Conflict
from affouage.storage.tables import conversation, invitation


def add(
    connection: Connection, by: Member | None, name: str, role: Role, language: str, now_ms: int
) -> tuple[Member, InvitationLink]:
    ruled.permit_inviting(connection, mandates.again(connection, by), role, now_ms)
    ruled.room_for_one(connection, now_ms)
    new = roll.enter(connection, name, role, language, now_ms)
    return new, mandates.link(connection, role, now_ms, by, member_id=new.id)


def invite(connection: Connection, by: Member | None, role: Role, now_ms: int, pending_most: int) -> InvitationLink:
    """``pending_most``: links of one person that nobody used yet; the command line has no such bound."""
    ruled.permit_inviting(connection, mandates.again(connection, by), role, now_ms)
    ruled.room_for_one(connection, now_ms)
    if by is not None and invitations.pending_of(connection, by.id, now_ms) >= pending_most:
        raise Conflict(
            f"You already made {pending_most} invitations that nobody has used yet.",
            remedy="Withdraw those not needed any more, or wait until they end.",
            code="too_many_invitations",
        )
    return mandates.link(connection, role, now_ms, by)


def first_administrator(connection: Connection, now_ms: int) -> InvitationLink | None:
    """A new link in the place of those before; None once somebody can administer."""
    _withdraw_first_administrator(connection, now_ms)
    if roll.has_operator(connection):
        return None
    return invitations.issue(
        connection, Role.OPERATOR, now_ms, by=FIRST_ADMINISTRATOR, lasts_ms=invitations.FIRST_ADMINISTRATOR_MS
    )


def accept(
    connection: Connection, secret: str, name: str, password_hash: str, language: str, agent: str, now_ms: int
) -> tuple[Member, SessionToken]:
    """Use the link. It is looked up again here, where nobody else writes: of two acceptances, one finds it used."""
    found = invitations.find(connection, secret, now_ms)
    if found.kind == "first_administrator" and roll.has_operator(connection):
        raise Conflict(
            "The commons already has an administrator.",
            remedy="Ask an operator for an invitation.",
            code="invitation_revoked",
        )
    if found.kind == "join":
        ruled.still_open(connection, found.role, now_ms)
    invitations.consume(connection, found.id, now_ms)
    if found.member_id is None:
        who = roll.enter(connection, name, found.role, language, now_ms, password_hash)
    else:
        who = _new_password(connection, found, password_hash, language, now_ms)
    if who.role is Role.OPERATOR:
        _withdraw_first_administrator(connection, now_ms)
    return who, sessions.open_session(connection, who.id, agent, now_ms)


def _new_password(connection: Connection, found: Invitation, password_hash: str, language: str, now_ms: int) -> Member:
    who = roll.by_id(connection, found.member_id or "")
    if found.resets:
        language = who.language
        sessions.end_all(connection, who.id, now_ms)
        # Whoever made the link could use it: what the member kept must not be theirs to read.
        connection.execute(delete(conversation).where(conversation.c.member_id == who.id))
    roll.change(connection, who.id, password_hash=password_hash, language=language)
    return roll.by_id(connection, who.id)


def _withdraw_first_administrator(connection: Connection, now_ms: int) -> None:
    invitations.revoke(connection, invitation.c.created_by == FIRST_ADMINISTRATOR, now_ms)
