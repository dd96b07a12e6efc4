"""What of a home goes into a backup, and copies of its databases that hold together while a server writes.

Each database is copied by SQLite's own online backup, in one step: one moment of it, whatever is written meanwhile.
Books on a PostgreSQL server are read in one transaction, so one moment too, into a file of the very tables: a backup is
the same whichever way the books were kept, and is restored as a file. The log's key, read before and after, has to be
the one that this very copy of the log names; the checkpoint beside the database is written anew from it, or the copy
would look older than what was signed.
"""

from __future__ import annotations

import base64
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DatabaseError

from affouage.archive.manifest import NOT_KEPT, LogThen, checked_name
from affouage.errors import BadRequest, DatabaseUnusable, SetUpError
from affouage.journal import checkpoints, keys, note
from affouage.journal.public_log import kept_file
from affouage.storage.copying import copy
from affouage.storage.database import make_engine, unusable
from affouage.storage.postgresql import for_readers
from affouage.storage.schema import known_revisions, migrate, newer, revision_of

DATABASE = "affouage.db"
_TRIES = 5
"""The log's key changes about never: two changes while one copy is taken mean that something is wrong."""
_MADE_ANEW = frozenset(("sheets/words",))
"""What a serving commons makes again by itself from what is kept."""
_BESIDE_DATABASES = ("-wal", "-shm", "-journal")
_ARRIVING = (".part", ".part.json")
"""Downloads that are not over."""


class Found(msgspec.Struct, frozen=True):
    """Files of a home, named from it, with ``/``. ``left_out``: neither files nor folders, or names no backup bears."""

    files: list[str]
    databases: list[str]
    left_out: list[str]


class Copied(msgspec.Struct, frozen=True):
    """``files``: name in the home -> where the copy stands. ``schema``: of the commons' database; None without one."""

    files: dict[str, Path]
    schema: str | None
    log: LogThen | None


def files_of(home: Path, *, models: bool) -> Found:
    """All that a backup holds, in order. Links are not followed: what they lead to is somebody else's to keep."""
    found = Found([], [], [])
    for folder, folders, files in os.walk(home):
        at = Path(folder)
        kept = []
        for name in sorted(folders):
            named = (at / name).relative_to(home).as_posix()
            if named in NOT_KEPT or named in _MADE_ANEW or (named == "models" and not models):
                continue
            if (at / name).is_symlink():
                found.left_out.append(named)
            else:
                kept.append(name)
        folders[:] = kept
        for name in sorted(files):
            _place(at / name, (at / name).relative_to(home).as_posix(), found)
    return found


def _place(path: Path, named: str, found: Found) -> None:
    try:
        checked_name(named)
    except BadRequest:
        found.left_out.append(ascii(named))
        return
    if path.name.endswith(_BESIDE_DATABASES) and path.with_name(path.name.rpartition("-")[0]).exists():
        return
    if path.name.endswith(_ARRIVING):
        return
    if path.is_symlink() or not path.is_file():
        found.left_out.append(named)
    elif path.name.endswith(".db") and _is_database(path):
        found.databases.append(named)
    else:
        found.files.append(named)


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\x00"
    except OSError:
        return False


def copy_databases(home: Path, databases: list[str], work: Path, books: Path | str) -> Copied:
    """Copies in ``work``, of one moment each, and the files of the log that go with them. ``books``: where they are.

    Raises DatabaseUnusable for a damaged one.
    """
    files: dict[str, Path] = {}
    schema, told = None, None
    on_server = [DATABASE] if isinstance(books, str) else []
    for number, name in enumerate(dict.fromkeys([*databases, *on_server])):
        target = work / f"{number}.db"
        if name == DATABASE:
            schema, told = _with_its_log(home, books, target, work, files)
        else:
            _copy(home / name, target)
        files[name] = target
    return Copied(files, schema, told)


