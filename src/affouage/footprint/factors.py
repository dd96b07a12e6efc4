"""Factor sets: what a kilowatt-hour costs the world, by country, as data. Reading is strict; a set never changes."""

from __future__ import annotations

import msgspec

from affouage.units import Interval


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """One published factor. ``scope``: ``life cycle`` or ``direct only``: the two are never mixed. ``year``: of the
    electricity it describes. ``retrieved``: ISO date. Quality of a factor is ``declared`` at best."""

    value: Interval
    unit: str
    scope: str
    source: str
    url: str
    year: int | None
    licence: str
    retrieved: str
    note: str = ""


class GridFactors(msgspec.Struct, frozen=True, kw_only=True):
    """Electricity of one country (ISO 3166 alpha-3) in the set ``set_id``; None is unknown.

    Units: ``gwp`` g CO2e/kWh, ``water`` L/kWh consumed off site, ``adpe`` g Sb eq/kWh, ``primary_energy`` MJ/kWh.
    ``others``: further published figures for the same country's carbon, shown side by side, never computed with.
    """

    set_id: str
    country: str
    gwp: Factor | None = None
    water: Factor | None = None
    adpe: Factor | None = None
    primary_energy: Factor | None = None
    others: tuple[Factor, ...] = ()


class Site(msgspec.Struct, frozen=True):
    """Where the machine stands. ``pue``: 1 at home. ``water_on_site_l_per_kwh``: 0 without evaporative cooling."""

    pue: Interval = Interval(1.0, 1.0, 1.0)
    water_on_site_l_per_kwh: Interval = Interval(0.0, 0.0, 0.0)
