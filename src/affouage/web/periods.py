"""Periods on the pages: which one, those around it, and one row per day of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date
from markupsafe import Markup

from affouage.footprint.period import dates, days, kind_of
from affouage.footprint.report import Day, Report
from affouage.web import format as wording
from affouage.web import plot
from affouage.web.language import Language

MICROJOULES_PER_KWH = 3.6e12
LEAST_TOLD = 0.001
"""Of the unit of a table: less is told as less than this."""


@dataclass(frozen=True)
class Place:
    """A period one may go to."""

    period: str
    words: str


@dataclass(frozen=True)
class Chooser:
    """The period shown, the ones beside it and the ones around it."""

    period: str
    words: str
    kind: str
    previous: Place | None
    next: Place | None
    around: tuple[Place, ...]
    inside: tuple[Place, ...]


@dataclass(frozen=True)
class DayRow:
    """A day (or month): energies in the unit of the table, ranges told once above it."""

    period: str
    words: str
    requests: int
    total: str
    answers: str
    idle: str
    other: str
    gap_s: int


@dataclass(frozen=True)
class Days:
    """``unit``: of every figure of the table and the plot."""

    rows: tuple[DayRow, ...]
    unit: str
    drawing: Markup | None


def first_period(asked: str, today: str) -> str:
    """The period to show: what was asked for, else this month. Raises BadRequest; one to come is this month too."""
    kind_of(asked or today)
    begins = dates(asked or today)[0]
    return asked if asked and begins <= date.fromisoformat(today) else today[:7]


def chooser(period: str, today: str, language: Language) -> Chooser:
    """Links to the periods around ``period``; none leads beyond ``today``."""
    _ = language.gettext
    kind, (first, after) = kind_of(period), dates(period)
    before, length = first - timedelta(days=1), len(period)
    around = [Place(period[:end], named(period[:end], language)) for end in (7, 4) if end < length]
    now = [Place(today[:7], _("This month")), Place(today, _("Today"))]
    inside = [] if kind != "year" else [name for name in _months(period) if name <= today[:7]]
    return Chooser(
        period=period,
        words=named(period, language),
        kind=kind,
        previous=Place(before.isoformat()[:length], named(before.isoformat()[:length], language)),
        next=_beside(after.isoformat()[:length], today, language),
        around=(*around, *(place for place in now if place.period != period)),
        inside=tuple(Place(name, named(name, language)) for name in inside),
    )


def month_before(today: str) -> str:
    """The last month that is over."""
    return (dates(today[:7])[0] - timedelta(days=1)).isoformat()[:7]


def _beside(period: str, today: str, language: Language) -> Place | None:
    return None if period > today else Place(period, named(period, language))


def _months(year: str) -> list[str]:
    return [f"{year}-{month:02}" for month in range(1, 13)]


def named(period: str, language: Language) -> str:
    """``2026-11`` -> ``novembre 2026``."""
    kind = kind_of(period)
    if kind == "day":
        return wording.date_words(period, language)
    return str(format_date(dates(period)[0], "LLLL y" if kind == "month" else "y", locale=language.code))


def day_rows(report: Report, today: str, language: Language) -> Days:
    """A row per day of a month, per month of a year; nothing for a single day. Days to come are left out."""
    _ = language.gettext
    kind = kind_of(report.period)
    found = report.days if kind == "month" else by_month(report.days) if kind == "year" else ()
    kept = [one for one in found if one.day <= today]
    size, unit = _unit_of(kept)
    written = tuple(_day_row(one, size, language) for one in kept)
    if not any(one.energy_uj for one in kept):
        return Days(written, unit, None)
    bars = [_bar(one, size) for one in _with_empty(kept, report.period, kind)]
    words = plot.Words(
        name="days",
        title=_("Energy, {period}").format(period=named(report.period, language)),
        description=_("One bar per row of the table below: answers, standby, and the rest, in {unit}.").format(
            unit=unit
        ),
    )
    series = (_("Answers"), _("Standby"), _("Without an owner, other programs"))
    return Days(written, unit, plot.bars(bars, words=words, series=series, unit=unit, language=language))


def by_month(found: Sequence[Day]) -> tuple[Day, ...]:
    """Days added up by month."""
    sums: dict[str, Day] = {}
    for one in found:
        month = one.day[:7]
        old = sums.get(month)
        sums[month] = Day(
            day=month,
            requests=one.requests + (old.requests if old else 0),
            energy_uj=one.energy_uj + (old.energy_uj if old else 0),
            requests_uj=one.requests_uj + (old.requests_uj if old else 0),
            idle_uj=one.idle_uj + (old.idle_uj if old else 0),
            unattributed_uj=one.unattributed_uj + (old.unattributed_uj if old else 0),
            contended_uj=one.contended_uj + (old.contended_uj if old else 0),
            gap_s=one.gap_s + (old.gap_s if old else 0),
            at_least=one.at_least or (old is not None and old.at_least),
        )
    return tuple(sums[month] for month in sorted(sums))


def _unit_of(found: Sequence[Day]) -> tuple[float, str]:
    """(microjoules of the unit, its name): kWh when the biggest row has a tenth of one, else Wh."""
    most = max((one.energy_uj for one in found), default=0)
    return (MICROJOULES_PER_KWH, "kWh") if most >= MICROJOULES_PER_KWH / 10 else (MICROJOULES_PER_KWH / 1000, "Wh")


def _day_row(one: Day, size: float, language: Language) -> DayRow:
    def told(energy_uj: int) -> str:
        least = LEAST_TOLD * size
        return (
            f"<{wording.NO_BREAK}{wording.figures(LEAST_TOLD, language)}"
            if 0 < energy_uj < least
            else (wording.figures(energy_uj / size, language))
        )

    total = told(one.energy_uj)
    return DayRow(
        period=one.day,
        words=_short(one.day, language),
        requests=one.requests,
        total=f"≥{wording.NO_BREAK}{total}" if one.at_least or one.gap_s else total,
        answers=told(one.requests_uj),
        idle=told(one.idle_uj),
        other=told(one.unattributed_uj + one.contended_uj),
        gap_s=one.gap_s,
    )


def _short(period: str, language: Language) -> str:
    first = dates(period)[0]
    return str(format_date(first, "EEE d" if len(period) == 10 else "LLLL", locale=language.code))


def _with_empty(found: Sequence[Day], period: str, kind: str) -> list[Day | str]:
    """Every place of the plot, those without a row among them."""
    there = {one.day: one for one in found}
    places = days(period) if kind == "month" else _months(period)
    return [there.get(place, place) for place in places]


def _bar(one: Day | str, size: float) -> plot.Bar:
    if isinstance(one, str):
        return plot.Bar(_mark(one), ())
    known: tuple[float | None, ...] = (
        one.requests_uj / size,
        one.idle_uj / size,
        (one.unattributed_uj + one.contended_uj) / size,
    )
    return plot.Bar(_mark(one.day), (*known, None) if one.at_least or one.gap_s else known)


def _mark(period: str) -> str:
    return str(int(period.rpartition("-")[2]))
