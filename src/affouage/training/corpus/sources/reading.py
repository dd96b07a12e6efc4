"""The door: a shard read by the module of its kind."""

from __future__ import annotations

from collections.abc import Callable

from affouage.training.corpus.recipe import SourceKind
from affouage.training.corpus.sources import folder, jsonl, parquet, sheets, texts, warc
from affouage.training.corpus.sources.shard import Context, Reading, Shard, unread

_READERS: dict[SourceKind, Callable[[Shard, Context], Reading]] = {
    "folder": folder.read,
    "sheets": sheets.read,
    "warc": warc.read,
    "jsonl": jsonl.read,
    "parquet": parquet.read,
    "text": texts.read,
}


def read_shard(shard: Shard, context: Context) -> Reading:
    """Documents, what could not be read, what sites reserve. A shard that cannot be opened is told as a whole."""
    reader = _READERS[shard.source.kind]
    try:
        yield from reader(shard, context)
    except FileNotFoundError as why:
        yield unread(shard, "", "shard_missing", str(why.filename))
    except (OSError, RecursionError, MemoryError) as why:
        yield unread(shard, "", "shard_refused", getattr(why, "strerror", None) or type(why).__name__)
