"""Factor sets: what a kilowatt-hour costs the world, by country, as data. Reading is strict; a set never changes.

Sets of this version are ``factors/grid-*.toml``; a collective's own are given as texts by whoever may read files.
Their form is in ``docs/how-to/add-a-factor.md``, how each range was made in ``docs/reference/footprint.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

import msgspec

from affouage.errors import SettingsError
from affouage.units import Interval

UNITS = {"gwp": "g CO2e/kWh", "water": "L/kWh", "adpe": "g Sb eq/kWh", "primary_energy": "MJ/kWh"}
"""The one unit of each indicator: a figure in another one is converted by whoever writes it down."""

SCOPES: dict[str, tuple[str, ...]] = {
    "gwp": ("life cycle", "direct only", "not stated"),
    "water": ("consumed off site",),
    "adpe": ("life cycle",),
    "primary_energy": ("fossil and fissile", "total"),
}
"""What a figure covers; the first is what is computed with, the others of carbon are only shown beside it."""

RANGES: dict[str, str] = {
    "declared": "As its source, or the collective, declares it.",
    "published": "Lowest, median and highest of the published figures of the same scope.",
    "one-series": "One series only: its lowest year divided by 1.3, its latest, twice its highest.",
    "water": "A third to twice the published figure: evaporation of reservoirs is contested.",
    "mixes": "Half to twice the published figure, which describes the electricity of 2011.",
}
"""How low and high were made, by the code written in the set. The sentence becomes the factor's ``note``."""

_FILES = "affouage.footprint"


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """One published factor. ``scope``: ``life cycle`` or ``direct only``: the two are never mixed. ``year``: of the
    electricity it describes, None when the source does not tell. ``retrieved``: ISO date. Made of several figures:
    ``source`` names them all, that of the central figure first, whose ``url``, ``year`` and ``retrieved`` these are;
    ``retrieved`` is empty for what is read in place at run time.
    Quality of a factor is ``declared`` at best."""

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
    ``others``: every published figure for the same country's carbon, shown side by side, never computed with.
    """

    set_id: str
    country: str
    gwp: Factor | None = None
    water: Factor | None = None
    adpe: Factor | None = None
    primary_energy: Factor | None = None
    others: tuple[Factor, ...] = ()

    @property
    def name(self) -> str:
        """What receipts and books call these factors: ``grid-2026-11/FRA``."""
        return f"{self.set_id}/{self.country}" if self.country else self.set_id


class Site(msgspec.Struct, frozen=True):
    """Where the machine stands. ``pue``: 1 at home. ``water_on_site_l_per_kwh``: 0 without evaporative cooling."""

    pue: Interval = Interval(1.0, 1.0, 1.0)
    water_on_site_l_per_kwh: Interval = Interval(0.0, 0.0, 0.0)


class FactorSet(msgspec.Struct, frozen=True, kw_only=True):
    """One set as its text says it. ``mixes_sha256``: digest of the table of mixes that completes it ("" for none)."""

    id: str
    mixes_sha256: str = ""
    countries: dict[str, GridFactors]


def packaged_sets() -> tuple[str, ...]:
    """Ids of the sets of this version, the newest last."""
    names = (file.name for file in resources.files(_FILES).joinpath("factors").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.startswith("grid-")))


def factor_set(set_id: str = "", own: Mapping[str, str] | None = None) -> FactorSet:
    """The set of that id; "" for the newest of this version. ``own``: texts of the collective's sets, by file name.

    Raises SettingsError for an id nobody knows (the remedy lists them) and for a text that is not in order.
    """
    from affouage.footprint.factor_file import read_set

    packaged, own = packaged_sets(), own or {}
    wanted = set_id or packaged[-1]
    if wanted in packaged:
        text = resources.files(_FILES).joinpath(f"factors/{wanted}.toml").read_text(encoding="utf-8")
        return read_set(text, f"{wanted}.toml")
    sets = own_sets(own)
    if wanted not in sets:
        known = ", ".join((*packaged, *sorted(sets)))
        raise SettingsError(
            f"No set of factors is called {wanted!r}.",
            remedy=f"Known: {known}. Leave factor_set empty for the newest of this version.",
            code="no_factor_set",
            set=wanted,
            known=known,
        )
    return sets[wanted]


def own_sets(own: Mapping[str, str]) -> dict[str, FactorSet]:
    """The collective's sets by id. Raises SettingsError for a wrong text, an id used twice or one of this version."""
    from affouage.footprint.factor_file import read_set

    sets: dict[str, FactorSet] = {}
    taken = dict.fromkeys(packaged_sets(), "this version")
    for name, text in own.items():
        one = read_set(text, name)
        if one.id in taken:
            raise SettingsError(
                f"{name}: the id {one.id!r} is already that of a set of {taken[one.id]}.",
                remedy="Give this set an id of its own: receipts name it for ever.",
            )
        taken[one.id], sets[one.id] = name, one
    return sets


def named_factors(name: str, own: Mapping[str, str] | None = None, *, country: str = "") -> GridFactors | None:
    """The factors of that name in the books. ``country``: for a name without one. Raises SettingsError."""
    set_id, _, named = name.partition("/")
    return grid_factors(named or country, set_id, own)


def grid_factors(country: str, set_id: str = "", own: Mapping[str, str] | None = None) -> GridFactors | None:
    """Factors of an ISO 3166 alpha-3 country; None for no country. ``own``: see :func:`factor_set`.

    Minerals and primary energy that the set leaves out are read from the installed table of mixes, when it is the one
    the set names. Raises SettingsError for a country the set has not: refused, never replaced by another.
    """
    if not country:
        return None
    from affouage.footprint.mixes import completed

    found = factor_set(set_id, own)
    if country not in found.countries:
        known = ", ".join(sorted(found.countries))
        raise SettingsError(
            f"The set {found.id} has no electricity factor for the country {country!r}.",
            remedy=f"Known: {known}. Leave it empty: carbon is then shown as unknown.",
            code="no_country",
            country=country,
            set=found.id,
            known=known,
        )
    return completed(found.countries[country], found.mixes_sha256)


def all_grids(found: FactorSet) -> tuple[GridFactors, ...]:
    """Every country of a set, by code, completed as :func:`grid_factors` does."""
    from affouage.footprint.mixes import completed

    return tuple(completed(grid, found.mixes_sha256) for _, grid in sorted(found.countries.items()))
