"""From what was gathered of a period to its report. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from affouage.footprint.balance import (
    Counted,
    Rates,
    Use,
    add_eur,
    add_sums,
    counted_portions,
    day_line,
    line,
    machine_line,
    own_dynamic_uj,
    portion_of_sum,
    sums_of,
    use_portions,
)
from affouage.footprint.budget import PotRules
from affouage.footprint.making import DayUs, Served, embodied, hardware_cost_eur, hosting_cost_eur
from affouage.footprint.period import Sums, share_of_one
from affouage.footprint.report import Day, Line, Mine, Report, Sum
from affouage.ledger.receipt import Impacts
from affouage.units import Interval

US_PER_S = 1_000_000

T = TypeVar("T")


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What the books hold of a period. ``days``: its days up to today. ``used``: all requests by day and machine;
    ``lines``: the same by model, workshop and declared use; ``overhead``: the commons' own; ``own``: those of whoever
    asks, by day and machine. ``roll``: ids of the members of the period."""

    period: str
    t0_ms: int
    t1_ms: int
    days: tuple[str, ...]
    counted: tuple[Counted, ...]
    used: tuple[Use, ...]
    lines: tuple[Use, ...]
    overhead: tuple[Use, ...]
    own: tuple[Use, ...] = ()
    roll: tuple[str, ...]
    pot: PotRules
    served: tuple[Served, ...]

    @property
    def sums(self) -> Sums:
        return sums_of(self.counted, self.used, self.overhead)


def report_of(of: Gathered, rates: Rates) -> Report:
    """Everything but limits, restatements and a member's own. What is not known makes lower bounds, never zeros."""
    gap_us, unknown = sum(row.gap_us for row in of.counted), any(row.unknown for row in of.used)
    total = rates.weigh(counted_portions(of.counted), at_least=gap_us > 0 or unknown)
    idle, unattributed, contended = (
        rates.weigh(counted_portions(of.counted, part), at_least=gap_us > 0)
        for part in ("idle_uj", "unattributed_uj", "contended_uj")
    )
    losses = rates.weigh(use_portions(of.used, losses=True), at_least=any(row.lost and row.unknown for row in of.used))
    overhead = rates.weigh(use_portions(of.overhead, losses=False), at_least=any(row.unknown for row in of.overhead))
    making, _ = embodied(of.served, machine_us(of.used), {})
    fixed = _fixed_eur(of, rates)
    return Report(
        period=of.period,
        t0_ms=of.t0_ms,
        t1_ms=of.t1_ms,
        closed=False,
        members=len(of.roll),
        requests=sum(row.requests for row in of.used),
        total=total,
        to_requests=rates.weigh(counted_portions(of.counted, "requests_uj"), at_least=unknown),
        idle=idle,
        unattributed=unattributed,
        contended=contended,
        losses=losses,
        pot=add_sums([idle, unattributed, *(one for one in (losses, overhead) if one.interval_uj or one.at_least)]),
        unsettled_uj=of.sums.unsettled_uj,
        known_s=sum(row.known_us for row in of.counted) // US_PER_S,
        gap_s=-(-gap_us // US_PER_S),
        first_day=of.days[0] if of.days else "",
        embodied=making,
        days=_days(of),
        models=_lines(of.lines, "model", rates),
        workshops=_lines(of.lines, "workshop", rates),
        machines=_machines(of, rates),
        uses=_lines(of.lines, "use", rates),
        limits=(),
        fixed_cost_eur=fixed,
        factor_sets=_factor_sets(of),
        pot_sharing=of.pot.sharing,
    )


def mine_of(of: Gathered, report: Report, rates: Rates, share_uj: int | None = None) -> Mine:
    """The part of whoever asks. ``share_uj``: theirs of the pot in a closed month; else by the rule, as it stands."""
    members, dynamic = len(of.roll), own_dynamic_uj(of.own)
    everybody = own_dynamic_uj(of.used) - own_dynamic_uj(of.overhead)
    if share_uj is None:
        share_uj = share_of_one(
            report.pot.energy_uj,
            of.pot.sharing,
            own_dynamic_uj=dynamic,
            all_dynamic_uj=everybody,
            members=members,
        )
    use = rates.weigh(use_portions(of.own, losses=False), at_least=any(row.unknown for row in of.own))
    keeping_on = None if share_uj is None else portion_of_sum(report.pot, share_uj)
    equal = portion_of_sum(report.pot, report.pot.energy_uj // members) if share_uj is None and members else None
    fraction = dynamic / everybody if of.pot.sharing == "pro_rata" and everybody else 1 / max(1, members)
    costs = [
        use.cost_eur if of.own else Interval(0, 0, 0),
        None if (kept := keeping_on or equal) is None else kept.cost_eur,
        None if report.fixed_cost_eur is None else report.fixed_cost_eur.scaled(fraction),
    ]
    _, own_making = embodied(of.served, machine_us(of.used), machine_us(of.own))
    return Mine(
        requests=sum(row.requests for row in of.own),
        use=use if of.own else Sum(interval_uj=Interval(0, 0, 0), quality=report.total.quality),
        keeping_on=keeping_on,
        keeping_on_if_equal=equal,
        embodied=own_making if of.own else Impacts(),
        cost_eur=add_eur(costs) if any(costs[1:]) or of.own else None,
        cost_at_least=any(one is None for one in costs) or use.at_least or report.total.at_least,
    )


def _fixed_eur(of: Gathered, rates: Rates) -> Interval | None:
    hosting = hosting_cost_eur(rates.prices.hosting_eur_per_month, of.days)
    return add_eur([hardware_cost_eur(of.served), hosting])


def _factor_sets(of: Gathered) -> tuple[str, ...]:
    return tuple(sorted(({row.factor_set for row in of.counted} | {row.factor_set for row in of.used}) - {""}))


def machine_us(rows: Iterable[Use]) -> DayUs:
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        found[row.machine_id, row.day] = found.get((row.machine_id, row.day), 0) + row.machine_share_us
    return found


def _days(of: Gathered) -> tuple[Day, ...]:
    counted, used = _grouped(of.counted, lambda row: row.day), _grouped(of.used, lambda row: row.day)
    return tuple(day_line(day, counted.get(day, ()), used.get(day, ())) for day in sorted(counted.keys() | used.keys()))


def _machines(of: Gathered, rates: Rates) -> tuple[Line, ...]:
    counted = _grouped(of.counted, lambda row: row.machine_id)
    used = _grouped(of.used, lambda row: row.machine_id)
    ids = sorted(counted.keys() | used.keys())
    return _largest_first(machine_line(rates, one, counted.get(one, ()), used.get(one, ())) for one in ids)


def _lines(rows: Iterable[Use], dimension: str, rates: Rates) -> tuple[Line, ...]:
    by_key = _grouped((row for row in rows if row.dimension == dimension), lambda row: row.key)
    return _largest_first(line(rates, key, those) for key, those in by_key.items())


def _largest_first(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda one: (-(one.sum.energy_uj if one.sum else 0), -(one.requests or 0), one.key)))


def _grouped(rows: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
