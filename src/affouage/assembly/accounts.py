"""Accounts of the collective: who is in, how they prove it, what they may end. Everything that touches the database.

Passwords are hashed in a thread and never inside the writer's transaction; each change is one function of a connection,
so it happens whole or not at all. ``who`` is a member as read on this request; ``by`` is who acts on another's account,
None for the machine's own command line.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from affouage.assembly import (
    answered,
    attempts,
    desk_held,
    held,
    invitations,
    joining,
    keys,
    machines,
    mandates,
    passwords,
    readings,
    recognise,
    roll,
    sessions,
    voices,
)
from affouage.assembly.access import DEFAULT_KEY_SCOPES, Credential, Identity, missing
from affouage.assembly.invitations import Invitation, InvitationLink
from affouage.assembly.keys import ApiKey
from affouage.assembly.member import Member, Role, check_language, check_name, fold_name
from affouage.assembly.refused_uses import held as reports_held
from affouage.assembly.sessions import Session, SessionToken
from affouage.clock import Clock
from affouage.errors import LedgerUnavailable, NotAllowed, NotFound, NotSignedIn
from affouage.journal import log
from affouage.storage import Database
from affouage.storage.tables import member

HASHED_AT_ONCE = 2
"""Passwords being hashed at the same time: each takes a core and 19 MiB, answers to members come first."""


class Accounts:
    """The members of one home. All methods may be called concurrently. ``failures``: of sign-ins, before it is
    TooMuch; ``pending_most``: links to join that one person may have made and nobody used."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        failures: attempts.Failures = attempts.DEFAULT,
        pending_most: int = 100,
    ) -> None:
        self._database = database
        self._clock = clock
        self._failures = failures
        self._pending_most = pending_most
        self._hashing = asyncio.Semaphore(HASHED_AT_ONCE)

    # -- recognising ---------------------------------------------------------------------------------------------

    async def identify(self, credential: Credential | None) -> Identity:
        """Who presents this. Reads the database each time: revoked anywhere is revoked here, at once.

        Raises NotSignedIn: ``missing``, ``invalid_api_key``, ``key_expired``, ``key_revoked``, ``member_deactivated``,
        ``session_expired``.
        """
        if credential is None:
            raise missing()
        now_ms = self._clock.now_ms()
        if credential.kind == "key":
            return await recognise.of_key(self._database, credential, now_ms)
        identity, seen_ms = await recognise.of_session(self._database, credential, now_ms)
        if now_ms - seen_ms >= sessions.SEEN_STEP_MS:
            with contextlib.suppress(LedgerUnavailable):  # a full disk must not sign anybody out
                await self._database.write(lambda c: sessions.seen(c, identity.credential_id, now_ms))
        return identity

    async def commons(self) -> Member:
        """The collective itself, created on first use."""

        now_ms = self._clock.now_ms()
        known = await self._database.read(roll.commons)
        if known is not None:
            return known
        return await self._database.write(lambda connection: roll.enter_commons(connection, now_ms))

    # -- coming in -----------------------------------------------------------------------------------------------

    async def add_member(
        self, name: str, role: Role, language: str = "fr", *, by: Member | None = None
    ) -> tuple[Member, InvitationLink]:
        """Put somebody on the roll, with the link (7 days) by which they choose their password.

        Raises BadRequest (name, language), Conflict ``name_taken``, NotAllowed.
        """
        name, language, now_ms = check_name(name), check_language(language), self._clock.now_ms()
        return await self._database.write(lambda c: joining.add(c, by, name, role, language, now_ms))

    async def invite(self, role: Role, by: Member | None) -> InvitationLink:
        """A link by which somebody not yet on the roll joins: one use, 7 days.

        Raises NotAllowed, Conflict ``too_many_invitations``.
        """
        now_ms, most = self._clock.now_ms(), self._pending_most
        return await self._database.write(lambda connection: joining.invite(connection, by, role, now_ms, most))

    async def first_administrator_link(self) -> InvitationLink | None:
        """The link printed at start-up, one use, 24 hours; None once an active operator has a password.

        The ones printed before are revoked.
        """
        now_ms = self._clock.now_ms()
        return await self._database.write(lambda connection: joining.first_administrator(connection, now_ms))

    async def administered(self) -> bool:
        """Whether an active operator has a password: before, nobody can sign in."""
        return await self._database.read(roll.has_operator)

    async def invitation(self, secret: str) -> Invitation:
        """What a link offers. Raises NotFound, Conflict (used, expired, withdrawn), each with its remedy."""
        now_ms = self._clock.now_ms()
        return await self._database.read(lambda connection: invitations.find(connection, secret, now_ms))

    async def pending_invitations(self) -> list[Invitation]:
        """Links that could still be used, oldest first; their secrets are known to nobody here."""
        now_ms = self._clock.now_ms()
        return await self._database.read(lambda connection: invitations.pending(connection, now_ms))

    async def revoke_invitation(self, by: Member | None, invitation_id: str) -> None:
        """Withdraw a pending link. Raises NotFound, NotAllowed."""
        now_ms = self._clock.now_ms()
        await self._database.write(lambda c: mandates.revoke_invitation(c, by, invitation_id, now_ms))

    async def accept(
        self, secret: str, name: str | None, password: str, language: str, agent: str = ""
    ) -> tuple[Member, SessionToken]:
        """Use a link: join, or take a (new) password; signed in at the end. Of two at once, one wins.

        ``name`` is not read when the link belongs to a member. When that member already had a password, their open
        sessions end and their kept conversations are deleted: whoever made the link could use it, and nobody may
        read what a member kept. Raises NotFound, Conflict (link used, expired, withdrawn; name taken), BadRequest.
        """
        offered = await self.invitation(secret)  # refused before the slow part
        chosen = offered.member_name or check_name(name or "")
        language = check_language(language)
        password_hash = await self._hash(passwords.check_password(password, chosen))
        now_ms = self._clock.now_ms()
        accepted = await self._database.write(
            lambda c: joining.accept(c, secret, chosen, password_hash, language, agent, now_ms)
        )
        if offered.resets:
            await self._database.fold_log()
        return accepted

    # -- signing in and out --------------------------------------------------------------------------------------

    async def sign_in(
        self, name: str, password: str, agent: str, address: str, *, replaces: str | None = None
    ) -> tuple[Member, SessionToken]:
        """Open a session; ``replaces`` is the id of the one the browser had, ended by this.

        Raises TooMuch (``failures`` in 15 minutes for this name, this address or both), NotSignedIn
        ``wrong_name_or_password`` or, for the right password only, ``member_deactivated``.
        """
        name_key = fold_name(name[:1000].encode("utf-8", "replace").decode())
        known = await self._checked(name_key, password, address)
        now_ms = self._clock.now_ms()
        fresh = await self._hash(password) if passwords.outdated(known) else None

        def change(connection: Connection) -> tuple[Member, SessionToken]:
            row = connection.execute(select(member).where(member.c.name_key == name_key)).first()
            if row is None or row.password_hash != known:  # changed while we were hashing
                raise _wrong()
            who = roll.read_member(row)
            if not who.active:
                raise NotSignedIn("This account is deactivated.", remedy="Ask a steward.", code="member_deactivated")
            attempts.forgive(connection, name_key, address)
            if fresh is not None:
                roll.change(connection, who.id, password_hash=fresh)
            if replaces is not None:
                sessions.end(connection, replaces, now_ms, member_id=who.id)
            return who, sessions.open_session(connection, who.id, agent, now_ms)

        return await self._database.write(change)

    async def sign_out(self, session_id: str) -> None:
        """End this session; nothing happens when it is over already."""
        now_ms = self._clock.now_ms()
        await self._database.write(lambda connection: sessions.end(connection, session_id, now_ms))

    async def change_password(self, who: Member, old: str, new: str, agent: str = "") -> SessionToken:
        """Replace the password. Every session ends, this one too: the token returned opens the next.

        Raises NotSignedIn ``wrong_name_or_password``, TooMuch, BadRequest ``weak_password``.
        """
        passwords.check_password(new, who.name)
        name_key = fold_name(who.name)
        known = await self._checked(name_key, old, f"member {who.id}")
        fresh = await self._hash(new)
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> SessionToken:
            if connection.scalar(select(member.c.password_hash).where(member.c.id == who.id)) != known:
                raise _wrong()
            attempts.forgive(connection, name_key, f"member {who.id}")
            roll.change(connection, who.id, password_hash=fresh)
            sessions.end_all(connection, who.id, now_ms)
            return sessions.open_session(connection, who.id, agent, now_ms)

        return await self._database.write(change)

    async def sessions(self, who: Member) -> list[Session]:
        """Open sessions of this member, last used first."""
        now_ms = self._clock.now_ms()
        return await self._database.read(lambda c: sessions.open_sessions(c, who.id, now_ms))

    async def revoke_session(self, who: Member, session_id: str) -> None:
        """End one of one's own sessions. Raises NotFound."""
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> None:
            if not sessions.end(connection, session_id, now_ms, member_id=who.id):
                raise NotFound("There is no such open session.", remedy="See the list in your account.")

        await self._database.write(change)

    async def revoke_sessions(self, who: Member, *, but: str = "") -> None:
        """End all of one's own sessions; ``but``: the id of one that stays."""
        now_ms = self._clock.now_ms()
        await self._database.write(lambda connection: sessions.end_all(connection, who.id, now_ms, but=but))

    # -- keys ----------------------------------------------------------------------------------------------------

    async def keys(self, who: Member) -> list[ApiKey]:
        """All keys of this member, revoked and expired ones too, newest first."""
        return await self._database.read(lambda connection: keys.of_member(connection, who.id))

    async def create_key(
        self, who: Member, label: str = "", scopes: Iterable[str] | None = None, expires_days: int | None = None
    ) -> tuple[ApiKey, str]:
        """(key, text): the text is shown once and kept nowhere.

        Raises BadRequest (scopes, days), Conflict (50 keys in use), NotAllowed (deactivated member).
        """
        wanted, days, now_ms = keys.check_scopes(scopes), keys.check_days(expires_days), self._clock.now_ms()

        def change(connection: Connection) -> tuple[ApiKey, str]:
            if not roll.by_id(connection, who.id).active:
                raise NotAllowed("This account is deactivated.", remedy="Reactivate it first.")
            return keys.make(connection, who.id, label, wanted, days, now_ms)

        return await self._database.write(change)

    async def create_machine_key(self) -> tuple[ApiKey, str]:
        """(key, text) by which this machine's own command line asks as the collective itself; good for a day at most.

        Only whoever holds the home can call this; the key asks models and reads the collective's receipts, no more.
        """
        commons, now_ms = await self.commons(), self._clock.now_ms()
        return await self._database.write(
            lambda c: keys.make(c, commons.id, "command line", DEFAULT_KEY_SCOPES, 1, now_ms)
        )

    async def revoke_key(self, who: Member | None, key_id: str) -> None:
        """Revoke one of one's own keys; None, the command line, anybody's. Effective at once. Raises NotFound."""
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> None:
            if not keys.revoke(connection, key_id, now_ms, member_id=None if who is None else who.id):
                raise NotFound("There is no such key in use.", remedy="List the keys first.", code="key_not_found")

        await self._database.write(change)

    # -- the roll ------------------------------------------------------------------------------------------------

    async def members(self) -> list[Member]:
        """Everyone, by name, deactivated ones too."""
        return await self._database.read(roll.everybody)

    async def member(self, member_id: str) -> Member:
        """Raises NotFound."""
        return await self._database.read(lambda connection: roll.by_id(connection, member_id))

    async def find(self, name: str) -> Member:
        """By name as people would read it. Raises NotFound, BadRequest for what cannot be a name."""
        name = check_name(name)
        return await self._database.read(lambda connection: roll.by_name(connection, name))

    async def set_role(self, by: Member | None, member_id: str, role: Role) -> Member:
        """Give a role; their sessions and the links they made end.

        Raises NotFound, NotAllowed, Conflict ``last_operator``.
        """
        now_ms = self._clock.now_ms()
        return await self._database.write(lambda c: mandates.set_role(c, by, member_id, role, now_ms))

    async def deactivate(self, by: Member | None, member_id: str, *, asked: bool = False) -> Member:
        """Close an account: sessions end, keys are refused, its machines serve no more.

        Raises NotFound, NotAllowed, Conflict ``last_operator``.
        """
        now_ms = self._clock.now_ms()
        return await self._database.write(lambda c: mandates.deactivate(c, by, member_id, now_ms, asked=asked))

    async def reactivate(self, by: Member | None, member_id: str) -> Member:
        """Open it again; unrevoked keys work again, sessions and machines do not.

        Raises NotFound, NotAllowed, Conflict (erased).
        """
        return await self._database.write(lambda connection: mandates.reactivate(connection, by, member_id))

    async def reset_link(self, by: Member | None, member_id: str) -> InvitationLink:
        """A link (one use, 7 days) by which a member takes a new password; see ``accept`` for what it costs.

        For operators and the command line. Raises NotFound, NotAllowed, Conflict (deactivated).
        """
        now_ms = self._clock.now_ms()
        return await self._database.write(lambda c: mandates.reset_link(c, by, member_id, now_ms))

    async def rename(self, who: Member, name: str) -> Member:
        """Raises BadRequest, Conflict ``name_taken``."""
        name = check_name(name)

        def change(connection: Connection) -> Member:
            roll.by_id(connection, who.id)
            roll.refuse_taken(connection, name, unless=who.id)
            roll.change(connection, who.id, name=name, name_key=fold_name(name))
            return roll.by_id(connection, who.id)

        return await self._database.write(change)

    async def set_language(self, who: Member, language: str) -> Member:
        """Raises BadRequest."""
        check_language(language)

        def change(connection: Connection) -> Member:
            roll.change(connection, who.id, language=language)
            return roll.by_id(connection, who.id)

        return await self._database.write(change)

    # -- one's own data ------------------------------------------------------------------------------------------

    async def export(self, who: Member) -> dict[str, Any]:
        """Everything held about this member, kept conversations included, ready for JSON; the caller adds receipts."""
        now_ms = self._clock.now_ms()
        return await self._database.read(lambda c: held.export(c, roll.by_id(c, who.id), now_ms))

    async def erase(self, who: Member) -> None:
        """Forget this member: name, password, sessions, keys, conversations, salts, reports and sanctions.

        The ledger and the public log keep what no longer leads to anybody: an opaque id, commitments without a salt.

        Their machines are shut out, and lose their names.

        Raises Conflict (last operator).
        """
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> None:
            leaving = roll.by_id(connection, who.id)
            roll.keep_an_operator(connection, leaving)
            mandates.cut_off(connection, leaving.id, now_ms)
            machines.shut_out(connection, leaving.id, leaving.id, now_ms)
            machines.forget(connection, leaving.id)
            attempts.forget_name(connection, fold_name(leaving.name))
            reports_held.forget(connection, leaving.id)
            desk_held.forget(connection, leaving.id)
            readings.forget(connection, leaving.id)
            voices.forget(connection, leaving.id, now_ms)
            answered.forget(connection, leaving.id)
            log.forget(connection, leaving.id)
            roll.erase(connection, leaving, now_ms)

        await self._database.write(change)
        await self._database.fold_log()

    async def purge(self) -> int:
        """Delete what has no more use (sessions over, old attempts, closed links); how many rows. Idempotent."""
        now_ms = self._clock.now_ms()
        return await self._database.write(lambda connection: held.purge(connection, now_ms))

    # -- inside --------------------------------------------------------------------------------------------------

    async def _hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(passwords.make_hash, password)

    async def _checked(self, name_key: str, password: str, address: str) -> str:
        """Count the attempt, then look at the password: its hash when right, else NotSignedIn or TooMuch."""
        now_ms = self._clock.now_ms()
        await self._database.write(lambda c: attempts.count(c, name_key, address, now_ms, self._failures))
        query = select(member.c.password_hash).where(member.c.name_key == name_key)
        known = await self._database.read(lambda connection: connection.scalar(query))
        async with self._hashing:
            right = await asyncio.to_thread(passwords.matches, known, password)
        if known is None or not right:
            raise _wrong()
        return str(known)


def _wrong() -> NotSignedIn:
    return NotSignedIn(
        "The name or the password is not right.",
        remedy="Type both again; an operator can give you a link to choose a new password.",
        code="wrong_name_or_password",
    )
