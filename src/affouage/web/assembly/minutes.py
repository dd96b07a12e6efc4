"""The minutes of a period, to read and as a PDF that a screen reader reads, with the root of the public log."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from markupsafe import Markup
from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.errors import BadRequest
from affouage.footprint.period import kind_of
from affouage.web.assembly import minutes_facts, minutes_pdf
from affouage.web.assembly.log import CheckpointShown, newest
from affouage.web.assembly.minutes_facts import Facts
from affouage.web.assembly.names import names
from affouage.web.door import Door, Visit
from affouage.web.pages import Page
from affouage.web.receipts import download

DAYS_MOST = 3 * 366
_one_at_a_time = asyncio.Semaphore(1)
"""Setting type takes a processor for a while: one at a time, whoever asks."""


@dataclass(frozen=True)
class Minutes(Page):
    """``first`` and ``last``: days, both included; ``checkpoint``: the log as it is now."""

    template: ClassVar[str] = "assembly_minutes.html"
    first: str
    last: str
    facts: Facts
    members: int
    checkpoint: CheckpointShown | None
    qr: Markup | None


def open_door(door: Door) -> None:
    door.page("/assembly/minutes", read, Policy.MEMBER)
    door.page("/assembly/minutes.pdf", printed, Policy.MEMBER)


async def read(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, await _minutes(visit))


async def printed(visit: Visit) -> Response:
    minutes = await _minutes(visit)
    settings = visit.commons.settings.commons
    told = minutes_pdf.Told(
        commons=settings.name or "affouage",
        first=minutes.first,
        last=minutes.last,
        facts=minutes.facts,
        members=minutes.members,
        checkpoint=minutes.checkpoint,
        made_ms=visit.commons.clock.now_ms(),
        zone=settings.time_zone,
    )
    async with _one_at_a_time:
        pdf = await asyncio.to_thread(minutes_pdf.make, told, visit.language)
    return download(pdf, f"minutes-{minutes.first}-{minutes.last}.pdf", "application/pdf")


async def _minutes(visit: Visit) -> Minutes:
    commons = visit.commons
    first, last = period(visit)
    state = await commons.assembly.state()
    known = await names(commons, visit.language)
    from_ms, until_ms = commons.calendar.bounds(first)[0], commons.calendar.bounds(last)[1]
    await commons.log.checkpoint()
    signed = await commons.db.read(newest)
    return Minutes(
        first=first,
        last=last,
        facts=minutes_facts.facts(state, from_ms, until_ms, known, visit.language),
        members=len(known.active()),
        checkpoint=signed,
        qr=None if signed is None else signed.qr,
    )


def period(visit: Visit) -> tuple[str, str]:
    """The days asked for; from the first of the month before until today when none is. Raises BadRequest."""
    today = visit.commons.calendar.day(visit.commons.clock.now_ms())
    first = visit.query("from") or month_before(today)
    last = visit.query("to") or today
    if kind_of(first) != "day" or kind_of(last) != "day" or last < first:
        raise BadRequest("These are no days from, until.", remedy="Choose two days.", code="bad_days", param="from")
    if (date.fromisoformat(last) - date.fromisoformat(first)).days > DAYS_MOST:
        raise BadRequest("Minutes are of three years at most.", remedy="Shorten it.", code="bad_days", param="from")
    return first, last


def month_before(today: str) -> str:
    """``2026-11-22`` -> ``2026-10-01``."""
    year, month = int(today[:4]), int(today[5:7])
    return f"{year - 1}-12-01" if month == 1 else f"{year}-{month - 1:02}-01"
