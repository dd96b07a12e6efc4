"""Conversations a member chose to keep: theirs alone, for a time, then deleted.

Nothing is kept unless asked. Every reading takes the owner; to anybody else, whatever their role, the conversation
does not exist. What has expired is never given back, even before the purge has come by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from affouage.assembly import credentials, held
from affouage.assembly.member import Member
from affouage.assembly.sessions import DAY_MS, one_line
from affouage.clock import Clock
from affouage.errors import BadRequest, Conflict, NotFound
from affouage.storage import Database
from affouage.storage.tables import conversation, turn

TITLE_MAX = 120
TEXT_MAX = 2_000_000
"""Characters of one turn at most."""
TURNS_MAX = 1_000
"""Turns of one conversation at most."""
KEPT_MAX = 500
"""Conversations kept per member at most."""


@dataclass(frozen=True)
class Turn:
    """What one side said. ``receipt_id`` of the answer, None for a question or when there is none."""

    role: Literal["user", "assistant"]
    text: str = field(repr=False)
    receipt_id: str | None = None


@dataclass(frozen=True)
class Kept:
    """One line of the list. Times in milliseconds UTC; it is deleted at ``expires_ms``."""

    id: str
    title: str = field(repr=False)
    created_ms: int
    expires_ms: int


@dataclass(frozen=True)
class Conversation:
    """A kept conversation, as its owner reads it."""

    id: str
    title: str = field(repr=False)
    created_ms: int
    expires_ms: int
    turns: tuple[Turn, ...]


class Conversations:
    """Kept conversations of one home. ``keep_days``: days each is kept from when it was first kept, 1 or more; or what
    tells them now, as a rule does. A shorter rule brings that day forward (``purging``), a longer one puts none off.
    """

    def __init__(self, database: Database, clock: Clock, keep_days: int | Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._keep_days = keep_days

    @property
    def _keep_ms(self) -> int:
        days = self._keep_days
        return (days if isinstance(days, int) else days()) * DAY_MS

    async def keep(self, who: Member, title: str, turns: Iterable[Turn]) -> str:
        """Keep a conversation; its id. Raises BadRequest (empty, too long), Conflict (500 kept already)."""
        said, now_ms, new_id = check_turns(turns), self._clock.now_ms(), credentials.new_id()
        expires_ms = now_ms + self._keep_ms
        if not said:
            raise _bad("There is nothing to keep yet.", "Ask something first.")

        def change(connection: Connection) -> str:
            query = select(func.count()).select_from(conversation).where(conversation.c.member_id == who.id)
            if (connection.scalar(query) or 0) >= KEPT_MAX:
                raise Conflict(
                    f"You already keep {KEPT_MAX} conversations.", remedy="Delete some.", code="too_many_conversations"
                )
            connection.execute(
                insert(conversation).values(
                    id=new_id,
                    member_id=who.id,
                    title=one_line(title, TITLE_MAX) or one_line(said[0].text, TITLE_MAX) or "…",
                    created_ms=now_ms,
                    expires_ms=expires_ms,
                )
            )
            _write_turns(connection, new_id, said, first_seq=1)
            return new_id

        return await self._database.write(change)

    async def append(self, who: Member, conversation_id: str, turns: Iterable[Turn]) -> None:
        """Add what was said since. The day of deletion does not move. Raises NotFound, BadRequest."""
        said = check_turns(turns)

        def change(connection: Connection) -> None:
            self._owned(connection, who, conversation_id)
            query = select(func.max(turn.c.seq)).where(turn.c.conversation_id == conversation_id)
            last = connection.scalar(query) or 0
            if last + len(said) > TURNS_MAX:
                raise _bad(f"A kept conversation has at most {TURNS_MAX} turns.", "Begin another.")
            _write_turns(connection, conversation_id, said, first_seq=last + 1)

        await self._database.write(change)

    async def rename(self, who: Member, conversation_id: str, title: str) -> None:
        """Raises NotFound, BadRequest for an empty title."""
        title = one_line(title, TITLE_MAX)
        if not title:
            raise _bad("A title needs at least one character.", "Type a few words.")

        def change(connection: Connection) -> None:
            self._owned(connection, who, conversation_id)
            connection.execute(update(conversation).where(conversation.c.id == conversation_id).values(title=title))

        await self._database.write(change)

    async def list_of(self, who: Member) -> list[Kept]:
        """Those of this member, newest first."""
        query = select(conversation).where(self._mine(who))
        query = query.order_by(conversation.c.created_ms.desc(), conversation.c.id)

        def read(connection: Connection) -> list[Kept]:
            return [Kept(one.id, one.title, one.created_ms, one.expires_ms) for one in connection.execute(query)]

        return await self._database.read(read)

    async def read(self, who: Member, conversation_id: str) -> Conversation:
        """For its owner only. Raises NotFound for everybody else, stewards and operators included."""

        def read(connection: Connection) -> Conversation:
            kept = self._owned(connection, who, conversation_id)
            rows = connection.execute(
                select(turn).where(turn.c.conversation_id == conversation_id).order_by(turn.c.seq)
            ).mappings()
            turns = tuple(Turn(row["role"], row["text"], row["receipt_id"]) for row in rows)
            return Conversation(kept.id, kept.title, kept.created_ms, kept.expires_ms, turns)

        return await self._database.read(read)

    async def delete(self, who: Member, conversation_id: str) -> None:
        """Raises NotFound."""

        def change(connection: Connection) -> None:
            self._owned(connection, who, conversation_id)
            connection.execute(delete(conversation).where(conversation.c.id == conversation_id))

        await self._database.write(change)
        await self._database.fold_log()

    async def delete_all(self, who: Member) -> int:
        """How many were deleted."""
        return await self._delete(conversation.c.member_id == who.id)

    async def export(self, who: Member) -> list[dict[str, Any]]:
        """All of them with their turns, oldest first, ready for JSON."""
        now_ms = self._clock.now_ms()
        return await self._database.read(lambda connection: held.conversations(connection, who.id, now_ms))

    async def purge(self) -> int:
        """Delete, turns included, all that has expired; how many conversations. Idempotent."""
        return await self._delete(conversation.c.expires_ms <= self._clock.now_ms())

    async def _delete(self, which: ColumnElement[bool]) -> int:
        query = delete(conversation).where(which)
        deleted = await self._database.write(lambda connection: connection.execute(query).rowcount)
        if deleted:
            await self._database.fold_log()
        return deleted

    def _mine(self, who: Member) -> ColumnElement[bool]:
        return (conversation.c.member_id == who.id) & (conversation.c.expires_ms > self._clock.now_ms())

    def _owned(self, connection: Connection, who: Member, conversation_id: str) -> Kept:
        row = None
        if credentials.is_id(conversation_id):
            found = select(conversation).where(self._mine(who), conversation.c.id == conversation_id)
            row = connection.execute(found).first()
        if row is None:
            raise NotFound(
                "There is no such conversation.", remedy="It may have been deleted.", code="conversation_not_found"
            )
        return Kept(row.id, row.title, row.created_ms, row.expires_ms)


def check_turns(turns: Iterable[Turn]) -> Sequence[Turn]:
    """The turns, fit to be stored: lone surrogates replaced. Raises BadRequest beyond the limits. Pure."""
    said = [Turn(one.role, one.text.encode("utf-8", "replace").decode(), one.receipt_id) for one in turns]
    if len(said) > TURNS_MAX or any(len(one.text) > TEXT_MAX for one in said):
        raise _bad(
            f"A kept conversation has at most {TURNS_MAX} turns of {TEXT_MAX} characters.", "Keep a shorter one."
        )
    if any(one.role not in ("user", "assistant") for one in said):
        raise _bad("A turn is the member's or the model's.", "Use the roles user and assistant.")
    return said


def _write_turns(connection: Connection, conversation_id: str, said: Sequence[Turn], *, first_seq: int) -> None:
    for seq, one in enumerate(said, first_seq):
        connection.execute(
            insert(turn).values(
                conversation_id=conversation_id, seq=seq, role=one.role, text=one.text, receipt_id=one.receipt_id
            )
        )


def _bad(message: str, remedy: str) -> BadRequest:
    return BadRequest(message, remedy=remedy, param="conversation", code="invalid_conversation")
