"""Making a backup: one file, written aside and given its name when it is whole, whatever the server does meanwhile."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from affouage import __version__
from affouage.archive.aside import file_aside, folder_aside
from affouage.archive.contents import DATABASE, copy_databases, counted, disk_full, files_of
from affouage.archive.manifest import ABOUT, INSIDE, MANIFEST, About, Entry, LogThen, Manifest
from affouage.archive.sealed import STRONG, SealedWriter, Strength
from affouage.errors import Conflict, NotFound, SetUpError
from affouage.storage.home import in_use, prepare

PIECE = 1 << 20
_SMALL = 16_000_000
"""Such files are read at once: they may be written anew meanwhile."""

OnProgress = Callable[[int, int], None]
"""Bytes done, bytes to do."""


class Made(msgspec.Struct, frozen=True):
    """A backup that was made. ``sha256``: of the file, sealed if it is."""

    path: str
    made_ms: int
    bytes: int
    sha256: str
    files: int
    sealed: bool
    models: bool
    schema: str | None
    log: LogThen | None
    left_out: list[str]


class Counting:
    """A file that is written once, hashed and counted."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest, self.bytes = file, hashlib.sha256(), 0

    def write(self, more: bytes) -> int:
        self._file.write(more)
        self._digest.update(more)
        self.bytes += len(more)
        return len(more)

    def flush(self) -> None:
        self._file.flush()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def make(
    home: Path,
    target: Path,
    *,
    books: Path | str | None = None,
    models: bool,
    passphrase: str | None,
    now_ms: int,
    on_progress: OnProgress = lambda _done, _total: None,
    strength: Strength = STRONG,
) -> Made:
    """Copy the home into ``target``, which must not exist. ``books``: where they are; None: in a file of the home.

    Raises NotFound (no home), Conflict (``backup_exists``), SetUpError (``backup_disk_full``, ``backup_changed``),
    HomeReadOnly, DatabaseUnusable.
    """
    if not home.is_dir():
        raise NotFound(f"There is no home in {home}.", remedy="Set AFFOUAGE_HOME to it.", code="backup_no_home")
    if target.exists():
        raise Conflict(f"{target} exists already.", remedy="Give another name, or move it.", code="backup_exists")
    prepare(home)
    try:
        with folder_aside(home / "run", "backup-") as work:
            return _make(
                home, books or home / DATABASE, target, work, models, passphrase, now_ms, on_progress, strength
            )
    except OSError as refused:
        if refused.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise disk_full(target.parent) from refused
        raise SetUpError(
            f"The backup could not be made: {refused.strerror or refused} ({refused.filename or target}).",
            remedy="Mend that and try again; nothing was left behind.",
            code="backup_refused",
        ) from refused


def _make(
    home: Path,
    books: Path | str,
    target: Path,
    work: Path,
    models: bool,
    passphrase: str | None,
    now_ms: int,
    on_progress: OnProgress,
    strength: Strength,
) -> Made:
    found = files_of(home, models=models)
    copied = copy_databases(home, found.databases, work, books)
    sources = list(counted(home, found.files, copied.files))
    total = sum(_size(path) for _, path in sources)
    about = About(__version__, copied.schema, now_ms, total, models, in_use(home))
    with file_aside(target, ".affouage-backup-") as file:
        outer = Counting(file)
        sealed = None if passphrase is None else SealedWriter(outer, passphrase, strength=strength)  # type: ignore[arg-type]
        # Models do not shrink and texts shrink at once: the quickest level is the right one.
        with (
            gzip.GzipFile("", "wb", 1, sealed or outer, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as tar,
        ):
            _add_json(tar, ABOUT, about, now_ms)
            entries = _add_files(tar, sources, total, now_ms, on_progress)
            _add_json(tar, MANIFEST, Manifest(entries, found.left_out, copied.log), now_ms)
        if sealed is not None:
            sealed.finish()
    return Made(
        path=str(target),
        made_ms=now_ms,
        bytes=outer.bytes,
        sha256=outer.sha256,
        files=len(entries),
        sealed=passphrase is not None,
        models=models,
        schema=copied.schema,
        log=copied.log,
        left_out=found.left_out,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _add_json(tar: tarfile.TarFile, name: str, value: object, now_ms: int) -> None:
    text = msgspec.json.format(msgspec.json.encode(value), indent=1)
    tar.addfile(_member(name, len(text), 0o600, now_ms), io.BytesIO(text))


def _member(name: str, size: int, mode: int, now_ms: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, mode, now_ms // 1000
    return member


def _add_files(
    tar: tarfile.TarFile, sources: list[tuple[str, Path]], total: int, now_ms: int, on_progress: OnProgress
) -> list[Entry]:
    entries = []
    done = 0
    for name, path in sources:
        try:
            source = path.open("rb")
        except FileNotFoundError:  # taken away since it was listed
            continue
        with source:
            about = os.fstat(source.fileno())
            size = about.st_size
            reader: IO[bytes] = source
            if size < _SMALL:
                text = source.read()
                reader, size = io.BytesIO(text), len(text)
            watched = _Watched(reader, name, size, lambda more, before=done: on_progress(before + more, total))  # type: ignore[misc]
            mode = 0o700 if about.st_mode & 0o100 else 0o600
            tar.addfile(_member(INSIDE + name, size, mode, now_ms), watched)  # type: ignore[arg-type]
            entries.append(Entry(name, size, watched.sha256))
            done += size
    return entries


class _Watched:
    """A file as it goes by: hashed, and told of. Exactly ``size`` bytes, or SetUpError."""

    def __init__(self, file: IO[bytes], name: str, size: int, on_done: Callable[[int], None]) -> None:
        self._file, self._name, self._size, self._on_done = file, name, size, on_done
        self._digest, self._done, self._told = hashlib.sha256(), 0, 0

    def read(self, size: int) -> bytes:
        piece = self._file.read(size)
        if len(piece) < size and self._done + len(piece) < self._size:
            raise SetUpError(
                f"{self._name} was cut short while it was being copied.",
                remedy="Try again when nothing writes there.",
                code="backup_changed",
            )
        self._digest.update(piece)
        self._done += len(piece)
        if self._done - self._told >= PIECE or self._done == self._size:
            self._told = self._done
            self._on_done(self._done)
        return piece

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
