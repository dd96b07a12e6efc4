"""« À combien sommes-nous ? »: what one request costs, by how many there are in a day, on this machine. Pure.

A machine that is on costs its standby and its making whether anybody asks or not: each request carries an equal part
of them, plus its own work. With n requests a day:

    energy   = work + (P0 x hours awake + asleep x the other hours) / n
    carbon   = factor x energy + making of a day / n
    euros    = price x energy + fixed costs of a day / n

Source: docs/reference/footprint.md, section 5, whose table this reproduces. What is unknown is None in the part and
makes the total a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from affouage.footprint.impact import times
from affouage.footprint.report import Report
from affouage.units import Interval, Quality

STEPS = (10, 30, 100, 300, 1000, 3000, 10_000)
"""Requests per day that are shown."""

ASLEEP_W = Interval(1.0, 3.0, 8.0)
"""Watts of a suspended computer at the wall: the EU allows a desktop 5 W in sleep mode, more with cards in it
(regulation 617/2013); nobody sleeps for nothing. Used for the hours a machine is not awake, when it has any."""

MICROJOULES_PER_WH = 3.6e9
MOST_REQUESTS = 1e12


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine takes. None is unknown.

    ``idle_w``: watts when on without a request (P0); ``work_uj``: microjoules of one request above that;
    ``making_gwp_g_per_day``: g CO2e of its making per day, the commons' part; ``gwp_g_per_kwh``: of its electricity,
    building included; ``eur_per_kwh``; ``fixed_eur_per_day``: hardware and hosting; ``awake_h``: hours on per day,
    0..24; ``asleep_w``: watts of the other hours.
    """

    idle_w: Interval | None = None
    work_uj: Interval | None = None
    making_gwp_g_per_day: Interval | None = None
    gwp_g_per_kwh: Interval | None = None
    eur_per_kwh: float | None = None
    fixed_eur_per_day: Interval | None = None
    awake_h: float = 24.0
    asleep_w: Interval = ASLEEP_W


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one request: its work, its part of the machine being on, its part of the machine itself. None: unknown."""

    work: Interval | None
    idle: Interval | None
    machine: Interval | None

    @property
    def total(self) -> Interval | None:
        """Of what is known; None when nothing is."""
        known = [one for one in (self.work, self.idle, self.machine) if one is not None]
        return sum(known[1:], start=known[0]) if known else None

    @property
    def at_least(self) -> bool:
        return None in (self.work, self.idle, self.machine)


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """One place on the curve, per request; ``energy_uj`` all-in, None when work or standby is unknown."""

    requests_per_day: float
    energy_uj: Interval | None
    gwp_g: Parts
    eur: Parts


def curve(running: Running, steps: Sequence[float] = STEPS) -> tuple[Spot, ...]:
    """The curve at ``steps`` requests per day. Raises ValueError for a step that is not positive."""
    return tuple(spot(running, one) for one in steps)


def spot(running: Running, requests_per_day: float) -> Spot:
    """One place on it. Raises ValueError for no request, or hours that no day has."""
    if not 0 < requests_per_day < MOST_REQUESTS:
        raise ValueError("a place on the curve has a positive number of requests per day")
    if not 0 <= running.awake_h <= 24:
        raise ValueError("a machine is awake from 0 to 24 hours a day")
    n = requests_per_day
    idle_uj = None
    if running.idle_w is not None:
        day_wh = running.idle_w.scaled(running.awake_h) + running.asleep_w.scaled(24 - running.awake_h)
        idle_uj = day_wh.scaled(MICROJOULES_PER_WH / n)
    energy_uj = None if idle_uj is None or running.work_uj is None else running.work_uj + idle_uj
    gwp, price = running.gwp_g_per_kwh, running.eur_per_kwh
    eur_per_kwh = None if not price else Interval(price, price, price)
    return Spot(
        requests_per_day=n,
        energy_uj=energy_uj,
        gwp_g=Parts(
            work=_times(running.work_uj, gwp),
            idle=_times(idle_uj, gwp),
            machine=_each(running.making_gwp_g_per_day, n),
        ),
        eur=Parts(
            work=_times(running.work_uj, eur_per_kwh),
            idle=_times(idle_uj, eur_per_kwh),
            machine=_each(running.fixed_eur_per_day, n),
        ),
    )


class Mean(msgspec.Struct, frozen=True, kw_only=True):
    """The average request of a period. ``own_uj``: its own part of the meter; ``all_uj``: of everything, standby and
    losses included; ``own_use_g``, ``all_use_g``: g CO2e of that electricity; ``making_g``: of the machines' making.
    ``tokens``: decoded for it. None is unknown; ``at_least``: some part of the period is, so these are lower bounds."""

    requests: int
    tokens: float | None
    own_uj: Interval | None
    all_uj: Interval | None
    own_use_g: Interval | None
    all_use_g: Interval | None
    making_g: Interval | None
    quality: Quality
    at_least: bool
    making_at_least: bool

    @property
    def all_g(self) -> Interval | None:
        """Electricity and making, of what is known."""
        known = [one for one in (self.all_use_g, self.making_g) if one is not None]
        return sum(known[1:], start=known[0]) if known else None

    @property
    def all_g_at_least(self) -> bool:
        return self.at_least or self.making_at_least or None in (self.all_use_g, self.making_g)


def mean_request(report: Report) -> Mean | None:
    """The average of a period's requests; None when there was none."""
    n = report.requests
    if n < 1:
        return None
    told = [one for one in report.models if one.requests and one.tokens_decoded is not None]
    counted = sum(one.requests or 0 for one in told)
    making = report.embodied.total
    return Mean(
        requests=n,
        tokens=sum(one.tokens_decoded or 0 for one in told) / counted if counted else None,
        own_uj=_each(report.to_requests.interval_uj, n),
        all_uj=_each(report.total.interval_uj, n),
        own_use_g=_each(report.to_requests.use.gwp_g, n),
        all_use_g=_each(report.total.use.gwp_g, n),
        making_g=_each(making.gwp_g, n),
        quality=report.total.quality,
        at_least=report.total.at_least or report.gap_s > 0,
        making_at_least=making.at_least or bool(report.embodied.undescribed),
    )


def work_of_one(report: Report, idle_w: float | None) -> Interval | None:
    """Microjoules one request of the period took above the machine being on: what PC-1 calls dynamic, foreign work
    left out. None without requests, energy or static power. The range is that of the meter."""
    energy = report.total.interval_uj
    if report.requests < 1 or energy is None or idle_w is None or energy.central < 1:
        return None
    static_uj = idle_w * report.known_s * 1e6
    work_uj = max(0.0, energy.central - report.contended.energy_uj - static_uj)
    return energy.scaled(work_uj / energy.central / report.requests)


def _times(energy_uj: Interval | None, per_kwh: Interval | None) -> Interval | None:
    if energy_uj is None or per_kwh is None:
        return None
    return times(energy_uj.scaled(1 / (1000 * MICROJOULES_PER_WH)), per_kwh)


def _each(per_day: Interval | None, requests: float) -> Interval | None:
    return None if per_day is None else per_day.scaled(1 / requests)
