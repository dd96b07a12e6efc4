"""Refused uses as pages and commands meet them: asynchronous, on the database, with the rules in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from sqlalchemy import Connection

from affouage.assembly import attempts, mandate_book, readings
from affouage.assembly.charter import Charter
from affouage.assembly.member import Member
from affouage.assembly.readings import Reading
from affouage.assembly.refused_uses import book, counts, held, people, rows, views
from affouage.assembly.refused_uses import decide as rules
from affouage.assembly.refused_uses.counts import Counts
from affouage.assembly.refused_uses.decide import Parties, State
from affouage.assembly.refused_uses.rows import Report
from affouage.assembly.refused_uses.sanctions import Active, active_sanction
from affouage.assembly.refused_uses.terms import Terms
from affouage.assembly.refused_uses.views import Case, Mine, Queued
from affouage.clock import Clock
from affouage.errors import BadRequest, Conflict, NotAllowed, NotFound, TooMuch
from affouage.storage import Database

STRANGERS_MAX, MEMBERS_MAX = 5, 20
"""Reports of a network without an account, and of a member, in 15 minutes."""
LISTED = 200
KNOWN_US, KNOWN_MOST = 30_000_000, 1_000
"""Whether somebody moderates is remembered half a minute, for so many people at most."""

Holds = Callable[[Connection, str, str, int], bool]
"""``holds(connection, member_id, scope, now_ms)``: whether a mandate is in force."""


@dataclass(frozen=True)
class Months:
    """The commons' calendar: the month of an instant, and the bounds of one."""

    of: Callable[[int], str]
    bounds: Callable[[str], tuple[int, int]]


class CalendarLike(Protocol):
    """``footprint.period.Calendar``."""

    def day(self, at_ms: int) -> str: ...
    def bounds(self, period: str) -> tuple[int, int]: ...


def months_of(calendar: CalendarLike) -> Months:
    return Months(lambda at_ms: calendar.day(at_ms)[:7], calendar.bounds)


def terms_of(charter: Charter) -> Terms:
    """As the charter has them now."""
    uses, version = charter.in_force("uses")
    retention, _ = charter.in_force("retention")
    return Terms(uses, version, retention.reports)


def open_reports(db: Database, clock: Clock, charter: Charter, months: Months) -> Reports:
    """Under the rules and the mandates of a commons."""
    return Reports(
        db,
        clock,
        terms=lambda: terms_of(charter),
        guard=lambda: str(charter.in_force("models").value.guard_model),
        holds=mandate_book.holds,
        months=months,
    )


