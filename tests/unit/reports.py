"""Reports for tests of pages: any period, energies that add up, ranges that hold."""

from __future__ import annotations

from typing import Any

from affouage.footprint.report import Day, Embodied, Line, Mine, Report, Sum
from affouage.ledger.receipt import Impacts
from affouage.units import Interval

WH = 3_600_000_000


def a_sum(energy_uj: int, **more: Any) -> Sum:
    """Measured, ten percent about, at 50 g and 0.25 EUR a kWh; ``more`` says otherwise."""
    kwh = energy_uj / WH / 1000
    whole: dict[str, Any] = {
        "interval_uj": Interval(energy_uj * 9 // 10, energy_uj, -(-energy_uj * 11 // 10)),
        "quality": "measured",
        "use": Impacts(
            gwp_g=Interval(20 * kwh, 50 * kwh, 100 * kwh),
            water_l=Interval(kwh, 4 * kwh, 8 * kwh),
            factor_set="set-1",
            quality="declared",
        ),
        "cost_eur": Interval(0.2 * kwh, 0.25 * kwh, 0.3 * kwh),
    }
    return Sum(energy_uj=energy_uj, **{**whole, **more})


def a_day(day: str, requests_uj: int = WH, idle_uj: int = 9 * WH, **more: Any) -> Day:
    rest: dict[str, Any] = {"unattributed_uj": 0, "contended_uj": 0, "gap_s": 0, "requests": 1, **more}
    total = requests_uj + idle_uj + rest["unattributed_uj"] + rest["contended_uj"]
    return Day(day=day, energy_uj=total, requests_uj=requests_uj, idle_uj=idle_uj, **rest)


MAKING = Impacts(
    gwp_g=Interval(50.0, 100.0, 200.0),
    adpe_g_sb=Interval(0.001, 0.002, 0.004),
    primary_energy_mj=Interval(1.0, 2.0, 4.0),
    quality="estimated",
)


def a_report(period: str = "2026-11", **more: Any) -> Report:
    """4 Wh of answers in 40 Wh."""
    whole: dict[str, Any] = {
        "t0_ms": 0,
        "t1_ms": 1,
        "closed": False,
        "members": 8,
        "requests": 4,
        "total": a_sum(40 * WH),
        "to_requests": a_sum(4 * WH),
        "idle": a_sum(35 * WH),
        "unattributed": a_sum(WH),
        "contended": a_sum(0),
        "losses": a_sum(0),
        "gap_s": 0,
        "embodied": Embodied(total=MAKING, to_requests=MAKING, to_pot=Impacts()),
        "days": (a_day("2026-11-03"), a_day("2026-11-22", 3 * WH, 27 * WH, requests=3)),
        "models": (Line(key="small", requests=4, tokens_decoded=20, sum=a_sum(4 * WH)),),
        "workshops": (Line(key="web", requests=4, tokens_decoded=20, sum=a_sum(4 * WH)),),
        "machines": (Line(key="tower", requests=4, tokens_decoded=20, sum=a_sum(40 * WH)),),
        "uses": (),
        "limits": (),
        "fixed_cost_eur": Interval(24.0, 24.0, 24.0),
        "factor_sets": ("set-1",),
        "pot_sharing": "kept",
    }
    return Report(period=period, **{**whole, **more})


def a_mine(**more: Any) -> Mine:
    whole: dict[str, Any] = {
        "requests": 2,
        "use": a_sum(2 * WH),
        "keeping_on": None,
        "keeping_on_if_equal": a_sum(4 * WH),
        "embodied": MAKING,
        "cost_eur": Interval(2.9, 3.1, 3.4),
    }
    return Mine(**{**whole, **more})
