"""All the rows of one database into another of the same schema, whichever of the two kinds each is; and a digest that
says whether two hold the same.

Tables and columns are read from the databases themselves, so that one of an older schema is copied as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, MetaData, Table, func, insert, inspect, select

BATCH = 2_000
_VERSION = "alembic_version"
_UNSHOWABLE = "\ufffd"
"""PostgreSQL's texts hold no NUL; this stands for it there: see storage.postgresql."""

OnRows = Callable[[str, int, int], None]
"""Name of the table, rows done in it, rows to do."""


class Held(msgspec.Struct, frozen=True):
    """What a table holds. ``sha256``: of all its rows, in the order of its key, the same on both databases."""

    rows: int
    sha256: str


def tables_of(connection: Connection) -> list[Table]:
    """In an order in which what is referred to comes first; not alembic's own."""
    metadata, look = MetaData(), inspect(connection)
    found = []
    for name, _ in look.get_sorted_table_and_fkc_names():
        if name is not None and name != _VERSION:
            keys = set(look.get_pk_constraint(name)["constrained_columns"])
            columns: list[Column[Any]] = [
                Column(str(one["name"]), primary_key=one["name"] in keys) for one in look.get_columns(name)
            ]
            found.append(Table(name, metadata, *columns))
    return found


def copy(source: Connection, target: Connection, on_rows: OnRows = lambda _name, _done, _total: None) -> None:
    """Every row, in batches. ``target``: of the same schema, empty; whoever called commits or not."""
    for table in tables_of(source):
        total = source.scalar(select(func.count()).select_from(table)) or 0
        done = 0
        on_rows(table.name, done, total)
        for batch in _rows(source, table).partitions(BATCH):
            target.execute(insert(table), [dict(one._mapping) for one in batch])
            done += len(batch)
            on_rows(table.name, done, total)
    if target.dialect.name == "postgresql":
        _go_on_counting(target)


def held(connection: Connection, on_rows: OnRows = lambda _name, _done, _total: None) -> dict[str, Held]:
    """What each table holds, read to its end."""
    return {table.name: _held(connection, table, on_rows) for table in tables_of(connection)}


def _held(connection: Connection, table: Table, on_rows: OnRows) -> Held:
    digest, count = hashlib.sha256(), 0
    for batch in _rows(connection, table).partitions(BATCH):
        for row in batch:
            digest.update(msgspec.json.encode([_alike(value) for value in row]) + b"\n")
        count += len(batch)
        on_rows(table.name, count, count)
    return Held(count, digest.hexdigest())


def _alike(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", _UNSHOWABLE)
    return float(value).hex() if isinstance(value, float) else value


def _rows(connection: Connection, table: Table) -> Any:
    return connection.execute(
        select(table).order_by(*table.primary_key.columns), execution_options={"yield_per": BATCH}
    )


def _go_on_counting(connection: Connection) -> None:
    """Numbers that PostgreSQL gives by itself go on from the highest that was copied."""
    for table, column in _counted(connection):
        sequence = func.pg_get_serial_sequence(f'"{table.name}"', column.name)
        highest = connection.scalar(select(func.max(column)))
        if highest is not None:
            connection.execute(select(func.setval(sequence, highest)))


def _counted(connection: Connection) -> Iterator[tuple[Table, Column[Any]]]:
    look, tables = inspect(connection), {one.name: one for one in tables_of(connection)}
    for name, table in tables.items():
        for column in look.get_columns(name):
            if "nextval" in str(column.get("default") or ""):
                yield table, table.columns[str(column["name"])]
