"""The database: any number of readers, one writer thread that commits what has queued up as one group.

A write is a plain function of a connection. The writer takes everything waiting, runs each function in its own
savepoint, commits once and only then tells the callers: what was acknowledged is on the disk. One failed function
loses its own work and nobody else's. Writes never run on the event loop. It is all the same on SQLite and on
PostgreSQL, where writers of several processes take turns, a group each.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, InternalError, OperationalError

from affouage.errors import DatabaseUnusable, LedgerUnavailable, SetUpError
from affouage.settings import Settings
from affouage.storage import postgresql, sqlite
from affouage.storage.delays import Delays

T = TypeVar("T")
Job = tuple[Callable[[Connection], Any], "Future[Any]", int]
"""What to write, who waits for it, and since when (nanoseconds)."""
Place = Path | str
"""Where a database is: a file of SQLite, or ``postgresql://...``."""

GROUP_MAX = 500
"""Writes committed together at most."""


class Database:
    """Open with :func:`open_database`; ``close`` waits for the writes already asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shared = engine.dialect.name == "postgresql"
        self._reading = postgresql.for_readers(engine) if self._shared else engine
        self._writing = engine.execution_options(writes=True)
        self.delays = Delays()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="affouage-read")
        self._writer = threading.Thread(target=self._write_forever, name="affouage-write", daemon=True)
        self._writer.start()
        self._closed = False

    @property
    def engine(self) -> Engine:
        """For what is neither a read nor a write: a lock that lasts, a channel to listen to."""
        return self._engine

    @property
    def shared(self) -> bool:
        """May other processes be writing to it too, for as long as this one runs?"""
        return self._shared

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` in a reader thread on a snapshot; it must not write.

        It may be run twice, when the server was started again meanwhile. Raises LedgerUnavailable when it is away.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, query)

    def read_now(self, query: Callable[[Connection], T]) -> T:
        """The same in the calling thread, for the command line and start-up."""
        try:
            return self._read_once(query)
        except DBAPIError as refused:
            if not self._shared or not postgresql.away(refused):
                raise
        try:
            return self._read_once(query)
        except DBAPIError as refused:
            raise _explain(refused) if postgresql.away(refused) else refused from None

    def _read_once(self, query: Callable[[Connection], T]) -> T:
        with self._reading.connect() as connection:
            return query(connection)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run ``change`` in the writer's next group; returns once it is committed.

        Raises what ``change`` raised (its work undone), LedgerUnavailable when the disk refuses or the server is away
        (when it went in the very moment of the commit, the change may stand all the same). The change goes on even if
        the caller is cancelled meanwhile.
        """
        return await asyncio.shield(asyncio.wrap_future(self._submit(change)))

    def write_now(self, change: Callable[[Connection], T]) -> T:
        """The same, blocking the calling thread; never from the event loop."""
        return self._submit(change).result()

    async def fold_log(self) -> bool:
        """Fold the write-ahead log into the file and empty it: what was deleted before is then on the disk no more.

        False when somebody was reading meanwhile, or the disk refused: the log is folded by the next one, or when the
        file is closed. False on PostgreSQL, whose server alone cleans its disk: see docs/how-to/use-postgresql.md.
        """
        if self._shared:
            return False
        return await asyncio.get_running_loop().run_in_executor(self._readers, sqlite.fold_log, self._engine)

    def _submit(self, change: Callable[[Connection], T]) -> Future[T]:
        if self._closed:
            raise LedgerUnavailable("The database is closed: the server is stopping.")
        future: Future[T] = Future()
        self._jobs.put((change, future, time.perf_counter_ns()))
        return future

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        self._writer.join()
        self._readers.shutdown()
        self._engine.dispose()

    def _write_forever(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            last = False
            while len(group) < GROUP_MAX and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    last = True
                    break
                group.append(following)
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[Job]) -> None:
        results: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self._transaction() as connection:
                for change, future, _ in group:
                    if not future.set_running_or_notify_cancel():
                        continue
                    results.append((future, *_attempt(connection, change)))
        except Exception as refused:  # whatever it is, the writer lives on and every caller is told
            told = _explain(refused)
            for _, future, _ in group:
                if not future.done() and not future.cancelled():
                    future.set_exception(told)
            return
        now_ns = time.perf_counter_ns()
        for _, _, since_ns in group:
            self.delays.add((now_ns - since_ns) // 1000)
        for future, value, problem in results:
            if problem is None:
                future.set_result(value)
            else:
                future.set_exception(problem)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            connection = self._begun()
        except DBAPIError as lost:
            if not lost.connection_invalidated:
                raise
            connection = self._begun()  # the server was started again since the last group; nothing was done yet
        with connection:
            yield connection
            connection.commit()

    def _begun(self) -> Connection:
        connection = self._writing.connect()
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        return connection


def _attempt(connection: Connection, change: Callable[[Connection], Any]) -> tuple[Any, BaseException | None]:
    """Run one change in a savepoint: (value, None) or (None, problem).

    Raises what the database said when it undid the whole transaction by itself (disk full, input or output refused,
    connection lost).
    """
    savepoint = connection.begin_nested()
    try:
        value = change(connection)
        savepoint.commit()
    except Exception as problem:
        try:
            savepoint.rollback()
        except Exception:
            raise problem from None
        if connection.invalidated:
            raise
        return None, _explain(problem) if isinstance(problem, (OperationalError, InternalError)) else problem
    return value, None


def _explain(refused: Exception) -> LedgerUnavailable:
    # The database's own words and nothing else: SQLAlchemy's quote the statement.
    words = " ".join(str(refused.orig).split()) if isinstance(refused, DBAPIError) else type(refused).__name__
    away = postgresql.away(refused)
    if "full" in words or "No space left" in words:
        told, remedy = "The disk is full: nothing more can be written.", "Free some space, then try again."
    elif away:
        told, remedy = "The database server is away.", "Start it again; nothing else has to be. See `affouage doctor`."
    else:
        told, remedy = f"The database refused to write: {words}.", "See `affouage doctor`."
    return LedgerUnavailable(told, remedy=remedy, retry_after_s=10, away=away)


def open_database(place: Place, bring_up_to_date: Callable[[Engine], None] | None = None) -> Database:
    """Open (a file: create if needed) and bring to the newest schema: that of the commons, unless another is given.

    Raises HomeReadOnly, DatabaseUnusable (corrupt, away, or written by a newer affouage).
    """
    if bring_up_to_date is None:
        from affouage.storage import schema

        bring_up_to_date = schema.bring_up_to_date
    engine = make_engine(place)
    try:
        with sqlite.one_at_a_time(place) if isinstance(place, Path) else nullcontext():
            bring_up_to_date(engine)
    except DatabaseError as refused:
        engine.dispose()
        raise unusable(place, refused) from refused
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def open_home_database(settings: Settings) -> Database:
    """Those of a home, wherever its settings say they are. Raises what :func:`open_database` raises.

    DatabaseUnusable ``books_in_both`` too: a database without a table would begin new books beside those of a file.
    """
    place = settings.database_place
    if isinstance(place, str) and settings.database_path.exists() and _is_new(place):
        raise DatabaseUnusable(
            f"{postgresql.named(place)} is empty, and this home has its books in {settings.database_path.name}.",
            remedy="Move them: affouage database move URL (or put that file elsewhere, to begin new ones).",
            code="books_in_both",
        )
    return open_database(place)


def _is_new(url: str) -> bool:
    from affouage.storage import schema

    engine = make_engine(url)
    try:
        return schema.revision(engine) is None
    except DatabaseError as refused:
        raise unusable(url, refused) from refused
    finally:
        engine.dispose()


def make_engine(place: Place) -> Engine:
    """What speaks with the database at ``place``; nothing is opened yet. Raises SetUpError."""
    return sqlite.make_engine(place) if isinstance(place, Path) else postgresql.make_engine(place)


def begun(place: Place) -> bool:
    """Is there a database at ``place``, as far as is known without asking a server?"""
    return not isinstance(place, Path) or place.exists()


def unusable(place: Place, refused: DatabaseError) -> SetUpError:
    """The error to raise when the database at ``place`` could not be opened."""
    return sqlite.unusable(place, refused) if isinstance(place, Path) else postgresql.unusable(place, refused)
