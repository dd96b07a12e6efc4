"""Deleting what has been kept as long as the rule of retention says; one loop, and what it does as functions.

A rule that is shortened applies to what is already there at the next look; one that is lengthened brings nothing back,
and prolongs nothing that was promised a day. Idempotent: a server that was stopped catches up at its start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from affouage.assembly import attempts, desk_held
from affouage.assembly.refused_uses import held as reports_held
from affouage.assembly.rules.retention import CLASSES, DAY_MS, RetentionRules, too_old_ms
from affouage.clock import Clock
from affouage.errors import AffouageError
from affouage.journal import log
from affouage.storage import Database
from affouage.storage.tables import (
    assembly_event,
    conversation,
    invitation,
    journal_leaf,
    journal_person,
    journal_record,
    ledger_entry,
    reading_block,
    receipt_salt,
    report,
    report_decision,
    session,
    sign_in_attempt,
    vote,
)

_log = logging.getLogger("affouage.purge")

LOOK_S = 30.0
"""A day that has passed, or a rule that was shortened, is noticed within half a minute."""
SELDOM_MS = 3_600_000
"""What takes a walk through a large table is looked for each hour, and when the rule changes."""
LEAF = "purged"
FEWEST = 5
"""Counts below are not told: they would say who."""

Counts = dict[str, int]
"""What was deleted, by class of the rule."""


class Purging:
    """Of one home. ``keeping``: the days in force; ``stamp``: of the rule they come from (``retention@3``).

    ``memory_days``: how long the rule of uses remembers a sanction. ``also``: what else time ends, after each look.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keeping: Callable[[], RetentionRules],
        stamp: Callable[[], str],
        memory_days: Callable[[], int],
        also: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._keeping = keeping
        self._stamp = stamp
        self._memory_days = memory_days
        self._also = also
        self._applied: RetentionRules | None = None
        self._seldom_ms: int | None = None

    @asynccontextmanager
    async def running(self, look_s: float = LOOK_S) -> AsyncIterator[None]:
        """While open, what is too old is deleted; at once what became so while nothing ran."""
        task = asyncio.create_task(self._forever(look_s), name="purge")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _forever(self, look_s: float) -> None:
        told = ""
        while True:
            try:
                await self.purge()
                if self._also is not None:
                    await self._also()
                told = ""
            except (AffouageError, SQLAlchemyError) as refused:
                if str(refused) != told:
                    _log.warning("what is too old could not be deleted yet: %s", type(refused).__name__)
                told = str(refused)
            await asyncio.sleep(look_s)

    async def purge(self) -> Counts:
        """Delete what is too old now; how many of each class. Raises LedgerUnavailable when nothing can be written."""
        rules, now_ms, stamp = self._keeping(), self._clock.now_ms(), self._stamp()
        changed = rules != self._applied
        seldom = changed or self._seldom_ms is None or not 0 <= now_ms - self._seldom_ms < SELDOM_MS

        def change(connection: Connection) -> Counts:
            counts = often_purged(connection, rules, now_ms, self._memory_days())
            if seldom:
                counts |= seldom_purged(connection, rules, now_ms)
            counts = {name: counts[name] for name in CLASSES if counts.get(name)}
            if counts and (changed or max(counts.values()) >= FEWEST):
                log.append(connection, LEAF, {"rule": stamp, "counts": told_counts(counts)}, now_ms)
            return counts

        counts = await self._db.write(change)
        self._applied = rules
        if seldom:
            self._seldom_ms = now_ms
        if counts:
            await self._db.fold_log()
        return counts


def told_counts(counts: Counts) -> dict[str, int | str]:
    """As anybody may read them. Pure."""
    return {name: count if count >= FEWEST else f"1-{FEWEST - 1}" for name, count in counts.items() if count}


def often_purged(connection: Connection, rules: RetentionRules, now_ms: int, memory_days: int) -> Counts:
    """What a member expects gone at its day."""
    return {
        "conversations": _conversations(connection, rules.conversations, now_ms),
        "sessions": _sessions(connection, rules, now_ms),
        "sign_in_attempts": _deleted(
            connection,
            sign_in_attempt,
            sign_in_attempt.c.window_ms <= too_old_ms(rules.sign_in_attempts, now_ms - attempts.WINDOW_MS),
        ),
        "invitations": _deleted(
            connection,
            invitation,
            func.coalesce(invitation.c.used_ms, invitation.c.revoked_ms, invitation.c.expires_ms)
            <= too_old_ms(rules.invitations, now_ms),
        ),
        "reports": _reports(connection, rules.reports, now_ms, memory_days),
        "desk": desk_held.purge(connection, rules.desk, now_ms),
    }


