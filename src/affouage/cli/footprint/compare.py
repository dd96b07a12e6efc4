"""``affouage footprint compare``: an answer from here beside a cloud's, real costs, and how many we are."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from affouage.catalogue.machine import machine_id
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.footprint import cloud, curve
from affouage.footprint.books import open_books
from affouage.footprint.cloud import CloudEstimate
from affouage.footprint.comparison import Basis, days_so_far, month_costs, requests_per_day, running_of
from affouage.footprint.costs import Costs, Share
from affouage.footprint.curve import Mean, Running, Spot
from affouage.footprint.factors import grid_factors
from affouage.footprint.machine import Machine, read_machine
from affouage.footprint.report import Report
from affouage.ledger import calibrations
from affouage.settings import Settings
from affouage.storage import Database
from affouage.storage.home import own_factors, text_of
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.how_many import Write, figure
from affouage.web.language import Language
from affouage.web.periods import named

TOKENS_ASSUMED = 400


@click.command()
@click.option("--model-size", default="large", metavar="SIZE", show_default=True, help="Of the cloud model.")
@click.option("--tokens", type=click.IntRange(1, 1_000_000), help="Written by it; the month's average if unsaid.")
@click.option("--country", default="", metavar="CODE", help="Electricity of the cloud (FRA); ours if unsaid.")
@click.option(
    "--hours", type=click.FloatRange(0, 24), default=24.0, show_default=True, help="Our machine is on, a day."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def compare(model_size: str, tokens: int | None, country: str, hours: float, as_json: bool) -> None:
    """An answer from here beside the same from a cloud model, what a member really pays, and how many we are.

    SIZE is small, medium, large, mixture, a number of billions of parameters (70), or active/total (41/675). The cloud
    is an estimate (EcoLogits' method) that leaves out the text it reads and machines that wait.

    \b
    Examples:
      affouage footprint compare
      affouage footprint compare --model-size 70 --tokens 400 --country DEU
      affouage footprint compare --hours 8 --json

    \b
    --json prints: {"period", "cloud", "here", "costs", "share", "requests_per_day", "curve"}. Energies in microjoules,
    masses in g, euros; ranges {"low", "central", "high"}; null is unknown, "at_least" a lower bound.
    """
    with telling(), open_home() as (settings, db):
        model = cloud.model_of(model_size)
        report, basis = _read(settings, db)
        own = own_factors(settings.home)
        grid = grid_factors(country, settings.footprint.factor_set, own) if country else basis.grid
        mean = curve.mean_request(report)
        known = mean.tokens if mean is not None and mean.tokens is not None and mean.tokens >= 1 else None
        there = cloud.compare(tokens or round(known or TOKENS_ASSUMED), model, grid)
        running, each_day = running_of(report, basis, hours), requests_per_day(report, basis)
        spots = curve.curve(running, sorted({*map(float, curve.STEPS), *([each_day] if each_day else [])}))
        paid, part = month_costs(report, basis)
        since = days_so_far(report, basis)[0]
    if as_json:
        echo_json(_shape(report, there, mean, paid, part, each_day, spots))
        return
    language = spoken()
    lines = [
        *_cloud_lines(there, country or settings.footprint.country, language),
        "",
        *_here_lines(report, mean, language),
        "",
        *_pay_lines(since, paid, part, language),
        "",
        *_curve_lines(running, each_day, spots, language),
    ]
    click.echo("\n".join(language.typeset(line.rstrip()) for line in lines))


# -- reading ---------------------------------------------------------------------------------------------------------


def _read(settings: Settings, db: Database) -> tuple[Report, Basis]:
    """The month so far, and what this home knows of its machine and prices."""
    clock, asked, own = SystemClock(), settings.footprint, own_factors(settings.home)
    books = open_books(db, clock, settings, own_sets=own)
    today = books.calendar.day(clock.now_ms())
    path = settings.home / "machine.toml"
    machine = read_machine(text_of(path), path.name, today=today) if path.is_file() else None
    idle_uw = _idle_uw(settings, db, machine)
    basis = Basis(
        grid=grid_factors(asked.country, asked.factor_set, own),
        site=books.rates.site,
        machines=() if machine is None else (machine,),
        idle_w=None if idle_uw is None else idle_uw / 1e6,
        eur_per_kwh=asked.price_eur_per_kwh or None,
        hosting_eur_per_month=asked.hosting_eur_per_month,
        subscription_eur=asked.subscription_eur_per_month or None,
        today=date.fromisoformat(today),
    )
    return db.read_now(lambda connection: books.read(connection, today[:7])), basis


def _idle_uw(settings: Settings, db: Database, machine: Machine | None) -> int | None:
    """Microwatts of the machine on without a request, as the meter that counts knows it, else as it was calibrated."""
    from affouage.adapters.meters.choose import find_meters
    from affouage.adapters.meters.processors import own_programs_us

    found = run(find_meters(settings, SystemClock(), own_programs_us))
    info = next((one.info for one in found if one.state == "counts"), None)
    if info is not None and info.idle_uw is not None:
        return info.idle_uw
    own_id = machine_id() if machine is None else machine.id
    meter_id = None if info is None else info.id
    return db.read_now(lambda connection: calibrations.newest(connection, own_id, meter_id)).idle_uw


# -- JSON ------------------------------------------------------------------------------------------------------------


def _shape(
    report: Report,
    there: CloudEstimate,
    mean: Mean | None,
    paid: Costs,
    part: Share,
    each_day: float | None,
    spots: tuple[Spot, ...],
) -> dict[str, Any]:
    return {
        "period": report.period,
        "cloud": {
            "model": {"active_billions": there.model.active_billions, "total_billions": there.model.total_billions},
            "tokens_decoded": there.tokens_decoded,
            "quality": there.quality,
            "energy_uj": there.energy_uj,
            "use": there.use,
            "embodied": there.embodied,
            "gwp_g": there.total_gwp_g,
            "leaves_out": ["tokens read", "idle machines", "network", "training"],
        },
        "here": mean,
        "costs": {
            "electricity_eur": paid.electricity,
            "hardware_eur": paid.hardware,
            "hosting_eur": paid.hosting,
            "total_eur": paid.total,
            "at_least": paid.at_least,
            "missing": paid.missing,
            "paid_off": paid.paid_off,
        },
        "share": part,
        "requests_per_day": each_day,
        "curve": [
            {
                "requests_per_day": one.requests_per_day,
                "energy_uj": one.energy_uj,
                **{
                    name: {
                        "work": parts.work,
                        "idle": parts.idle,
                        "machine": parts.machine,
                        "total": parts.total,
                        "at_least": parts.at_least,
                    }
                    for name, parts in (("gwp_g", one.gwp_g), ("eur", one.eur))
                },
            }
            for one in spots
        ],
    }


# -- words -----------------------------------------------------------------------------------------------------------


def _told(interval: Interval | None, write: Write, language: Language, at_least: bool = False) -> str:
    _ = language.gettext
    if interval is None:
        return _("unknown")
    told = figure(interval, write, language)
    least = f"{_('at least')} " if at_least else ""
    return f"{least}≈ {told.text} ({told.spread})" if interval.low != interval.high else f"{least}{told.text}"


def _rows(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"  {name.ljust(width)}  {told}" for name, told in rows]


def _cloud_lines(there: CloudEstimate, country: str, language: Language) -> list[str]:
    _ = language.gettext
    model = there.model
    named_model = (model.fr if language.code == "fr" else model.en) or _("{size} billion").format(size=model.key)
    return [
        _("Cloud model: {model}; {tokens} word-pieces written").format(
            model=named_model, tokens=wording.whole(round(there.tokens_decoded), language)
        ),
        *_rows(
            [
                (_("Energy"), _told(there.energy_uj, wording.energy, language)),
                (_("Carbon of the electricity"), _told(there.use.gwp_g, wording.mass, language)),
                (_("Carbon of the making"), _told(there.embodied.gwp_g, wording.mass, language)),
                (_("Carbon in all"), _told(there.total_gwp_g, wording.mass, language)),
                (_("Water"), _told(there.use.water_l, wording.volume, language)),
                (_("Country of its electricity"), country or _("unknown")),
            ]
        ),
        _("  An estimate: nobody outside knows. The text it reads and the machines that wait are not in it."),
    ]


def _here_lines(report: Report, mean: Mean | None, language: Language) -> list[str]:
    _ = language.gettext
    if mean is None:
        return [_("Here, {period}: nothing was asked yet.").format(period=named(report.period, language))]
    count = language.ngettext("{count} request", "{count} requests", mean.requests).format(
        count=wording.whole(mean.requests, language)
    )
    tokens = _("unknown") if mean.tokens is None else wording.figures(mean.tokens, language)
    return [
        _("Here, {period}: average of {requests}").format(period=named(report.period, language), requests=count),
        *_rows(
            [
                (_("Word-pieces written"), tokens),
                (_("Energy, everything counted"), _told(mean.all_uj, wording.energy, language, mean.at_least)),
                (_("Energy, while it answers"), _told(mean.own_uj, wording.energy, language, mean.at_least)),
                (_("Carbon of the electricity"), _told(mean.all_use_g, wording.mass, language, mean.at_least)),
                (_("Carbon of the making"), _told(mean.making_g, wording.mass, language, mean.making_at_least)),
                (_("Carbon in all"), _told(mean.all_g, wording.mass, language, mean.all_g_at_least)),
                (_("How it is known"), _(wording.QUALITIES[mean.quality])),
            ]
        ),
        _("  Compare the cloud with the energy while it answers: the rest is not in its estimate."),
    ]


def _pay_lines(since: date, paid: Costs, part: Share, language: Language) -> list[str]:
    _ = language.gettext
    hosting = Interval(paid.hosting, paid.hosting, paid.hosting)
    subscriptions = None if part.subscriptions is None else Interval(*[part.subscriptions] * 3)
    missing = {
        "energy": _("the electricity of the month, or a part of it"),
        "price": _("the price of a kWh (settings.toml, [footprint] price_eur_per_kwh)"),
        "machine": _("the machine (affouage footprint machine init)"),
        "machine_price": _("the price of the machine (machine.toml, price_eur)"),
    }
    rows = [
        (_("Electricity"), _told(paid.electricity, wording.euros, language, "energy" in paid.missing)),
        (_("The machine"), _told(paid.hardware, wording.euros, language, "machine_price" in paid.missing)),
        (
            _("Rent, connection, repairs"),
            _told(hosting, wording.euros, language) if paid.hosting else _("none declared"),
        ),
        (_("In all"), _told(paid.total, wording.euros, language, paid.at_least)),
    ]
    if part.members:
        each = language.ngettext("For {count} member", "For each of the {count} members", part.members)
        name = each.format(count=wording.whole(part.members, language))
        rows += [
            (name, _told(part.per_member, wording.euros, language, part.at_least)),
            (_("As many subscriptions"), _told(subscriptions, wording.euros, language)),
        ]
    told = [_("What it costs, since {day}").format(day=named(since.isoformat(), language)), *_rows(rows)]
    if paid.missing:
        told.append(_("  Not known: {what}.").format(what="; ".join(missing[code] for code in paid.missing)))
    return told


def _curve_lines(running: Running, each_day: float | None, spots: tuple[Spot, ...], language: Language) -> list[str]:
    _ = language.gettext

    def cell(interval: Interval | None, write: Write, at_least: bool = False) -> str:
        if interval is None:
            return _("unknown")
        return f"{'≥' if at_least else '≈'} {write(interval, language)[0]}"

    head = (_("per day"), _("energy"), _("work"), _("on"), _("made"), _("CO₂e in all"), _("euros"))
    rows = [
        (
            f"{wording.figures(one.requests_per_day, language)}{' *' if one.requests_per_day == each_day else ''}",
            cell(one.energy_uj, wording.energy),
            cell(one.gwp_g.work, wording.mass),
            cell(one.gwp_g.idle, wording.mass),
            cell(one.gwp_g.machine, wording.mass),
            cell(one.gwp_g.total, wording.mass, one.gwp_g.at_least),
            cell(one.eur.total, wording.euros, one.eur.at_least),
        )
        for one in spots
    ]
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    table = [
        "  " + "  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True)) for row in (head, *rows)
    ]
    hours = wording.figures(running.awake_h, language, digits=3)
    told = [
        _("How many are we? One request, by the number of requests per day, the machine being on {hours} h").format(
            hours=hours
        ),
        *table,
    ]
    if each_day is not None:
        told.append(_("  * this month so far"))
    return [*told, _("  Central figures; --json has the ranges.")]
