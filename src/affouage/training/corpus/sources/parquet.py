"""Shards in Parquet, in the manner of FineWeb: one document a row, a group of rows after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from affouage.training.corpus.recipe import Source
from affouage.training.corpus.sources.jsonl import drafted
from affouage.training.corpus.sources.shard import Context, Reading, Shard, unread

_ROWS = 256


def read(shard: Shard, context: Context) -> Reading:
    """A file without its footer (cut) is lost whole, as the format has it; a damaged group of rows loses no other."""
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(shard.path, memory_map=True)
    except (pyarrow.ArrowException, OSError, ValueError) as why:
        yield unread(shard, "", "shard_damaged", _short(why))
        return
    with file:
        columns = [one for one in _columns(shard.source) if one in file.schema_arrow.names]
        if shard.source.text.partition(".")[0] not in columns:
            yield unread(shard, "", "no_text", f"no column {shard.source.text}")
            return
        for group in range(file.num_row_groups):
            size = file.metadata.row_group(group).total_byte_size
            if size > context.limits.group_bytes:
                yield unread(shard, f"group-{group}", "group_too_large", f"{size} bytes")
                continue
            try:
                for row, fields in _rows(file, group, columns):
                    yield from drafted(shard, f"{group}.{row}", fields)
            except (pyarrow.ArrowException, OSError, ValueError) as why:
                yield unread(shard, f"group-{group}", "group_damaged", _short(why))


def _rows(file: Any, group: int, columns: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    for batch in file.iter_batches(batch_size=_ROWS, row_groups=[group], columns=columns, use_threads=False):
        for fields in batch.to_pylist():
            yield number, {name: str(one) if hasattr(one, "isoformat") else one for name, one in fields.items()}
            number += 1


def _columns(source: Source) -> list[str]:
    named = (source.text, source.address, source.title, source.licence_field, source.day_field, "licence")
    return list(dict.fromkeys([*(one.partition(".")[0] for one in named), "metadata", "meta"]))


def _short(why: Exception) -> str:
    return str(why).splitlines()[0][:200] if str(why) else type(why).__name__
