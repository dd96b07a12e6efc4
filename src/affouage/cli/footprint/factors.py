"""``affouage footprint factors``: what a kilowatt-hour costs the world, by country, and who says so."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from affouage import settings as settings_of
from affouage.cli.console import echo_json, telling
from affouage.cli.language import spoken
from affouage.footprint.factors import (
    Factor,
    GridFactors,
    all_grids,
    factor_set,
    grid_factors,
    own_sets,
    packaged_sets,
)
from affouage.storage.home import own_factors, text_of
from affouage.web import format as wording
from affouage.web.language import N_, Language

_NAMES = {
    "gwp": N_("Carbon"),
    "water": N_("Water"),
    "adpe": N_("Minerals and metals"),
    "primary_energy": N_("Primary energy"),
}

_SCOPES = {
    **wording.SCOPES,
    "consumed off site": N_("water that the power stations do not give back"),
    "fossil and fissile": N_("fossil fuels and uranium, without renewables"),
    "total": N_("fossil fuels, uranium and renewables"),
}

_NOTES = (  # said in the data, translated here
    N_("As its source, or the collective, declares it."),
    N_("Lowest, median and highest of the published figures of the same scope."),
    N_("One series only: its lowest year divided by 1.3, its latest, twice its highest."),
    N_("A third to twice the published figure: evaporation of reservoirs is contested."),
    N_("Half to twice the published figure, which describes the electricity of 2011."),
    N_("The package does not tell the year: the latest it had."),
    N_("Whether upstream emissions are in it is not said, so nothing is computed with it."),
    N_("An earlier release of the series that EcoLogits and CodeCarbon quote."),
    N_("Quoted second hand (ecocost), without its year: to be checked at the source."),
    N_("Electricity used, trade between countries counted; an older year, with more coal and gas."),
    N_("Smoke of the power stations alone: without fuel, building or imports. Never mixed with the others."),
    N_("Year of the publication. Water evaporated from reservoirs is counted to electricity, which is contested."),
)


@click.group(invoke_without_command=True)
@click.option("--country", default="", metavar="CODE", help="One country, with every source (FRA).")
@click.option("--set", "set_id", default="", metavar="ID", help="Another set than the one counted with.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_context
def factors(ctx: click.Context, country: str, set_id: str, as_json: bool) -> None:
    """What a kilowatt-hour costs the world, by country: low, central and high, with their sources.

    \b
    Examples:
      affouage footprint factors
      affouage footprint factors --country FRA
      affouage footprint factors --set our-grid-2026 --json
      affouage footprint factors check our-grid.toml

    \b
    --json prints: {"set", "sets": [...], "country", "countries": [...]}, or with --country that country's factors.
    """
    if ctx.invoked_subcommand is not None:
        return
    with telling():
        settings = settings_of.read()
        own = own_factors(settings.home)
        chosen = factor_set(set_id or settings.footprint.factor_set, own)
        sets = (*packaged_sets(), *sorted(own_sets(own)))
        if country:
            grid = grid_factors(country, chosen.id, own)
            assert grid is not None
            text, found = "\n".join(_one(grid, spoken())), msgspec.to_builtins(grid)
        else:
            grids = all_grids(chosen)
            here = settings.footprint.country
            found = {"set": chosen.id, "sets": sets, "country": here, "countries": grids}
            text = "" if as_json else "\n".join(_list(grids, chosen.id, sets, here, spoken()))
    if as_json:
        echo_json(found)
    else:
        click.echo(text)


@factors.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def check(file: Path, as_json: bool) -> None:
    """Read a set of factors strictly. Exit status 2, with the line, when something in it is not in order.

    \b
    Examples:
      affouage footprint factors check our-grid.toml
    """
    with telling():
        (found,) = own_sets({str(file): text_of(file)}).values()
    if as_json:
        echo_json({"set": found.id, "countries": sorted(found.countries)})
        return
    language = spoken()
    line = language.gettext("{file} is in order: set {set}, countries {countries}.")
    click.echo(line.format(file=file, set=found.id, countries=", ".join(sorted(found.countries))))


def _list(
    grids: tuple[GridFactors, ...], set_id: str, sets: tuple[str, ...], here: str, language: Language
) -> list[str]:
    _ = language.gettext
    rows = [("", _("country"), _("carbon, g CO₂e/kWh"), _("water, L/kWh"))]
    for grid in grids:
        name = f"{_country_name(grid.country, language)}{' *' if grid.country == here else ''}"
        rows.append((grid.country, name, _short(grid.gwp, language), _short(grid.water, language)))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    table = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]
    lines = [_("Electricity, set {set}; sets here: {sets}.").format(set=set_id, sets=", ".join(sets)), "", *table, ""]
    if here:
        lines.append(_("* the country this commons counts with."))
    else:
        lines.append(_("No country is set: carbon is unknown on every receipt."))
    lines.append(_("With every source: affouage footprint factors --country CODE"))
    return lines


def _one(grid: GridFactors, language: Language) -> list[str]:
    _ = language.gettext
    name = _country_name(grid.country, language)
    lines = [_("{country} ({code}), set {set}").format(country=name, code=grid.country, set=grid.set_id)]
    for key, heading in _NAMES.items():
        factor: Factor | None = getattr(grid, key)
        if factor is None:
            lines += ["", _("{what}: {value}").format(what=_(heading), value=_("unknown"))]
            continue
        lines += ["", _("{what}: {value}").format(what=_(heading), value=_value(factor, language))]
        lines += _facts(factor, language)
    if grid.others:
        lines += ["", _("Published figures for carbon, side by side:")]
    for other in grid.others:
        figure = wording.figures(other.value.central, language, digits=3)
        scope = _(_SCOPES.get(other.scope, other.scope))
        year = "" if other.year is None else f", {other.year}"
        lines += [
            f"  {figure:>6}  {other.source}{year}",
            f"{'':10}{scope}. {_(other.note)}".rstrip(),
            f"{'':10}{other.url}",
        ]
    lines += ["", _("These are published figures, chosen with their range: no grid's carbon is ever measured here.")]
    return lines


def _facts(factor: Factor, language: Language) -> list[str]:
    _ = language.gettext
    year = "" if factor.year is None else str(factor.year)
    first, *others = factor.source.split("; ")
    rows = (
        (_("covers"), _(_SCOPES.get(factor.scope, factor.scope))),
        (_("range"), _(factor.note)),
        (_("source"), first),
        *(("", other) for other in others),
        (_("address"), factor.url),
        (_("year"), year or _("not told")),
        (_("licence"), factor.licence),
        (_("read on"), factor.retrieved or _("at each start, in the installed package")),
    )
    return [f"  {name:<10} {value}" for name, value in rows]


def _value(factor: Factor, language: Language) -> str:
    if factor.unit.startswith("g Sb"):  # millionths of a gram: in a unit that can be read
        central, within = wording.mass(factor.value, language)
        return f"{central} {wording.unit('Sb eq/kWh', language)} ({within})"
    central, within = wording.ratio(factor.value, wording.unit(factor.unit, language), language)
    return f"{central} ({within})"


def _short(factor: Factor | None, language: Language) -> str:
    if factor is None:
        return language.gettext("unknown")
    central, within = wording.ratio(factor.value, "", language)
    return f"{central.strip(wording.NO_BREAK)} ({within})"


def _country_name(code: str, language: Language) -> str:
    """Name of an ISO 3166 alpha-3 country in the reader's language; the code for one Babel does not know."""
    from babel import Locale
    from babel.core import get_global

    shorter = get_global("territory_aliases").get(code, [code])
    return str(Locale(language.code).territories.get(shorter[0], code))
