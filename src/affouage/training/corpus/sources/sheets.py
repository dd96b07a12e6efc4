"""Official sheets: an archive of the DILA, a file of the labour ministry, or a collection of the commons' library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from affouage.sheets.dila.reader import read_archive
from affouage.sheets.labour.reader import read_file
from affouage.sheets.reading import Read, Refused
from affouage.sheets.store import Store, open_store
from affouage.sheets.unreadable import Unreadable
from affouage.training.corpus.sources.folder import drafted, refused
from affouage.training.corpus.sources.shard import Context, Found, Reading, Shard, unread


def read(shard: Shard, context: Context) -> Reading:
    if shard.collection:
        with open_store(Path(shard.library)) as store:
            yield from _collection(shard, store)
        return
    reader = read_archive if shard.path.lower().endswith(".zip") else read_file
    try:
        for one in reader(shard.file):
            if isinstance(one, Read):
                yield drafted(shard, one.sheet, f"{shard.label}/{one.sheet.id}")
            elif isinstance(one, Refused):
                yield refused(shard, one)
    except Unreadable as why:
        yield unread(shard, "", why.code, why.reason[:200])


def _collection(shard: Shard, store: Store) -> Iterator[Found]:
    known = store.known(shard.collection)
    for sheet_id in sorted(one for one, mark in known.items() if not mark.archived):
        yield drafted(shard, store.sheet(shard.collection, sheet_id), f"{shard.collection}/{sheet_id}")
