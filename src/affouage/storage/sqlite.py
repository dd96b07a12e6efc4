"""The books in one file of the home: SQLite in WAL, every commit on the disk."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from affouage.errors import DatabaseUnusable, HomeReadOnly, SetUpError


def make_engine(path: Path) -> Engine:
    """SQLAlchemy engine on a SQLite file, in WAL with full durability and explicit transactions."""
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": 10.0},
        pool_size=6,
        max_overflow=4,
        hide_parameters=True,  # an error's text must never quote what was being written
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: see below
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # IMMEDIATE only for the writer: a reader must never wait for it.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the file's folder while a database is opened: SQLite does not wait its turn to turn a new file into WAL.

    A folder that cannot be read is not held: opening the file then says what is wrong.
    """
    with suppress(OSError):  # SQLite says it better
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # nobody else reads it, nor its log
    try:
        held = os.open(path.parent, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def fold_log(engine: Engine) -> bool:
    """See ``Database.fold_log``."""
    raw = engine.raw_connection()  # a checkpoint is not for the inside of a transaction
    try:
        (busy, _, _) = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return bool(busy == 0)
    except sqlite3.OperationalError:
        return False
    finally:
        raw.close()


def unusable(path: Path, refused: DatabaseError) -> SetUpError:
    """Why it cannot be opened, in the words of whoever can mend it."""
    if not isinstance(refused, OperationalError):
        return DatabaseUnusable(
            f"{path} is damaged: {refused.orig}.",
            remedy="Put it aside and restore a backup; nothing was changed in it.",
        )
    if "readonly" in str(refused) or "unable to open" in str(refused):
        return HomeReadOnly(
            f"{path} cannot be written.", remedy="Give this user the right to write there, or set AFFOUAGE_HOME."
        )
    return DatabaseUnusable(f"{path} cannot be used: {refused.orig}.", remedy="See `affouage doctor`.")
