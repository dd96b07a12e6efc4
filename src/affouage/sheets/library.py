"""The library of one home: its collections and their sheets, searched by words at once and by meaning once it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from affouage.clock import Clock
from affouage.sheets.age import today_utc
from affouage.sheets.finding import Finding, Header
from affouage.sheets.search.encoder import Encoder
from affouage.sheets.search.finder import Finder, open_finder
from affouage.sheets.search.keeping_up import Progress
from affouage.sheets.sheet import Collection, Sheet, may_read
from affouage.sheets.store import Key, Store, no_such_sheet, open_store

MOST_RELATED = 8


class Library:
    """Open with :func:`open_library`. Reads never wait for an import, and see what it wrote."""

    def __init__(self, store: Store, finder: Finder, clock: Clock) -> None:
        self._store, self._finder, self._clock = store, finder, clock

    async def collections(self, tags: frozenset[str]) -> tuple[Collection, ...]:
        """Those that somebody with these tags may read."""
        return await asyncio.to_thread(self._readable, tags)

    async def find(self, question: str, tags: frozenset[str], *, most: int = 5, collection_id: str = "") -> Finding:
        """The sheets that answer best, best first. Collections one may not read are left out before the search."""
        readable = await asyncio.to_thread(self._readable_ids, tags)
        wanted = frozenset(one for one in readable if collection_id in ("", one))
        return await self._finder.find(question, wanted, most=most)

    async def sheet(self, collection_id: str, sheet_id: str, tags: frozenset[str]) -> tuple[Header, Sheet]:
        """A sheet, also one that was archived: its header says so, and no search finds it.

        Raises NotFound, also for one that exists in a collection that may not be read.
        """
        return await asyncio.to_thread(self._sheet, collection_id, sheet_id, tags)

    async def related(self, collection_id: str, sheet_id: str, tags: frozenset[str]) -> tuple[Header, ...]:
        """Sheets it names itself first, then the nearest by meaning: 8 at most, none archived. Raises NotFound."""
        _, sheet = await self.sheet(collection_id, sheet_id, tags)
        readable = await asyncio.to_thread(self._readable_ids, tags)
        named = [(collection_id, link.sheet_id) for link in sheet.related if link.sheet_id]
        near = await self._finder.nearest(collection_id, sheet_id, readable, most=MOST_RELATED)
        headers = await asyncio.to_thread(self._headers, (*named, *near))
        found = [
            one
            for one in headers
            if not one.archived and (one.collection_id, one.sheet_id) != (collection_id, sheet_id)
        ]
        return tuple(found[:MOST_RELATED])

    async def progress(self) -> Progress:
        """How far the search is, of all collections."""
        return await self._finder.progress()

    def _today(self) -> date:
        return today_utc(self._clock.now_ms())

    def _readable(self, tags: frozenset[str]) -> tuple[Collection, ...]:
        return tuple(one for one in self._store.collections() if may_read(one, tags))

    def _readable_ids(self, tags: frozenset[str]) -> frozenset[str]:
        return frozenset(one.id for one in self._store.collections(counted=False) if may_read(one, tags))

    def _sheet(self, collection_id: str, sheet_id: str, tags: frozenset[str]) -> tuple[Header, Sheet]:
        if collection_id not in self._readable_ids(tags):
            raise no_such_sheet(collection_id, sheet_id)
        sheet = self._store.sheet(collection_id, sheet_id)
        return self._store.headers([(collection_id, sheet_id)], self._today())[collection_id, sheet_id], sheet

    def _headers(self, keys: tuple[Key, ...]) -> list[Header]:
        """In the order of ``keys``, each once."""
        found = self._store.headers(keys, self._today())
        return [found[key] for key in dict.fromkeys(keys) if key in found]


@asynccontextmanager
async def open_library(
    folder: Path, clock: Clock, encoders: Sequence[Encoder] = (), *, keep_up: bool = False
) -> AsyncIterator[Library]:
    """The library in ``folder`` (made if need be). While open, what changes is indexed by words.

    ``encoders``: to search by meaning with; they are closed with it. ``keep_up``: also encode what is not yet, behind:
    for a program that stays. Raises HomeReadOnly, DatabaseUnusable.
    """

    with open_store(folder) as store:
        async with open_finder(store, folder, clock, encoders, keep_up=keep_up) as finder:
            yield Library(store, finder, clock)
