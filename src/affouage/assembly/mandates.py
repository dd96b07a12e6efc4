"""Acting on the account of another: who may, and what follows. Functions of a connection.

``by`` is who acts, read again here: their role may have gone since the request began. None is the machine's own command
line. Each raises NotFound, NotAllowed, and Conflict where it says so; each gives the member as they then are.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from affouage.assembly import credentials, invitations, machines, roll, ruled, sessions
from affouage.assembly.access import permit_governing
from affouage.assembly.invitations import InvitationLink
from affouage.assembly.member import Member, Role
from affouage.errors import Conflict, NotAllowed, NotFound
from affouage.journal import log
from affouage.storage.tables import invitation


def again(connection: Connection, by: Member | None) -> Member | None:
    """``by`` as they are now."""
    if by is None:
        return None
    try:
        return roll.by_id(connection, by.id)
    except NotFound:
        raise NotAllowed("Your account does not exist any more.", remedy="Ask for an invitation.") from None


def link(
    connection: Connection, role: Role, now_ms: int, by: Member | None, member_id: str | None = None
) -> InvitationLink:
    author = None if by is None else by.id
    return invitations.issue(
        connection, role, now_ms, by=author, member_id=member_id, lasts_ms=invitations.INVITATION_MS
    )


def set_role(connection: Connection, by: Member | None, member_id: str, role: Role, now_ms: int) -> Member:
    """Conflict when it would take away the last operator. Once the assembly is founded, roles are mandates it votes."""
    who = roll.by_id(connection, member_id)
    permit_governing(again(connection, by), who.role, wanted=role)
    if role is not who.role:
        ruled.role_given(connection, who, role, now_ms)
        roll.keep_an_operator(connection, who)
        roll.change(connection, who.id, role=role.value)
        cut_off(connection, who.id, now_ms)
    return roll.by_id(connection, member_id)


def deactivate(
    connection: Connection, by: Member | None, member_id: str, now_ms: int, *, asked: bool = False
) -> Member:
    """Conflict when it would take away the last operator. Nothing changes for one deactivated already.

    ``asked``: they asked for it; else, once the assembly is founded, it takes the vote that its rule says.
    Their machines are shut out too, for good: to serve again they need an invitation, whatever becomes of the account.
    """
    who, author = roll.by_id(connection, member_id), again(connection, by)
    permit_governing(author, who.role)
    if who.active:
        ruled.exclusion(connection, author, who, now_ms, asked=asked)
        close_account(connection, who, now_ms, "" if author is None else author.id)
    return roll.by_id(connection, member_id)


def close_account(connection: Connection, who: Member, now_ms: int, by: str = "") -> None:
    """Whoever decided it: a steward, the member, a vote. Conflict when it would take away the last operator.

    ``by``: id of who did it, "" for a vote or the command line.
    """
    roll.keep_an_operator(connection, who)
    roll.change(connection, who.id, deactivated_ms=now_ms)
    cut_off(connection, who.id, now_ms)
    invitations.revoke(connection, invitation.c.member_id == who.id, now_ms)
    machines.shut_out(connection, who.id, by, now_ms)


def reactivate(connection: Connection, by: Member | None, member_id: str) -> Member:
    """Conflict for an erased member."""
    who = roll.by_id(connection, member_id)
    permit_governing(again(connection, by), who.role)
    if roll.is_erased(connection, who.id):
        raise Conflict("This account was erased.", remedy="Invite the person again.", code="member_erased")
    ruled.reopening(connection, who)
    roll.change(connection, who.id, deactivated_ms=None)
    return roll.by_id(connection, member_id)


def reset_link(connection: Connection, by: Member | None, member_id: str, now_ms: int) -> InvitationLink:
    """For operators and the command line only: it opens an account, and so is told in the public log.

    Conflict for a deactivated member.
    """
    who = roll.by_id(connection, member_id)
    permit_governing(again(connection, by), Role.OPERATOR)
    if not who.active:
        raise Conflict("This account is deactivated.", remedy="Reactivate it first.", code="member_deactivated")
    private = {"member": who.id, "by": "" if by is None else by.id}
    log.append(connection, "account_link", {}, now_ms, private=private, persons=(who.id,))
    return link(connection, who.role, now_ms, by, member_id=who.id)


def revoke_invitation(connection: Connection, by: Member | None, invitation_id: str, now_ms: int) -> None:
    role = None
    if credentials.is_id(invitation_id):
        role = connection.scalar(select(invitation.c.role).where(invitation.c.id == invitation_id))
    if role is not None:
        permit_governing(again(connection, by), Role(role))
    if role is None or not invitations.revoke(connection, invitation.c.id == invitation_id, now_ms):
        raise NotFound(
            "There is no such pending invitation.", remedy="See the list of them.", code="invitation_not_found"
        )


def cut_off(connection: Connection, member_id: str, now_ms: int) -> None:
    """End their sessions and the links they made: a mandate that is over opens no door."""
    sessions.end_all(connection, member_id, now_ms)
    invitations.revoke(connection, invitation.c.created_by == member_id, now_ms)
