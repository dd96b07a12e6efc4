"""Energy without any sensor: processor time times watts, with the wide range that deserves. Pure.

Never labelled anything but ``estimated``. It covers the engine's processor time alone: standby, memory, screen and
power supply are not in it, and the method says so.
"""

from __future__ import annotations

from affouage.ledger.receipt import Energy
from affouage.units import Interval

ASSUMED_WATTS_PER_PROCESSOR = 65 / 8
"""Watts of one busy logical processor when nothing is declared: a 65 W desktop chip with 8 of them."""

SPREAD = 3.0
"""Load times TDP without a sensor: divided by 3 to times 3 (docs/reference/footprint.md)."""

SPREAD_UP_DECLARED = 1.25
"""A declared full-load power is an upper bound, give or take 25 %; how it falls with the load stays a guess."""


def estimate(cpu_us: int | None, *, declared_watts: float, processors: int) -> Energy:
    """Energy of ``cpu_us`` microseconds of processor time on a machine with ``processors`` logical processors.

    ``declared_watts``: power of the whole machine at full load, 0 when nobody declared it.
    """
    if cpu_us is None:
        return Energy(method="The engine's machine cannot be seen from here.")
    if declared_watts > 0:
        watts, spread_up = declared_watts / processors, SPREAD_UP_DECLARED
        basis = f"{declared_watts:g} W declared for {processors} logical processors"
    else:
        watts, spread_up = ASSUMED_WATTS_PER_PROCESSOR, SPREAD
        basis = f"{watts:.1f} W assumed per busy logical processor"
    central_uj = cpu_us * watts
    return Energy(
        interval_uj=Interval(central_uj / SPREAD, central_uj, central_uj * spread_up).outwards(),
        quality="estimated",
        method=f"processor time x {basis}; standby, memory and power supply not counted",
        cpu_us=cpu_us,
    )
