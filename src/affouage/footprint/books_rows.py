"""Reading what the books keep beside the ledger: a handful of rows whatever its size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, func, or_, select

from affouage.errors import DatabaseUnusable
from affouage.footprint.balance import Counted, Use
from affouage.footprint.machine import Machine
from affouage.footprint.public import Cell
from affouage.ledger import rule_rows
from affouage.storage.tables import (
    closed_period,
    ledger_entry,
    machine_day,
    machine_version,
    member,
    usage_day,
    usage_people,
)

T = TypeVar("T")
M = TypeVar("M", bound=msgspec.Struct)

_NAMES = ("dimension", "key", "day", "machine_id", "factor_set", "quality")
_AMOUNTS = tuple(name for name in Use.__struct_fields__ if name not in _NAMES)
_COMMONS = "commons"
"""Role of the row of the collective itself (``assembly.member.Role``, a neighbour)."""


def uses(
    connection: Connection,
    days: tuple[str, str],
    dimensions: Iterable[str],
    by: tuple[str, ...],
    key: str | None = None,
) -> list[Use]:
    """Rows of ``usage_day`` of these days (both in), added up ``by`` these columns, by factor set and by quality."""
    columns = [usage_day.c[name] for name in (*by, "factor_set", "quality")]
    query = (
        select(*columns, *(func.sum(usage_day.c[name]).label(name) for name in _AMOUNTS))
        .where(usage_day.c.dimension.in_(list(dimensions)), usage_day.c.day.between(*days))
        .group_by(*columns)
        .order_by(*columns)
    )
    if key is not None:
        query = query.where(usage_day.c.key == key)
    names = (*by, "factor_set", "quality", *_AMOUNTS)
    return [Use(**dict(zip(names, row, strict=True))) for row in connection.execute(query).all()]


def counted(connection: Connection, days: tuple[str, str]) -> list[Counted]:
    """Rows of ``machine_day`` of these days, both in."""
    names = Counted.__struct_fields__
    columns = [machine_day.c[name] for name in names]
    key = list(machine_day.primary_key.columns)
    query = select(*columns).where(machine_day.c.day.between(*days)).order_by(*key)
    return [Counted(**dict(zip(names, row, strict=True))) for row in connection.execute(query).all()]


def first_days(connection: Connection, machine_ids: Iterable[str]) -> dict[str, str]:
    """The first day each machine was counted; machines never counted are left out."""
    first = func.min(machine_day.c.day)
    found = {one: connection.scalar(select(first).where(machine_day.c.machine_id == one)) for one in machine_ids}
    return {one: day for one, day in found.items() if day is not None}


def first_day(connection: Connection) -> str | None:
    """The first day there is anything of."""
    days = [
        connection.scalar(select(func.min(machine_day.c.day))),
        connection.scalar(select(func.min(usage_day.c.day)).where(usage_day.c.dimension == "total")),
    ]
    return min((day for day in days if day is not None), default=None)


def roll(connection: Connection, t0_ms: int, t1_ms: int) -> list[str]:
    """Ids of the members there were at some time of a period, in order; the commons itself is none."""
    left = member.c.deactivated_ms
    query = select(member.c.id).where(
        member.c.role != _COMMONS, member.c.created_ms < t1_ms, or_(left.is_(None), left > t0_ms)
    )
    return list(connection.execute(query.order_by(member.c.id)).scalars())


def commons_id(connection: Connection) -> str | None:
    return connection.scalar(select(member.c.id).where(member.c.role == _COMMONS))


def people(connection: Connection, month: str) -> dict[Cell, frozenset[str]]:
    """Who was in each cell of a month; the commons itself is nobody."""
    commons = commons_id(connection)
    found: dict[Cell, set[str]] = {}
    for row in connection.execute(select(usage_people).where(usage_people.c.month == month)):
        cell = Cell(row.model_id, row.workshop, row.machine_id, row.declared_use, "lost" if row.lost else "")
        found.setdefault(cell, set()).update(() if row.member_id == commons else (row.member_id,))
    return {cell: frozenset(those) for cell, those in found.items()}


def rule(connection: Connection, area: str, kind: type[M], at_ms: int) -> tuple[M, str]:
    """The rule of an area in force at a moment, with its stamp (``pot@3``); the default one has version 0."""
    began = [one for one in rule_rows.read(connection, area)[0] if one.in_force_ms <= at_ms]
    if not began:
        return kind(), f"{area}@0"
    return _decoded(began[-1].body, kind), f"{area}@{began[-1].version}"


def machines(connection: Connection) -> dict[str, list[tuple[int, Machine]]]:
    """Every description of every machine, oldest first, each with the moment from which it holds."""
    found: dict[str, list[tuple[int, Machine]]] = {}
    rows = select(machine_version).order_by(machine_version.c.machine_id, machine_version.c.from_ms)
    for row in connection.execute(rows):
        found.setdefault(row.machine_id, []).append((row.from_ms, _decoded(row.body, Machine)))
    return found


def closing(connection: Connection, period: str) -> Any:
    """The row of a closed period; None while it is open."""
    return connection.execute(select(closed_period).where(closed_period.c.period == period)).first()


def closed_months(connection: Connection) -> set[str]:
    return set(connection.execute(select(closed_period.c.period)).scalars())


def content(connection: Connection, seq: int, kind: type[T]) -> T:
    """What an entry of the ledger holds."""
    body = connection.execute(select(ledger_entry.c.body).where(ledger_entry.c.seq == seq)).scalar_one()
    return _decoded(_raw_content(body), kind)


def entries_named(connection: Connection, prefix: str, kind: type[T]) -> list[tuple[int, int, T]]:
    """(seq, at_ms, content) of the entries whose id begins so, by seq: found through the index of ids."""
    named = ledger_entry.c.request_id.between(prefix, prefix + "\U0010ffff")
    query = select(ledger_entry.c.seq, ledger_entry.c.created_ms, ledger_entry.c.body).where(named)
    rows = connection.execute(query.order_by(ledger_entry.c.seq))
    return [(row.seq, row.created_ms, _decoded(_raw_content(row.body), kind)) for row in rows]


class _Body(msgspec.Struct):
    content: msgspec.Raw


def _raw_content(body: str) -> bytes:
    return bytes(_decoded(body, _Body).content)


def _decoded(text: str | bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as broken:
        raise DatabaseUnusable(
            f"Something in the books cannot be read: {broken}.",
            remedy="It may come from a newer affouage: use that one. See `affouage ledger verify`.",
        ) from broken
