"""Drafts made in the background: found first, then written, a few at a time, again after a restart.

What is to be done stands in the database (``desk_draft``), so nothing is lost with the program. While the tool is
stopped the search goes on, which needs no model, and nothing is written; a draft that comes out after the stop is
thrown away. A blind item is searched, and written for only once its clerk wrote and asked.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, select

from affouage.clock import Clock
from affouage.errors import AffouageError, AllowanceSpent, Closed, LedgerUnavailable, TooMuch, Unavailable
from affouage.storage import Database
from affouage.storage.tables import desk_draft, desk_item
from affouage.workshops.desk import rows, switch
from affouage.workshops.desk.cases import Event, Kind, State
from affouage.workshops.desk.lane import Lane
from affouage.workshops.desk.shapes import Draft

_log = logging.getLogger("affouage.desk")

AT_ONCE = 2
"""Drafts made together: the desk is one of those who share the machines."""
LOOK_S = 15.0
"""What another program wrote (a restart of the tool from the command line) is noticed within so long."""
SOON_S = 1.0
TRIES_MOST = 6
LEAST_WAIT_S, MOST_WAIT_S = 5, 900


@dataclass(frozen=True)
class Drafter:
    """Where drafts come from. ``find(question, language)``: what was found, nothing generated; ``write``: the same with
    sentences, generated where there is a model. Both raise AffouageError; cancelling stops the generation."""

    find: Callable[[str, str], Awaitable[Draft]]
    write: Callable[[str, str], Awaitable[Draft]]


class Drafting:
    """Of one desk. ``month_of``: the month in which an instant is counted. Searching, which takes milliseconds, does
    not wait behind generations: each has a lane of its own."""

    def __init__(self, db: Database, clock: Clock, drafter: Drafter, month_of: Callable[[int], str]) -> None:
        self._db = db
        self._clock = clock
        self._drafter = drafter
        self._month_of = month_of
        self._finding = Lane("desk finds", 1, partial(self._due, to_find), partial(self._step, self._find))
        self._writing = Lane("desk drafts", AT_ONCE, partial(self._due, to_write), partial(self._step, self._write))

    def wake(self) -> None:
        """Something may have to be done."""
        self._finding.wake()
        self._writing.wake()

    def interrupt(self) -> None:
        """Stop what is being written, now: it is looked at again, under the switch as it then stands."""
        self._writing.interrupt()

    @asynccontextmanager
    async def running(self, look_s: float = LOOK_S) -> AsyncIterator[None]:
        """While open, drafts are made; at once those that a stopped server left. On leaving, none is left running."""
        async with self._finding.running(look_s), self._writing.running(look_s):
            yield

    async def work_off(self) -> int:
        """Do all that is due now, one after another; how many things were done."""
        return await self._finding.work_off() + await self._writing.work_off()

    async def _due(self, query: Callable[[int, int], Select[Any]], most: int) -> list[str]:
        now_ms = self._clock.now_ms()
        return await self._db.read(lambda connection: list(connection.scalars(query(now_ms, most))))

    async def _step(self, step: Callable[[str], Awaitable[None]], item_id: str) -> None:
        """Bring one item further. Raises nothing but cancellation."""
        try:
            try:
                await step(item_id)
            except LedgerUnavailable:
                raise
            except AffouageError as refused:
                await self._put_off(item_id, refused)
            except Exception as unforeseen:
                # Its place and kind, never its message: that could quote the question.
                where = traceback.extract_tb(unforeseen.__traceback__)[-1]
                _log.error("unforeseen %s at %s:%s", type(unforeseen).__name__, where.filename, where.lineno)
                await self._give_up(item_id, "error")
        except LedgerUnavailable:
            await asyncio.sleep(LEAST_WAIT_S)  # nothing can be written: not again at once

    async def _find(self, item_id: str) -> None:
        """Raises what the search raises."""
        row = await self._db.read(lambda connection: _there(connection, item_id))
        if row is not None:
            await self._keep_found(item_id, await self._drafter.find(row.question, row.language))
            self._writing.wake()

    async def _write(self, item_id: str) -> None:
        """Raises what the generation raises."""
        row = await self._db.read(lambda connection: _there(connection, item_id))
        if row is not None:
            await self._keep_draft(item_id, await self._drafter.write(row.question, row.language))

    async def _keep_found(self, item_id: str, found: Draft) -> None:
        """Keep what was found, and say whether a draft is to be written from it."""
        bare = msgspec.structs.replace(found, sentences=(), model="", receipt_id=None)

        def change(connection: Connection) -> None:
            row = _there(connection, item_id)
            if row is None:
                return
            state = rows.draft_row(connection, item_id).state
            if not found.answers:
                state = "no_evidence"
            elif state == "wanted" and switch.read(connection).stopped:
                state = "stopped"
            rows.set_drafting(connection, item_id, found=rows.encode(bare).decode(), state=state, tries=0, problem="")
            rows.note_flags(connection, row, bare)

        await self._db.write(change)

    async def _keep_draft(self, item_id: str, draft: Draft) -> None:
        """Keep what was written, unless the tool was stopped meanwhile. What it cost is noted in any case."""
        now_ms = self._clock.now_ms()
        event = Event(Kind.DRAFTED, now_ms, receipt_id=draft.receipt_id, drafted=bool(draft.model))

        def change(connection: Connection) -> None:
            row = _there(connection, item_id)
            if row is None:
                return
            if draft.model:
                rows.append(connection, item_id, [event], self._month_of(now_ms))
            if switch.read(connection).stopped:
                rows.set_drafting(connection, item_id, state="stopped")
                return
            # A blind item that was put back meanwhile keeps it, for the next clerk who writes first.
            state = {"wanted": "made", "held_back": "held_back"}.get(rows.draft_row(connection, item_id).state)
            if state is None:
                return  # somebody else was quicker
            if not draft.sentences:
                rows.set_drafting(connection, item_id, state="no_evidence", problem="")
                return
            rows.set_drafting(connection, item_id, state=state, problem="", draft=rows.encode(draft).decode())
            rows.note_flags(connection, row, draft)

        await self._db.write(change)

    async def _put_off(self, item_id: str, refused: AffouageError) -> None:
        """Later, if waiting may help; else said to be so."""
        tries = 1 + await self._db.read(lambda c: _tries(c, item_id))
        may_pass = isinstance(refused, Unavailable | TooMuch) and not isinstance(refused, AllowanceSpent)
        if not may_pass or (tries >= TRIES_MOST and not isinstance(refused, Closed)):
            await self._give_up(item_id, refused.code)
            return
        asked_s = getattr(refused, "retry_after_s", LEAST_WAIT_S)
        next_ms = self._clock.now_ms() + 1000 * min(max(asked_s, LEAST_WAIT_S * tries), MOST_WAIT_S)
        later = {"tries": tries, "next_ms": next_ms, "problem": refused.code}
        await self._db.write(lambda c: rows.set_drafting(c, item_id, **later))

    async def _give_up(self, item_id: str, code: str) -> None:
        """No draft: the clerk answers by hand, and may ask again."""
        now_ms = self._clock.now_ms()
        event = Event(Kind.NOT_DRAFTED, now_ms, detail=code)

        def change(connection: Connection) -> None:
            if _there(connection, item_id) is not None:
                rows.append(connection, item_id, [event], self._month_of(now_ms))
                rows.set_drafting(connection, item_id, state="failed", problem=code)

        await self._db.write(change)


def to_find(now_ms: int, most: int) -> Select[Any]:
    """Ids of the items that nothing was found for yet, oldest first."""
    of = desk_draft.c
    return _open(now_ms, most).where(of.found.is_(None), of.state.in_(("wanted", "held_back")))


def to_write(now_ms: int, most: int) -> Select[Any]:
    """Ids of the items whose draft is wanted, oldest first."""
    of = desk_draft.c
    return _open(now_ms, most).where(of.found.is_not(None), of.state == "wanted")


def _open(now_ms: int, most: int) -> Select[Any]:
    return (
        select(desk_draft.c.item_id)
        .join(desk_item, desk_item.c.id == desk_draft.c.item_id)
        .where(desk_draft.c.next_ms <= now_ms, desk_item.c.state.in_((State.WAITING.value, State.TAKEN.value)))
        .order_by(desk_item.c.created_ms, desk_draft.c.item_id)
        .limit(most)
    )


def _there(connection: Connection, item_id: str) -> Row[Any] | None:
    """The item, unless it was deleted meanwhile."""
    return connection.execute(select(desk_item).where(desk_item.c.id == item_id)).first()


def _tries(connection: Connection, item_id: str) -> int:
    return connection.scalar(select(desk_draft.c.tries).where(desk_draft.c.item_id == item_id)) or 0
