"""A machine described by its parts, and what its making cost. Pure: ``AFFOUAGE_HOME/machine.toml`` says it."""

from __future__ import annotations

import msgspec

from affouage.units import Interval, Quality


class PartImpact(msgspec.Struct, frozen=True, kw_only=True):
    """Making, transport and end of life of one part (or of several like it), in kg CO2e, kg Sb eq and MJ.

    ``basis``: how it is known (parametric model, manufacturer, archetype), with its source. None: unknown.
    """

    kind: str
    model: str
    count: int = 1
    gwp_kg: Interval | None = None
    adpe_kg_sb: Interval | None = None
    primary_energy_mj: Interval | None = None
    basis: str = ""
    source: str = ""
    quality: Quality = "unknown"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """``acquired``: ISO date it came. ``age_years`` it had then; ``planned_years`` more it is meant to serve.

    ``commons_share``: part of its time given to the commons, 0..1. ``price_eur``: what it cost, None if unknown.
    """

    id: str
    name: str = ""
    acquired: str | None = None
    age_years: float = 0.0
    planned_years: float = 5.0
    commons_share: float = 1.0
    price_eur: float | None = None
    parts: tuple[PartImpact, ...] = ()
