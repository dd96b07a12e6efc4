"""What the making of a machine weighs per day, and who carries it. Pure.

Straight line over the whole life: a machine whose making cost I, ``age_years`` old when it came and meant to serve
``planned_years`` more, weighs I / ((age + planned) x 365.25) a day, times the part of it given to the commons. So a
second-hand machine is never free and never pays twice: what it weighed before is its former owners'. Past its planned
life it weighs nothing more, and is said to be paid off; one that dies early is written off, once, in the open.

Reference: docs/how-to/describe-a-machine.md; golden case G11. Water is unknown: nobody publishes it reliably.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Literal

import msgspec

from affouage.footprint.machine import Machine, PartImpact
from affouage.ledger.receipt import Impacts
from affouage.units import Interval, Quality, worst

DAYS_PER_YEAR = 365.25
_GRAMS = 1000.0
_NONE = Interval(0.0, 0.0, 0.0)

State = Literal["serving", "undescribed", "before", "amortised", "retired"]
"""``undescribed``: serving, but no part is described, so what it weighs is unknown. ``before`` it came, ``amortised``
past its planned life, ``retired`` after it left: it weighs nothing on that day."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Making of the whole machine, in kg CO2e, kg Sb eq, MJ. None: no part's figure is known.

    ``lower_bounds``: names of the fields above that some part is missing from; ``at_least`` when there is any.
    """

    gwp_kg: Interval | None = None
    adpe_kg_sb: Interval | None = None
    primary_energy_mj: Interval | None = None
    quality: Quality = "unknown"
    lower_bounds: tuple[str, ...] = ()

    @property
    def at_least(self) -> bool:
        return bool(self.lower_bounds)


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A day's part of a machine's making, for the commons' share. ``written_off``: on the day it retired early, what
    was left of it. Units of ``Impacts``: g CO2e, g Sb eq, MJ."""

    machine_id: str
    day: str
    impacts: Impacts
    state: State
    written_off: Impacts | None = None

    @property
    def amortised(self) -> bool:
        return self.state == "amortised"


def totals(machine: Machine) -> Totals:
    """Sum of the parts, each times its count: whatever their order, the same."""
    sums = {name: _sum(machine.parts, name) for name in _FIELDS}
    return Totals(
        **{name: found for name, (found, _) in sums.items()},
        quality=worst(part.quality for part in machine.parts),
        lower_bounds=tuple(name for name, (found, missing) in sums.items() if found is not None and missing),
    )


_FIELDS = ("gwp_kg", "adpe_kg_sb", "primary_energy_mj")


def _sum(parts: tuple[PartImpact, ...], name: str) -> tuple[Interval | None, bool]:
    known = [(part.count, value) for part in parts if (value := getattr(part, name)) is not None]
    if not known:
        return None, bool(parts)
    total = Interval(
        math.fsum(count * value.low for count, value in known),
        math.fsum(count * value.central for count, value in known),
        math.fsum(count * value.high for count, value in known),
    )
    return total, len(known) < len(parts)


def life_days(machine: Machine) -> float:
    """Whole life in days, former owners' included. ``ValueError`` when it is not positive."""
    days = (machine.age_years + machine.planned_years) * DAYS_PER_YEAR
    if machine.age_years < 0 or machine.planned_years <= 0 or not math.isfinite(days):
        raise ValueError("a machine serves for some time: age_years >= 0, planned_years > 0")
    return days


def day_charge(machine: Machine, day: str) -> Charge:
    """What the machine weighs on ``day`` (ISO date, in the commons' time zone).

    The day of acquisition is the first; the last may count for a part only, so that the days add up to exactly
    I x planned / (age + planned) x share. Without ``acquired`` the machine is taken to serve on any day.
    Raises ``ValueError`` for no date or a life that is not positive.
    """
    life, planned = life_days(machine), machine.planned_years * DAYS_PER_YEAR
    since = 0 if machine.acquired is None else _days_between(machine.acquired, day)
    left_after = math.inf if machine.retired is None else _days_between(day, machine.retired)
    if since < 0:
        return _weighs_nothing(machine, day, "before")
    if left_after < 0:
        return _weighs_nothing(machine, day, "retired")
    if machine.acquired is not None and since >= planned:
        return _weighs_nothing(machine, day, "amortised")
    today = 1.0 if machine.acquired is None else min(1.0, planned - since)
    rest = 0.0 if machine.acquired is None or left_after > 0 else planned - since - today
    return Charge(
        machine_id=machine.id,
        day=day,
        impacts=_part_of(machine, today / life),
        state="serving" if machine.parts else "undescribed",
        written_off=_part_of(machine, rest / life) if rest > 0 else None,
    )


def _days_between(first: str, second: str) -> int:
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


def _weighs_nothing(machine: Machine, day: str, state: State) -> Charge:
    nothing = Impacts(gwp_g=_NONE, water_l=_NONE, adpe_g_sb=_NONE, primary_energy_mj=_NONE, quality="estimated")
    return Charge(machine_id=machine.id, day=day, impacts=nothing, state=state)


def _part_of(machine: Machine, fraction: float) -> Impacts:
    """``fraction`` of the machine's making, times the commons' share."""
    whole, part = totals(machine), fraction * machine.commons_share
    return Impacts(
        gwp_g=_scaled(whole.gwp_kg, part * _GRAMS),
        adpe_g_sb=_scaled(whole.adpe_kg_sb, part * _GRAMS),
        primary_energy_mj=_scaled(whole.primary_energy_mj, part),
        quality=whole.quality,
        at_least=whole.at_least,
    )


def _scaled(interval: Interval | None, factor: float) -> Interval | None:
    return None if interval is None else interval.scaled(factor)


def scaled(impacts: Impacts, factor: float) -> Impacts:
    """Each known figure times ``factor >= 0``; unknown stays unknown."""
    return msgspec.structs.replace(
        impacts,
        gwp_g=_scaled(impacts.gwp_g, factor),
        water_l=_scaled(impacts.water_l, factor),
        adpe_g_sb=_scaled(impacts.adpe_g_sb, factor),
        primary_energy_mj=_scaled(impacts.primary_energy_mj, factor),
    )


def split_day(charge: Charge, shares_us: Mapping[str, int]) -> tuple[dict[str, Impacts], Impacts]:
    """The day's charge among the day's requests by their machine time (microseconds), and what falls to the pot.

    With any machine time at all, requests carry the whole day and the pot nothing; with none, the pot carries it all.
    Their sum is the charge, to the rounding of floats. Raises ``ValueError`` for a negative time.
    """
    if any(us < 0 for us in shares_us.values()):
        raise ValueError("machine time is not negative")
    whole_us = sum(shares_us.values())
    if not whole_us:
        return {id_: scaled(charge.impacts, 0.0) for id_ in shares_us}, charge.impacts
    parts = {id_: scaled(charge.impacts, us / whole_us) for id_, us in shares_us.items()}
    return parts, scaled(charge.impacts, 0.0)
