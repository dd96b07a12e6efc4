"""From a month's report to what it is compared by: costs so far, requests per day, this machine's curve. Pure.

One place, for the page and for the command line.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from affouage.footprint.costs import Costs, Share, costs, exactly, hosting_eur, share
from affouage.footprint.curve import Running, work_of_one
from affouage.footprint.embodied import day_charge
from affouage.footprint.factors import GridFactors, Site
from affouage.footprint.impact import times, total
from affouage.footprint.machine import Machine
from affouage.footprint.period import dates
from affouage.footprint.report import Report
from affouage.ledger.receipt import Impacts
from affouage.units import Interval


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison is made from besides the report. ``today``: local date; prices are None when not told.

    ``idle_w``: watts of the machine on without a request, as its meter counts them.
    """

    grid: GridFactors | None
    site: Site
    machines: tuple[Machine, ...]
    idle_w: float | None
    eur_per_kwh: float | None
    hosting_eur_per_month: float
    subscription_eur: float | None
    today: date


def days_so_far(report: Report, basis: Basis) -> tuple[date, date]:
    """First and last day of the period so far, since the commons has books: what the report itself counts."""
    first, after = dates(report.period)
    last = max(first, min(basis.today, after - timedelta(days=1)))
    opened = date.fromisoformat(report.first_day) if report.first_day else last
    return max(first, min(opened, last)), last


def month_costs(report: Report, basis: Basis) -> tuple[Costs, Share]:
    """The period so far, subscriptions counted over the same days."""
    first, last = days_so_far(report, basis)
    energy_uj = report.total.interval_uj
    paid = costs(
        None if energy_uj is None else times(energy_uj, basis.site.pue),
        basis.eur_per_kwh,
        basis.machines,
        first=first,
        last=last,
        hosting_eur_per_month=basis.hosting_eur_per_month,
        energy_at_least=report.total.at_least,
    )
    if paid.hardware is not None and report.fixed_cost_eur is not None:  # with descriptions as they were, day by day
        booked_eur = max(0.0, report.fixed_cost_eur.central - paid.hosting)
        paid = msgspec.structs.replace(paid, hardware=exactly(booked_eur))
    return paid, share(paid, report.members, basis.subscription_eur, hosting_eur(1.0, first, last))


def requests_per_day(report: Report, basis: Basis) -> float | None:
    """Of the period so far, from the first day somebody asked; None when nobody did."""
    active = [one.day for one in report.days if one.requests]
    if not report.requests or not active:
        return None
    until = min(basis.today, dates(report.period)[1] - timedelta(days=1))
    return report.requests / max(1, (until - date.fromisoformat(min(active))).days + 1)


def running_of(report: Report, basis: Basis, awake_h: float = 24.0) -> Running:
    """What this machine takes, from the period's own figures."""
    gwp = basis.grid.gwp if basis.grid is not None else None
    a_day = costs(
        None,
        None,
        basis.machines,
        first=basis.today,
        last=basis.today,
        hosting_eur_per_month=basis.hosting_eur_per_month,
    )
    return Running(
        idle_w=None if basis.idle_w is None else _as_metered(basis.idle_w, report),
        work_uj=work_of_one(report, basis.idle_w),
        making_gwp_g_per_day=_making(basis).gwp_g,
        gwp_g_per_kwh=None if gwp is None else times(gwp.value, basis.site.pue),
        eur_per_kwh=None if not basis.eur_per_kwh else basis.eur_per_kwh * basis.site.pue.central,
        fixed_eur_per_day=a_day.fixed if a_day.hardware is not None else None,
        awake_h=awake_h,
    )


def _making(basis: Basis) -> Impacts:
    return total(day_charge(one, basis.today.isoformat()).impacts for one in basis.machines)


def _as_metered(watts: float, report: Report) -> Interval:
    """A power known by the period's meter has that meter's range."""
    energy = report.total.interval_uj
    if energy is None or energy.central < 1:
        return exactly(watts)
    return energy.scaled(watts / energy.central)
