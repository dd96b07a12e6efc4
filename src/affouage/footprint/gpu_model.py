"""What making a graphics card cost: the parametric model of ADEME's life-cycle assessments of graphics cards. Pure.

Eight cards were taken apart and analysed for ADEME (Lees-Perasso et al. 2026, report 9357; by Tide, Hubblo, TND); the
mean of each component became a factor per kilogram of casing and heatsink, per cm² of board, per mm² of wafer that a
chip takes, per kilogram of the whole card. Coefficients as BoaviztAPI 2.5.0 carries them (AGPL-3.0), with the transport
it counts: 19,000 km by boat and 1,000 km by truck. Two front-ends to this same model differ by a factor of two on an
A100, so a result is never narrower than ÷2 to x2.

Where a fact about a card is not known, the rules below estimate it with a range, which widens the result.
"""

from __future__ import annotations

import math

import msgspec

from affouage.units import Interval

SPREAD = 2.0
"""A result is from 1/SPREAD to SPREAD times the computed figure, at least."""

DIE_MM2_MAX = 1000.0
"""No chip is larger than what one exposure prints (about 858 mm²); beyond, the formula of the wafer has no sense."""

WAFER_MM = 300.0
KERF_MM = 0.2
VRAM_MM2_PER_GB = 15.5
BOAT_KM = 19_000.0
TRUCK_KM = 1_000.0

SOURCE = "ADEME 9357, Lees-Perasso et al. 2026; coefficients as in BoaviztAPI 2.5.0"
LICENCE = "AGPL-3.0 (BoaviztAPI)"

_GWP_KG, _ADPE_KG_SB, _ENERGY_MJ = 0, 1, 2
_PER_UNIT: dict[str, tuple[float, float, float]] = {
    # kg CO2e, kg Sb eq, MJ
    "casing_kg": (8.2542, 4.0835e-4, 245.88),
    "heatsink_kg": (5.7412, 1.8669e-3, 92.287),
    "board_cm2": (0.032549, 1.2707e-5, 0.82969),
    "gpu_wafer_mm2": (0.042592, 1.5550e-8, 0.56728),
    "vram_wafer_mm2": (0.18379, 5.0731e-9, 2.4520),
    "upstream_kg": (0.25955, 1.0196e-8, 3.6190),
    "boat_kg_km": (1.33e-5, 4.62e-13, 1.64e-4),
    "truck_kg_km": (5.04e-5, 1.98e-12, 7.04e-4),
    "end_of_life_kg": (1.5062, 3.7140e-6, 22.348),
}


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """What making, carrying and ending one thing cost: kg CO2e, kg Sb eq, MJ of primary energy. None: unknown."""

    gwp_kg: Interval | None = None
    adpe_kg_sb: Interval | None = None
    primary_energy_mj: Interval | None = None


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A card in the model's terms. ``mass_kg``: the whole card. ``wafer_mm2``: area of wafer the chip takes, losses
    included, when it was published; None: computed from ``die_mm2``."""

    die_mm2: float
    vram_gb: float
    vram_chips: int
    board_cm2: Interval
    casing_kg: Interval
    heatsink_kg: Interval
    mass_kg: Interval
    wafer_mm2: float | None = None


def exact(value: float) -> Interval:
    """A fact that is known."""
    return Interval(value, value, value)


def wafer_area_mm2(die_mm2: float) -> float:
    """Area of a 300 mm wafer that one good chip takes: kerf, edge of the wafer and defects (0.1 per cm²) included.

    Increasing on its range, ``0 < die_mm2 <= DIE_MM2_MAX`` (``ValueError`` outside).
    """
    if not 0 < die_mm2 <= DIE_MM2_MAX:
        raise ValueError(f"a chip has between 0 and {DIE_MM2_MAX:g} mm2, not {die_mm2!r}")
    cut = (math.sqrt(die_mm2) + KERF_MM) ** 2
    wafer = math.pi * (WAFER_MM / 2) ** 2
    edge = math.pi * WAFER_MM * cut / math.sqrt(2 * cut)
    return cut * wafer / (wafer - edge) * math.exp(math.sqrt(cut / 1000))


def making(card: CardFacts) -> Making:
    """The card's impacts. Each bound of the inputs gives that of the result, then ÷SPREAD and xSPREAD."""
    gpu_mm2 = wafer_area_mm2(card.die_mm2) if card.wafer_mm2 is None else card.wafer_mm2
    vram_mm2 = card.vram_chips * wafer_area_mm2(card.vram_gb * VRAM_MM2_PER_GB / card.vram_chips)
    amounts = {
        "casing_kg": card.casing_kg,
        "heatsink_kg": card.heatsink_kg,
        "board_cm2": card.board_cm2,
        "gpu_wafer_mm2": exact(gpu_mm2),
        "vram_wafer_mm2": exact(vram_mm2),
        "upstream_kg": card.mass_kg,
        "boat_kg_km": card.mass_kg.scaled(BOAT_KM),
        "truck_kg_km": card.mass_kg.scaled(TRUCK_KM),
        "end_of_life_kg": card.mass_kg,
    }
    return Making(
        gwp_kg=_widened(amounts, _GWP_KG),
        adpe_kg_sb=_widened(amounts, _ADPE_KG_SB),
        primary_energy_mj=_widened(amounts, _ENERGY_MJ),
    )


def spread(interval: Interval, factor: float = SPREAD) -> Interval:
    """The same central figure, ``factor`` times wider each way."""
    return Interval(interval.low / factor, interval.central, interval.high * factor)


def _widened(amounts: dict[str, Interval], criterion: int) -> Interval:
    parts = [amount.scaled(_PER_UNIT[name][criterion]) for name, amount in amounts.items()]
    return spread(
        Interval(
            math.fsum(part.low for part in parts),
            math.fsum(part.central for part in parts),
            math.fsum(part.high for part in parts),
        )
    )


def board_from_size(length_mm: float, height_mm: float) -> Interval:
    """Board area in cm² from the card's outer size, when the board was not measured.

    Boards measured for ADEME are 0.77 to 1.06 of length x height; the short boards of cards whose fan blows through
    (RTX 30 and 40) come down to a half.
    """
    outer_cm2 = length_mm * height_mm / 100
    return Interval(0.5 * outer_cm2, 0.9 * outer_cm2, 1.06 * outer_cm2)


def mass_from_power(watts: float) -> Interval:
    """Mass of the card in kg from its rated power, when it was not weighed: 4 g per watt, from 1.9 to 6.5.

    Eleven cards whose mass BoaviztAPI gives lie between 1.97 (L4) and 5.3 g/W (RTX A4500), an RTX 3090 of its maker at
    6.3: heat has to be carried away by metal.
    """
    return Interval(0.0019 * watts, 0.004 * watts, 0.0065 * watts)


def heatsink_from_mass(mass_kg: Interval) -> Interval:
    """Heatsink in kg: 53 % of the card on average (Hubblo's documentation of the model); 45 to 70 % among the cards."""
    return Interval(0.45 * mass_kg.low, 0.53 * mass_kg.central, 0.70 * mass_kg.high)


def casing_from_mass(mass_kg: Interval) -> Interval:
    """Casing in kg: a quarter of the card; among those taken apart from none (L4) to a third (A100 PCIe)."""
    return Interval(0.0, 0.25 * mass_kg.central, 0.33 * mass_kg.high)
