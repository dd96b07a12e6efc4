"""From energy to impacts: pure interval arithmetic on published factors. An unknown factor gives an unknown impact.

Electricity drawn is that of the machine times the PUE of the place. Water is
``E x (on site + PUE x off site)``: the PUE once (Li and others, arXiv 2304.03271).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from affouage.footprint.factors import Factor, GridFactors, Site, grid_factors
from affouage.ledger.receipt import Energy, Impacts
from affouage.units import Interval, worst

__all__ = ["MICROJOULES_PER_KWH", "add", "assess", "grid_factors", "scaled", "times", "total"]

MICROJOULES_PER_KWH = 3.6e12

INDICATORS = ("gwp_g", "water_l", "adpe_g_sb", "primary_energy_mj")


def times(one: Interval, other: Interval) -> Interval:
    """Product of two quantities that are not negative. Raises ``ValueError`` for one that may be."""
    if one.low < 0 or other.low < 0:
        raise ValueError("neither an energy nor a factor is negative")
    return Interval(one.low * other.low, one.central * other.central, one.high * other.high)


def assess(energy: Energy, grid: GridFactors | None, site: Site | None = None) -> Impacts:
    """Impacts of the use phase of ``energy``, as counted at the machine, on that grid, at that place.

    Without energy or grid, everything is unknown. Quality: the energy's, ``declared`` at best, for a factor is no
    measure. Raises ``ValueError`` for a negative energy.
    """
    if energy.interval_uj is None or grid is None:
        return Impacts()
    site = site or Site()
    machine_kwh = energy.interval_uj.scaled(1 / MICROJOULES_PER_KWH)
    drawn_kwh = times(machine_kwh, site.pue)

    def of(factor: Factor | None) -> Interval | None:
        return None if factor is None else times(drawn_kwh, factor.value)

    water_l = of(grid.water)
    if water_l is not None:
        water_l = water_l + times(machine_kwh, site.water_on_site_l_per_kwh)
    return Impacts(
        gwp_g=of(grid.gwp),
        water_l=water_l,
        adpe_g_sb=of(grid.adpe),
        primary_energy_mj=of(grid.primary_energy),
        factor_set=grid.name,
        quality=worst((energy.quality, "declared")),
        at_least=energy.at_least,
    )


def add(one: Impacts, other: Impacts) -> Impacts:
    """Sum of two impacts: the known part of each indicator; ``at_least`` as soon as a part is unknown beside it.

    An indicator is None only when both are. Quality: the worse. Sets that differ are named together (``a + b``).
    """
    sums, at_least = {}, one.at_least or other.at_least
    for name in INDICATORS:
        left, right = getattr(one, name), getattr(other, name)
        sums[name] = right if left is None else left if right is None else left + right
        at_least = at_least or (left is None) != (right is None)
    sets = {name for impacts in (one, other) for name in (impacts.factor_set or "").split(" + ") if name}
    return Impacts(
        **sums,
        factor_set=" + ".join(sorted(sets)) or None,
        quality=worst((one.quality, other.quality)),
        at_least=at_least,
    )


def total(parts: Iterable[Impacts]) -> Impacts:
    """Sum of any number of impacts; of none, everything unknown."""
    gathered = list(parts)
    return reduce(add, gathered) if gathered else Impacts()


def scaled(impacts: Impacts, factor: float) -> Impacts:
    """Each indicator times ``factor``, which must not be negative (``ValueError``): a share of a total."""
    parts = {name: getattr(impacts, name) for name in INDICATORS}
    shares = {name: None if part is None else part.scaled(factor) for name, part in parts.items()}
    return Impacts(**shares, factor_set=impacts.factor_set, quality=impacts.quality, at_least=impacts.at_least)
