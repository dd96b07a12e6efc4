"""The books on a PostgreSQL server, which several gateways share.

What SQLite gives by itself is asked for here. One writer at a time: each group of writes begins by taking one lock of
the whole database, in whatever process it runs, and the lock ends with its transaction; so the chain, the log and the
budgets stay right with no other. One moment for each reader: its statements all see the books as they stood at the
first. Sums of whole numbers are whole numbers. An error quotes nothing of what was being written.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from affouage.errors import DatabaseUnusable, SetUpError

WRITER_LOCK = 0x6166666F75616765
"""Which advisory lock is the writer's: "affouage", in its own database, where nobody else has a lock."""
OLDEST_SERVER = 130000
CONNECT_S = 5
_SESSION = (
    "SET synchronous_commit = on",  # what is acknowledged is on the disk, whatever the server's settings say
    "SET lock_timeout = '20s'",  # as long as a writer that was stopped in the middle may keep the lock, and some more
    "SET idle_in_transaction_session_timeout = '15s'",
    "SET client_min_messages = warning",
    "SET timezone = 'UTC'",
)


def make_engine(url: str) -> Engine:
    """SQLAlchemy engine on ``postgresql://user@host/database``. Raises SetUpError without the driver.

    The password, if there is one, is libpq's affair: PGPASSWORD, PGPASSFILE or ~/.pgpass.
    """
    engine = create_engine(
        driven(url),
        connect_args={"connect_timeout": CONNECT_S, "application_name": "affouage", "client_encoding": "utf8"},
        pool_size=6,
        max_overflow=4,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _quote_nothing)
    return engine


def driven(url: str) -> URL:
    """The address with its driver. Raises SetUpError when that is not installed."""
    try:
        import psycopg  # noqa: F401 -- the extra
    except ImportError as absent:
        raise SetUpError(
            "The packages that speak with PostgreSQL are not installed.",
            remedy="Install them: make postgresql, in the folder of affouage (or pip install 'affouage[postgresql]')",
            code="postgresql_packages",
        ) from absent
    return make_url(url).set(drivername="postgresql+psycopg")


def for_readers(engine: Engine) -> Engine:
    """The same connections, of which each reads one moment and writes nothing."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def take_lock(connection: Connection) -> None:
    """Be the one writer until this transaction ends. Raises OperationalError when another keeps it for too long."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")


def size_bytes(connection: Connection) -> int | None:
    """How much room the database takes on its server; None for a file."""
    if connection.dialect.name != "postgresql":
        return None
    return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def _prepare(connection: Any, _record: Any) -> None:
    from psycopg.adapt import Loader
    from psycopg.types.string import StrDumper

    class Whole(Loader):
        """A sum of whole numbers, which the server calls numeric; none of our columns is."""

        def load(self, data: Any) -> int | float:
            text = bytes(data).decode("ascii")
            return int(text) if text.lstrip("-").isdigit() else float(text)

    class Shown(StrDumper):
        """A text without the one character that the server refuses in any."""

        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    if connection.info.server_version < OLDEST_SERVER:
        raise DatabaseUnusable(
            f"This server of PostgreSQL is too old ({connection.info.server_version // 10000}).",
            remedy=f"Take one of version {OLDEST_SERVER // 10000} or later.",
            code="postgresql_unfit",
        )
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise DatabaseUnusable(
            "This database of PostgreSQL is not in UTF-8.",
            remedy="Make another: createdb --encoding=UTF8 --template=template0 NAME",
            code="postgresql_unfit",
        )
    connection.adapters.register_loader("numeric", Whole)
    connection.adapters.register_dumper(str, Shown)
    connection.execute("; ".join(_SESSION))
    connection.commit()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writes"):
        take_lock(connection)


def _quote_nothing(context: ExceptionContext) -> None:
    """PostgreSQL adds to its errors the values that they are about; only the sentence is kept."""
    known = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if known:
        context.original_exception.args = (known,)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = (f"({type(context.original_exception).__name__}) {known}",)


def away(refused: Exception) -> bool:
    """Is it that the server is not there, or was not for a moment, rather than that it refused something?"""
    if not isinstance(refused, DBAPIError):
        return False
    state = getattr(refused.orig, "sqlstate", "")  # None: it is not the server that said it
    return refused.connection_invalidated or (
        isinstance(refused, OperationalError) and (state is None or state.startswith(("08", "57P")))
    )


def named(url: str) -> str:
    """How the database is called in a sentence: without user, password or parameters."""
    parts = make_url(url)
    return f"postgresql://{parts.host or ''}{f':{parts.port}' if parts.port else ''}/{parts.database or ''}"


def unusable(url: str, refused: DatabaseError) -> SetUpError:
    """Why it cannot be opened, in the words of whoever can mend it."""
    words = " ".join(str(refused.orig).split())
    if away(refused):
        return DatabaseUnusable(
            f"{named(url)} cannot be reached: {words}.",
            remedy="Start the server, or mend [database] url; the password goes in PGPASSFILE or PGPASSWORD.",
            code="postgresql_away",
        )
    return DatabaseUnusable(
        f"{named(url)} cannot be used: {words}.",
        remedy="The user of that address has to own the database. See docs/how-to/use-postgresql.md.",
        code="postgresql_unfit",
    )
