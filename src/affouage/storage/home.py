"""The home: the one folder where everything lives, used by one server at a time."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from affouage.errors import HomeInUse, HomeReadOnly, SettingsError

LEAST_FREE_BYTES = 100_000_000
"""With less room on its disk, a commons is about to stop writing its ledger, and so to stop answering."""


def prepare(home: Path) -> None:
    """Create the home if needed, for this user alone. Raises HomeReadOnly."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "run").mkdir(mode=0o700, exist_ok=True)
        probe = home / "run" / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as refused:
        raise HomeReadOnly(
            f"Nothing can be written in {home} ({refused.strerror}).",
            remedy="Give this user the right to write there, or set AFFOUAGE_HOME to another folder.",
        ) from refused


def shared_key(home: Path) -> bytes:
    """32 bytes that the processes of this home share, and that are nowhere else: not in the database, in no backup.

    Made by whoever asks first. Raises HomeReadOnly.
    """
    prepare(home)
    path, draft = home / "run" / "key", home / "run" / f".key-{os.getpid()}"
    if not path.exists():
        draft.touch(0o600)
        draft.write_bytes(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another process was first
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()


def own_factors(home: Path) -> dict[str, str]:
    """Texts of the collective's own sets of factors (``factors/*.toml``), by file name. Raises SettingsError."""
    texts = {}
    for path in sorted((home / "factors").glob("*.toml")):
        texts[path.name] = text_of(path)
    return texts


def text_of(path: Path) -> str:
    """Text of a file of the collective's own. Raises SettingsError when it cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as refused:
        remedy = "Give this user the right to read it, or take it away."
        raise SettingsError(f"{path} cannot be read: {refused.strerror}.", remedy=remedy) from refused
    except UnicodeDecodeError as wrong:
        raise SettingsError(f"{path} is not a text in UTF-8.", remedy="Save it again as UTF-8.") from wrong


@contextmanager
def claimed(home: Path) -> Iterator[int]:
    """Hold the home for this server alone; given back even if the server is killed. Raises HomeInUse, HomeReadOnly.

    The descriptor of the lock: a program that inherits it holds the home too, for as long as it lives.
    """
    prepare(home)
    lock = os.open(home / "run" / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = running_address(home) or "this machine"
            raise HomeInUse(
                f"Another affouage already runs on {home} (at {where}).",
                remedy="Use that one, stop it, or set AFFOUAGE_HOME to another folder.",
            ) from None
        forget_address(home)  # of a server that was killed
        yield lock
    finally:
        os.close(lock)


def in_use(home: Path) -> bool:
    """Does a server run on this home now?"""
    try:
        lock = os.open(home / "run" / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def note_address(home: Path, url: str) -> None:
    """Where the running server answers, for the command line."""
    (home / "run" / "address").write_text(url, encoding="utf-8")


def forget_address(home: Path) -> None:
    with suppress(FileNotFoundError):
        (home / "run" / "address").unlink()


def running_address(home: Path) -> str | None:
    """Address of the server noted in the home; it may have been killed since: see :func:`in_use`."""
    try:
        return (home / "run" / "address").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
