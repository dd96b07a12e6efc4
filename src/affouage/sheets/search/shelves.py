"""What a search reads, held in memory: per collection its sheets, its index of words, its vectors.

Snapshots are never changed, only replaced: a search goes on with the one it began with. Methods block.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec
import numpy as np
from sqlalchemy import select

from affouage.sheets.search.encoder import Encoder, Matrix
from affouage.sheets.search.manner import Sums, learnt, sums
from affouage.sheets.search.spelling import Vocabulary
from affouage.sheets.search.vectors import Vectors, in_order
from affouage.sheets.search.views import DESCRIPTION, HEAD, TITLE, no_sheet_answers
from affouage.sheets.search.word_index import WordIndex, number_of
from affouage.sheets.store import DATABASE, Key, Store
from affouage.sheets.tables import sheet

WORDS = "words"
"""Folder of the indexes, in that of the library."""


class Heads(msgspec.Struct, frozen=True):
    """``rows``: a vector per sheet of a shelf, NaN where there is none; ``there``: how many there are. ``titles``: of
    those that have one, in no order. ``manner``: what the map of an encoder that needs one is learnt from."""

    rows: Matrix
    there: int
    titles: Matrix
    manner: Sums | None = None


class Shelf(msgspec.Struct, frozen=True):
    """A collection. ``places``: of its sheets, by their number in the index of words."""

    collection_id: str
    sheet_ids: tuple[str, ...]
    places: dict[int, int]
    words: WordIndex
    heads: dict[str, Heads]


class Stack(msgspec.Struct, frozen=True):
    """What an encoder knows of several shelves together. ``rows``: of every sheet, NaN where there is none. ``titles``:
    those there are. ``manner``: the map of questions to the manner of these sheets; None where there is none."""

    rows: Matrix
    titles: Matrix
    manner: Matrix | None


class Shelves:
    """Every collection of a library; :meth:`of` gives those that may be read."""

    def __init__(self, store: Store, folder: Path, encoders: Sequence[Encoder]) -> None:
        self._store, self._folder, self._encoders = store, folder, encoders
        self._vectors = Vectors(store.db)
        self._one_at_a_time = threading.Lock()
        self._seen: tuple[object, ...] = ()
        self._shelves: dict[str, Shelf] = {}
        self._marks: dict[str, object] = {}
        self._vocabularies: dict[frozenset[str], Vocabulary] = {}
        self._stacks: dict[tuple[str, frozenset[str]], Stack] = {}
        self._elsewhere: dict[str, Matrix] = {}

    def of(self, collection_ids: frozenset[str]) -> list[Shelf]:
        """Those of these collections, as they are now."""
        self._refresh()
        shelves = self._shelves
        return [shelves[one] for one in sorted(collection_ids) if one in shelves]

    def vocabulary(self, shelves: Sequence[Shelf]) -> Vocabulary:
        key = _ids(shelves)
        if (found := self._vocabularies.get(key)) is None:
            found = self._vocabularies[key] = Vocabulary(one.words.vocabulary() for one in shelves)
        return found

    def stack(self, encoder: str, shelves: Sequence[Shelf]) -> Stack:
        """Of shelves of which one at least has vectors."""
        key = encoder, _ids(shelves)
        if (found := self._stacks.get(key)) is None:
            found = self._stacks[key] = _stack(encoder, shelves)
        return found

    def elsewhere(self, encoder: str) -> Matrix | None:
        """Of questions that no sheet answers; None while they have no vectors."""
        if encoder not in self._elsewhere:
            found = self._vectors.apart(encoder, no_sheet_answers())
            if found is None:
                return None
            self._elsewhere[encoder] = found
        return self._elsewhere[encoder]

    def _refresh(self) -> None:
        """Read again what changed on the disk, by whomever. One does, the others go on with what there was."""
        if not self._one_at_a_time.acquire(blocking=not self._shelves):
            return
        try:
            stirred = sum(one.words.refreshed() for one in self._shelves.values()) > 0  # each is asked
            seen = _marks_of(self._folder / DATABASE)
            if seen != self._seen:
                stirred = self._look() or stirred
                self._seen = seen
            if stirred:
                self._vocabularies, self._stacks = {}, {}
        finally:
            self._one_at_a_time.release()

    def _look(self) -> bool:
        """Whether any collection is no longer what it was."""
        vectors = self._vectors.state()
        there = {one.id: self._sheet_ids(one.id) for one in self._store.collections()}
        marks: dict[str, object] = {one: (ids, vectors.get(one)) for one, ids in there.items()}
        if marks == self._marks:
            return False
        self._shelves = {
            one: self._shelves[one] if marks[one] == self._marks.get(one) else self._shelf(one, ids)
            for one, ids in there.items()
        }
        self._marks = marks
        return True

    def _sheet_ids(self, collection_id: str) -> tuple[str, ...]:
        mine = (sheet.c.collection_id == collection_id, sheet.c.archived_ms.is_(None))
        query = select(sheet.c.sheet_id).where(*mine).order_by(sheet.c.sheet_id)
        return tuple(self._store.db.read_now(lambda connection: connection.execute(query).scalars().all()))

    def _shelf(self, collection_id: str, sheet_ids: tuple[str, ...]) -> Shelf:
        before = self._shelves.get(collection_id)
        words = before.words if before else WordIndex(folder_of(self._folder, collection_id))
        words.refreshed()
        heads = {one.name: found for one in self._encoders if (found := self._heads(collection_id, sheet_ids, one))}
        places = {number_of(one): place for place, one in enumerate(sheet_ids)}
        return Shelf(collection_id, sheet_ids, places, words, heads)

    def _heads(self, collection_id: str, sheet_ids: tuple[str, ...], encoder: Encoder) -> Heads | None:
        found = self._vectors.of(collection_id, encoder.name, HEAD)
        if not found:
            return None
        wide = len(next(iter(found.values())))
        rows = in_order(found, sheet_ids, wide)
        titles = self._vectors.of(collection_id, encoder.name, TITLE)
        each = in_order(titles, (one for one in sheet_ids if one in titles), wide)
        return Heads(rows, int((~np.isnan(rows[:, 0])).sum()), each, self._manner_of(collection_id, encoder, titles))

    def _manner_of(self, collection_id: str, encoder: Encoder, titles: dict[str, Matrix]) -> Sums | None:
        if not encoder.traits.mapped:
            return None
        descriptions = self._vectors.of(collection_id, encoder.name, DESCRIPTION)
        both = sorted(titles.keys() & descriptions.keys())
        return (
            sums(np.stack([titles[one] for one in both]), np.stack([descriptions[one] for one in both]))
            if both
            else None
        )


def _stack(encoder: str, shelves: Sequence[Shelf]) -> Stack:
    heads = [one.heads.get(encoder) for one in shelves]
    known = [one for one in heads if one is not None]
    wide = known[0].rows.shape[1]
    rows = [
        np.full((len(shelf.sheet_ids), wide), np.nan, dtype=np.float32) if one is None else one.rows
        for shelf, one in zip(shelves, heads, strict=True)
    ]
    manners = [one.manner for one in known if one.manner is not None]
    return Stack(
        np.concatenate(rows), np.concatenate([one.titles for one in known]), learnt(manners, wide) if manners else None
    )


def key_of(shelves: Sequence[Shelf], place: int) -> Key:
    """Of the sheet at this place, counted over all shelves."""
    for one in shelves:
        if place < len(one.sheet_ids):
            return one.collection_id, one.sheet_ids[place]
        place -= len(one.sheet_ids)
    raise IndexError(place)


def folder_of(library: Path, collection_id: str) -> Path:
    """Of a collection's index of words. Its id, whatever it is, is one name there."""
    return library / WORDS / f"of-{quote(collection_id, safe='')}"


def forget_others(library: Path, collection_ids: Iterable[str]) -> None:
    """Remove the indexes of collections that are no more."""
    kept = {folder_of(library, one).name for one in collection_ids}
    for one in (library / WORDS).glob("of-*"):
        if one.name not in kept:
            shutil.rmtree(one, ignore_errors=True)


def _ids(shelves: Sequence[Shelf]) -> frozenset[str]:
    return frozenset(one.collection_id for one in shelves)


def _marks_of(database: Path) -> tuple[object, ...]:
    """What changes when anybody commits: the file's and its log's size and time."""
    marks: list[object] = []
    for one in (database, database.with_name(f"{database.name}-wal")):
        try:
            seen = one.stat()
        except FileNotFoundError:
            continue
        marks += [seen.st_mtime_ns, seen.st_size]
    return tuple(marks)
