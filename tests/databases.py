"""The books of a home, whichever database the tests run on (see tests/postgres.py), for what is not the product.

with by_hand(home / "affouage.db") as other: ...    # somebody else's program on them
subprocess.run([python, "-c", CHILD, place(path)])  # and in CHILD: database = opened(sys.argv[1])
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, inspect, make_url, text

from affouage.storage import Database, open_database

if TYPE_CHECKING:
    from tests.postgres import Elsewhere

elsewhere: list[Elsewhere] = []
"""The one of this session, if there is one."""


def place(path: Path) -> str:
    """Where the books of that file are, to tell another process."""
    return elsewhere[0].of(path) if elsewhere else str(path)


def opened(told: str) -> Database:
    """There."""
    return open_database(told if told.startswith("postgresql:") else Path(told))


@contextmanager
def by_hand(path: Path) -> Iterator[Connection]:
    """A connection of another program: each statement by itself, foreign keys held as every program may ask."""
    told = place(path)
    url = f"sqlite:///{told}" if not elsewhere else make_url(told).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            if not elsewhere:
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            yield connection
    finally:
        engine.dispose()


def remains(path: Path) -> bytes:
    """All that is kept: the bytes of the file and of its log; on a server, every row, for its files are not ours."""
    if not elsewhere:
        return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    with by_hand(path) as other:
        tables = inspect(other).get_table_names()
        rows = [row for name in tables for row in other.scalars(text(f'SELECT one::text FROM "{name}" one'))]  # noqa: S608
    return "\n".join(rows).encode()


def unshowable() -> str:
    """What is read back for a NUL, which PostgreSQL keeps in no text."""
    return "\ufffd" if elsewhere else "\0"
