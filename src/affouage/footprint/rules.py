"""The rule areas of the footprint, with what may be enacted in each: one list for the server and the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from affouage.footprint.budget import BudgetRules, HoursRules, PotRules, Rates, check_budget
from affouage.footprint.factors import GridFactors
from affouage.footprint.hours import check_hours
from affouage.settings import FootprintSettings

AREAS: Mapping[str, type] = {"budget": BudgetRules, "hours": HoursRules, "pot": PotRules}


def checks(rates: Rates) -> dict[str, Callable[[Any], None]]:
    """By area, what raises RuleRefused for a rule that could not be applied here."""
    return {"budget": partial(check_budget, rates=rates), "hours": check_hours}


def rates_of(asked: FootprintSettings, grid: GridFactors | None) -> Rates:
    """What a kilowatt-hour is worth here, in grams (central factor) and euros; None when nobody said."""
    gwp = None if grid is None else grid.gwp
    return Rates(
        gwp_g_per_kwh=None if gwp is None else float(gwp.value.central),
        price_eur_per_kwh=asked.price_eur_per_kwh or None,
        pue=asked.pue,
    )
