"""A file being downloaded: ``<file>.part``, hashed as it grows, kept whenever something breaks."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from affouage.catalogue.store import BLOCK_BYTES, disk_error, write_whole, writing

T = TypeVar("T")


class Note(msgspec.Struct, frozen=True):
    """What a part is a part of: written beside it, so that the next program knows whether to go on with it."""

    sha256: str | None = None
    etag: str | None = None


class PartFile:
    """Bytes ``0..size`` of a file to come. Its methods block: :func:`in_thread` keeps them off the event loop."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._note_path = target.with_name(target.name + ".part.json")
        self._aside = target.with_name(target.name + ".refused")
        self._hash = hashlib.sha256()
        self.size_bytes = 0
        self.note = Note()

    def resume(self, sha256: str | None, on_bytes: Callable[[int, int], None]) -> None:
        """Take up what an earlier pull left, hashing it; start over when it was a part of something else."""
        try:
            self.note = msgspec.json.decode(self._note_path.read_bytes(), type=Note)
        except (FileNotFoundError, msgspec.MsgspecError):
            self.note = Note()
        self._hash, self.size_bytes = hashlib.sha256(), 0
        if not self.path.exists():
            return
        if self.note.sha256 != sha256:
            self.restart()
            return
        total = self.path.stat().st_size
        with self.path.open("rb") as file:
            while block := file.read(4 * BLOCK_BYTES):
                self._hash.update(block)
                self.size_bytes += len(block)
                on_bytes(self.size_bytes, total)

    def mark(self, sha256: str | None, etag: str | None) -> None:
        """Say what the bytes to come are a part of, before the first of them is written."""
        if self.note != (fresh := Note(sha256, etag)):
            self.note = fresh
            with writing(self._note_path):
                write_whole(self._note_path, msgspec.json.encode(fresh))

    def restart(self) -> None:
        """Forget every byte."""
        with writing(self.path):
            self.path.unlink(missing_ok=True)
            self._note_path.unlink(missing_ok=True)
        self._hash, self.size_bytes, self.note = hashlib.sha256(), 0, Note()

    def append(self, block: bytes) -> None:
        """Write ``block`` at the end. Raises PullFailed when the disk is full; what was written stays."""
        view = memoryview(block)
        try:
            with self.path.open("ab", buffering=0) as file:
                while view:
                    written = file.write(view)
                    self._hash.update(view[:written])
                    self.size_bytes += written
                    view = view[written:]
        except OSError as wrong:
            raise disk_error(wrong, self.path) from wrong

    def sha256(self) -> str:
        return self._hash.hexdigest()

    def keep(self) -> Path:
        """The part is whole: flush it to the disk and give it its name."""
        with writing(self.target):
            with self.path.open("rb+") as file:
                os.fsync(file.fileno())
            self.path.replace(self.target)
            self._note_path.unlink(missing_ok=True)
            self._aside.unlink(missing_ok=True)
        return self.target

    def set_aside(self) -> Path:
        """The part is not the file that was promised: out of the way, so that the next pull starts afresh."""
        with writing(self._aside):
            self.path.replace(self._aside)
            self._note_path.unlink(missing_ok=True)
        return self._aside


async def in_thread(work: Callable[..., T], *arguments: object) -> T:
    """Run blocking ``work`` in a thread. When cancelled, wait for it to end first: a half-written block would not
    match its hash."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
