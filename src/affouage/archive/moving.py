"""The books of a home moved from their file to a PostgreSQL server: all of them or nothing, compared row by row.

The tables are made, filled and read back in one transaction of the server, so whatever interrupts it leaves that
database empty. The file is held meanwhile, written to by nobody, and only read; once the home knows the new place, it
is put among the home's backups.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError

from affouage.archive import book
from affouage.archive.aside import on_disk
from affouage.archive.looking import MOST_PROBLEMS
from affouage.archive.placing import name_server
from affouage.errors import Conflict, NotFound, SetUpError
from affouage.journal import keys, log
from affouage.journal.problem import Hook
from affouage.journal.public_log import kept_text
from affouage.journal.verify import first_of, problems
from affouage.ledger.ledger import Verification, verify
from affouage.settings import Settings
from affouage.storage import open_database, postgresql
from affouage.storage.copying import Held, OnRows, copy, held
from affouage.storage.database import make_engine, unusable
from affouage.storage.home import claimed
from affouage.storage.schema import HEAD, migrate

SettingIs = Literal["written", "already", "by_hand"]


class Moved(msgspec.Struct, frozen=True):
    """``tables``: what each holds, the same in both places. ``before``: where the file now stands; None: where it was,
    because the setting is still to be written by hand."""

    place: str
    schema: str
    tables: dict[str, Held]
    ledger: Verification
    log_entries: int
    log_root: str
    log_problems: list[str]
    setting: SettingIs
    before: str | None

    @property
    def holds(self) -> bool:
        return not self.ledger.problems and not self.log_problems


def move(
    settings: Settings,
    url: str,
    *,
    hooks: Iterable[Hook],
    now_ms: int,
    on_rows: OnRows = lambda _name, _done, _total: None,
) -> Moved:
    """Move them to ``url``, a database without a table.

    Raises HomeInUse while a server runs here, NotFound ``no_books``, Conflict ``database_elsewhere`` (they are on
    another server), Conflict ``database_not_empty``, SetUpError ``database_differs``, DatabaseUnusable.
    """
    source = settings.database_path
    if settings.database.url not in ("", url):
        raise Conflict(
            f"The books of this home are on {postgresql.named(settings.database.url)}, by its settings.",
            remedy="To move them from one server to another, use what PostgreSQL has for it: pg_dump.",
            code="database_elsewhere",
        )
    if not source.is_file():
        raise NotFound(
            f"There are no books in {source}.", remedy="Set database.url and start: affouage up", code="no_books"
        )
    target = make_engine(url)
    try:
        with claimed(settings.home):
            open_database(source).close()  # to the newest schema, as any command would
            moved = _moved(settings, source, target, list(hooks), on_rows, url)
            return msgspec.structs.replace(moved, before=_put_aside(settings.home, source, moved.setting, now_ms))
    except DBAPIError as refused:
        raise unusable(url, refused) from refused  # type: ignore[arg-type]
    finally:
        target.dispose()


def _moved(settings: Settings, source: Path, target: Engine, hooks: list[Hook], on_rows: OnRows, url: str) -> Moved:
    origin = make_engine(source)
    try:
        with (
            origin.connect().execution_options(writes=True) as here,  # nobody writes to it until all is done
            target.connect().execution_options(writes=True) as there,
        ):
            there.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            _refuse_full(there, url)
            migrate(there)
            copy(here, there, on_rows)
            tables = _compared(here, there)
            entries, root, wrong = _log_of(there, settings.home, hooks)
            found = Moved(
                place=postgresql.named(url),
                schema=HEAD,
                tables=tables,
                ledger=verify(there),
                log_entries=entries,
                log_root=root,
                log_problems=wrong,
                setting="by_hand",
                before=None,
            )
            there.commit()
            return msgspec.structs.replace(found, setting=_set(settings, url))
    finally:
        origin.dispose()


def _refuse_full(there: Connection, url: str) -> None:
    tables = inspect(there).get_table_names()
    if tables:
        raise Conflict(
            f"{postgresql.named(url)} is not empty: it has tables already ({', '.join(sorted(tables)[:3])} ...).",
            remedy="Give a database that was just made: createdb NAME",
            code="database_not_empty",
        )


def _compared(here: Connection, there: Connection) -> dict[str, Held]:
    read, written = held(here), held(there)
    wrong = [name for name in read if read[name] != written.get(name)] + [name for name in written if name not in read]
    if wrong:
        raise SetUpError(
            f"What was written is not what was read: table {wrong[0]}.",
            remedy="Nothing was moved. Try again; if it happens again, tell those who make affouage.",
            code="database_differs",
            table=wrong[0],
        )
    return written


def _log_of(there: Connection, home: Path, hooks: list[Hook]) -> tuple[int, str, list[str]]:
    signer, own = keys.read_key(keys.key_file(home)), kept_text(home)
    wrong = problems(
        there, key=None if signer is None else signer.verifier, hooks=hooks, kept=[] if own is None else [own]
    )
    found = [str(one) for one in first_of(wrong, MOST_PROBLEMS)]
    return log.size(there), base64.b64encode(log.root(there)).decode(), found


def _set(settings: Settings, url: str) -> SettingIs:
    if settings.database.url:
        return "already"
    return "written" if name_server(settings.home, url) else "by_hand"


def _put_aside(home: Path, source: Path, setting: SettingIs, now_ms: int) -> str | None:
    """The file, among the backups: nobody opens it by mistake and goes on from there."""
    if setting == "by_hand":
        return None
    book.folder(home).mkdir(mode=0o700, exist_ok=True)
    before = book.folder(home) / f"before-moving-{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%SZ}.db"
    source.rename(before)
    for left in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            source.with_name(source.name + left).rename(before.with_name(before.name + left))
    on_disk(home)
    return str(before)


def show(settings: Settings) -> dict[str, Any]:
    """Where the books are and what is in them: as ``affouage database show --json`` prints it.

    Raises DatabaseUnusable, NotFound ``no_books``.
    """
    place = settings.database_place
    if isinstance(place, Path) and not place.is_file():
        raise NotFound(f"There are no books in {place} yet.", remedy="Start: affouage up", code="no_books")
    database = open_database(place)
    try:
        told: dict[str, Any] = database.read_now(_shown)
    finally:
        database.close()
    where = str(place) if isinstance(place, Path) else postgresql.named(place)
    size = place.stat().st_size if isinstance(place, Path) else told.pop("bytes")
    return {"place": where, **told, "bytes": size, "schema": HEAD}


def _shown(connection: Connection) -> dict[str, Any]:
    from sqlalchemy import func, select

    from affouage.storage.tables import metadata

    rows = {
        name: connection.scalar(select(func.count()).select_from(table))
        for name, table in sorted(metadata.tables.items())
    }
    server = connection.dialect.server_version_info
    return {
        "kind": connection.dialect.name,
        "version": ".".join(str(one) for one in server or ()),
        "bytes": postgresql.size_bytes(connection),
        "rows": rows,
    }
