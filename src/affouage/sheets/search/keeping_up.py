"""Making what was imported searchable: by words at once, by meaning behind. Resumable; whoever comes first does it.

Several programs may have the library open (a serving commons, a command): a lock in its folder lets one of them write
words, another lock one of them make vectors. Whatever is cut off is taken up where it was left.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from affouage.errors import EngineFailed, EngineLoading
from affouage.sheets.search.encoder import Encoder
from affouage.sheets.search.french_words import LAYOUT
from affouage.sheets.search.shelves import WORDS, folder_of, forget_others
from affouage.sheets.search.vectors import Vectors
from affouage.sheets.search.views import HEAD, TITLE, no_sheet_answers, parts_for
from affouage.sheets.search.word_index import Cut, WordIndex
from affouage.sheets.store import Change, Store

_log = logging.getLogger("affouage")

_SHEETS_AT_ONCE = 400
"""Written to the index of words in one go."""
_TEXTS_AT_ONCE = 32
"""Encoded in one go, then kept."""
LOOK_S = 1.0
"""Between two looks for something to do."""
_AGAIN_S = 60.0
"""After another program was found at it, or an encoder did not work."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the search of a library is. ``sheets``: there are, none archived. ``by_words``: of them, in the index.

    ``by_meaning``: of them, in reach of every encoder there is; None where there is no encoder.
    """

    sheets: int
    by_words: int
    by_meaning: int | None


class _Marker(msgspec.Struct, frozen=True):
    """Beside the indexes of words: up to which revision they hold the library."""

    layout: int
    revision: int


class Words:
    """The indexes of words, kept up with the store. Methods block."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._library = store, folder
        self._folder = folder / WORDS
        self._marker = self._folder / "revision.json"

    def catch_up(self, on_progress: Callable[[int], None] = lambda sheets: None) -> bool:
        """Index everything that changed: whether there was anything. ``on_progress``: sheets done so far.

        False at once while another program does it.
        """
        if self._store.revision() == self.revision():
            return False
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _held(self._folder / "lock") as mine:
            if mine:
                self._catch_up(on_progress)
            return mine

    def _catch_up(self, on_progress: Callable[[int], None]) -> None:
        revision, done = self.revision(), 0
        if not revision:
            for old in self._folder.glob("of-*"):  # of another layout, or the marker is lost
                shutil.rmtree(old)
        while True:
            newest = self._store.revision()
            changes = self._store.changes_since(revision, most=_SHEETS_AT_ONCE)
            if not changes:
                break
            self._index(changes)
            revision = changes[-1].revision
            self._mark(revision)
            done += len(changes)
            on_progress(done)
        forget_others(self._library, (one.id for one in self._store.collections()))
        self._mark(newest)

    def _index(self, changes: Sequence[Change]) -> None:
        there = self._store.cut([(one.collection_id, one.sheet_id) for one in changes if one.there])
        for collection_id in {one.collection_id for one in changes}:
            cut = [Cut(key[1], *found) for key, found in there.items() if key[0] == collection_id]
            gone = {one.sheet_id for one in changes if one.collection_id == collection_id}
            gone -= {one.sheet_id for one in cut}
            WordIndex(folder_of(self._library, collection_id)).write(cut, gone)

    def revision(self) -> int:
        """That of the last change the indexes hold."""
        try:
            found = msgspec.json.decode(self._marker.read_bytes(), type=_Marker)
        except (FileNotFoundError, msgspec.MsgspecError):
            return 0
        return found.revision if found.layout == LAYOUT else 0

    def _mark(self, revision: int) -> None:
        aside = self._marker.with_suffix(".new")
        aside.write_bytes(msgspec.json.encode(_Marker(LAYOUT, revision)))
        aside.replace(self._marker)


