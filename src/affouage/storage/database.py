"""The database: any number of readers, one writer thread that commits what has queued up as one group.

A write is a plain function of a connection. The writer takes everything waiting, runs each function in its own
savepoint, commits once (SQLite: WAL, ``synchronous=FULL``) and only then tells the callers: what was acknowledged is on
the disk. One failed function loses its own work and nobody else's. Writes never run on the event loop.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from affouage.errors import DatabaseUnusable, HomeReadOnly, LedgerUnavailable
from affouage.storage.delays import Delays

T = TypeVar("T")
Job = tuple[Callable[[Connection], Any], "Future[Any]", int]
"""What to write, who waits for it, and since when (nanoseconds)."""

GROUP_MAX = 500
"""Writes committed together at most."""


class Database:
    """One SQLite file. Open with :func:`open_database`; ``close`` waits for the writes already asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.delays = Delays()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="affouage-read")
        self._writer = threading.Thread(target=self._write_forever, name="affouage-write", daemon=True)
        self._writer.start()
        self._closed = False

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` in a reader thread on a snapshot; it must not write."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, query)

    def read_now(self, query: Callable[[Connection], T]) -> T:
        """The same in the calling thread, for the command line and start-up."""
        with self._engine.connect() as connection:
            return query(connection)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run ``change`` in the writer's next group; returns once it is committed.

        Raises what ``change`` raised (its work undone), LedgerUnavailable when the disk refuses. The change goes on
        even if the caller is cancelled meanwhile.
        """
        return await asyncio.shield(asyncio.wrap_future(self._submit(change)))

    def write_now(self, change: Callable[[Connection], T]) -> T:
        """The same, blocking the calling thread; never from the event loop."""
        return self._submit(change).result()

    async def fold_log(self) -> bool:
        """Fold the write-ahead log into the file and empty it: what was deleted before is then on the disk no more.

        False when somebody was reading meanwhile, or the disk refused: the log is folded by the next one, or when the
        file is closed.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._fold_log)

    def _fold_log(self) -> bool:
        raw = self._engine.raw_connection()  # a checkpoint is not for the inside of a transaction
        try:
            (busy, _, _) = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return bool(busy == 0)
        except sqlite3.OperationalError:
            return False
        finally:
            raw.close()

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
            with self._engine.begin() as connection:
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


def _attempt(connection: Connection, change: Callable[[Connection], Any]) -> tuple[Any, BaseException | None]:
    """Run one change in a savepoint: (value, None) or (None, problem).

    Raises what SQLite said when it undid the whole transaction by itself (disk full, input or output refused).
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
        return None, _explain(problem) if isinstance(problem, OperationalError) else problem
    return value, None


def _explain(refused: Exception) -> LedgerUnavailable:
    # SQLite's own words and nothing else: SQLAlchemy's quote the statement.
    words = str(refused.orig) if isinstance(refused, DBAPIError) else type(refused).__name__
    full = "full" in words
    return LedgerUnavailable(
        "The disk is full: nothing more can be written." if full else f"The database refused to write: {words}.",
        remedy="Free some space, then try again." if full else "See `affouage doctor`.",
        retry_after_s=10,
    )


def open_database(path: Path, bring_up_to_date: Callable[[Engine], None] | None = None) -> Database:
    """Open (create if needed) and bring to the newest schema: that of the commons, unless another is given.

    Raises HomeReadOnly, DatabaseUnusable (corrupt, or written by a newer affouage).
    """
    if bring_up_to_date is None:
        from affouage.storage import schema

        bring_up_to_date = schema.bring_up_to_date
    with suppress(OSError):  # SQLite says it better, just below
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # nobody else reads it, nor its log
    engine = make_engine(path)
    try:
        with _one_at_a_time(path.parent):
            bring_up_to_date(engine)
    except OperationalError as refused:
        engine.dispose()
        if "readonly" in str(refused) or "unable to open" in str(refused):
            raise HomeReadOnly(
                f"{path} cannot be written.", remedy="Give this user the right to write there, or set AFFOUAGE_HOME."
            ) from refused
        raise DatabaseUnusable(f"{path} cannot be used: {refused.orig}.", remedy="See `affouage doctor`.") from refused
    except DatabaseError as refused:
        engine.dispose()
        raise DatabaseUnusable(
            f"{path} is damaged: {refused.orig}.",
            remedy="Put it aside and restore a backup; nothing was changed in it.",
        ) from refused
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the folder while a database is opened: SQLite does not wait its turn to turn a new file into WAL.

    A folder that cannot be read is not held: opening the file then says what is wrong.
    """
    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


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
        writer = threading.current_thread().name == "affouage-write" or connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine
