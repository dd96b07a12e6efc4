"""The meter port: something that counts energy. Real adapters live in ``affouage.adapters.meters``.

A meter gives raw cumulative counters and nothing else: what passed between two readings (wrap-around, a counter that
went backwards, a reboot, a gap) is decided once, purely, by :func:`advance`. Every implementation passes
``tests/contracts/test_meter.py``.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from affouage.errors import AffouageError
from affouage.ledger.receipt import MeterStamp
from affouage.units import Quality

MeterKind = Literal["plug", "counter", "hwmon", "parts", "powercap", "nvml", "declared", "estimate"]
"""``counter``: a counter that another program keeps in a file (IPMI, Slurm). ``parts``: components (powercap, NVML, a
declared base) added up and brought to the wall through the power supply."""

METHODS = ("plug", "counter", "hwmon", "parts", "powercap", "nvml", "declared", "half_declared", "estimate")
"""How energy is known: the closed list of ``MeterInfo.method``, each with the facts its sentence may quote.

- ``plug``: a plug meters the whole machine at the wall. ``includes`` = ``machine``, ``uncertainty_percent``.
- ``counter``: another program (IPMI, Slurm) counts the whole machine. ``includes``, ``uncertainty_percent``.
- ``hwmon``: a sensor in the machine. ``sensor`` (driver), ``includes`` = ``machine``, or ``sensor`` when what it covers
  is known to the owner alone; ``uncertainty_percent``.
- ``parts``: components' own counters added up, divided by the efficiency of the power supply. ``includes``
  (``processors memory cards base``, those there are; ``sensor`` for a platform counter alone), ``left_out`` (the same
  words, what is not counted; absent when nothing is), ``psu_low``, ``psu_high``,
  ``base_watts`` (declared; absent when none is).
- ``powercap``, ``nvml``: one component as its own counters tell, without power supply, when the settings force it.
  ``includes``, ``left_out``.
- ``declared``: between the watts declared idle and at full load, by the load of the processors. ``full_watts``,
  ``idle_watts``, ``processors``, ``uncertainty_percent`` = 25.
- ``half_declared``: the same, but only full load was declared; ``idle_watts`` is assumed.
- ``estimate``: no sensor, nothing declared at full load: ``idle_watts`` (assumed, or declared when ``idle_declared`` =
  1) all the time, plus the commons' own processor time x ``watts_per_processor`` (assumed); ``spread`` = 3: the truth
  lies between a third and three times as much.
"""

MAX_PLAUSIBLE_WATTS = 20_000.0
"""More than this between two readings is a fault of the counter, not energy: no machine of a collective draws it."""


class MeterUnreadable(AffouageError):
    """This reading failed; the next one may not. ``remedy`` says what to do (a udev line, a plug to look at)."""

    code = "meter_unreadable"


class MeterInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a meter is. ``low_factor``/``high_factor``: true energy lies between these multiples of what it counts.

    ``covers``: what of the machine is inside (machine | cpu | dram | gpu:0 ...). Two meters that cover the same thing
    are never added. ``wraps_uj``: counters that start again from 0 after that many microjoules. ``efficiency``: energy
    counted inside / energy at the wall (1 for a wall meter), by which the sum of counters is divided.
    ``min_window_ms``: shorter windows would mostly read nothing. ``facts``: figures the method's sentence quotes
    (watts, processors, model of plug ...), never an address or a secret.
    """

    id: str
    kind: MeterKind
    covers: tuple[str, ...]
    quality: Quality
    low_factor: float
    high_factor: float
    method: str
    """Code of the sentence "how this is known": see ``docs/reference/footprint.md``."""
    facts: dict[str, str | int | float] = {}
    wraps_uj: dict[str, int] = {}
    efficiency: float = 1.0
    min_window_ms: int = 20
    idle_uw: int | None = None
    """Static power known by construction (declared, assumed), microwatts; None: to be calibrated or learnt."""
    max_watts: float = MAX_PLAUSIBLE_WATTS
    longest_window_ms: int | None = None
    """Longer windows tell nothing: a counter may have gone round more than once meanwhile. None: no such limit."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Cumulative microjoules by counter name at ``at_us`` (monotonic). Comparable only within the same ``epoch`` (a
    boot of the machine for a hardware counter; one process for a meter that adds up watts by itself). A reading with
    the same ``at_us`` as the one before is that one again: nothing new has been counted or told since.

    ``foreign_ppm``: parts per million of the work since the previous reading that was not ours, 0 when not known.
    """

    at_us: int
    epoch: str
    counters_uj: dict[str, int]
    foreign_ppm: int = 0


class Meter(Protocol):
    """One source of energy readings for this machine."""

    def info(self) -> MeterInfo: ...

    async def read(self) -> Reading:
        """Read now. Raises MeterUnreadable: a gap, never a zero. At most a few milliseconds, except over a network."""
        ...

    async def close(self) -> None:
        """Idempotent."""
        ...


Flag = Literal["wrap", "reset", "jump", "gap", "contended", "restart"]


class Advance(msgspec.Struct, frozen=True):
    """Energy between two readings; None when it cannot be told, with the flag that says why."""

    energy_uj: int | None
    flags: tuple[Flag, ...] = ()


def advance(before: Reading, after: Reading, info: MeterInfo) -> Advance:
    """What the meter counted from ``before`` to ``after``. Pure; never negative, never a guess.

    A counter that went down wrapped if its range is known and the wrapped amount is plausible; otherwise it was reset
    and nothing is known of the window. A counter that appeared or vanished, another epoch: the same. Of a window longer
    than ``info.longest_window_ms`` nothing is known either.
    """
    if info.longest_window_ms is not None and after.at_us - before.at_us > info.longest_window_ms * 1000:
        return Advance(None, ("gap",))
    if before.epoch != after.epoch or before.counters_uj.keys() != after.counters_uj.keys():
        return Advance(None, ("reset",))
    most_uj = info.max_watts * max(0, after.at_us - before.at_us) + 1_000_000
    total, flags = 0, set[Flag]()
    for name, now_uj in after.counters_uj.items():
        passed = now_uj - before.counters_uj[name]
        if passed < 0:
            passed += info.wraps_uj.get(name, 0)
            if passed < 0 or passed > most_uj:
                return Advance(None, ("reset",))
            flags.add("wrap")
        total += passed
    if total > most_uj:
        return Advance(None, ("jump",))
    return Advance(round(total / info.efficiency) if info.efficiency != 1 else total, tuple(sorted(flags)))


def facts_of(info: MeterInfo) -> dict[str, str | int | float]:
    """What a receipt keeps of the meter beside its method."""
    return {"meter": info.id, **info.facts}


def stamp_of(info: MeterInfo) -> MeterStamp:
    """What a block keeps of the meter it was counted by."""
    return MeterStamp(
        id=info.id,
        kind=info.kind,
        quality=info.quality,
        low_factor=info.low_factor,
        high_factor=info.high_factor,
        method=info.method,
        facts=info.facts,
    )
