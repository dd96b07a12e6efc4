"""Homes as earlier versions left them, written by the code of those days (:mod:`.live_there`), as SQL.

Schemas 0004 to 0010 were never released one by one: for them, a database brought that far by the migrations holds what
the home of 0011 holds in the tables there were.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from affouage.storage import open_database

HERE = Path(__file__).parent
WRITTEN = ("0001", "0002", "0003", "0011")
"""By the code of their day."""
BETWEEN = ("0004", "0005", "0006", "0007", "0008", "0009", "0010")
NOT_COPIED = ("alembic_version",)
Rows = dict[str, list[tuple[Any, ...]]]


def old_home(home: Path, revision: str) -> dict[str, Any]:
    """Make it; what was told to its members then: ``receipts`` ([name, id]) and ``keys`` (by name)."""
    source = HERE / (revision if revision in WRITTEN else "0011")
    shutil.copytree(source, home, ignore=shutil.ignore_patterns("*.sql", "told.json"))
    if (home / "journal").is_dir():
        (home / "journal" / "key").chmod(0o600)  # as it was written; git keeps no such thing
    if revision in WRITTEN:
        _written(source, home / "affouage.db")
    else:
        _copied(source, home, revision)
    told: dict[str, Any] = json.loads((source / "told.json").read_text(encoding="utf-8"))
    return told


def rows_of(path: Path) -> Rows:
    """Everything a database holds, by table, in order; read by another program."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return {name: _rows(db, name) for name in _tables(db)}


def _written(source: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript((source / "affouage.sql").read_text(encoding="utf-8"))


def _copied(source: Path, home: Path, revision: str) -> None:
    from tests.integration.backup_home import old_schema

    open_database(home / "affouage.db", old_schema(revision)).close()
    newer = home.parent / "newer.db"
    _written(source, newer)
    with closing(sqlite3.connect(home / "affouage.db", isolation_level=None)) as db:
        there = set(_tables(db))
        db.execute("ATTACH ? AS newer", (str(newer),))
        for name in sorted(there - set(NOT_COPIED)):
            columns = ", ".join(row[1] for row in db.execute(f"PRAGMA table_info({name})"))
            db.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM newer.{name}")  # noqa: S608
    newer.unlink()


def _tables(db: sqlite3.Connection) -> list[str]:
    found = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [name for (name,) in found]


def _rows(db: sqlite3.Connection, name: str) -> list[tuple[Any, ...]]:
    places = ", ".join(str(number + 1) for number, _ in enumerate(db.execute(f"PRAGMA table_info({name})")))
    return db.execute(f"SELECT * FROM {name} ORDER BY {places}").fetchall()  # noqa: S608
