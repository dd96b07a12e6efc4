"""What the rules of the footprint are counted with here. Their areas are in ``rulebook.energy``."""

from __future__ import annotations

from affouage.footprint.budget import Rates
from affouage.footprint.factors import GridFactors
from affouage.settings import FootprintSettings


def rates_of(asked: FootprintSettings, grid: GridFactors | None) -> Rates:
    """What a kilowatt-hour is worth here, in grams (central factor) and euros; None when nobody said."""
    gwp = None if grid is None else grid.gwp
    return Rates(
        gwp_g_per_kwh=None if gwp is None else float(gwp.value.central),
        price_eur_per_kwh=asked.price_eur_per_kwh or None,
        pue=asked.pue,
    )
