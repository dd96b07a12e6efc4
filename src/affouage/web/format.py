"""Figures and times in words people read. Pure: a quantity and a language in, text out.

Nothing is shown more precise than it is known (two significant figures for what is estimated), nothing that is not
zero is shown as zero, and unknown is a word.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, tzinfo

from babel.dates import format_date
from babel.numbers import format_decimal

from affouage.units import Interval
from affouage.web.language import N_, Language

NO_BREAK = "\u00a0"

Units = tuple[tuple[float, str], ...]

_ENERGY_UNITS: Units = ((1e3, "kWh"), (1.0, "Wh"), (1e-3, "mWh"), (1e-6, "µWh"))
_MASS_UNITS: Units = ((1e3, "kg"), (1.0, "g"), (1e-3, "mg"), (1e-6, "µg"), (1e-9, "ng"))
_VOLUME_UNITS: Units = ((1e3, "m³"), (1.0, "L"), (1e-3, "mL"), (1e-6, "µL"))
_JOULE_UNITS: Units = ((1e3, "GJ"), (1.0, "MJ"), (1e-3, "kJ"), (1e-6, "J"))
MICROJOULES_PER_WH = 3.6e9

QUALITIES = {
    "measured": N_("measured"),
    "declared": N_("declared"),
    "estimated": N_("estimated"),
    "unknown": N_("unknown"),
}


SCOPES = {
    "life cycle": N_("whole life cycle"),
    "direct only": N_("direct emissions only"),
    "not stated": N_("scope not stated"),
    "consumed off site": N_("consumed off site"),
    "fossil and fissile": N_("fossil energies and uranium"),
    "total": N_("all energies"),
}

USES = {"accessibility": N_("accessibility"), "emergency": N_("emergency")}


_DOORS = {
    "web": N_("these pages"),
    "api": N_("another program"),
    "cli": N_("the command line"),
    "workshop": N_("a workshop"),
    "start-up": N_("the start of the server"),
    "explain": N_("Explain"),
    "desk": N_("Desk"),
    "easy_read": N_("Easy to read"),
    "blind": N_("Blind comparison"),
    "training": N_("Training"),
}


def doors(language: Language) -> dict[str, str]:
    """Names of workshops and of doors: what comes by no workshop is told under its door."""
    return {door: language.gettext(words) for door, words in _DOORS.items()}


def unit(text: str, language: Language) -> str:
    """A unit as data writes it (``g CO2e/kWh``), for reading."""
    told = text.replace("CO2", "CO₂")
    return told.replace("Sb eq", "Sb éq") if language.code == "fr" else told


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


Write = Callable[[Interval, Language], tuple[str, str]]
"""One of the four below."""


def energy(interval_uj: Interval, language: Language) -> tuple[str, str]:
    """Microjoules in, (``0,4 Wh``, ``de 0,1 à 1,2``) out: central value with its unit, then the range in that unit."""
    return _with_range(interval_uj.scaled(1 / MICROJOULES_PER_WH), _ENERGY_UNITS, language)


def mass(interval_g: Interval, language: Language) -> tuple[str, str]:
    """Grams in, the same out."""
    return _with_range(interval_g, _MASS_UNITS, language)


def volume(interval_l: Interval, language: Language) -> tuple[str, str]:
    """Litres in, the same out."""
    return _with_range(interval_l, _VOLUME_UNITS, language)


def joules(interval_mj: Interval, language: Language) -> tuple[str, str]:
    """Megajoules in, the same out."""
    return _with_range(interval_mj, _JOULE_UNITS, language)


def euros(interval_eur: Interval, language: Language) -> tuple[str, str]:
    """Euros in, the same out: ``2,4 €``, or hundredths of a euro under ten of them (``3,1 centimes``).

    What is known within a twentieth is told to the cent, as on a bill, and no finer.
    """
    _ = language.gettext
    if interval_eur.low >= 0.1 and interval_eur.high <= interval_eur.low * 1.05:
        low, central, high = (
            _to_the_cent(value, language) for value in (interval_eur.low, interval_eur.central, interval_eur.high)
        )
        spread = _("to the cent") if low == high else _("{low} to {high}").format(low=low, high=high)
        return f"{central}{NO_BREAK}€", spread
    hundredths = 100 * (interval_eur.central or interval_eur.high)
    cents = _("cent") if hundredths < (2 if language.code == "fr" else 1.05) else _("cents")
    return _with_range(interval_eur, ((1.0, "€"), (0.01, cents)), language)


def _to_the_cent(value: float, language: Language) -> str:
    rounded = round(value, 2)
    return str(format_decimal(rounded, format="#,##0" if rounded == int(rounded) else "#,##0.00", locale=language.code))


def ratio(interval: Interval, unit: str, language: Language) -> tuple[str, str]:
    """An interval in the very unit given: of factors (``g CO₂e/kWh``), years, watts."""
    return _with_range(interval, ((1.0, unit),), language)


def _with_range(interval: Interval, units: Units, language: Language) -> tuple[str, str]:
    """Two significant figures, more when the range is narrower than they show; nothing but a zero is written 0."""
    leading = interval.central or interval.high
    size, unit = next((one for one in units if leading >= one[0] * 0.1), units[-1] if leading else (1.0, _base(units)))
    low, central, high = _told_apart(
        [value / size for value in (interval.low, interval.central, interval.high)], language
    )
    spread = language.gettext("{low} to {high}").format(low=low, high=high)
    return f"{central}{NO_BREAK}{unit}", spread


def _told_apart(values: list[float], language: Language) -> list[str]:
    told: list[str] = []
    for digits in (2, 3, 4):
        told = [figures(value, language, digits=digits) for value in values]
        if len(set(told)) == len(set(values)):
            break
    return told


def _base(units: Units) -> str:
    return next(unit for size, unit in units if size == 1)


def exact_energy(energy_uj: int, language: Language) -> str:
    """A raw count, for whoever computes again: ``0,2213 Wh``, four significant figures."""
    return f"{figures(energy_uj / MICROJOULES_PER_WH, language, digits=4)}{NO_BREAK}Wh"


def part_of(whole_uj: Interval, part_uj: int) -> Interval:
    """The range of an exact part of an energy, as wide as that of the whole. Pure."""
    share = part_uj / whole_uj.central if whole_uj.central else 0.0
    return Interval(min(part_uj, whole_uj.low * share), part_uj, max(part_uj, whole_uj.high * share))


def percent(fraction: float, language: Language) -> str:
    """``0.641`` -> ``64 %``; never 0 for something, never 100 before it is full."""
    whole_percent = math.floor(fraction * 100 + 1e-9)
    if 0 < fraction < 0.01:
        return language.gettext("less than {limit}").format(limit=language.typeset(_percent(1, language)))
    return language.typeset(_percent(whole_percent, language))


def _percent(number: int, language: Language) -> str:
    return f"{number} %" if language.code == "fr" else f"{number}%"


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
    return date_words(_local(time_ms, zone).date().isoformat(), language)


def moment(time_ms: int, language: Language, zone: tzinfo | None = None) -> str:
    """``22 novembre 2026, 12:40``."""
    return f"{day(time_ms, language, zone)}, {_local(time_ms, zone):%H:%M}"


def date_words(day: str, language: Language) -> str:
    """``2026-11-22`` -> ``22 novembre 2026``; what is no date stays as it is."""
    try:
        told = str(format_date(date.fromisoformat(day), format="long", locale=language.code))
    except ValueError:
        return day
    return _first(told, language)


def _first(told: str, language: Language) -> str:
    """The first of a month is an ordinal in French, and only that day."""
    return f"1er{told[1:]}" if language.code == "fr" and told.startswith("1 ") else told


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
