"""Files of the labour ministry: which of its two kinds one is, and its sheets, entry by entry."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from affouage.sheets.labour.contributions import Contribution, names_of, read_contribution
from affouage.sheets.labour.sheets import Labour, read_labour
from affouage.sheets.reading import Read, Refused
from affouage.sheets.sheet import Sheet
from affouage.sheets.unreadable import Unreadable, refused
from affouage.tars import CarefulTarInfo

T = TypeVar("T")

MOST_BYTES = 100_000_000
"""Of the JSON, unpacked."""
_MOST_MEMORY_BYTES = 200_000_000
_MOST_MEMBERS = 1_000
_BROKEN = (lzma.LZMAError, zlib.error, tarfile.TarError, EOFError, OSError, ValueError)


def read_file(path: Path) -> Iterator[Read | Refused]:
    """Every sheet of a ``.json``, ``.json.xz`` or ``.tgz``. Raises Unreadable, at the first step only, when it is none
    of the two files."""
    content = _content(path)
    try:
        entries = msgspec.json.decode(content, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as why:
        raise Unreadable("json_damaged") from why
    if not entries:
        raise Unreadable("source_empty")
    if b'"pubId"' in bytes(entries[0]):
        sheets, bad = _decoded(entries, Labour)
        by_url = {one.url.rstrip("/"): one.id for one in sheets if one.url}
        yield from bad
        yield from _each(sheets, lambda one: read_labour(one, by_url))
    elif b'"answers"' in bytes(entries[0]):
        questions, bad = _decoded(entries, Contribution)
        names = names_of(questions)
        yield from bad
        yield from _each(questions, lambda one: read_contribution(one, names))
    else:
        raise Unreadable("json_damaged")


def _decoded(entries: list[msgspec.Raw], kind: type[T]) -> tuple[list[T], list[Refused]]:
    good: list[T] = []
    bad: list[Refused] = []
    for number, entry in enumerate(entries, 1):
        try:
            good.append(msgspec.json.decode(entry, type=kind))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as why:
            key = str(why).partition("`$")[2].rstrip("`").lstrip(".")[:80] or "it"
            bad.append(refused(f"entry {number}", Unreadable("json_entry", key=key)))
    return good, bad


def _each(entries: list[Any], read: Callable[[Any], Sheet]) -> Iterator[Read | Refused]:
    for one in entries:
        try:
            yield Read(sheet=read(one))
        except Unreadable as why:
            yield refused(one.id, why)


def _content(path: Path) -> bytes:
    """The JSON of a file, unpacked within limits. Raises Unreadable."""
    try:
        if path.name.endswith((".tgz", ".tar.gz")):
            return _largest_json(path)
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if path.suffix == ".xz":  # its header may ask for any amount of memory
            content = lzma.LZMADecompressor(memlimit=_MOST_MEMORY_BYTES).decompress(content, MOST_BYTES + 1)
    except _BROKEN as why:
        raise Unreadable("json_damaged") from why
    return _within(content)


def _largest_json(path: Path) -> bytes:
    """Of an npm package: read from the stream, nothing is unpacked on the disk."""
    found = b""
    unpacked_bytes = 0
    with closing(tarfile.open(path, "r|gz", tarinfo=CarefulTarInfo)) as archive:
        for number, member in enumerate(archive):
            unpacked_bytes += member.size
            if number > _MOST_MEMBERS or unpacked_bytes > 2 * MOST_BYTES:
                raise Unreadable("source_too_large", most_mb=2 * MOST_BYTES // 10**6)
            if member.isreg() and member.name.endswith(".json") and member.size > len(found):
                file = archive.extractfile(member)
                found = _within(file.read(min(member.size, MOST_BYTES) + 1)) if file else found
    if not found:
        raise Unreadable("json_damaged")
    return found


def _within(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise Unreadable("source_too_large", most_mb=MOST_BYTES // 10**6)
    return content
