"""Weeks of work: from Monday to Sunday, named as ISO 8601 names them. Pure.

A week belongs to the month of its Thursday, as it does to its year: every week is in one month, whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from affouage.footprint.period import Calendar, dates

Week = str
"""``2026-W48``. Weeks compare as texts."""


def week_of(day: str) -> Week:
    """The week of a local day: ``2026-11-22`` -> ``2026-W47``."""
    year, number, _ = date.fromisoformat(day).isocalendar()
    return f"{year:04}-W{number:02}"


def monday(week: Week) -> date:
    """Its first day. Raises ``ValueError`` for what is no week."""
    return date.fromisoformat(f"{week}-1")


def month_of(week: Week) -> str:
    """``2026-11``."""
    return (monday(week) + timedelta(days=3)).isoformat()[:7]


def last_week(month: str) -> Week:
    """The last one that belongs to a month: that of its last Thursday. Raises BadRequest for what is no month."""
    end = dates(month)[1] - timedelta(days=1)
    return week_of((end - timedelta(days=(end.weekday() - 3) % 7)).isoformat())


def shifted(week: Week, weeks: int) -> Week:
    """So many weeks later; earlier when negative."""
    return week_of((monday(week) + timedelta(weeks=weeks)).isoformat())


def span(first: Week, last: Week) -> Iterator[Week]:
    """From ``first`` to ``last``, both included; nothing when they are the other way round."""
    while first <= last:
        yield first
        first = shifted(first, 1)


def bounds(week: Week, calendar: Calendar) -> tuple[int, int]:
    """(first millisecond, first one after), days of 23 and 25 hours included."""
    begins = monday(week)
    return calendar.bounds(begins.isoformat())[0], calendar.bounds((begins + timedelta(weeks=1)).isoformat())[0]


def days(first: Week, last: Week) -> tuple[date, date]:
    """The first and the last day of these weeks."""
    return monday(first), monday(last) + timedelta(days=6)


def last_over(now_ms: int, calendar: Calendar) -> Week:
    """The last week that has ended."""
    return shifted(week_of(calendar.day(now_ms)), -1)


def last_month_over(over: Week) -> str:
    """The last month of which every week has ended. ``over``: the last week that has."""
    month = month_of(over)
    if over == last_week(month):
        return month
    return (dates(month)[0] - timedelta(days=1)).isoformat()[:7]
