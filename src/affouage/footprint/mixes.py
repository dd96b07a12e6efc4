"""Minerals and primary energy of a kilowatt-hour, read in place from the installed ``ecologits`` package.

Their upstream terms (ADEME Base IMPACTS) do not allow a copy. The package is found without being imported (its import
takes 0.16 s of processor), and its table is used only if it is, to the byte, the one the set of factors names: a set
never changes. Never the row of the World, nor a row that repeats it: those values look wrong (see the reference page).
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
from pathlib import Path
from typing import Any

import msgspec

from affouage.footprint.factors import RANGES, UNITS, Factor, GridFactors
from affouage.units import Interval

SPREAD = 2.0
"""Half to twice. There is no second source to compare with (BoaviztAPI quotes the same table): twice is about what two
front-ends of one ADEME model differ by for the same graphics card, and the mixes of 2011 have changed since."""

GRAMS_PER_KG = 1000.0
_WORLD = "WOR"


class _Mix(msgspec.Struct):
    name: str
    adpe: float
    pe: float
    warnings: list[str] | None = None


class _Table(msgspec.Struct):
    electricity_mixes: list[_Mix]


def completed(grid: GridFactors, sha256: str) -> GridFactors:
    """``grid`` with the minerals and the primary energy it lacks; unchanged where they cannot be known."""
    table = installed_table(sha256) if sha256 and (grid.adpe is None or grid.primary_energy is None) else None
    return grid if table is None else with_mix(grid, table)


def installed_table(sha256: str) -> bytes | None:
    """The installed table of mixes; None when the package is not there, or is not the version whose digest that is."""
    try:
        package = importlib.util.find_spec("ecologits")
        folders = package.submodule_search_locations if package else None
        if not folders:
            return None
        table = Path(folders[0], "data", "electricity_mixes.json").read_bytes()
    except (OSError, ImportError, ValueError):
        return None
    return table if hashlib.sha256(table).hexdigest() == sha256 else None


def with_mix(grid: GridFactors, table: bytes) -> GridFactors:
    """``grid`` completed from the text of a table of mixes. Pure. Raises ``msgspec.DecodeError`` for another text."""
    mixes = {mix.name: mix for mix in msgspec.json.decode(table, type=_Table).electricity_mixes}
    mix, world = mixes.get(grid.country), mixes.get(_WORLD)
    if mix is None or grid.country == _WORLD:
        return grid
    found: dict[str, Any] = {}
    if grid.adpe is None and _its_own(mix, "adpe", world):
        found["adpe"] = _factor("adpe", mix.adpe * GRAMS_PER_KG, "life cycle")
    if grid.primary_energy is None and _its_own(mix, "pe", world):
        found["primary_energy"] = _factor("primary_energy", mix.pe, "fossil and fissile")
    return msgspec.structs.replace(grid, **found)


def _its_own(mix: _Mix, name: str, world: _Mix | None) -> bool:
    """Is this value the country's? Not one repeated from the world's, nor nothing at all."""
    value = getattr(mix, name)
    repeated = any(warning.startswith(f"electricity-mix-{name}") for warning in mix.warnings or ())
    same = world is not None and value == getattr(world, name)
    return not repeated and not same and math.isfinite(value) and value > 0


def _factor(indicator: str, central: float, scope: str) -> Factor:
    return Factor(
        value=Interval(central / SPREAD, central, central * SPREAD),
        unit=UNITS[indicator],
        scope=scope,
        source="ADEME, Base IMPACTS (EcoLogits)",
        url="https://base-empreinte.ademe.fr/",
        year=2011,
        licence="MPL-2.0 (EcoLogits)",
        retrieved="",
        note=RANGES["mixes"],
    )