def seldom_purged(connection: Connection, rules: RetentionRules, now_ms: int) -> Counts:
    """What grows with the books. The newest readings of each machine stay: its meter goes on from them."""
    newest = select(func.max(reading_block.c.t1_ms)).group_by(reading_block.c.machine_id)
    return {
        "meter_readings": _deleted(
            connection,
            reading_block,
            (reading_block.c.t1_ms <= too_old_ms(rules.meter_readings, now_ms)) & reading_block.c.t1_ms.not_in(newest),
        ),
        "receipt_salts": _salts(connection, too_old_ms(rules.receipt_salts, now_ms)),
        "ballots": _ballots(connection, too_old_ms(rules.ballots, now_ms)),
    }


def _deleted(connection: Connection, table: Any, which: Any) -> int:
    return connection.execute(delete(table).where(which)).rowcount


def _conversations(connection: Connection, days: int, now_ms: int) -> int:
    """The day of deletion is brought forward, never put off."""
    ends = conversation.c.created_ms + days * DAY_MS
    connection.execute(update(conversation).where(conversation.c.expires_ms > ends).values(expires_ms=ends))
    return _deleted(connection, conversation, conversation.c.expires_ms <= now_ms)


def _sessions(connection: Connection, rules: RetentionRules, now_ms: int) -> int:
    over = (
        session.c.revoked_ms.is_not(None)
        | (session.c.expires_ms <= now_ms)
        | (session.c.created_ms <= too_old_ms(rules.sessions, now_ms))
        | (session.c.seen_ms <= too_old_ms(rules.idle_sessions, now_ms))
    )
    return _deleted(connection, session, over)


def _reports(connection: Connection, days: int, now_ms: int, memory_days: int) -> int:
    """Counted from the last decision; one that is not closed goes on."""
    decided = select(func.max(report_decision.c.at_ms)).where(report_decision.c.report_id == report.c.id)
    ends = func.coalesce(decided.scalar_subquery(), report.c.created_ms) + days * DAY_MS
    connection.execute(update(report).where(report.c.state == "closed", report.c.purge_ms > ends).values(purge_ms=ends))
    return reports_held.purge(connection, memory_days, now_ms)


def _salts(connection: Connection, cutoff_ms: int) -> int:
    last = _last_entry(connection, cutoff_ms)
    old = select(ledger_entry.c.request_id).where(ledger_entry.c.seq <= last, ledger_entry.c.kind == "settled")
    return _deleted(connection, receipt_salt, receipt_salt.c.request_id.in_(old)) if last else 0


def _last_entry(connection: Connection, cutoff_ms: int) -> int:
    """The last entry of the books written by then, 0 for none: they are numbered in the order of time."""
    low, high = 0, connection.scalar(select(func.max(ledger_entry.c.seq))) or 0
    while low < high:
        middle = (low + high + 1) // 2
        at_ms = connection.scalar(select(ledger_entry.c.created_ms).where(ledger_entry.c.seq == middle))
        if at_ms is not None and at_ms <= cutoff_ms:
            low = middle
        else:
            high = middle - 1
    return low


class _PollClosed(msgspec.Struct):
    id: int


def _ballots(connection: Connection, cutoff_ms: int) -> int:
    """Who voted what in the open votes closed by then, in the table and beside the public log. The leaves stay."""
    bodies = select(assembly_event.c.body).where(
        assembly_event.c.kind == "poll_closed", assembly_event.c.at_ms <= cutoff_ms
    )
    closed = {msgspec.json.decode(body, type=_PollClosed).id for body in connection.scalars(bodies)}
    kept = set(connection.scalars(select(vote.c.poll_id).distinct()))
    count = _deleted(connection, vote, vote.c.poll_id.in_(closed & kept)) if closed & kept else 0
    if count:
        leaves = select(journal_leaf.c.seq).where(
            journal_leaf.c.kind == "ballot", journal_leaf.c.created_ms <= cutoff_ms
        )
        for table in (journal_record, journal_person):
            connection.execute(delete(table).where(table.c.seq.in_(leaves)))
    return count
