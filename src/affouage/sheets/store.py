"""What a library holds on the disk: ``sheets.db`` of its folder. Methods block: from async code, call them in a thread.

How to follow it (for an index): every sheet carries a ``revision``, one number per change in the whole library, always
rising, in the order of the commits. ``changes_since(revision)`` tells, oldest first, each sheet that was written,
archived or forgotten since, once, with its last revision. Remember the revision of the last one dealt with, and ask
again from there; nothing is lost by stopping anywhere. Access changes no revision: collections one may not read are
left out by their id at the time of the search.

A command may import while the server reads: each batch is one transaction, readers see the last one committed.
``tables.vector`` belongs to the search by meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from affouage.errors import DatabaseUnusable, NotFound
from affouage.sheets.age import age_days
from affouage.sheets.finding import Header
from affouage.sheets.passages import CUTTING, passages_of
from affouage.sheets.sheet import Collection, Passage, Sheet
from affouage.sheets.tables import SCHEMA, collection, counter, forgotten, metadata, sheet, vector
from affouage.storage import Database, open_database

DATABASE = "sheets.db"

Key = tuple[str, str]
"""Of a sheet: (collection_id, sheet_id)."""

_LICENCE = "licence:"
"""Begins the note of a sheet that has a licence of its own."""
_MOST_KEYS = 400
"""In one statement."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """``there``: to be found; False when it was archived, or forgotten with its collection."""

    revision: int
    collection_id: str
    sheet_id: str
    there: bool


class Known(msgspec.Struct, frozen=True):
    """What tells whether a sheet has to be written again. ``fingerprint``: of its source, "" when it has none."""

    sha256: str
    fingerprint: str
    archived: bool


class Saved(msgspec.Struct, frozen=True):
    """What a batch came to, in sheets; one that had been archived and is back counts as changed."""

    new: int = 0
    changed: int = 0
    same: int = 0


class Store:
    """Open with :func:`open_store`. Every method raises LedgerUnavailable when the disk refuses to write."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # Reading

    def collections(self, *, counted: bool = True) -> tuple[Collection, ...]:
        """All of them, by name; who may read them is for the caller to look at. ``counted``: their sheets are."""
        return self._db.read_now(lambda connection: _collections(connection, counted=counted))

    def collection(self, collection_id: str) -> Collection:
        """Raises NotFound."""
        for one in self.collections():
            if one.id == collection_id:
                return one
        raise NotFound(
            f"There is no collection {collection_id}.", remedy="See: affouage sheets list.", code="no_sheets"
        )

    def headers(self, keys: Iterable[Key], today: date) -> dict[Key, Header]:
        """Headers of these sheets, archived ones too; those that are not there are left out."""

        def query(connection: Connection) -> dict[Key, Header]:
            collections = {one.id: one for one in _collections(connection, counted=False)}
            found = {}
            for collection_id, some in _by_collection(keys):
                for row in connection.execute(_HEADERS, {"collection": collection_id, "some": some}):
                    found[collection_id, row.sheet_id] = _header(row, collections[collection_id], today)
            return found

        return self._db.read_now(query)

    def listed(self, collection_id: str, today: date, *, archived: bool = False) -> tuple[Header, ...]:
        """The sheets of a collection by title, or those that were archived. Raises NotFound."""
        whole = self.collection(collection_id)
        gone = sheet.c.archived_ms.is_not(None) if archived else sheet.c.archived_ms.is_(None)
        query = select(*_HEADER).where(sheet.c.collection_id == collection_id, gone).order_by(sheet.c.title)
        rows = self._db.read_now(lambda connection: connection.execute(query).all())
        return tuple(_header(row, whole, today) for row in rows)

    def sheet(self, collection_id: str, sheet_id: str) -> Sheet:
        """A sheet, archived or not. Raises NotFound."""
        return msgspec.json.decode(self._blob(sheet.c.body, collection_id, sheet_id), type=Sheet)

    def passages(self, collection_id: str, sheet_id: str) -> tuple[Passage, ...]:
        """Its passages, as they were cut when it was imported. Raises NotFound."""
        return msgspec.json.decode(self._blob(sheet.c.passages, collection_id, sheet_id), type=tuple[Passage, ...])

    def cut(self, keys: Iterable[Key]) -> dict[Key, tuple[str, tuple[Passage, ...]]]:
        """Title and passages of these sheets, archived or not; those that are not there are left out."""

        def query(connection: Connection) -> dict[Key, tuple[str, tuple[Passage, ...]]]:
            found = {}
            for collection_id, some in _by_collection(keys):
                for sheet_id, title, passages in connection.execute(_CUT, {"collection": collection_id, "some": some}):
                    found[collection_id, sheet_id] = (title, _passages(passages))
            return found

        return self._db.read_now(query)

    def _blob(self, column: Any, collection_id: str, sheet_id: str) -> bytes:
        query = select(column).where(sheet.c.collection_id == collection_id, sheet.c.sheet_id == sheet_id)
        found = self._db.read_now(lambda connection: connection.execute(query).scalar())
        if found is None:
            raise no_such_sheet(collection_id, sheet_id)
        return bytes(found)

    def revision(self) -> int:
        """That of the last change; 0 in an empty library."""
        query = select(counter.c.revision)
        return self._db.read_now(lambda connection: connection.execute(query).scalar()) or 0

    def count_until(self, revision: int) -> int:
        """Sheets, none archived, that did not change after ``revision``."""
        query = select(func.count()).where(sheet.c.revision <= revision, sheet.c.archived_ms.is_(None))
        return self._db.read_now(lambda connection: connection.execute(query).scalar_one())

    def changes_since(self, revision: int, *, most: int = 500) -> tuple[Change, ...]:
        """The ``most`` oldest changes after ``revision``, in order; none when everything was told."""
        query = union_all(
            select(sheet.c.revision, sheet.c.collection_id, sheet.c.sheet_id, sheet.c.archived_ms.is_(None)),
            select(forgotten.c.revision, forgotten.c.collection_id, forgotten.c.sheet_id, literal(False)),
        ).subquery()
        ordered = select(query).where(query.c.revision > revision).order_by(query.c.revision).limit(most)
        rows = self._db.read_now(lambda connection: connection.execute(ordered).all())
        return tuple(Change(revision=r, collection_id=c, sheet_id=s, there=bool(there)) for r, c, s, there in rows)

    def known(self, collection_id: str) -> dict[str, Known]:
        """Every sheet of a collection by its id, archived ones too."""
        columns = (sheet.c.sheet_id, sheet.c.sha256, sheet.c.fingerprint, sheet.c.archived_ms)
        query = select(*columns).where(sheet.c.collection_id == collection_id)
        rows = self._db.read_now(lambda connection: connection.execute(query).all())
        return {row[0]: Known(row[1], row[2], row[3] is not None) for row in rows}

    def archive_digest(self, collection_id: str) -> str:
        """Digest of the file that a collection was last imported from to the end, "" otherwise."""
        query = select(collection.c.archive).where(collection.c.id == collection_id)
        return self._db.read_now(lambda connection: connection.execute(query).scalar()) or ""

    # Writing

    def put_collection(self, whole: Collection) -> None:
        """Make a collection, or change what is said of it; its sheets stay, and the time of its last import."""
        row = {
            name: getattr(whole, name)
            for name in ("id", "name", "kind", "source", "licence", "origin", "old_after_days", "language")
        }
        row["readers"] = msgspec.json.encode(whole.readers).decode()
        statement = upsert(collection).values(archive="", **row)
        statement = statement.on_conflict_do_update(index_elements=["id"], set_=row)
        self._db.write_now(lambda connection: connection.execute(statement) and None)

    def save(self, collection_id: str, sheets: Iterable[tuple[Sheet, str]]) -> Saved:
        """Write these sheets (each with its source's fingerprint) in one transaction; those that did not change are
        left untouched, revision included."""
        batch = {one.id: (one, mark) for one, mark in sheets}
        before = self._db.read_now(lambda connection: _before(connection, collection_id, list(batch)))
        rows, marks, new = [], [], 0
        for one, mark in batch.values():
            was, digest = before.get(one.id), f"{CUTTING}:{one.sha256}"
            if was is None or was.archived or was.sha256 != digest:
                new += was is None
                rows.append(_row(collection_id, one, mark, digest))
            elif was.fingerprint != mark:
                marks.append((one.id, mark))
        if rows or marks:
            self._db.write_now(lambda connection: _save(connection, collection_id, rows, marks))
        return Saved(new, len(rows) - new, len(batch) - len(rows))

    def archive(self, collection_id: str, sheet_ids: Iterable[str], now_ms: int) -> int:
        """Their source has them no more: kept, marked, found no longer. How many there were that were not already."""
        return self._db.write_now(lambda connection: _archive(connection, collection_id, list(sheet_ids), now_ms))

    def imported(self, collection_id: str, now_ms: int, archive: str) -> None:
        """An import came to its end. ``archive``: digest of the file it read, "" for a folder."""
        values = {"imported_ms": now_ms, "archive": archive}
        statement = update(collection).where(collection.c.id == collection_id).values(**values)
        self._db.write_now(lambda connection: connection.execute(statement) and None)

    def remove(self, collection_id: str) -> int:
        """Forget a collection with all of its sheets: how many there were. Raises NotFound."""
        self.collection(collection_id)
        return self._db.write_now(lambda connection: _remove(connection, collection_id))

    @property
    def db(self) -> Database:
        """For the vectors."""
        return self._db


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """The store in ``folder``, made if need be. Raises HomeReadOnly, DatabaseUnusable (damaged, or of a newer
    affouage)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    db = open_database(folder / DATABASE, _bring_up_to_date)
    try:
        yield Store(db)
    finally:
        db.close()


def no_such_sheet(collection_id: str, sheet_id: str) -> NotFound:
    return NotFound(
        f"There is no sheet {sheet_id} in {collection_id}.", remedy="See: affouage sheets list.", code="no_sheet"
    )


def _bring_up_to_date(engine: Engine) -> None:
    with engine.connect().execution_options(writes=True) as connection:
        found = connection.execute(text("PRAGMA user_version")).scalar() or 0
        if found > SCHEMA:
            raise DatabaseUnusable(
                f"The library was written by a newer affouage (schema {found}; this one knows {SCHEMA}).",
                remedy="Update affouage, or put sheets/ of the home aside and import the collections again.",
            )
        if found == 0:
            metadata.create_all(connection)
            connection.execute(insert(counter).values(id=1, revision=0))
            connection.execute(text(f"PRAGMA user_version = {SCHEMA}"))
            connection.commit()


def _collections(connection: Connection, *, counted: bool = True) -> tuple[Collection, ...]:
    counts = _counts(connection) if counted else {}
    found = []
    for row in connection.execute(select(collection).order_by(collection.c.name, collection.c.id)).mappings():
        values = {name: value for name, value in row.items() if name not in ("readers", "archive")}
        readers = msgspec.json.decode(row["readers"], type=tuple[str, ...])
        found.append(Collection(**values, readers=readers, sheets=counts.get(row["id"], 0)))
    return tuple(found)


def _counts(connection: Connection) -> dict[str, int]:
    there = func.sum(case((sheet.c.archived_ms.is_(None), 1), else_=0))
    counted = select(sheet.c.collection_id, there).group_by(sheet.c.collection_id)
    return {row[0]: int(row[1]) for row in connection.execute(counted)}


_HEADER = (
    *(
        sheet.c[name]
        for name in ("collection_id", "sheet_id", "title", "description", "url", "day", "audience", "theme")
    ),
    sheet.c.archived_ms,
    sheet.c.licence,
)
# Every search reads with these two: built once.
_SOME = (
    sheet.c.collection_id == bindparam("collection"),
    sheet.c.sheet_id.in_(bindparam("some", expanding=True)),
)
_HEADERS = select(*_HEADER).where(*_SOME)
_CUT = select(sheet.c.sheet_id, sheet.c.title, sheet.c.passages).where(*_SOME)
_passages = msgspec.json.Decoder(tuple[Passage, ...]).decode


def _header(row: Any, of: Collection, today: date) -> Header:
    age = age_days(row.day, today)
    return Header(
        collection_id=row.collection_id,
        sheet_id=row.sheet_id,
        title=row.title,
        description=row.description,
        url=row.url,
        day=row.day,
        audience=row.audience,
        theme=msgspec.json.decode(row.theme, type=tuple[str, ...]),
        source=of.source,
        licence=row.licence or of.licence,
        age_days=age,
        old=age is not None and age > of.old_after_days,
        archived=row.archived_ms is not None,
    )


def _by_collection(keys: Iterable[Key]) -> Iterator[tuple[str, list[str]]]:
    """These sheets, some of a collection at a time: a pair in a list would use no index."""
    wanted: dict[str, list[str]] = {}
    for collection_id, sheet_id in keys:
        wanted.setdefault(collection_id, []).append(sheet_id)
    for collection_id, sheet_ids in wanted.items():
        for some in _some_of(sheet_ids):
            yield collection_id, some


def _some_of(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _MOST_KEYS):
        yield ids[start : start + _MOST_KEYS]


def _next_revisions(connection: Connection, how_many: int) -> range:
    connection.execute(update(counter).values(revision=counter.c.revision + how_many))
    last = int(connection.execute(select(counter.c.revision)).scalar_one())
    return range(last - how_many + 1, last + 1)


def _before(connection: Connection, collection_id: str, sheet_ids: list[str]) -> dict[str, Known]:
    columns = (sheet.c.sheet_id, sheet.c.sha256, sheet.c.fingerprint, sheet.c.archived_ms)
    query = select(*columns).where(sheet.c.collection_id == collection_id, sheet.c.sheet_id.in_(sheet_ids))
    return {row[0]: Known(row[1], row[2], row[3] is not None) for row in connection.execute(query)}


def _save(connection: Connection, collection_id: str, rows: list[dict[str, Any]], marks: list[tuple[str, str]]) -> None:
    for sheet_id, mark in marks:
        mine = (sheet.c.collection_id == collection_id, sheet.c.sheet_id == sheet_id)
        connection.execute(update(sheet).where(*mine).values(fingerprint=mark))
    if not rows:
        return
    for row, revision in zip(rows, _next_revisions(connection, len(rows)), strict=True):
        row["revision"] = revision
    statement = upsert(sheet)
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in ("collection_id", "sheet_id")}
    keys = ["collection_id", "sheet_id"]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=replaced), rows)
    back = forgotten.c.sheet_id.in_([row["sheet_id"] for row in rows])
    connection.execute(delete(forgotten).where(forgotten.c.collection_id == collection_id, back))


def _row(collection_id: str, one: Sheet, mark: str, digest: str) -> dict[str, Any]:
    return {
        "collection_id": collection_id,
        "sheet_id": one.id,
        "title": one.title,
        "description": one.description,
        "url": one.url,
        "day": one.day,
        "audience": one.audience,
        "theme": msgspec.json.encode(one.theme).decode(),
        "language": one.language,
        "kind": one.kind,
        "licence": next((note[len(_LICENCE) :] for note in one.notes if note.startswith(_LICENCE)), ""),
        "sha256": digest,
        "fingerprint": mark,
        "archived_ms": None,
        "body": msgspec.json.encode(one),
        "passages": msgspec.json.encode(passages_of(one, collection_id)),
    }


def _archive(connection: Connection, collection_id: str, sheet_ids: list[str], now_ms: int) -> int:
    there = (sheet.c.collection_id == collection_id, sheet.c.archived_ms.is_(None))
    done = 0
    for some in _some_of(sheet_ids):
        ids = connection.execute(select(sheet.c.sheet_id).where(*there, sheet.c.sheet_id.in_(some))).scalars().all()
        for sheet_id, revision in zip(ids, _next_revisions(connection, len(ids)), strict=True):
            mine = (*there, sheet.c.sheet_id == sheet_id)
            connection.execute(update(sheet).where(*mine).values(archived_ms=now_ms, revision=revision))
        done += len(ids)
    return done


def _remove(connection: Connection, collection_id: str) -> int:
    query = select(sheet.c.sheet_id).where(sheet.c.collection_id == collection_id)
    ids = connection.execute(query).scalars().all()
    revisions = _next_revisions(connection, len(ids))
    rows = [
        {"collection_id": collection_id, "sheet_id": sheet_id, "revision": revision}
        for sheet_id, revision in zip(ids, revisions, strict=True)
    ]
    if rows:
        connection.execute(insert(forgotten), rows)
    for table in (sheet, vector):
        connection.execute(delete(table).where(table.c.collection_id == collection_id))
    connection.execute(delete(collection).where(collection.c.id == collection_id))
    return len(ids)