class Reports:
    """Of one home. ``terms``: the rule of uses in force; ``guard``: the guard model a rule admits, "" for none.

    What time has ended is ended before anything is shown or done, so a server that was stopped changes nothing.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        terms: Callable[[], Terms],
        guard: Callable[[], str],
        holds: Holds,
        months: Months,
    ) -> None:
        self._db = db
        self._clock = clock
        self.terms = terms
        self._guard = guard
        self._holds = holds
        self._months = months
        self._known: dict[str, tuple[int, bool]] = {}

    # -- reporting -----------------------------------------------------------------------------------------------

    async def file(
        self, reporter: Member | None, *, receipt_id: str, line: str, words: str, content: str = "", address: str = ""
    ) -> str:
        """Report an answer or something public; its number. ``content``: only what the reporter chose to show.

        ``address``: whence a stranger writes. Raises BadRequest, NotFound ``reported_receipt``, TooMuch.
        """
        terms, now_ms = self.terms(), self._clock.now_ms()
        receipt_id = receipt_id.strip()
        rules.check_words(words, content)
        if reporter is None and not receipt_id:
            raise BadRequest(
                "Without an account, a report names the receipt it is about.",
                remedy="Copy its number: it begins with rcp_.",
                param="receipt",
                code="report_receipt",
            )

        def change(connection: Connection) -> str:
            _count(connection, reporter, address, now_ms)
            return book.file(
                connection,
                line=line,
                words=words,
                content=content,
                reporter_id=None if reporter is None else reporter.id,
                owner_id=people.owner_of(connection, receipt_id),
                receipt_id=receipt_id or None,
                terms=terms,
                now_ms=now_ms,
            )

        return await self._db.write(change)

    async def flag(self, model_id: str, *, receipt_id: str, line: str, words: str) -> str:
        """A guard model flags an answer: people decide, never the model, which shows no text.

        Raises NotAllowed, code ``guard_not_admitted``, unless the rule in force names it; NotFound, BadRequest.
        """
        rules.check_guard(model_id, self._guard())
        terms, now_ms = self.terms(), self._clock.now_ms()
        return await self._db.write(
            lambda connection: book.file(
                connection,
                line=line,
                words=words,
                content="",
                reporter_id=None,
                owner_id=people.owner_of(connection, receipt_id),
                receipt_id=receipt_id,
                terms=terms,
                now_ms=now_ms,
                flagged_by=model_id,
            )
        )

    # -- moderating ----------------------------------------------------------------------------------------------

    async def may_moderate(self, who: Member) -> bool:
        now_ms = self._clock.now_ms()
        return await self._db.read(lambda c: who.active and self._holds(c, who.id, "moderator", now_ms))

    def moderates(self, who: Member) -> bool:
        """The same for what surrounds each page: as of half a minute ago at most."""
        now_us = self._clock.monotonic_us()
        known = self._known.get(who.id)
        if known is None or now_us - known[0] >= KNOWN_US:
            if len(self._known) > KNOWN_MOST:
                self._known.clear()
            now_ms = self._clock.now_ms()
            held = self._db.read_now(lambda c: who.active and self._holds(c, who.id, "moderator", now_ms))
            known = self._known[who.id] = (now_us, held)
        return known[1]

    async def queue(self, who: Member, *, closed: bool = False) -> list[Queued]:
        """What waits, oldest first, or all (newest first), without any content. Raises NotAllowed ``no_mandate``."""
        await self.keep_up()
        now_ms = self._clock.now_ms()

        def look(connection: Connection) -> list[Queued]:
            self._check_mandate(connection, who, now_ms)
            found = (
                rows.everything(connection, LISTED)
                if closed
                else rows.in_state(connection, State.OPEN, State.DECIDED, State.APPEALED)
            )
            return [views.queued(one, who.id) for one in found]

        return await self._db.read(look)

    async def case(self, who: Member, report_id: str) -> Case:
        """A report for its moderator. Raises NotFound, NotAllowed (``no_mandate``, ``judge_and_party``)."""
        await self.keep_up()
        terms, now_ms = self.terms(), self._clock.now_ms()

        def look(connection: Connection) -> Case:
            one = self._for_moderator(connection, who, report_id, now_ms)
            return views.case(connection, one, who.id, terms, now_ms)

        return await self._db.read(look)

    async def read(self, who: Member, report_id: str, reason: str) -> None:
        """Give the reason for reading what was shown and whom it concerns: it opens the report for an hour.

        Written down, logged, and told to the person concerned. For moderators and members of the panel. Raises
        NotFound, NotAllowed, BadRequest ``reading_reason``.
        """
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> None:
            one = rows.find(connection, report_id)
            if not _sits(connection, one, who.id):
                one = self._for_moderator(connection, who, report_id, now_ms)
            readings.note(connection, who.id, one.about, views.record(one.id), reason, now_ms)

        await self._db.write(change)

    async def decide(self, who: Member, report_id: str, outcome: str, reason: str) -> None:
        """A moderator decides, having read it. Raises NotFound, NotAllowed, BadRequest (reason, outcome), Conflict."""
        await self.keep_up()
        terms, now_ms = self.terms(), self._clock.now_ms()

        def change(connection: Connection) -> None:
            self._for_moderator(connection, who, report_id, now_ms)
            _check_read(connection, who, report_id)
            book.decide(connection, report_id, who.id, outcome, reason, mandated=True, terms=terms, now_ms=now_ms)

        await self._db.write(change)

    # -- people concerned ----------------------------------------------------------------------------------------

    async def mine(self, who: Member) -> list[Mine]:
        """Reports they made, that concern them and were decided, or whose panel they sit on; newest first."""
        await self.keep_up()
        now_ms = self._clock.now_ms()

        def look(connection: Connection) -> list[Mine]:
            found = (views.mine(connection, one, who.id, now_ms) for one in rows.of_member(connection, who.id))
            return [one for one in found if _told(one)]

        return await self._db.read(look)

    async def waiting_for(self, who: Member) -> int:
        """How many reports ask something of them: a decision they may appeal, an appeal they are to hear."""
        return sum(1 for one in await self.mine(who) if one.waits)

    async def one(self, who: Member, report_id: str) -> tuple[Mine, Case | None]:
        """One of them; with the case when they sit on its panel. Raises NotFound."""
        await self.keep_up()
        terms, now_ms = self.terms(), self._clock.now_ms()

        def look(connection: Connection) -> tuple[Mine, Case | None]:
            found = rows.find(connection, report_id)
            seen = views.mine(connection, found, who.id, now_ms)
            if not _told(seen):
                raise NotFound("There is no such report.", remedy="See /reports.", code="report_not_found")
            case = views.case(connection, found, who.id, terms, now_ms) if seen.part == "panel" else None
            return seen, case

        return await self._db.read(look)

    async def appeal(self, who: Member, report_id: str, words: str) -> int:
        """Appeal; how many members were drawn for the panel. Raises NotFound, NotAllowed, BadRequest, Conflict."""
        await self.keep_up()
        terms, now_ms = self.terms(), self._clock.now_ms()
        drawn = await self._db.write(
            lambda c: book.appeal(c, report_id, who.id, words, people.electors(c), terms, now_ms)
        )
        return len(drawn)

    async def give_opinion(self, who: Member, report_id: str, opinion: str, reason: str) -> State:
        """A member of the panel says what they think, having read it.

        Raises NotFound, NotAllowed ``no_seat``, BadRequest, Conflict.
        """
        await self.keep_up()
        terms, now_ms = self.terms(), self._clock.now_ms()

        def change(connection: Connection) -> State:
            if not who.active:
                raise NotAllowed("This account is deactivated.", remedy="Ask a steward.", code="member_deactivated")
            if _sits(connection, rows.find(connection, report_id), who.id):
                _check_read(connection, who, report_id)
            return book.give_opinion(connection, report_id, who.id, opinion, reason, terms, now_ms)

        return await self._db.write(change)

    async def sanction(self, member_id: str) -> Active | None:
        """The gravest in force against a member now."""
        now_ms = self._clock.now_ms()
        return await self._db.read(lambda connection: active_sanction(connection, member_id, now_ms))

    # -- readings of anything sensitive --------------------------------------------------------------------------

    async def readings_of(self, who: Member) -> list[Reading]:
        """Who read what about them, and why; newest first."""
        return await self._db.read(lambda connection: readings.of_subject(connection, who.id))

    # -- time and counts -----------------------------------------------------------------------------------------

    async def counts(self, month: str) -> Counts:
        """Of a month (``2026-11``): never content, never fewer than five of a kind. Raises BadRequest."""
        from_ms, until_ms = self._months.bounds(month)
        return await self._db.read(lambda connection: counts.counts(connection, month, from_ms, until_ms))

    async def keep_up(self) -> int:
        """End what time has ended; how many reports. Writes nothing when there is nothing to end."""
        terms, now_ms = self.terms(), self._clock.now_ms()
        if not await self._db.read(lambda connection: bool(rows.due(connection, now_ms))):
            return 0
        return await self._db.write(lambda connection: book.keep_up(connection, terms, now_ms))

    async def tidy(self) -> None:
        """What a server does from time to time: end what is over, publish months, delete what is old. Idempotent."""
        await self.keep_up()
        now_ms = self._clock.now_ms()
        memory_days = self.terms().rules.memory_days
        waiting = await self._db.read(lambda connection: self._months_over(connection, now_ms))

        def change(connection: Connection) -> None:
            for month in waiting:
                counted = counts.counts(connection, month, *self._months.bounds(month))
                counts.publish(connection, counted, now_ms)
            held.purge(connection, memory_days, now_ms)

        def anything_old(connection: Connection) -> bool:
            return held.anything_old(connection, memory_days, now_ms)

        old = await self._db.read(anything_old)
        if waiting or old:
            await self._db.write(change)

    def _months_over(self, connection: Connection, now_ms: int) -> list[str]:
        """Months from the first decision to the last that is over, not yet in the log."""
        first_ms = counts.first_decided_ms(connection)
        if first_ms is None:
            return []
        return counts.months_to_publish(connection, _months(self._months.of(first_ms), self._months.of(now_ms)))

    # -- inside --------------------------------------------------------------------------------------------------

    def _check_mandate(self, connection: Connection, who: Member, now_ms: int) -> None:
        mandated = who.active and self._holds(connection, who.id, "moderator", now_ms)
        rules.check_moderator(who.id, Parties(None, None), mandated=mandated)

    def _for_moderator(self, connection: Connection, who: Member, report_id: str, now_ms: int) -> Report:
        mandated = who.active and self._holds(connection, who.id, "moderator", now_ms)
        rules.check_moderator(who.id, Parties(None, None), mandated=mandated)  # before telling whether it exists
        one = rows.find(connection, report_id)
        rules.check_moderator(who.id, Parties(one.reporter_id, one.subject_id), mandated=mandated)
        return one


def _count(connection: Connection, reporter: Member | None, address: str, now_ms: int) -> None:
    refusal = TooMuch("Too many reports in a short time.", remedy="Wait, then try again.", code="too_many_reports")
    who, most = (address, STRANGERS_MAX) if reporter is None else (reporter.id, MEMBERS_MAX)
    attempts.count_one(connection, "report", who, most, now_ms, refusal)


def _check_read(connection: Connection, who: Member, report_id: str) -> None:
    """Nobody decides on what they have not read. Raises Conflict, code ``read_first``."""
    if not readings.noted(connection, who.id, views.record(report_id)):
        raise Conflict(
            "You have not read this report yet.", remedy="Say why you read it, read it, then decide.", code="read_first"
        )


def _sits(connection: Connection, one: Report, member_id: str) -> bool:
    return one.state is State.APPEALED and any(seat.member_id == member_id for seat in rows.seats(connection, one.id))


def _told(one: Mine) -> bool:
    """The person concerned learns of a report with the decision: until then it may be empty, and hurt for nothing."""
    return one.part != "concerned" or bool(one.decisions)


def _months(first: str, present: str) -> list[str]:
    """``2026-11``, ``2026-12`` ... up to the one before the present."""
    at, found = date.fromisoformat(f"{first}-01"), []
    while (name := at.isoformat()[:7]) < present:
        found.append(name)
        at = date(at.year + at.month // 12, at.month % 12 + 1, 1)
    return found
