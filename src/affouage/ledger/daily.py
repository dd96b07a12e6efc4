"""The ledger told to the public log, day by day: where its chain stands, and totals that tell of nobody.

A leaf ``ledger_day`` for each local day that is over, in order and once, whatever stopped meanwhile. It covers the
entries after those of the day before, up to the first one written after midnight. Functions of a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, select

from affouage.journal import log
from affouage.journal.problem import Problem
from affouage.ledger.chain import GENESIS
from affouage.ledger.day_totals import DayUse, told
from affouage.storage.tables import ledger_entry, member, usage_day

KIND = "ledger_day"

SETTLING_MS = 10 * 60_000
"""A day is told so long after its end: what was counted before midnight has then been written."""

AT_ONCE = 31
"""Days told in one turn of the writer: answers are settled in between."""


class Days(NamedTuple):
    """Local days, as the commons' calendar has them (a neighbour above).

    ``day``: milliseconds UTC -> 2026-11-22; ``bounds``: a day -> (first millisecond, first one after).
    """

    zone: str
    day: Callable[[int], str]
    bounds: Callable[[str], tuple[int, int]]


def write(connection: Connection, days: Days, over_ms: int, now_ms: int) -> list[str]:
    """Tell the days that ended before ``over_ms`` and were not yet told, at most ``AT_ONCE``; which ones were."""
    last = log.last_of_kind(connection, KIND)
    before = None if last is None else last.public
    day = _first_day(connection, days) if before is None else _after(before["day"])
    written: list[str] = []
    while day is not None and days.bounds(day)[1] <= over_ms - SETTLING_MS and len(written) < AT_ONCE:
        before = _tell(connection, days, day, before, now_ms)
        written.append(day)
        day = _after(day)
    return written


def _tell(connection: Connection, days: Days, day: str, before: dict[str, Any] | None, now_ms: int) -> dict[str, Any]:
    first_seq = 1 if before is None else before["last_seq"] + 1
    last_seq = _last_seq(connection, first_seq, days.bounds(day)[1])
    head = connection.scalar(select(ledger_entry.c.hash).where(ledger_entry.c.seq == last_seq))
    public = {
        "day": day,
        "time_zone": days.zone,
        "entries": last_seq - first_seq + 1,
        "last_seq": last_seq,
        "head": (GENESIS if head is None else bytes(head)).hex(),
    }
    month = [*_month_so_far(connection, day), (day, first_seq, last_seq)]
    spans = told([_use(connection, *one) for one in month], month_over=_after(day)[:7] != day[:7])
    public["totals"] = msgspec.to_builtins(spans)
    log.append(connection, KIND, public, now_ms)
    return public


def _first_day(connection: Connection, days: Days) -> str | None:
    first = connection.scalar(select(ledger_entry.c.created_ms).order_by(ledger_entry.c.seq).limit(1))
    return None if first is None else days.day(first)


def _after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _last_seq(connection: Connection, first_seq: int, end_ms: int) -> int:
    """The entries of a day follow one another: an entry dated in the day before by a clock put back is of this day."""
    beyond = select(ledger_entry.c.seq).where(ledger_entry.c.seq >= first_seq, ledger_entry.c.created_ms >= end_ms)
    found = connection.scalar(beyond.order_by(ledger_entry.c.seq).limit(1))
    if found is not None:
        return int(found) - 1
    return max(first_seq - 1, connection.scalar(select(func.max(ledger_entry.c.seq))) or 0)


def _month_so_far(connection: Connection, day: str) -> list[tuple[str, int, int]]:
    """(day, first seq, last seq) of the days of this month that were told before."""
    found: list[tuple[str, int, int]] = []
    for leaf in log.of_kind(connection, KIND):
        said = leaf.public
        if said["day"][:7] == day[:7]:
            found.append((said["day"], said["last_seq"] - said["entries"] + 1, said["last_seq"]))
    return found


def _use(connection: Connection, day: str, first_seq: int, last_seq: int) -> DayUse:
    commons = select(member.c.id).where(member.c.role == "commons")
    asked = select(ledger_entry.c.member_id).distinct()
    asked = asked.where(
        ledger_entry.c.seq.between(first_seq, last_seq),
        ledger_entry.c.kind.in_(("settled", "voided")),
        ledger_entry.c.member_id != "",
        ledger_entry.c.member_id.not_in(commons),
    )
    amounts = ("requests", "unknown", "static_uj", "dynamic_uj", "low_uj", "high_uj")
    sums = connection.execute(
        select(*(func.coalesce(func.sum(usage_day.c[name]), 0).label(name) for name in amounts)).where(
            usage_day.c.dimension == "total", usage_day.c.day == day
        )
    ).one()
    qualities = select(usage_day.c.quality).distinct().where(usage_day.c.dimension == "total", usage_day.c.day == day)
    return DayUse(
        day=day,
        people=frozenset(connection.scalars(asked)),
        requests=sums.requests,
        unknown=sums.unknown,
        energy_uj=sums.static_uj + sums.dynamic_uj,
        low_uj=sums.low_uj,
        high_uj=sums.high_uj,
        qualities=frozenset(connection.scalars(qualities)),
    )


def problems(connection: Connection) -> Iterator[Problem]:
    """Where the ledger is not what the log said of it: a hook of ``journal.verify``."""
    seq, day = 0, ""
    for leaf in log.of_kind(connection, KIND):
        said = leaf.public
        if said["last_seq"] - said["entries"] != seq or said["day"] <= day:
            yield Problem("ledger day", leaf.seq, f"{said['day']} does not follow the day before")
        seq, day = said["last_seq"], said["day"]
        head = connection.scalar(select(ledger_entry.c.hash).where(ledger_entry.c.seq == seq))
        if (GENESIS if head is None else bytes(head)).hex() != said["head"]:
            yield Problem("ledger day", leaf.seq, f"the ledger at entry {seq} is not what it was at the end of {day}")
