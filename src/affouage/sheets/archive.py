"""A zip from outside: read in memory, never unpacked on the disk, within limits. Its methods block."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from affouage.sheets.unreadable import Unreadable

_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, NotImplementedError, RuntimeError, ValueError),
)
"""What the standard library raises on an archive that is damaged, encrypted or packed in an unknown way."""


_LONGEST_END = 22 + (1 << 16)
"""Bytes of the record that ends a zip, with its comment."""


class ZipLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive may hold. ``directory_bytes``: of its list of members. ``ratio``: unpacked over packed, of a
    member larger than ``small_bytes``. ``total_bytes``: read in all, a member read twice counts twice."""

    members: int = 60_000
    directory_bytes: int = 6_000_000
    member_bytes: int = 4_000_000
    total_bytes: int = 1_000_000_000
    ratio: int = 250
    small_bytes: int = 1_000_000


ZIP_LIMITS = ZipLimits()


class Archive:
    """Open with :func:`open_archive`; iterate for its files, in its own order."""

    def __init__(self, file: zipfile.ZipFile, limits: ZipLimits) -> None:
        self._file, self._limits = file, limits
        self._read_bytes = 0

    def __iter__(self) -> Iterator[zipfile.ZipInfo]:
        return (one for one in self._file.filelist if not one.filename.endswith("/"))  # a name may be empty

    def read(self, entry: zipfile.ZipInfo) -> bytes:
        """The bytes of a member. Raises Unreadable."""
        if entry.flag_bits & 0x1:
            raise Unreadable("zip_encrypted")
        self._weigh(entry.file_size, entry.compress_size)
        try:
            with self._file.open(entry) as member:
                content = member.read(self._limits.member_bytes + 1)
        except _BROKEN as why:
            raise Unreadable("zip_member") from why
        self._weigh(len(content), entry.compress_size)  # what it announced may be wrong
        self._read_bytes += len(content)
        if self._read_bytes > self._limits.total_bytes:
            raise Unreadable("zip_too_large", most_mb=self._limits.total_bytes // 10**6)
        return content

    def _weigh(self, size_bytes: int, packed_bytes: int) -> None:
        limits = self._limits
        if size_bytes > limits.member_bytes:
            raise Unreadable("xml_too_large", most_mb=limits.member_bytes // 10**6)
        if size_bytes > limits.small_bytes and size_bytes > limits.ratio * packed_bytes:
            raise Unreadable("zip_bomb")


def plain_name(entry: zipfile.ZipInfo) -> str:
    """Last part of a member's name. Raises Unreadable for one that points outside of the archive."""
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or not entry.filename.isprintable():
        raise Unreadable("zip_path")
    return path.name


def _check_directory(path: Path, limits: ZipLimits) -> None:
    """Refuse a list of members so long that reading it would already be too much; so are all of the larger format."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LONGEST_END))
        tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) < place + 22:
        raise Unreadable("zip_damaged")
    (directory_bytes,) = struct.unpack_from("<I", tail, place + 12)
    if directory_bytes > limits.directory_bytes or tail[max(0, place - 20) : place].startswith(b"PK\x06\x07"):
        raise Unreadable("zip_too_many", most=limits.members)


@contextmanager
def open_archive(path: Path, limits: ZipLimits = ZIP_LIMITS) -> Iterator[Archive]:
    """Raises Unreadable when it is no zip, a truncated one, or one of too many members."""
    try:
        _check_directory(path, limits)
        file = zipfile.ZipFile(path)
    except _BROKEN as why:
        raise Unreadable("zip_damaged") from why
    with file:
        if len(file.filelist) > limits.members:
            raise Unreadable("zip_too_many", most=limits.members)
        yield Archive(file, limits)
