"""Rows that must not tell when, nor beside what, they were written: secret ballots, answers of nobody.

SQLite keeps such a table in the order of its random keys (WITHOUT ROWID). PostgreSQL keeps a row where it was put, with
the number of its transaction: whoever reads its files, or a dump, could match a ballot with a voter. There the rows are
written anew, together, in the order of their keys. What the server's log and its freed pages hold until it recycles
them is its administrator's to see: docs/decisions/0022.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select

TOGETHER = 1_000
"""So many rows are written anew for one that comes, more or less: of more, only at every second, third ... one."""


def mix(connection: Connection, table: Table, *which: ColumnElement[bool], now: bool = False) -> None:
    """After a row was added. ``which``: the rows to mix it with; ``now``: whatever their number, when the last came."""
    if connection.dialect.name != "postgresql":
        return
    count = connection.scalar(select(func.count()).select_from(table).where(*which)) or 0
    if not count or (not now and count % max(1, count // TOGETHER)):
        return
    taken = connection.execute(delete(table).where(*which).returning(*table.columns)).all()
    rows: list[dict[str, Any]] = [dict(one._mapping) for one in taken]
    keys = [one.name for one in table.primary_key.columns]
    connection.execute(insert(table), sorted(rows, key=lambda row: [row[name] for name in keys]))