class Meaning:
    """Vectors of every sheet, by every encoder that works here."""

    def __init__(self, store: Store, folder: Path, encoders: Sequence[Encoder]) -> None:
        self._store, self._folder, self._encoders = store, folder, encoders
        self._vectors = Vectors(store.db)
        self._broken: set[str] = set()

    def waiting(self) -> int:
        """Texts to encode. Blocks."""
        sheets = sum(one.sheets for one in self._store.collections())
        parts = [(one.name, part) for one in self._encoders for part in parts_for(one.traits)]
        return sum(sheets - self._vectors.count(name, part) for name, part in parts)

    def reached(self) -> int | None:
        """Sheets in reach of every encoder that works; None when none does. Blocks."""
        working = [one.name for one in self._encoders if one.name not in self._broken]
        return min((self._vectors.count(name, HEAD) for name in working), default=None)

    async def catch_up(self, on_texts: Callable[[int], None] = lambda texts: None) -> bool:
        """Encode what waits; the encoders work side by side, each in a process of its own. ``on_texts``: so many more.

        Whether nothing waits any more: False while another program does it, or when an encoder does not work.
        """
        with _held(self._folder / "meaning.lock") as mine:
            if not mine:
                return False
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._all_of(one, on_texts)) for one in self._encoders]
            return all(task.result() for task in tasks)

    async def _all_of(self, encoder: Encoder, on_texts: Callable[[int], None]) -> bool:
        try:
            await self._sheets(encoder, on_texts)
            await self._apart(encoder)
        except (EngineFailed, EngineLoading) as refused:
            if encoder.name not in self._broken:
                _log.warning("sheets cannot be searched by meaning with %s: %s", encoder.name, refused.message)
            self._broken.add(encoder.name)
            return False
        self._broken.discard(encoder.name)
        return True

    async def _apart(self, encoder: Encoder) -> None:
        """Questions of kinds that no sheet answers, once and for all; not for an empty library."""
        texts = no_sheet_answers()
        if not await asyncio.to_thread(self._vectors.count, encoder.name, HEAD):
            return
        if await asyncio.to_thread(self._vectors.apart, encoder.name, texts) is None:
            rows = await encoder.encode(texts, questions=True, behind=True)
            await asyncio.to_thread(self._vectors.save_apart, encoder.name, texts, rows)

    async def _sheets(self, encoder: Encoder, on_texts: Callable[[int], None]) -> None:
        for part in parts_for(encoder.traits):
            while due := await asyncio.to_thread(self._vectors.due, encoder.name, part, _TEXTS_AT_ONCE):
                rows = await encoder.encode([one.text for one in due], questions=part == TITLE, behind=True)
                await asyncio.to_thread(self._vectors.save, encoder.name, due, rows)
                on_texts(len(due))


class Indexing:
    """Both, and how far they are."""

    def __init__(self, store: Store, folder: Path, encoders: Sequence[Encoder]) -> None:
        self._store = store
        self.words = Words(store, folder)
        self.meaning = Meaning(store, folder, encoders)

    def progress(self) -> Progress:
        """Of the whole library. Blocks."""
        sheets = sum(one.sheets for one in self._store.collections())
        by_words = self._store.count_until(self.words.revision())
        return Progress(sheets=sheets, by_words=by_words, by_meaning=self.meaning.reached())


async def words_kept_up(words: Words, first: asyncio.Event) -> None:
    """Until cancelled. Sets ``first`` when everything that was there at the beginning is in the indexes."""
    while True:
        await asyncio.to_thread(words.catch_up)
        first.set()
        await asyncio.sleep(LOOK_S)


async def meaning_kept_up(store: Store, meaning: Meaning) -> None:
    """Until cancelled: looked at anew whenever the library changes, and some time after it could not be done."""
    reached: int | None = None
    while True:
        revision = await asyncio.to_thread(store.revision)
        if revision == reached:
            await asyncio.sleep(LOOK_S)
        elif await meaning.catch_up():
            reached = revision
        else:
            await asyncio.sleep(_AGAIN_S)


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Hold a lock of the folder while the block runs; False while another program (or another task) holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
