"""Records of a WARC file one by one, each within a bound; a damage loses the record it is in, and no other.

A gzipped WARC has one member a record: after a damage the next member is looked for. warcio parses what a record says;
where records begin and end is found here, for its own reader goes on in silence after a damage.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple, Protocol

from affouage.training.corpus.recipe import Limits

_MAGIC = b"\x1f\x8b\x08"
_BLOCK_BYTES = 1 << 16
_HEAD_BYTES = 64_000
_LENGTH = re.compile(rb"^content-length:\s*(\d{1,15})\s*$", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(rb"^warc-type:\s*([\w-]{1,40})", re.IGNORECASE | re.MULTILINE)
WANTED = frozenset((b"response", b"conversion", b"resource"))


class Raw(NamedTuple):
    """``content``: head and block; empty when ``trouble`` says why it could not be read. ``place``: byte in the file
    (of a gzipped one: of its member)."""

    content: bytes
    place: int
    trouble: str = ""


class _Stream(Protocol):
    def read(self, size: int) -> bytes: ...


def records(file: IO[bytes], limits: Limits) -> Iterator[Raw]:
    """Those that may hold a text: responses, conversions (WET), resources."""
    packed = file.read(2) == _MAGIC[:2]
    file.seek(0)
    if not packed:
        yield from _plain(_Plain(file), limits)
        return
    members = _Members(file, limits)
    while members.next():
        found = 0
        for raw in _of_member(members, limits):
            found += 1
            yield raw
        if members.trouble:
            yield Raw(b"", members.began, members.trouble)
        elif not found and not members.passed_over:
            yield Raw(b"", members.began, "record_damaged")


def _of_member(members: _Members, limits: Limits) -> Iterator[Raw]:
    """A member holds one record; in files that were not packed as the standard asks, all of them."""
    reader = _Plain(members)
    members.passed_over = 0
    waiting: Raw | None = None  # its check sum comes after it
    while (head := reader.head()).startswith(b"WARC/"):
        if waiting is not None:
            yield waiting
        waiting = _record(reader, head, members.began, limits)
        members.passed_over += waiting is None
    if waiting is not None and not members.trouble:
        yield waiting


def _plain(reader: _Plain, limits: Limits) -> Iterator[Raw]:
    while True:
        place = reader.place
        head = reader.head()
        if not head:
            return
        if not head.startswith(b"WARC/") or not _LENGTH.search(head):
            yield Raw(b"", place, "record_damaged")
            if not reader.seek_record():
                return
            continue
        one = _record(reader, head, place, limits)
        if one is not None:
            yield one


def _record(reader: _Plain, head: bytes, place: int, limits: Limits) -> Raw | None:
    """None for one of another type: it was passed over."""
    length, kind = _LENGTH.search(head), _TYPE.search(head)
    if length is None:
        return Raw(b"", place, "record_damaged")
    size = int(length[1])
    wanted = kind is not None and kind[1].lower() in WANTED
    most = limits.page_bytes + _HEAD_BYTES
    if not wanted or size > most:
        whole = reader.skip(size)
        if not wanted:
            return None if whole else Raw(b"", place, "record_cut")
        return Raw(b"", place, "page_too_large")
    block = reader.read(size)
    return Raw(head + block, place) if len(block) == size else Raw(b"", place, "record_cut")


class _Plain:
    """A stream with a little look-ahead: heads end at an empty line."""

    def __init__(self, stream: _Stream) -> None:
        self._stream, self._kept = stream, b""
        self.place = 0

    def head(self) -> bytes:
        """Up to the empty line, with it; what there is when there is none; b"" at the end."""
        while True:
            bare = self._kept.lstrip(b"\r\n")
            self.place += len(self._kept) - len(bare)
            self._kept = bare
            if bare or not self._more():
                break
        while (end := self._kept.find(b"\r\n\r\n")) < 0:
            if len(self._kept) > _HEAD_BYTES or not self._more():
                return self._take(len(self._kept[:_HEAD_BYTES]))
        return self._take(end + 4)

    def read(self, size: int) -> bytes:
        while len(self._kept) < size and self._more(size - len(self._kept)):
            pass
        return self._take(size)

    def skip(self, size: int) -> bool:
        left = size - len(self._take(size))
        while left and (block := self._stream.read(min(left, _BLOCK_BYTES))):
            left -= len(block)
            self.place += len(block)
        return not left

    def seek_record(self) -> bool:
        """To the next line that begins a record."""
        while True:
            at = self._kept.find(b"\nWARC/1.")
            if at >= 0:
                self._take(at + 1)
                return True
            self._take(max(0, len(self._kept) - 8))
            if not self._more():
                return False

    def _take(self, size: int) -> bytes:
        found, self._kept = self._kept[:size], self._kept[size:]
        self.place += len(found)
        return found

    def _more(self, size: int = 0) -> bool:
        block = self._stream.read(max(size, _BLOCK_BYTES))
        self._kept += block
        return bool(block)


class _Members:
    """Members of a gzip file, each a stream of its own."""

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        self._file, self._limits = file, limits
        self._ahead, self._ahead_at = b"", 0
        self._inside: zlib._Decompress | None = None
        self._packed_bytes = self._unpacked_bytes = 0
        self.began = 0
        self.passed_over = 0
        self.trouble = ""

    def next(self) -> bool:
        """To the beginning of the next member, through whatever is left of this one."""
        while self._inside is not None and not self._inside.eof and not self.trouble and self.read(_BLOCK_BYTES):
            pass
        if self.trouble:
            self._step(min(len(self._ahead), 1))  # never the same member again
        self._inside, self.trouble = None, ""
        while (at := self._ahead.find(_MAGIC)) < 0:
            self._step(max(0, len(self._ahead) - len(_MAGIC) + 1))
            if not self._more():
                return False
        self._step(at)
        self.began = self._ahead_at
        self._inside = zlib.decompressobj(wbits=31)
        self._packed_bytes = self._unpacked_bytes = 0
        return True

    def read(self, size: int) -> bytes:
        inside = self._inside
        while inside is not None and not inside.eof and not self.trouble:
            if not self._ahead and not self._more():
                self.trouble = "shard_cut"
                return b""
            given = self._ahead[:_BLOCK_BYTES]
            try:
                found = inside.decompress(given, max(1, size))
            except zlib.error:
                # a member is smaller than what was given of it: look for the next one right behind this one's magic
                self.trouble = "record_damaged"
                self._back(self.began + len(_MAGIC))
                return b""
            used = len(given) - len(inside.unused_data if inside.eof else inside.unconsumed_tail)
            self._step(used)
            self._packed_bytes += used
            self._unpacked_bytes += len(found)
            limits = self._limits
            if self._unpacked_bytes > max(limits.small_bytes, limits.ratio * self._packed_bytes):
                self.trouble = "record_trap"
                return b""
            if found:
                return found
        return b""

    def _back(self, place: int) -> None:
        self._file.seek(place)
        self._ahead, self._ahead_at = b"", place

    def _step(self, size: int) -> None:
        self._ahead, self._ahead_at = self._ahead[size:], self._ahead_at + size

    def _more(self) -> bool:
        block = self._file.read(_BLOCK_BYTES * 4)
        self._ahead += block
        return bool(block)
