"""What the commons really costs in a period, and a member's share of it, beside subscriptions. Pure; euros.

Electricity (kWh x price), machines (price in a straight line over their planned years, times the part of their time
given to the commons), hosting. What nobody told stays None and makes the sum a lower bound ("at least"): never 0.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

import msgspec

from affouage.footprint.machine import Machine
from affouage.units import Interval

DAYS_PER_YEAR = 365.25
MICROJOULES_PER_KWH = 3.6e12

Missing = Literal["energy", "price", "machine", "machine_price"]
"""What nobody told: no meter counted, price of a kWh, no machine described, price of a machine."""


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """Euros of one period. None is unknown; ``missing`` says why, and ``total`` is then a lower bound.

    ``hosting``: rent, connection, repairs as declared; 0 when the commons declared none.
    """

    electricity: Interval | None
    hardware: Interval | None
    hosting: float
    missing: tuple[Missing, ...] = ()
    paid_off: tuple[str, ...] = ()
    """Machines past their planned years: they cost nothing more, as their making does."""

    @property
    def fixed(self) -> Interval | None:
        """Hardware and hosting; None when neither is known."""
        if self.hardware is None:
            return exactly(self.hosting) if self.hosting else None
        return self.hardware + exactly(self.hosting)

    @property
    def total(self) -> Interval | None:
        """Of what is known; None when nothing is."""
        known = [one for one in (self.electricity, self.fixed) if one is not None]
        return sum(known[1:], start=known[0]) if known else None

    @property
    def at_least(self) -> bool:
        return bool(self.missing)


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """``per_member``: the total divided equally. ``subscriptions``: what as many subscriptions as members would cost;
    ``as_subscriptions``: how many subscriptions the total would pay. None is unknown."""

    members: int
    per_member: Interval | None
    subscriptions: float | None
    as_subscriptions: Interval | None
    at_least: bool


def costs(
    interval_uj: Interval | None,
    price_eur_per_kwh: float | None,
    machines: Sequence[Machine],
    *,
    first: date,
    last: date,
    hosting_eur_per_month: float = 0.0,
    energy_at_least: bool = False,
) -> Costs:
    """Costs of the days ``first`` to ``last``, both in. ``interval_uj``: the electricity counted, None when unknown;
    ``energy_at_least``: some of it is not. A price of None or 0 was not told. Raises ValueError for days out of order.
    """
    electricity = electricity_eur(interval_uj, price_eur_per_kwh)
    charges = [hardware_eur(one, first, last) for one in machines]
    known = [exactly(one) for one in charges if one is not None]
    missing: list[Missing] = []
    if interval_uj is None or energy_at_least:
        missing.append("energy")
    if not price_eur_per_kwh:
        missing.append("price")
    if not machines:
        missing.append("machine")
    if None in charges:
        missing.append("machine_price")
    return Costs(
        electricity=electricity,
        hardware=sum(known[1:], start=known[0]) if known else None,
        hosting=hosting_eur(hosting_eur_per_month, first, last),
        missing=tuple(missing),
        paid_off=tuple(one.id for one in machines if (life := _life(one)) is not None and life[1] < first),
    )


def electricity_eur(interval_uj: Interval | None, price_eur_per_kwh: float | None) -> Interval | None:
    """Microjoules times the price of a kWh; None when either is not known (a price of 0 was not told)."""
    if interval_uj is None or not price_eur_per_kwh:
        return None
    return interval_uj.scaled(price_eur_per_kwh / MICROJOULES_PER_KWH)


def hardware_eur(machine: Machine, first: date, last: date) -> float | None:
    """The part of a machine's price that falls to these days, both in: price / planned days, times the commons' share.

    Straight line from the day it came; nothing before it nor after its planned years; on the day it retires early, all
    that was left. A machine whose arrival is not told is taken to be within them. None when its price is not told.
    """
    if machine.price_eur is None:
        return None
    whole_eur, planned_days = machine.price_eur * machine.commons_share, _planned_days(machine)
    life, retired = _life(machine), None if machine.retired is None else date.fromisoformat(machine.retired)
    if life is not None:
        first, last = max(first, life[0]), min(last, life[1])
    days = 0 if planned_days == 0 or last < first else _days(first, last)
    if retired is not None and retired < last:
        days = 0 if retired < first else _days(first, retired)
    if retired is not None and life is not None and first <= retired <= last:
        days += (life[1] - retired).days
    return whole_eur * min(1.0, days / planned_days) if days else 0.0


def hosting_eur(eur_per_month: float, first: date, last: date) -> float:
    """A monthly amount for these days, both in: each day its part of its own month."""
    total, day = 0.0, first
    for _ in range(_days(first, last)):
        total += eur_per_month / monthrange(day.year, day.month)[1]
        day += timedelta(days=1)
    return total


def share(of: Costs, members: int, subscription_eur: float | None, months: float = 1.0) -> Share:
    """The total among ``members``, beside subscriptions of ``subscription_eur`` a month (None or 0: not told)."""
    total = of.total
    price = subscription_eur * months if subscription_eur else None
    return Share(
        members=members,
        per_member=None if total is None or members < 1 else total.scaled(1 / members),
        subscriptions=None if price is None else price * members,
        as_subscriptions=None if total is None or price is None else total.scaled(1 / price),
        at_least=of.at_least,
    )


def exactly(value: float) -> Interval:
    """A declared amount: no range."""
    return Interval(value, value, value)


def _life(machine: Machine) -> tuple[date, date] | None:
    """First and last day the machine is paid for; None when nobody said when it came."""
    if machine.acquired is None:
        return None
    came = date.fromisoformat(machine.acquired)
    return came, came + timedelta(days=min(max(0, _planned_days(machine) - 1), (date.max - came).days))


def _planned_days(machine: Machine) -> int:
    """Whole days, so that what is charged in all is the price, exactly."""
    return max(0, round(machine.planned_years * DAYS_PER_YEAR))


def _days(first: date, last: date) -> int:
    if last < first:
        raise ValueError("the last day comes before the first")
    return (last - first).days + 1
