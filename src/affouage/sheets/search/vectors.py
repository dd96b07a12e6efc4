"""Vectors of the sheets, in the library's database. Methods block: from async code, call them in a thread."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert

from affouage.sheets.search.encoder import Matrix
from affouage.sheets.search.views import Part, view
from affouage.sheets.sheet import Passage
from affouage.sheets.store import Key
from affouage.sheets.tables import sheet, vector
from affouage.storage import Database

_STORED = np.float16
"""Two bytes a number: cosines move by a ten-thousandth."""
_passages = msgspec.json.Decoder(tuple[Passage, ...]).decode


_APART = ""
"""In the place of a collection: texts that are of none."""
_APART_PART: Part = 1


class Due(msgspec.Struct, frozen=True):
    """A text that waits for its vector."""

    key: Key
    part: Part
    revision: int
    text: str


class Vectors:
    def __init__(self, db: Database) -> None:
        self._db = db

    def state(self) -> dict[str, tuple[int, int]]:
        """A mark of each collection that changes whenever its vectors do."""
        query = select(vector.c.collection_id, func.count(), func.sum(vector.c.revision)).group_by(
            vector.c.collection_id
        )
        rows = self._db.read_now(lambda connection: connection.execute(query).all())
        return {row[0]: (row[1], row[2]) for row in rows}

    def of(self, collection_id: str, encoder: str, part: Part) -> dict[str, Matrix]:
        """By sheet id; also of sheets that changed since: until theirs is made anew, it tells well enough."""
        mine = (vector.c.collection_id == collection_id, vector.c.encoder == encoder, vector.c.part == part)
        query = select(vector.c.sheet_id, vector.c.blob).where(*mine)
        rows = self._db.read_now(lambda connection: connection.execute(query).all())
        return {row[0]: np.frombuffer(row[1], _STORED).astype(np.float32) for row in rows}

    def due(self, encoder: str, part: Part, most: int) -> list[Due]:
        """The first ``most`` sheets, none archived, that have no vector or that of an earlier revision."""
        good = and_(
            vector.c.collection_id == sheet.c.collection_id,
            vector.c.sheet_id == sheet.c.sheet_id,
            vector.c.part == part,
            vector.c.encoder == encoder,
        )
        columns = (sheet.c.collection_id, sheet.c.sheet_id, sheet.c.revision, sheet.c.title, sheet.c.description)
        query = (
            select(*columns, sheet.c.passages)
            .outerjoin(vector, good)
            .where(sheet.c.archived_ms.is_(None))
            .where(or_(vector.c.revision.is_(None), vector.c.revision != sheet.c.revision))
            .limit(most)
        )
        rows = self._db.read_now(lambda connection: connection.execute(query).all())
        return [Due((one.collection_id, one.sheet_id), part, one.revision, _text(part, one)) for one in rows]

    def count(self, encoder: str, part: Part) -> int:
        """Sheets, none archived, whose vector is there and good."""

        def query(connection: Connection) -> int:
            same = and_(vector.c.collection_id == sheet.c.collection_id, vector.c.sheet_id == sheet.c.sheet_id)
            good = and_(same, vector.c.part == part, vector.c.encoder == encoder, vector.c.revision == sheet.c.revision)
            counted = select(func.count()).select_from(sheet).join(vector, good).where(sheet.c.archived_ms.is_(None))
            return connection.execute(counted).scalar_one()

        return self._db.read_now(query)

    def apart(self, encoder: str, texts: Sequence[str]) -> Matrix | None:
        """Of texts that are of no sheet, in their order; None as long as one is missing."""
        found = self.of(_APART, encoder, _APART_PART)
        rows = [found.get(_digest(one)) for one in texts]
        there = [one for one in rows if one is not None]
        return np.stack(there) if there and len(there) == len(rows) else None

    def save_apart(self, encoder: str, texts: Sequence[str], rows: Matrix) -> None:
        due = [Due((_APART, _digest(one)), _APART_PART, 0, one) for one in texts]
        self.save(encoder, due, rows)

    def save(self, encoder: str, done: Sequence[Due], rows: Matrix) -> None:
        """Row i is that of ``done[i]``. One transaction."""
        values = [
            {
                "collection_id": one.key[0],
                "sheet_id": one.key[1],
                "part": one.part,
                "encoder": encoder,
                "revision": one.revision,
                "blob": row.astype(_STORED).tobytes(),
            }
            for one, row in zip(done, rows, strict=True)
        ]
        self._db.write_now(lambda connection: _save(connection, values))


def in_order(found: dict[str, Matrix], sheet_ids: Iterable[str], dimensions: int) -> Matrix:
    """One row per sheet; NaN where there is none."""
    nothing = np.full(dimensions, np.nan, dtype=np.float32)
    rows = [found.get(one, nothing) for one in sheet_ids]
    return np.stack(rows) if rows else np.empty((0, dimensions), dtype=np.float32)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _text(part: Part, row: Any) -> str:
    return view(part, row.title, row.description, () if row.description else _passages(row.passages))


def _save(connection: Connection, values: list[dict[str, Any]]) -> None:
    statement = upsert(vector)
    replaced = {name: statement.excluded[name] for name in ("revision", "blob")}
    keys = ["collection_id", "sheet_id", "part", "encoder"]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=replaced), values)
