"""From energy to impacts: pure interval arithmetic on published factors. An unknown factor gives an unknown impact."""

from __future__ import annotations

import tomllib
from importlib import resources

import msgspec

from affouage.errors import SettingsError
from affouage.ledger.receipt import Energy, Impacts
from affouage.units import Interval

MICROJOULES_PER_KWH = 3.6e12


class GridFactor(msgspec.Struct, frozen=True):
    """Grams of CO2e per kilowatt-hour of a country's electricity, life cycle."""

    country: str
    gwp_g_per_kwh: Interval
    set_id: str
    source: str


def grid_factor(country: str) -> GridFactor | None:
    """The factor of an ISO 3166 alpha-3 country; None for no country. Raises SettingsError rather than defaulting."""
    if not country:
        return None
    text = resources.files("affouage.footprint").joinpath("factors/grid.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    if country not in document["country"]:
        raise SettingsError(
            f"No electricity factor for the country {country!r}.",
            remedy=f"Known: {', '.join(document['country'])}. Leave it empty: carbon is then shown as unknown.",
        )
    return GridFactor(country, Interval(*document["country"][country]), document["set"], document["source"])


def assess(energy: Energy, grid: GridFactor | None) -> Impacts:
    """Impacts of the use phase. Only carbon has a factor so far; the rest is unknown, not zero."""
    if energy.interval_uj is None or grid is None:
        return Impacts()
    kwh, factor = energy.interval_uj.scaled(1 / MICROJOULES_PER_KWH), grid.gwp_g_per_kwh
    gwp_g = Interval(kwh.low * factor.low, kwh.central * factor.central, kwh.high * factor.high)
    return Impacts(gwp_g=gwp_g, factor_set=grid.set_id)
