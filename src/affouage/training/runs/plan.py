"""What a run will take, before it starts: steps, hours, energy, carbon, euros, memory, each a range. Pure.

Everything is a sum of what a short calibration measured here, on the run's own shapes. What nobody told (the carbon of
a kWh, its price) stays None, and is shown as unknown.
"""

from __future__ import annotations

import msgspec

from affouage.footprint.costs import electricity_eur
from affouage.footprint.embodied import day_charge
from affouage.footprint.factors import GridFactors, Site
from affouage.footprint.impact import MICROJOULES_PER_KWH, assess, scaled
from affouage.footprint.machine import Machine
from affouage.ledger.receipt import Energy, Impacts
from affouage.training.calibration import Calibrated
from affouage.training.recipe import BYTES_A_TOKEN
from affouage.training.settings import RunSettings
from affouage.units import Interval, Quality

SLOWER = 1.5
"""A run of hours may be slower than its calibration of seconds: heat, other programs, answers it gives way to."""
MEMORY_MORE = 1.25
"""The memory of a process is not handed back at once: a run of hours holds more than one of seconds."""
HOUR_S = 3600.0


class Watts(msgspec.Struct, frozen=True, kw_only=True):
    """Power of the whole machine while it learns, as its meter told it during the calibration. None: it told nothing.

    ``method``, ``facts``: how this is known, see ``footprint.meter``.
    """

    interval: Interval | None = None
    quality: Quality = "unknown"
    method: str = ""
    facts: dict[str, str | int | float] = {}


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """What a kWh weighs and costs here; None: nobody said. ``machine``: as described, for its making."""

    grid: GridFactors | None = None
    site: Site | None = None
    eur_per_kwh: float | None = None
    machine: Machine | None = None
    today: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``hours``, ``kwh``, ``eur``, ``memory_bytes``: ranges. ``impacts``: of the use phase; ``making``: the machine's
    own, for these hours. ``disk_bytes``: of checkpoints and of what comes out. ``evaluations``: looks at the held-out
    text. ``calibrated``: what all of it was computed from."""

    made_ms: int
    steps: int
    tokens: int
    evaluations: int
    parameters: int
    trained: int
    hours: Interval
    memory_bytes: Interval
    device_memory_bytes: int | None = None
    disk_bytes: int
    watts: Watts = Watts()
    kwh: Interval | None = None
    eur: Interval | None = None
    impacts: Impacts = Impacts()
    making: Impacts = Impacts()
    calibrated: Calibrated

    @property
    def kwh_high(self) -> float | None:
        return None if self.kwh is None else float(self.kwh.high)


def plan(
    settings: RunSettings,
    seen: Calibrated,
    watts: Watts,
    rates: Rates,
    *,
    held_out_bytes: int,
    made_ms: int,
    start_s: float = 0.0,
) -> Plan:
    """The plan of a run. ``held_out_bytes``: of the text it is evaluated on, and about as much of test at its end.

    ``start_s``: what the calibration took besides learning, as the run will: its program, its base.
    """
    tokens = settings.steps * settings.step_tokens
    evaluations = settings.steps // settings.evaluate_every_steps + 2
    load_s = max(start_s, seen.load_ms / 1000)
    hours = _hours(tokens, evaluations * held_out_bytes / BYTES_A_TOKEN, seen, load_s)
    energy = _energy(hours, watts)
    return Plan(
        made_ms=made_ms,
        steps=settings.steps,
        tokens=tokens,
        evaluations=evaluations,
        parameters=seen.parameters,
        trained=seen.trained,
        hours=hours,
        memory_bytes=Interval(seen.memory_bytes, seen.memory_bytes, round(seen.memory_bytes * MEMORY_MORE)),
        device_memory_bytes=seen.device_memory_bytes,
        disk_bytes=3 * seen.checkpoint_bytes + 4 * seen.trained,  # two kept, one being written; what comes out
        watts=watts,
        kwh=None if energy.interval_uj is None else energy.interval_uj.scaled(1 / MICROJOULES_PER_KWH),
        eur=electricity_eur(energy.interval_uj, rates.eur_per_kwh),
        impacts=assess(energy, rates.grid, rates.site),
        making=making(rates, hours),
        calibrated=seen,
    )


def _hours(tokens: int, read_tokens: float, seen: Calibrated, load_s: float) -> Interval:
    """Loading, learning, and reading the held-out text; without a figure for reading, as slow as learning."""
    read_tokens_per_s = seen.held_out_tokens_per_s or seen.tokens_per_s
    least = tokens / seen.tokens_per_s_high
    central = tokens / seen.tokens_per_s
    most = SLOWER * (tokens / seen.tokens_per_s_low + read_tokens / read_tokens_per_s)
    return Interval(
        (load_s + least) / HOUR_S,
        (load_s + central + read_tokens / read_tokens_per_s) / HOUR_S,
        (load_s + max(most, central + read_tokens / read_tokens_per_s)) / HOUR_S,
    )


def _energy(hours: Interval, watts: Watts) -> Energy:
    if watts.interval is None:
        return Energy()
    power = watts.interval
    kwh = Interval(hours.low * power.low, hours.central * power.central, hours.high * power.high).scaled(0.001)
    return Energy(interval_uj=kwh.scaled(MICROJOULES_PER_KWH), quality=watts.quality, method=watts.method)


def making(rates: Rates, hours: Interval) -> Impacts:
    """The machine's making that falls to so many hours of it, at the middle; unknown when nobody described it."""
    if rates.machine is None or not rates.today:
        return Impacts()
    return scaled(day_charge(rates.machine, rates.today).impacts, hours.central / 24)


def fits(wanted: Plan, total_bytes: int | None) -> bool | None:
    """Whether this machine's memory holds it; None: nobody knows how much there is."""
    return None if total_bytes is None else wanted.memory_bytes.central <= total_bytes
