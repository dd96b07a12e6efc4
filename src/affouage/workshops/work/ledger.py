"""The ledger of the work: tasks in, months out, and a question a week. Nothing in it is about one person.

What is read is always what was told: blocks written down once. Nobody, steward or operator, reads anything else here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from affouage.assembly.member import Member
from affouage.clock import Clock
from affouage.errors import AffouageError, BadRequest, NotAllowed
from affouage.footprint.period import Calendar, kind_of
from affouage.storage import Database
from affouage.workshops.work import book
from affouage.workshops.work.blocks import WAITING_WEEKS, Block, blocks
from affouage.workshops.work.book import Item
from affouage.workshops.work.report import Told, WorkReport, heavier, report
from affouage.workshops.work.survey import check_said, check_scales, check_words, load_is_asked
from affouage.workshops.work.task import Source, TaskDone
from affouage.workshops.work.weeks import (
    Week,
    bounds,
    last_month_over,
    last_over,
    last_week,
    shifted,
    week_of,
)

_log = logging.getLogger("affouage.work")

LOOK_S = 600
SETTLE_MS = 3_600_000
"""A week is told an hour after its end: what was done at the last minute is written down by then."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a member may answer now. ``worked``: they did a task this week; ``survey``, ``load``: it awaits them."""

    week: Week
    worked: bool
    answered: bool
    load: bool


class WorkLedger:
    """Of one commons. ``sources``: each workshop's tasks. All methods may be called concurrently."""

    def __init__(self, db: Database, clock: Clock, calendar: Calendar, sources: Sequence[Source] = ()) -> None:
        self._db = db
        self._clock = clock
        self._calendar = calendar
        self._sources = sources
        self._told: Week = ""

    # -- reading -------------------------------------------------------------------------------------------------

    async def told(self) -> Told:
        """All that was ever told."""
        return await self._db.read(book.told)

    async def report(self, month: str = "") -> WorkReport:
        """``month``: ``2026-11``; "" for the newest there is something to read of, else this one. Raises BadRequest."""
        told = await self.told()
        now_ms = self._clock.now_ms()
        chosen = month or max(told.months, default=self._calendar.month(now_ms))
        if kind_of(chosen) != "month":
            raise BadRequest(
                f"{chosen} is not a month.",
                remedy="Write a month, for instance 2026-11.",
                param="month",
                code="work_month",
                period=chosen,
            )
        return report(told, chosen, running=last_week(chosen) > last_over(now_ms - SETTLE_MS, self._calendar))

    async def agenda(self) -> list[Item]:
        """What the last month puts before the assembly; it stays on the agenda until another month is over."""
        month = self._last_month()
        return await self._db.read(lambda connection: book.items(connection, month))

    # -- answering -----------------------------------------------------------------------------------------------

    async def asked(self, who: Member) -> Asked:
        """What awaits this member this week."""
        week, worked = self._week(), await self._worked(who.id)

        def read(connection: Connection) -> Asked:
            load = worked and load_is_asked(who.id, week) and not book.answered(connection, "load", week, who.id)
            done = book.answered(connection, "survey", week, who.id)
            return Asked(week=week, worked=worked, answered=done, load=load)

        return await self._db.read(read)

    async def say(self, who: Member, said: str, words: str = "") -> None:
        """Answer the question of the week, once. Raises BadRequest (said, words), NotAllowed (no task this week),
        Conflict ``work_answered``."""
        chosen, free, week = check_said(said), check_words(words), await self._week_of_work(who)

        def change(connection: Connection) -> None:
            book.answer(connection, "survey", week, who.id, chosen)
            if free:
                book.answer(connection, "words", week, who.id, free)

        await self._db.write(change)

    async def weigh(self, who: Member, scales: Sequence[str]) -> None:
        """Answer how heavy work felt, in a week in which this member is asked it. Raises as ``say`` does, BadRequest
        ``work_scales`` and NotAllowed ``work_not_asked``."""
        values, week = check_scales(scales), await self._week_of_work(who)
        if not load_is_asked(who.id, week):
            raise NotAllowed("This was not asked of you.", remedy="Answer when it is.", code="work_not_asked")
        body = msgspec.json.encode(values).decode()
        await self._db.write(lambda connection: book.answer(connection, "load", week, who.id, body))

    async def _week_of_work(self, who: Member) -> Week:
        if not await self._worked(who.id):
            raise NotAllowed(
                "This is asked of those who worked with the tool this week.",
                remedy="Answer in a week in which you did.",
                code="work_not_worked",
            )
        return self._week()

    async def _worked(self, member_id: str) -> bool:
        since_ms, until_ms = bounds(self._week(), self._calendar)
        return any(one.worker == member_id for one in await self._done(since_ms, until_ms))

    # -- telling -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self, look_s: float = LOOK_S) -> AsyncIterator[None]:
        """While open, weeks that are over are told; at once those that ended while nothing ran."""
        task = asyncio.create_task(self._forever(look_s), name="work")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _forever(self, look_s: float) -> None:
        while True:
            try:
                await self.keep_up()
            except (AffouageError, SQLAlchemyError) as refused:
                _log.warning("the work of last week is not told yet: %s", type(refused).__name__)
            await asyncio.sleep(look_s)

    async def keep_up(self) -> int:
        """Tell the weeks that are over; how many items it put before the assembly. Idempotent."""
        now_ms = self._clock.now_ms()
        last = last_over(now_ms - SETTLE_MS, self._calendar)
        if last == self._told:
            return 0
        since_ms, _ = bounds(shifted(last, 1 - WAITING_WEEKS), self._calendar)
        done = await self._done(since_ms, bounds(last, self._calendar)[1])
        known = await self._db.read(book.ends)
        found = await asyncio.to_thread(self._blocks, done, known, last)
        month = self._last_month()

        def change(connection: Connection) -> int:
            book.tell_tasks(connection, found)
            book.tell_answers(connection, last)
            book.forget_words(connection, last)
            of_month = report(book.told(connection), month, running=False)
            return book.put_before(connection, heavier(of_month), now_ms)

        put = await self._db.write(change)
        await self._db.fold_log()  # who answered is on the disk no more
        self._told = last
        return put

    def _blocks(self, done: Iterable[TaskDone], known: Mapping[str, Week], last: Week) -> list[Block]:
        by_kind: dict[str, dict[Week, list[TaskDone]]] = defaultdict(lambda: defaultdict(list))
        for one in done:
            week = week_of(self._calendar.day(one.done_ms))
            if week > known.get(one.task_type, ""):
                by_kind[one.task_type][week].append(one)
        return [block for kind, weeks in by_kind.items() for block in blocks(kind, weeks, min(weeks), last)]

    async def _done(self, since_ms: int, until_ms: int) -> list[TaskDone]:
        return [one for source in self._sources for one in await source(since_ms, until_ms)]

    def _week(self) -> Week:
        return week_of(self._calendar.day(self._clock.now_ms()))

    def _last_month(self) -> str:
        """The last one of which every week was told, or is about to be."""
        return last_month_over(last_over(self._clock.now_ms() - SETTLE_MS, self._calendar))
