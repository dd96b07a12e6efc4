"""What the making of the machines weighs in a period, and what they cost in euros: day by day, then added up. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from affouage.footprint.balance import add_impacts
from affouage.footprint.costs import exactly, hardware_eur
from affouage.footprint.embodied import day_charge
from affouage.footprint.impact import scaled
from affouage.footprint.machine import Machine
from affouage.footprint.report import Embodied
from affouage.ledger.receipt import Impacts
from affouage.units import Interval

DayUs = Mapping[tuple[str, str], int]
"""(machine id, day) -> microseconds of machine time that requests had."""


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """A machine in a period: its days there, and its descriptions, oldest first, each with the day it holds from."""

    machine_id: str
    days: tuple[str, ...]
    described: tuple[tuple[str, Machine], ...]

    def on(self, day: str) -> Machine | None:
        """The description in force; before the first one, that one; None when nobody ever described it."""
        found = None
        for from_day, machine in self.described:
            if found is None or from_day <= day:
                found = machine
        return found


def embodied(served: Sequence[Served], requests_us: DayUs, own_us: DayUs) -> tuple[Embodied, Impacts]:
    """The period's part of the machines' making, and what of it falls to somebody by their machine time ``own_us``.

    A day with any request is carried by that day's requests, one without by the pot; what is left of a machine that
    retired early is written off on that day, to the pot.
    """
    total: Counter[Impacts] = Counter()  # a day's charge -> how many such days: most days weigh the same
    pot: Counter[Impacts] = Counter()
    own: dict[Impacts, float] = {}
    amortised, undescribed = set[str](), set[str]()
    for machine in served:
        for day in machine.days:
            description = machine.on(day)
            if description is None:
                undescribed.add(machine.machine_id)
                continue
            charge = day_charge(description, day)
            if charge.state == "undescribed":
                undescribed.add(machine.machine_id)
            if charge.amortised:
                amortised.add(machine.machine_id)
            total[charge.impacts] += 1
            whole_us = requests_us.get((machine.machine_id, day), 0)
            if not whole_us:
                pot[charge.impacts] += 1
            elif mine_us := own_us.get((machine.machine_id, day), 0):
                own[charge.impacts] = own.get(charge.impacts, 0.0) + mine_us / whole_us
            if charge.written_off is not None:
                total[charge.written_off] += 1
                pot[charge.written_off] += 1
    partial = bool(undescribed)
    return (
        Embodied(
            total=_weighted(total, partial),
            to_requests=_weighted(total - pot, partial),
            to_pot=_weighted(pot, partial),
            amortised=tuple(sorted(amortised)),
            undescribed=tuple(sorted(undescribed)),
        ),
        _weighted(own, partial),
    )


def hardware_cost_eur(served: Sequence[Served]) -> Interval | None:
    """Price of the machines in a straight line, for these days; None when no price is told."""
    found = [
        cost
        for machine in served
        for day in machine.days
        if (description := machine.on(day)) is not None
        and (cost := hardware_eur(description, date.fromisoformat(day), date.fromisoformat(day))) is not None
    ]
    return exactly(sum(found)) if found else None


def hosting_cost_eur(eur_per_month: float | None, days: Sequence[str]) -> Interval | None:
    """A month's hosting, day by day; None when none is told, or there are no days."""
    if not eur_per_month or not days:
        return None
    months = Counter(day[:7] for day in days)
    return exactly(sum(eur_per_month * count / _length(month) for month, count in months.items()))


def _weighted(weights: Mapping[Impacts, float], partial: bool) -> Impacts:
    return add_impacts([scaled(impacts, weight) for impacts, weight in weights.items()], at_least=partial)


def _length(month: str) -> int:
    first = date.fromisoformat(f"{month}-01")
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return (after - first).days
