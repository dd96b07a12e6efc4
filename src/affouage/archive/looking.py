"""A home that was just restored: brought up to date, its books and its log read again, and made safe to serve.

Two commons must never sign one log. A copy does not know whether the original went on after it was taken, so unless
somebody vouches that it did not, the log goes on under a new key and a new name, and says so. Sessions are ended: one
that was closed since would be open again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import Connection, func, select, update

from affouage.archive.contents import DATABASE
from affouage.archive.placing import forget_server
from affouage.archive.reading import Backup
from affouage.clock import Clock
from affouage.errors import Conflict
from affouage.journal import keys, log
from affouage.journal.problem import Hook
from affouage.journal.public_log import kept_text, open_log, restart
from affouage.journal.verify import first_of, problems
from affouage.ledger.ledger import Verification, verify
from affouage.storage import Database, open_database
from affouage.storage.schema import HEAD
from affouage.storage.tables import api_key, session

MOST_PROBLEMS = 20

LogChoice = Literal["new", "continue"]


class Looked(msgspec.Struct, frozen=True):
    """``log``: goes on as it was, began anew under ``key``, or there is none. ``keys_open``: API keys that answer."""

    schema_was: str | None
    schema: str | None
    ledger: Verification | None
    log: Literal["continued", "new", "none"]
    log_entries: int
    log_problems: list[str]
    key: str | None
    sessions_ended: int
    keys_open: int
    server: bool
    """The books were on a server; they are a file now, and the settings say so."""

    @property
    def holds(self) -> bool:
        return not self.log_problems and not (self.ledger and self.ledger.problems)


def look(
    home: Path, backup: Backup, *, hooks: Iterable[Hook], choice: LogChoice, kept: Sequence[str], clock: Clock, why: str
) -> Looked:
    """Migrate, verify, and settle who signs from now on. ``why``: what the log says when it begins anew.

    Raises Conflict ``backup_log_broken`` when it was to go on and does not hold; DatabaseUnusable.
    """
    was, on_server = backup.about.schema, forget_server(home)
    if not (home / DATABASE).exists():
        return Looked(was, None, None, "none", 0, [], None, 0, 0, on_server)
    database = open_database(home / DATABASE)
    try:
        ledger = database.read_now(verify)
        entries, wrong = database.read_now(lambda connection: _log_of(connection, home, hooks, kept))
        ended, still = database.write_now(lambda connection: _end_sessions(connection, clock.now_ms()))
        state, key = _settle(database, home, choice, entries, wrong, clock, why)
    finally:
        database.close()
    return Looked(was, HEAD, ledger, state, entries, wrong, key, ended, still, on_server)


def _log_of(connection: Connection, home: Path, hooks: Iterable[Hook], kept: Sequence[str]) -> tuple[int, list[str]]:
    own = kept_text(home)
    signer = keys.read_key(keys.key_file(home))
    trusted = None if signer is None else signer.verifier
    texts = [*([] if own is None else [own]), *kept]
    found = problems(connection, key=trusted, hooks=hooks, kept=texts)
    return log.size(connection), [str(one) for one in first_of(found, MOST_PROBLEMS)]


def _settle(
    database: Database,
    home: Path,
    choice: LogChoice,
    entries: int,
    wrong: list[str],
    clock: Clock,
    why: str,
) -> tuple[Literal["continued", "new", "none"], str | None]:
    if not entries:
        if choice == "new":  # a log that was not begun: the original may begin it with that key
            keys.key_file(home).unlink(missing_ok=True)
        return "none", None
    if choice == "continue":
        if wrong:
            raise Conflict(
                f"The public log of this backup does not hold: {wrong[0]}.",
                remedy="Restore it without --continue-log: the log then goes on under a new key.",
                code="backup_log_broken",
            )
        return "continued", str(open_log(database, clock, home).key)
    for path in (keys.key_file(home), keys.next_key_file(home)):
        path.unlink(missing_ok=True)  # the backup still has them; here, nothing may sign with them
    return "new", str(restart(database, clock, home, why))


def _end_sessions(connection: Connection, now_ms: int) -> tuple[int, int]:
    ended = connection.execute(update(session).where(session.c.revoked_ms.is_(None)).values(revoked_ms=now_ms))
    still = select(func.count()).select_from(api_key).where(api_key.c.revoked_ms.is_(None))
    return ended.rowcount, connection.execute(still).scalar_one()
