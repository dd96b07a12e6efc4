"""What keeps the public log while a commons runs: days of the ledger told as they end, and signatures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from affouage.clock import Clock
from affouage.errors import AffouageError
from affouage.footprint.period import Calendar
from affouage.journal.public_log import PublicLog
from affouage.ledger import daily
from affouage.storage import Database

_log = logging.getLogger("affouage")

LOOK_S = 60


@asynccontextmanager
async def keeping_the_log(log: PublicLog, db: Database, calendar: Calendar, clock: Clock) -> AsyncIterator[None]:
    """While open, what enters the log is signed within a minute, and days of the ledger are told as they end; at once
    those that ended while nothing ran.

    A day that ends while open is told at the second look that finds it over, as months are closed: a clock put forward
    by mistake tells nothing for good. What cannot be told or signed is said in the server's own log, once.
    """

    async def look_again() -> None:
        seen_ms, said = clock.now_ms(), ""
        while True:
            now_ms = clock.now_ms()
            over_ms, seen_ms = min(now_ms, seen_ms), now_ms
            try:
                await tell_days(db, calendar, over_ms, now_ms)
                await log.checkpoint()
                said = ""
            except Exception as wrong:  # entries that were tampered with must not end the looking
                now_said = str(wrong) if isinstance(wrong, AffouageError) else type(wrong).__name__
                if now_said != said:
                    _log.warning("the public log is not signed: %s", now_said)
                said = now_said
            await asyncio.sleep(LOOK_S)

    task = asyncio.create_task(look_again(), name="public log")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def tell_days(db: Database, calendar: Calendar, over_ms: int, now_ms: int) -> list[str]:
    """Tell every day that was over at ``over_ms``; which ones were. Raises DatabaseUnusable, LedgerUnavailable."""
    told: list[str] = []
    days = daily.Days(calendar.zone, calendar.day, calendar.bounds)
    while some := await db.write(lambda connection: daily.write(connection, days, over_ms, now_ms)):
        told.extend(some)
    return told
