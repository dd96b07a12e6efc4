"""INSERT … ON CONFLICT: the same words in both databases, from two places of SQLAlchemy."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""By name of the dialect, for statements that are built once."""


def upsert(connection: Connection, table: Table) -> Any:
    """An insert that has ``on_conflict_do_update`` and ``on_conflict_do_nothing``."""
    return INSERT[connection.dialect.name](table)
