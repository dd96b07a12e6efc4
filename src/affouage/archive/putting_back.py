"""Restoring: all of a backup is unpacked beside the home, checked and brought up to date, then takes its place at once.

Whatever interrupts it, the home is then as it was, or as it was when the backup was made; never a mixture.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from affouage.archive.aside import folder_aside, on_disk
from affouage.archive.making import OnProgress
from affouage.archive.manifest import About
from affouage.archive.reading import Backup, read
from affouage.errors import Conflict, HomeReadOnly, SetUpError
from affouage.storage.home import claimed, in_use
from affouage.storage.schema import HEAD, known_revisions

T = TypeVar("T")


def put_back(
    path: Path,
    home: Path,
    ask: Callable[[], str],
    look: Callable[[Path, Backup], T],
    *,
    over: bool,
    now_ms: int,
    on_progress: OnProgress = lambda _done, _total: None,
) -> tuple[T, Path | None]:
    """Restore into ``home``. ``look``: what is done to the restored home before it takes its place.

    Gives what ``look`` gave, and where the home that was there before now stands (``over``). Raises what
    :func:`reading.read` raises, Conflict ``home_not_empty``, HomeInUse, SetUpError ``backup_newer``, and whatever
    ``look`` raises: the home is then as it was.
    """
    home = home.resolve()
    refuse_full(home, over=over)
    try:
        home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as refused:
        raise HomeReadOnly(
            f"{home.parent} cannot be made ({refused.strerror}).", remedy="Choose another place: --home DIR"
        ) from refused
    with folder_aside(home.parent, f".{home.name}.restoring-") as aside:
        restored = aside / "home"
        restored.mkdir(mode=0o700)
        writer = _writer(restored)
        backup = read(
            path, ask, on_about=lambda about: refuse_newer(about, aside), into=writer, on_progress=on_progress
        )
        seen = look(restored, backup)
        try:
            _all_on_disk(restored)
            return seen, _take_place(restored, home, over=over, now_ms=now_ms)
        except OSError as refused:  # another disk is mounted there, for one
            raise HomeReadOnly(
                f"{home} cannot be given its place ({refused.strerror}).",
                remedy="Choose another place with --home DIR, on the same disk as its folder.",
            ) from refused


def refuse_full(home: Path, *, over: bool) -> None:
    """Raises HomeInUse when a server runs there, Conflict when something is there that was not to be set aside."""
    if home.exists() and not home.is_dir():
        raise Conflict(f"{home} is a file.", remedy="Choose another place: --home DIR", code="home_not_empty")
    if in_use(home):
        with claimed(home):  # it says where
            pass
    if not over and not _is_empty(home):
        raise Conflict(
            f"{home} is not empty: nothing is written over a home.",
            remedy="Choose another place with --home DIR, or --over: what is there is set aside, whole.",
            code="home_not_empty",
        )


def _is_empty(home: Path) -> bool:
    return not home.exists() or all(one.name == "run" for one in home.iterdir())


def refuse_newer(about: About, folder: Path) -> None:
    """Raises SetUpError: this program cannot read that schema, or there is no room for what is in it."""
    if about.schema is not None and about.schema not in known_revisions():
        raise SetUpError(
            f"This backup is of a newer affouage ({about.affouage}, schema {about.schema}; this one knows {HEAD}).",
            remedy="Update affouage, then try again.",
            code="backup_newer",
            version=about.affouage,
        )
    free = shutil.disk_usage(folder).free
    if about.bytes > free:
        raise SetUpError(
            f"There is no room for it: {about.bytes} bytes to write, {free} free in {folder.parent}.",
            remedy="Make room or choose another place; nothing was left there.",
            code="backup_disk_full",
        )


def _writer(root: Path) -> Callable[[str, bool], IO[bytes]]:
    def make(name: str, runs: bool) -> IO[bytes]:
        path = root / name  # the name was checked: it stays within, and nothing there is a link
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o700 if runs else 0o600
        )
        return os.fdopen(handle, "wb")

    return make


def _all_on_disk(root: Path) -> None:
    for folder, _, files in os.walk(root, topdown=False):
        for name in files:
            on_disk(Path(folder) / name)
        on_disk(Path(folder))


def _take_place(restored: Path, home: Path, *, over: bool, now_ms: int) -> Path | None:
    before = None
    with _held(home):
        refuse = not over and not _is_empty(home)
        if refuse:  # something came meanwhile
            refuse_full(home, over=False)
        if home.exists() and not _is_empty(home):
            before = home.with_name(f"{home.name}-before-{now_ms}")
            home.rename(before)
        elif home.exists():
            shutil.rmtree(home)
        try:
            restored.rename(home)
        except OSError:
            if before is not None:
                before.rename(home)
            raise
    on_disk(home.parent)
    return before


@contextmanager
def _held(home: Path) -> Iterator[None]:
    """No server starts on the home while it changes places. Raises HomeInUse."""
    if not home.exists():
        yield
        return
    with claimed(home):
        yield
