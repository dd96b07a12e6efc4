"""Plain text: a file is one document; a tar (packed or not) holds one a file. Read in a stream, never unpacked."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import PurePosixPath
from typing import IO, cast

from affouage.tars import CarefulTarInfo
from affouage.training.corpus.document import Draft
from affouage.training.corpus.sources.shard import Context, Found, Reading, Shard, document_id, unread
from affouage.training.corpus.sources.unpack import Unpacked, bare_name, opened

ENDINGS = (".txt", ".text", ".md", ".markdown")
_BYTES_A_CHARACTER = 4


def read(shard: Shard, context: Context) -> Reading:
    limits = context.limits
    with closing(opened(shard.file, ratio=limits.ratio, small_bytes=limits.small_bytes)) as stream:
        if bare_name(shard.path).endswith(".tar"):
            yield from _archive(shard, stream, context)
            return
        content = _read(stream, limits.characters * _BYTES_A_CHARACTER)
        yield _document(shard, shard.label, content, limits.characters * _BYTES_A_CHARACTER)
        if stream.trouble:
            yield unread(shard, "end", stream.trouble)


def _archive(shard: Shard, stream: Unpacked, context: Context) -> Iterator[Found]:
    most = context.limits.characters * _BYTES_A_CHARACTER
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", tarinfo=CarefulTarInfo) as archive:
            for member in archive:
                if not member.isreg() or PurePosixPath(member.name).name.startswith("."):
                    continue
                label = f"{shard.label}/{member.name}"
                if not member.name.lower().endswith(ENDINGS):
                    yield unread(shard, member.name, "format", "only .txt and .md are read from a tar")
                    continue
                if member.size > most:
                    yield unread(shard, member.name, "too_long", f"{member.size} bytes")
                    continue
                file = archive.extractfile(member)
                content = file.read(most + 1) if file else b""
                if len(content) < member.size:
                    break
                yield _document(shard, label, content, most)
    except (tarfile.TarError, EOFError, OSError, ValueError):
        if not stream.trouble:
            yield unread(shard, "rest", "shard_damaged")
    if stream.trouble:
        yield unread(shard, "rest", stream.trouble)


def _read(stream: Unpacked, most: int) -> bytes:
    found = bytearray()
    while len(found) <= most and (block := stream.read(1 << 20)):
        found += block
    return bytes(found)


def _document(shard: Shard, label: str, content: bytes, most: int) -> Found:
    source = shard.source
    if len(content) > most:
        return unread(shard, "" if label == shard.label else label, "too_long", f"more than {most} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        return unread(shard, "" if label == shard.label else label, "not_utf8", f"at byte {why.start}")
    name = PurePosixPath(label).name
    return Draft(
        id=document_id(source.name, label),
        source=source.name,
        at=label,
        text=text.replace("\r\n", "\n"),
        title=name.rpartition(".")[0].replace("_", " ") or name,
    )