def _with_its_log(
    home: Path, books: Path | str, target: Path, work: Path, files: dict[str, Path]
) -> tuple[str | None, LogThen | None]:
    for left in reversed(range(_TRIES)):
        before = _signers(home)
        target.unlink(missing_ok=True)
        if isinstance(books, str):
            _copy_from_server(books, target)
        else:
            _copy(home / DATABASE, target)
        schema, named, last = _read_log(target)
        texts = {**before, **_signers(home)}
        there = named is not None and any(_key_in(text) == named for text in texts.values())
        if there or named is None or not left:  # a log whose key is lost is kept too, and said to be
            break
    for name, text in texts.items():
        files[name] = _write(work / name.replace("/", "-"), text)
    if last is None or named is None:
        return schema, None
    files["journal/checkpoint"] = _write(work / "journal-checkpoint", last.text)
    return schema, LogThen(named.name, last.size, base64.b64encode(last.root).decode(), there)


def _key_in(text: str) -> note.VerifierKey | None:
    try:
        return note.read_signer_key(text).verifier
    except note.NoteRefused:
        return None


def _signers(home: Path) -> dict[str, str]:
    """Keys of the log as they stand; those that others may read are copied all the same, for this user alone."""
    texts: dict[str, str] = {}
    for path in (keys.key_file(home), keys.next_key_file(home)):
        try:
            texts[path.relative_to(home).as_posix()] = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
    return texts


def log_files(home: Path) -> set[str]:
    """Files that are never copied as they stand, but with the database."""
    paths = (keys.key_file(home), keys.next_key_file(home), kept_file(home))
    return {one.relative_to(home).as_posix() for one in paths}


def _copy(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source, timeout=30)) as origin, closing(sqlite3.connect(target)) as made:
            origin.backup(made)
            said = made.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as refused:
        code = getattr(refused, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise disk_full(target.parent) from refused
        if code == sqlite3.SQLITE_IOERR:  # to read it or to write the copy: it says nothing of damage
            raise SetUpError(
                f"{source.name} could not be copied into {target.parent}: {refused}.",
                remedy="Make room there, or look at the disk; nothing was left behind.",
                code="backup_refused",
            ) from refused
        said = str(refused)
    if said != "ok":
        raise DatabaseUnusable(
            f"{source.name} is damaged: {said}.",
            remedy="Restore the last backup; keep the whole folder as it is for whoever looks into it.",
        )


def _copy_from_server(url: str, target: Path) -> None:
    """Of the schema that is there, were it an older one. Raises DatabaseUnusable."""
    server, file = make_engine(url), make_engine(target)
    try:
        with for_readers(server).connect() as there, file.connect().execution_options(writes=True) as here:
            known = revision_of(there)
            if known is not None and known not in known_revisions():
                raise newer(known)
            if known is not None:
                migrate(here, known)
                copy(there, here)
            here.commit()
    except DatabaseError as refused:
        if "is full" in str(refused.orig):
            raise disk_full(target.parent) from refused
        raise unusable(url, refused) from refused
    finally:
        server.dispose()
        file.dispose()


def _read_log(made: Path) -> tuple[str | None, note.VerifierKey | None, checkpoints.Signed | None]:
    """Schema, the key the log names last, its newest checkpoint: of a copy that nobody writes to."""
    engine = create_engine(f"sqlite:///{made}")
    try:
        with engine.connect() as connection:
            schema = _schema(connection)
            try:
                known = keys.chain(connection)
                return schema, known[-1].key if known else None, checkpoints.newest(connection)
            except DatabaseError:  # older than the log
                return schema, None, None
    finally:
        engine.dispose()


def _schema(connection: Connection) -> str | None:
    try:
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    except DatabaseError:
        return None
    return None if row is None else str(row[0])


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def disk_full(folder: Path) -> SetUpError:
    return SetUpError(
        f"The disk is full: {folder} has no room for it.",
        remedy="Make room or choose another disk; nothing was left there.",
        code="backup_disk_full",
    )


def counted(home: Path, names: list[str], copied: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    """What is to be written: copies where there are some, files as they stand otherwise."""
    never = log_files(home)
    yield from ((name, path) for name, path in sorted(copied.items()))
    yield from ((name, home / name) for name in names if name not in never)
