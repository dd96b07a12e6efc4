"""Folders and files made aside, that only their maker uses, and that the next maker clears away if it was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from affouage.errors import HomeReadOnly


@contextmanager
def folder_aside(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder of this user's alone in ``parent``, taken away at the end unless it was given another name.

    Raises HomeReadOnly.
    """
    clear(parent, prefix)
    try:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as refused:
        raise _unwritable(parent, refused) from refused
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(held)
        if path.exists():
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def file_aside(target: Path, prefix: str) -> Iterator[IO[bytes]]:
    """A file that becomes ``target`` when all went well, and leaves nothing otherwise. Raises HomeReadOnly."""
    clear(target.parent, prefix)
    try:
        handle, name = tempfile.mkstemp(prefix=prefix, dir=target.parent)
    except OSError as refused:
        raise _unwritable(target.parent, refused) from refused
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
            file.flush()
            os.fsync(file.fileno())
            path.rename(target)
        on_disk(target.parent)
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


def clear(parent: Path, prefix: str) -> None:
    """Take away what killed programs left there; what a living one holds is left to it."""
    for path in [one for one in parent.iterdir() if one.name.startswith(prefix)]:
        try:
            held = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        except OSError:
            pass
        finally:
            os.close(held)


def on_disk(folder: Path) -> None:
    """What names this folder holds is on the disk."""
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _unwritable(folder: Path, refused: OSError) -> HomeReadOnly:
    return HomeReadOnly(
        f"Nothing can be written in {folder} ({refused.strerror}).",
        remedy="Give this user the right to write there, or choose another folder.",
    )
