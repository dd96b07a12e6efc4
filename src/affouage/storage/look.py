"""One row by its index, asked so often that how it is asked matters: who presents this key, is this member suspended.

On SQLite it is read on the event loop, without SQLAlchemy, in some ten microseconds: less than handing it to a thread
costs, and it waits behind nobody. On PostgreSQL a reader thread waits for the server.
"""

from __future__ import annotations

import collections
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from affouage.storage.database import Database


class Look:
    """``statement`` is of columns that need no conversion: texts, whole numbers, bytes. Values are bound by name."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
        self._sql = str(compiled)
        self._given = {name: value for name, value in compiled.params.items() if value is not None}
        columns = [str(column.key) for column in statement.selected_columns]
        self._row: Any = collections.namedtuple("_row", columns)  # type: ignore[misc]

    async def first(self, db: Database, **values: Any) -> Any:
        """The first row, its columns by name; None when there is none."""
        if db.shared:
            return await db.read(lambda connection: connection.execute(self._statement, values).first())
        raw = db.engine.raw_connection()
        try:
            row = raw.driver_connection.execute(self._sql, self._given | values).fetchone()  # type: ignore[union-attr]
        finally:
            raw.close()
        return None if row is None else self._row._make(row)
