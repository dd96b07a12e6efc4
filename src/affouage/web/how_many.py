"""« À combien sommes-nous ? » in words: the curve as a table, as a drawing, and where we stand on it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from affouage.footprint import curve
from affouage.footprint.curve import Parts, Running, Spot
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web import plot
from affouage.web.language import Language

Write = Callable[[Interval, Language], tuple[str, str]]


@dataclass(frozen=True)
class Figure:
    """A figure in words with its range (empty for a declared one). ``text`` None: unknown."""

    text: str | None
    spread: str = ""
    at_least: bool = False


@dataclass(frozen=True)
class SpotRow:
    """Per request, at ``requests`` a day. ``here``: where we stand today."""

    requests: str
    energy: Figure
    work: Figure
    idle: Figure
    machine: Figure
    total: Figure
    euros: Figure
    here: bool


def figure(interval: Interval | None, write: Write, language: Language, at_least: bool = False) -> Figure:
    """``interval`` as ``write`` tells it. A range too narrow for its own figures is told in words."""
    if interval is None:
        return Figure(None)
    text, spread = write(interval, language)
    if interval.low < interval.high <= interval.low * 1.01:
        spread = language.gettext("within 1 %")
    return Figure(text, spread, at_least)


def _steps(each_day: float | None) -> list[float]:
    return sorted({*map(float, curve.STEPS), *([each_day] if each_day else [])})


def spots(running: Running, each_day: float | None, language: Language) -> tuple[SpotRow, ...]:
    def part(one: Interval | None, write: Write = wording.mass, at_least: bool = False) -> Figure:
        return figure(one, write, language, at_least)

    def row(one: Spot) -> SpotRow:
        return SpotRow(
            requests=wording.figures(one.requests_per_day, language),
            energy=part(one.energy_uj, wording.energy),
            work=part(one.gwp_g.work),
            idle=part(one.gwp_g.idle),
            machine=part(one.gwp_g.machine),
            total=part(one.gwp_g.total, at_least=one.gwp_g.at_least),
            euros=part(one.eur.total, wording.euros, one.eur.at_least),
            here=one.requests_per_day == each_day,
        )

    return tuple(row(one) for one in curve.curve(running, _steps(each_day)))


def drawing(running: Running, each_day: float | None, language: Language) -> Markup | None:
    """Grams when any are known, else nothing: the table says what is unknown."""
    _ = language.gettext
    places = curve.curve(running)
    if all(one.gwp_g.total is None for one in places):
        return None

    def line(name: str, take: str) -> plot.Line:
        def of(parts: Parts) -> float | None:
            value: Interval | None = getattr(parts, take)
            return None if value is None else float(value.central)

        return plot.Line(name, tuple((one.requests_per_day, of(one.gwp_g)) for one in places))

    partial = any(one.gwp_g.at_least for one in places)
    lines = [
        line(_("in all, at least") if partial else _("in all"), "total"),
        line(_("the machine being made"), "machine"),
        line(_("the machine being on"), "idle"),
        line(_("the work of the answer"), "work"),
    ]
    words = plot.Words(
        name="how-many-plot",
        title=_("Carbon of one request, by the number of requests per day"),
        description=_(
            "Each step of the grid is ten times the one before. The more requests there are, the less one weighs, "
            "down to its own work. The figures are in the table below."
        ),
    )
    told = [one for one in lines if any(y for _x, y in one.points)]
    return plot.log_lines(
        told,
        words=words,
        x_label=_("requests per day"),
        y_label=_("g CO2e per request"),
        language=language,
        here=each_day,
        here_label=_here(each_day, language),
    )


def _here(each_day: float | None, language: Language) -> str:
    if each_day is None:
        return ""
    return language.gettext("we are here this month: {count} per day").format(count=wording.figures(each_day, language))


def today(running: Running, each_day: float | None, language: Language) -> tuple[str, ...]:
    """Where we stand, and what ten times as many of us would make of it; sentences, none when nobody asked."""
    _ = language.gettext
    if each_day is None:
        return ()
    count = wording.figures(each_day, language)
    told = [_("This month so far: {count} requests per day.").format(count=count)]
    now, then = (curve.spot(running, each_day * more).gwp_g for more in (1, 10))
    if now.total is not None and then.total is not None and not now.at_least:
        sentence = _(
            "With ten times as many, on the same machine, one would weigh about {then} of CO₂e instead of {now}."
        )
        one, other = (wording.mass(total, language)[0] for total in (now.total, then.total))
        told.append(sentence.format(now=one, then=other))
    return tuple(told)
