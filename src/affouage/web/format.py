"""Figures and times in words people read. Pure: a quantity and a language in, text out.

Nothing is shown more precise than it is known (two significant figures for what is estimated), nothing that is not
zero is shown as zero, and unknown is a word.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, tzinfo

from babel.dates import format_date
from babel.numbers import format_decimal

from affouage.units import Interval
from affouage.web.language import N_, Language

NO_BREAK = "\u00a0"

_ENERGY_UNITS = ((1e3, "kWh"), (1.0, "Wh"), (1e-3, "mWh"), (1e-6, "µWh"))
_MASS_UNITS = ((1e3, "kg"), (1.0, "g"), (1e-3, "mg"), (1e-6, "µg"))
MICROJOULES_PER_WH = 3.6e9

_METHOD = re.compile(
    r"processor time x (?P<watts>[\d.]+) W (?:assumed per busy logical processor"
    r"|declared for (?P<processors>\d+) logical processors); standby, memory and power supply not counted"
)

QUALITIES = {
    "measured": N_("measured"),
    "declared": N_("declared"),
    "estimated": N_("estimated"),
    "unknown": N_("unknown"),
}


def whole(value: int, language: Language) -> str:
    """``12345`` -> ``12 345`` in French, ``12,345`` in English."""
    return str(format_decimal(value, locale=language.code))


def figures(value: float, language: Language, *, digits: int = 2) -> str:
    """``value`` rounded to ``digits`` significant figures, in plain decimal writing. Finite values only."""
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    shown = max(0, places)
    pattern = "#,##0." + "#" * shown if shown else "#,##0"
    return str(format_decimal(rounded, format=pattern, locale=language.code))


def energy(interval_uj: Interval, language: Language) -> tuple[str, str]:
    """Microjoules in, (``0,4 Wh``, ``0,1 à 1,2``) out: central value with its unit, then the range in that unit."""
    return _with_range(interval_uj.scaled(1 / MICROJOULES_PER_WH), _ENERGY_UNITS, language)


def mass(interval_g: Interval, language: Language) -> tuple[str, str]:
    """Grams in, the same out."""
    return _with_range(interval_g, _MASS_UNITS, language)


def _with_range(interval: Interval, units: tuple[tuple[float, str], ...], language: Language) -> tuple[str, str]:
    size, unit = next((one for one in units if interval.central >= one[0] * 0.1), units[-1])
    low, central, high = (figures(value / size, language) for value in (interval.low, interval.central, interval.high))
    spread = language.gettext("{low} to {high}").format(low=low, high=high)
    return f"{central}{NO_BREAK}{unit}", spread


def duration(ms: int, language: Language) -> str:
    """``300`` -> ``0,3 s``; ``75000`` -> ``1 min 15 s``; ``20`` -> ``moins de 0,1 s``: what took place took time."""
    if ms < 0:
        raise ValueError("a duration is not negative")
    if ms < 10_000:
        tenths = round(ms / 100) / 10
        if not tenths:
            return language.gettext("less than {limit}").format(limit=f"{_tenths(0.1, language)}{NO_BREAK}s")
        return f"{_tenths(tenths, language)}{NO_BREAK}s"
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds}{NO_BREAK}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}{NO_BREAK}min" + (f" {seconds}{NO_BREAK}s" if seconds else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{NO_BREAK}h" + (f" {minutes}{NO_BREAK}min" if minutes else "")


def _tenths(seconds: float, language: Language) -> str:
    return str(format_decimal(seconds, format="0.#", locale=language.code))


def size(size_bytes: int, language: Language) -> str:
    """``1117320768`` -> ``1,1 Go`` / ``1.1 GB``: decimal multiples."""
    letter = "o" if language.code == "fr" else "B"
    for power, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size_bytes >= power:
            return f"{figures(size_bytes / power, language)}{NO_BREAK}{prefix}{letter}"
    return f"{whole(size_bytes, language)}{NO_BREAK}{'octets' if language.code == 'fr' else 'bytes'}"


def day(time_ms: int, language: Language, zone: tzinfo | None = None) -> str:
    """``22 novembre 2026``, in the machine's time zone unless another is given."""
    return str(format_date(_local(time_ms, zone), format="long", locale=language.code))


def moment(time_ms: int, language: Language, zone: tzinfo | None = None) -> str:
    """``22 novembre 2026, 12:40``."""
    return f"{day(time_ms, language, zone)}, {_local(time_ms, zone):%H:%M}"


def machine_time(time_ms: int, zone: tzinfo | None = None) -> str:
    """ISO 8601, for ``<time datetime>``."""
    return _local(time_ms, zone).isoformat(timespec="seconds")


def _local(time_ms: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, zone).astimezone(zone)


def ordinal(place: int, language: Language) -> str:
    """``2`` -> ``2e`` / ``2nd``."""
    if language.code == "fr":
        return "1er" if place == 1 else f"{place}e"
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def method(text: str, language: Language) -> tuple[str, str]:
    """How an energy was found, as the receipt writes it (English) -> (sentence, its language)."""
    found = _METHOD.fullmatch(text)
    if found is None:
        return text, "en"
    watts = figures(float(found["watts"]), language, digits=3)
    if found["processors"] is None:
        told = language.gettext("Processor time, times {watts} W assumed for each busy processor.")
    else:
        told = language.gettext("Processor time, times {watts} W declared for {processors} processors.")
    rest = language.gettext("Standby, memory and power supply are not counted.")
    return f"{told.format(watts=watts, processors=found['processors'])} {rest}", language.code


_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser(user_agent: str) -> str:
    """``Firefox · Linux``: enough to know one's own session again, no more than that is kept."""
    parts = [next((name for mark, name in table if mark in user_agent[:400]), None) for table in (_BROWSERS, _SYSTEMS)]
    return " · ".join(part for part in parts if part)
