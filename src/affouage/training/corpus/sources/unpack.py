"""A file as it is unpacked, in a stream: gzip, xz, bzip2, zstd, or as it is. Bounded; a cut or damaged end is told.

The standard library's own readers either swallow a trap whole or lose what came before a damage: here what could be
unpacked is given first, then ``trouble`` says how it ended.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from pathlib import Path
from typing import Any, Literal

from affouage.training.corpus.packages import no_packages

Trouble = Literal["", "shard_cut", "shard_damaged", "shard_trap"]

_BLOCK_BYTES = 1 << 20
_FED_BYTES = {".gz": 1 << 16, ".xz": 1 << 16, ".bz2": 1 << 16, ".zst": 1 << 10}
"""What a decompressor is given at once. A kilobyte of zstd may make 32 megabytes, and nothing bounds what it makes."""
_BROKEN = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError)
_XZ_MEMORY_BYTES = 300_000_000
_ZSTD_WINDOW_BYTES = 1 << 28
SUFFIXES = {".gz": ".gz", ".tgz": ".gz", ".xz": ".xz", ".txz": ".xz", ".bz2": ".bz2", ".zst": ".zst"}
"""End of a name -> how it is packed."""


def bare_name(name: str) -> str:
    """Without the ending that says how it is packed."""
    lower = name.lower()
    for end in SUFFIXES:
        if lower.endswith(end):
            return lower.removesuffix(end) + (".tar" if end in (".tgz", ".txz") else "")
    return lower


class Unpacked(io.RawIOBase):
    """Bytes of ``path``, unpacked as its name says. Reading never raises for what is wrong inside: it ends, and
    ``trouble`` says why. ``ratio``, ``small_bytes``: beyond that many bytes, unpacked may be so much packed."""

    def __init__(self, path: Path, *, ratio: int, small_bytes: int) -> None:
        self._file = path.open("rb")
        self._kind = next((kind for end, kind in SUFFIXES.items() if path.name.lower().endswith(end)), "")
        self._ratio, self._small_bytes = ratio, small_bytes
        self._inside: Any = _decompressor(self._kind)
        self._fresh = True
        self._pending = b""
        self._waiting = memoryview(b"")
        self._packed_bytes = self._unpacked_bytes = 0
        self._over = False
        self.trouble: Trouble = ""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._waiting and not self._over:
            self._waiting = memoryview(self._next())
        size = min(len(buffer), len(self._waiting))
        buffer[:size] = self._waiting[:size]
        self._waiting = self._waiting[size:]
        return size

    def close(self) -> None:
        self._file.close()
        super().close()

    def _next(self) -> bytes:
        if not self._kind:
            block = self._file.read(_BLOCK_BYTES)
            self._over = not block
            return block
        if self._inside.eof:  # another member follows, or nothing
            self._pending = self._inside.unused_data
            self._inside, self._fresh = _decompressor(self._kind), True
        block = b"" if self._holds() else self._pending or self._more()
        if block:
            self._pending = b""
        elif not self._holds():
            self._over = True
            self.trouble = "" if self._fresh and self._unpacked_bytes else "shard_cut"
            return b""
        try:
            found = self._unpack(block)
        except _BROKEN:
            return self._damaged(block)
        except Exception as why:  # zstandard's own error has no class where that package is not
            if type(why).__name__ != "ZstdError":
                raise
            return self._damaged(block)
        self._fresh = False
        self._unpacked_bytes += len(found)
        if self._unpacked_bytes > self._small_bytes and self._unpacked_bytes > self._ratio * self._packed_bytes:
            self._over, self.trouble = True, "shard_trap"
            return b""
        return found

    def _more(self) -> bytes:
        block = self._file.read(_FED_BYTES[self._kind])
        self._packed_bytes += len(block)
        return block

    def _holds(self) -> bool:
        """Does the decompressor hold back what it was given, for it would have made too much at once?"""
        return bool(getattr(self._inside, "unconsumed_tail", b"")) or not getattr(self._inside, "needs_input", True)

    def _unpack(self, block: bytes) -> bytes:
        inside = self._inside
        if self._kind == ".gz":
            return bytes(inside.decompress(inside.unconsumed_tail + block, _BLOCK_BYTES))
        if self._kind == ".zst":
            return bytes(inside.decompress(block))
        return bytes(inside.decompress(block, _BLOCK_BYTES))

    def _damaged(self, block: bytes) -> bytes:
        """Zeros after the last member are padding; anything else is a damage."""
        self._over = True
        padding = self._fresh and self._unpacked_bytes and not block.strip(b"\0")
        self.trouble = "" if padding else "shard_damaged"
        return b""


def _decompressor(kind: str) -> Any:
    if kind == ".gz":
        return zlib.decompressobj(wbits=31)
    if kind == ".xz":
        return lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES)
    if kind == ".bz2":
        return bz2.BZ2Decompressor()
    if kind == ".zst":
        try:
            import zstandard
        except ImportError:
            raise no_packages("zstandard") from None
        return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES).decompressobj()
    return None


def opened(path: Path, *, ratio: int, small_bytes: int) -> Unpacked:
    """Raises OSError, SetUpError (a .zst without the package)."""
    return Unpacked(path, ratio=ratio, small_bytes=small_bytes)
