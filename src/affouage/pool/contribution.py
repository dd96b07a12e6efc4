"""What members' machines did for the others: hours, over a sliding window, and what their owner may read of it.

Only the window counts: what was lent longer ago is forgotten, and nothing can be saved up. Counts and sums only: who
asked and what was answered stay where they are. Reading; the rows come with each settlement (``ledger.sums``).
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, select

from affouage.storage.tables import node, node_day, usage_day
from affouage.units import Interval

MICROSECONDS_PER_HOUR = 3.6e9
MICROJOULES_PER_KWH = 3.6e12


def contribution_h(connection: Connection, member_id: str, now_day: str, window_days: int) -> float:
    """Hours that this member's machines worked for other members, in the ``window_days`` up to ``now_day``, included.

    Each instant of a machine counts once, however many it serves. Not counted: its owner's own requests, what failed,
    what the machine did not meter, and the collective's machines. ``now_day``: 2026-11-22, of the commons.
    """
    lent = (
        select(func.coalesce(func.sum(node_day.c.served_us), 0))
        .join(node, node.c.id == node_day.c.node_id)
        .where(node.c.owner_id == member_id, node.c.owned_by == "member", _within(now_day, window_days))
    )
    return int(connection.execute(lent).scalar_one()) / MICROSECONDS_PER_HOUR


class NodeServed(msgspec.Struct, frozen=True, kw_only=True):
    """What one machine did in a window of days. ``own_requests`` of the ``requests`` were its owner's; ``lost`` failed.

    ``energy_kwh``: what was counted, a lower bound when a part was not metered; None when nothing was. ``energy_eur``:
    at the price the commons declared; None when that or the energy is unknown.
    """

    requests: int
    own_requests: int
    lost: int
    decoded_tokens: int
    energy_kwh: float | None
    energy_eur: float | None
    served_h: float


def node_served(
    connection: Connection, node_id: str, now_day: str, window_days: int, price_eur_per_kwh: float | None
) -> NodeServed:
    """For the owner of the machine: counts, kWh, euros; never content. A price of None or 0 was not told."""
    columns = ("requests", "own_requests", "lost", "decoded_tokens", "energy_uj", "served_us")
    sums = [func.coalesce(func.sum(node_day.c[name]), 0).label(name) for name in columns]
    query = select(*sums).where(node_day.c.node_id == node_id, _within(now_day, window_days))
    found = connection.execute(query).one()
    kwh = int(found.energy_uj) / MICROJOULES_PER_KWH if found.energy_uj else None
    return NodeServed(
        requests=int(found.requests),
        own_requests=int(found.own_requests),
        lost=int(found.lost),
        decoded_tokens=int(found.decoded_tokens),
        energy_kwh=kwh,
        energy_eur=kwh * price_eur_per_kwh if kwh and price_eur_per_kwh else None,
        served_h=int(found.served_us) / MICROSECONDS_PER_HOUR,
    )


def served_range(
    connection: Connection, machine_id: str, now_day: str, window_days: int
) -> tuple[Interval | None, bool]:
    """The energy of what that machine served, in microjoules with its range (None: nothing was counted), and whether a
    part of it was not counted."""
    names = ("static_uj", "dynamic_uj", "low_uj", "high_uj", "unknown")
    sums = [func.coalesce(func.sum(usage_day.c[name]), 0).label(name) for name in names]
    days = _between(usage_day.c.day, now_day, window_days)
    query = select(*sums).where(usage_day.c.dimension == "total", usage_day.c.machine_id == machine_id, days)
    found = connection.execute(query).one()
    central = int(found.static_uj) + int(found.dynamic_uj)
    if not central:
        return None, bool(found.unknown)
    return Interval(min(central, int(found.low_uj)), central, max(central, int(found.high_uj))), bool(found.unknown)


def _within(now_day: str, window_days: int) -> ColumnElement[bool]:
    return _between(node_day.c.day, now_day, window_days)


def _between(day: ColumnElement[str], now_day: str, window_days: int) -> ColumnElement[bool]:
    """Days written ahead of now, by a clock that was put back since, are outside too."""
    first = date.fromisoformat(now_day) - timedelta(days=window_days - 1)
    return and_(day >= first.isoformat(), day <= now_day)
