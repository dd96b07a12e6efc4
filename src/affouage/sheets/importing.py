"""Documents put into a collection: what is new or changed is written, what is the same is left, what is gone archived.

Done again, it changes nothing; broken off, what was written stays and the next one goes on from there: what is already
as its source has it costs no writing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from affouage.clock import Clock
from affouage.errors import Conflict
from affouage.sheets.reading import Read, Refused, Same
from affouage.sheets.sheet import Collection, Sheet
from affouage.sheets.store import Store
from affouage.sheets.unreadable import Unreadable, nothing_read, refused

BATCH = 200
"""Sheets written in one transaction: what a broken import loses at most, and how long readers' writes wait."""
_FEW = 20
"""A collection smaller than that may lose most of its sheets without anybody asking why."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """``done``: documents dealt with, of ``total`` (None: not known). ``name``: of the one in hand, where it tells."""

    done: int
    total: int | None = None
    name: str = ""


OnProgress = Callable[[Progress], None]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What an import came to, in sheets. ``kept``: left as they were because their document could not be read."""

    collection_id: str
    new: int = 0
    changed: int = 0
    same: int = 0
    archived: int = 0
    kept: int = 0
    refused: tuple[Refused, ...] = ()


def import_documents(
    store: Store,
    collection: Collection,
    documents: Iterable[Read | Same | Refused],
    clock: Clock,
    *,
    archive: str = "",
    shrink: bool = False,
    on_progress: OnProgress = lambda _progress: None,
) -> Summary:
    """Bring the sheets of ``collection``, made with the first of them, to what ``documents`` are now. It blocks.

    ``archive``: digest of the file they stand in. ``shrink``: let most of the sheets be archived at once. Raises
    Unreadable when the source as a whole cannot be read, BadRequest when no document could be, Conflict when most of
    the sheets would be archived: nothing is archived then.
    """
    writer = _Writer(store, collection, clock, shrink=shrink)
    for done, one in enumerate(documents, 1):
        writer.add(one)
        on_progress(Progress(done=done))
    return writer.finish(archive)


class _Writer:
    def __init__(self, store: Store, collection: Collection, clock: Clock, *, shrink: bool) -> None:
        self._store, self._clock, self._shrink = store, clock, shrink
        self._id, self._unmade = collection.id, [collection]
        self._known = store.known(collection.id)
        self._seen: set[str] = set()
        self._kept: set[str] = set()
        self._refused: list[Refused] = []
        self._batch: list[tuple[Sheet, str]] = []
        self._new = self._changed = self._same = 0

    def add(self, one: Read | Same | Refused) -> None:
        if isinstance(one, Refused):
            self._refused.append(one)
            self._kept.add(one.sheet_id)
        elif isinstance(one, Same) and not self._known[one.sheet_id].archived:
            self._seen.add(one.sheet_id)
            self._same += 1
        elif isinstance(one, Same):  # it came back as it was
            self._take(self._store.sheet(self._id, one.sheet_id), one.fingerprint)
        else:
            self._take(one.sheet, one.fingerprint)

    def _take(self, sheet: Sheet, fingerprint: str) -> None:
        if sheet.id in self._seen:
            self._refused.append(refused(sheet.title[:80], Unreadable("sheet_twice", id=sheet.id)))
            return
        self._seen.add(sheet.id)
        self._batch.append((sheet, fingerprint))
        if len(self._batch) >= BATCH:
            self._write()

    def _write(self) -> None:
        while self._unmade:
            self._store.put_collection(self._unmade.pop())
        saved = self._store.save(self._id, self._batch)
        self._new += saved.new
        self._changed += saved.changed
        self._same += saved.same
        self._batch = []

    def finish(self, archive: str) -> Summary:
        if self._seen:
            self._write()
        if not self._seen:
            raise nothing_read(self._id, Unreadable("source_empty"))
        there = {sheet_id for sheet_id, known in self._known.items() if not known.archived}
        kept = there & self._kept - self._seen
        gone = there - self._seen - kept
        if len(gone) > max(len(there) / 2, _FEW) and not self._shrink:
            raise Conflict(
                f"{len(gone)} of the {len(there)} sheets of {self._id} are gone from its source: none was archived.",
                remedy="Look at the source; if it is right, import again with --shrink.",
                code="sheets_shrink",
                gone=len(gone),
                there=len(there),
                collection=self._id,
            )
        archived = self._store.archive(self._id, sorted(gone), self._clock.now_ms())
        self._store.imported(self._id, self._clock.now_ms(), archive)
        return Summary(
            collection_id=self._id,
            new=self._new,
            changed=self._changed,
            same=self._same,
            archived=archived,
            kept=len(kept),
            refused=tuple(self._refused),
        )
