"""Things the cost of a lesson stands beside: computed from physics, or published with their source. Pure."""

from __future__ import annotations

import msgspec

from affouage.units import Interval

WATER_J_PER_KG_K = 4186
LITRE_HEATED_WH = WATER_J_PER_KG_K * 80 / 3600
"""A litre of water from 20 to 100 °C, as physics has it; a kettle takes somewhat more."""
LAMP_WATTS = 8
"""Of a usual LED lamp."""
MICROJOULES_PER_WH = 3.6e9


class Large(msgspec.Struct, frozen=True, kw_only=True):
    """A large model whose training was published. ``kwh``: of computing alone."""

    name: str
    parameters: int
    tokens: int
    kwh: int
    source: str
    url: str


BLOOM = Large(
    name="BLOOM (2022)",
    parameters=176_000_000_000,
    tokens=366_000_000_000,
    kwh=433_196,
    source="Luccioni, Viguier, Ligozat, JMLR 24 (253), 2023; BigScience, arXiv 2211.05100",
    url="http://jmlr.org/papers/v24/23-0069.html",
)


def lamp_minutes(energy_uj: Interval) -> Interval:
    """How long a lamp is lit with it."""
    return energy_uj.scaled(60 / (MICROJOULES_PER_WH * LAMP_WATTS))


def litres_heated(energy_uj: Interval) -> Interval:
    return energy_uj.scaled(1 / (MICROJOULES_PER_WH * LITRE_HEATED_WH))
