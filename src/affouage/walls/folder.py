"""The folder of a child program."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "affouage-child-"
_LONGEST = 80
"""Characters: the name of a socket in it must stay under 108 (104 on BSD), see unix(7)."""
_YOUNG_S = 60
"""A folder younger than that may not be locked yet."""


@contextmanager
def own_folder() -> Iterator[Path]:
    """Empty, for this user alone, gone at the end; or, when this process is killed, at the next one's beginning."""
    usual = tempfile.gettempdir()
    where = usual if len(usual) <= _LONGEST or os.name != "posix" else "/tmp"  # noqa: S108 - for its short name
    _sweep(Path(where))
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=where, ignore_cleanup_errors=True) as name:
        held = _held(Path(name))
        try:
            yield Path(name)
        finally:
            if held is not None:
                os.close(held)


def _held(folder: Path) -> int | None:
    """A lock on it, which ends with this process however it ends; None when another has it, or has no locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        return None
    return opened


def _sweep(where: Path) -> None:
    """Remove what killed processes of this user left behind."""
    if sys.platform == "win32":
        return
    for folder in where.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            seen = folder.lstat()
            if seen.st_uid != os.getuid() or time.time() - seen.st_mtime < _YOUNG_S:
                continue
            if (held := _held(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)
