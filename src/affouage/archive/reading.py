"""Reading a backup from end to end: every byte is hashed, and nothing is believed before the manifest has agreed."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import msgspec

from affouage.archive.contents import disk_full
from affouage.archive.making import PIECE, OnProgress
from affouage.archive.manifest import (
    ABOUT,
    FORMAT,
    INSIDE,
    LARGEST_JSON_BYTES,
    MANIFEST,
    About,
    Entry,
    Manifest,
    checked_name,
    differences,
)
from affouage.archive.sealed import MAGIC, SealedReader, broken
from affouage.errors import NotFound, SetUpError
from affouage.tars import CarefulTarInfo

SLACK_BYTES = 200_000_000
"""Files may grow between being counted and being copied; what is larger than twice that, and this, is a trap."""

Open = Callable[[str, bool], IO[bytes]]
"""Where a file of this name is written; whether its user may run it."""

_OUT_OF_ROOM = (27, 28, 122)
"""EFBIG, ENOSPC, EDQUOT."""


class Backup(msgspec.Struct, frozen=True):
    """One that was read to its end and holds."""

    about: About
    manifest: Manifest
    sealed: bool


def is_sealed(path: Path) -> bool:
    """Does it take a passphrase? Raises NotFound."""
    with _open(path) as file:
        return file.read(len(MAGIC)) == MAGIC


def read(
    path: Path,
    ask: Callable[[], str],
    *,
    on_about: Callable[[About], None] = lambda _about: None,
    into: Open | None = None,
    on_progress: OnProgress = lambda _done, _total: None,
) -> Backup:
    """Read all of it; with ``into``, write its files there as they come. ``ask``: its passphrase, if it has one.

    Raises NotFound; BadRequest ``backup_damaged``, ``backup_passphrase``; SetUpError; and what ``on_about`` raises.
    """
    sealed = is_sealed(path)
    with _open(path) as file:
        source: Any = SealedReader(file, ask) if sealed else file
        try:
            with gzip.GzipFile(fileobj=source, mode="rb") as unpacked:
                packed: Any = unpacked
                about, manifest = _walk(packed, on_about, into, on_progress)
                while more := packed.read(PIECE):  # to the end: what is there is checked, and must be padding
                    if more.strip(b"\0"):
                        raise broken("something follows its end")
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeError, OverflowError) as wrong:
            raise broken(str(wrong).partition("\n")[0] or "it is cut short") from wrong
    return Backup(about, manifest, sealed)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as refused:
        raise NotFound(
            f"{path} cannot be read: {refused.strerror}.", remedy="See: affouage backup list", code="backup_not_found"
        ) from None


def _walk(
    packed: IO[bytes], on_about: Callable[[About], None], into: Open | None, on_progress: OnProgress
) -> tuple[About, Manifest]:
    found: dict[str, Entry] = {}
    about, manifest, done = None, None, 0
    with tarfile.open(fileobj=packed, mode="r|", tarinfo=CarefulTarInfo) as tar:
        for member in tar:
            if manifest is not None or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                raise broken("it holds what no backup holds")
            if about is not None and done + member.size > 2 * about.bytes + SLACK_BYTES:
                raise broken("it holds far more than it says")
            stream = tar.extractfile(member)
            assert stream is not None, "a regular file"
            if about is None:
                about = _about(member, stream)
                on_about(about)
            elif member.name == MANIFEST:
                manifest = _json(stream, member.size, Manifest)
            else:
                entry = _entry(member, stream, found, into)
                found[entry.name] = entry
                done += entry.bytes
                on_progress(min(done, about.bytes), about.bytes)
    if about is None or manifest is None:
        raise broken("it is cut short")
    wrong = differences(manifest, found)
    if wrong is not None:
        raise broken(wrong)
    return about, manifest


def _about(member: tarfile.TarInfo, stream: IO[bytes]) -> About:
    if member.name != ABOUT:
        raise broken("it does not begin as a backup does")
    about: About = _json(stream, member.size, About)
    if about.format > FORMAT:
        raise SetUpError(
            f"This backup was made by a newer affouage ({about.affouage}).",
            remedy="Update affouage, then try again.",
            code="backup_newer",
            version=about.affouage,
        )
    return about


def _json(stream: IO[bytes], size: int, kind: Any) -> Any:
    if size > LARGEST_JSON_BYTES:
        raise broken("its own description is too large")
    try:
        return msgspec.json.decode(stream.read(), type=kind)
    except (msgspec.MsgspecError, RecursionError) as wrong:
        raise broken("its own description cannot be read") from wrong


def _entry(member: tarfile.TarInfo, stream: IO[bytes], found: dict[str, Entry], into: Open | None) -> Entry:
    if not member.name.startswith(INSIDE):
        raise broken("it names a file that no home has")
    name = checked_name(member.name.removeprefix(INSIDE))
    if name in found:
        raise broken("it names a file twice")
    digest, size = hashlib.sha256(), 0
    try:
        target = None if into is None else into(name, bool(member.mode & 0o100))
    except OSError as refused:
        raise _not_written(name, refused) from refused
    try:
        while piece := stream.read(PIECE):
            digest.update(piece)
            size += len(piece)
            if target is not None:
                _put(target, piece, name)
    finally:
        if target is not None:
            target.close()
    return Entry(name, size, digest.hexdigest())


def _put(target: IO[bytes], piece: bytes, name: str) -> None:
    try:
        target.write(piece)
    except OSError as refused:
        raise _not_written(name, refused) from refused


def _not_written(name: str, refused: OSError) -> Exception:
    if refused.errno in _OUT_OF_ROOM:
        return disk_full(Path(refused.filename or name).parent)
    if refused.errno in (17, 20):  # a file where a folder should be, or the other way round
        return broken("it names a file that no home has")
    return SetUpError(f"{name} cannot be written: {refused.strerror}.", remedy="Mend that and try again.")
