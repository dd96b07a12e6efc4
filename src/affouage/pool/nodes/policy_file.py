"""What the owner lends, as kept on his own machine: ``<home>/node/policy.json``, written whole or not at all.

The agent and the command line both write it, under a lock; the agent sees within a second what the other wrote.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from affouage.errors import HomeReadOnly, SettingsError
from affouage.pool.nodes.wire import Policy

_Mark = tuple[int, int, int]


class KeptPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``serial``: of the last change that came from the pages of the commons; one made here leaves it as it is.

    ``training``: whether the machine is lent for runs of training too. It is said here alone: no page changes it.
    """

    policy: Policy = Policy()
    serial: int = 0
    training: bool = False


_decode = msgspec.json.Decoder(KeptPolicy).decode


class PolicyFile:
    """The policy in force. Not there yet: everything is lent, the owner first."""

    def __init__(self, home: Path) -> None:
        self.path = home / "node" / "policy.json"
        self._kept = KeptPolicy()
        self._mark: _Mark | None = None

    def now(self) -> KeptPolicy:
        """What is in the file, read again only when it changed. Raises SettingsError when it cannot be understood."""
        mark = self._look()
        if mark != self._mark:
            self._kept = KeptPolicy() if mark is None else self._read()
            self._mark = mark
        return self._kept

    def change(self, changed: Callable[[KeptPolicy], KeptPolicy]) -> KeptPolicy:
        """Replace what is kept by ``changed`` of it; the same again writes nothing. Raises SettingsError,
        HomeReadOnly."""
        with self._locked():
            before = self.now()
            after = changed(before)
            if after != before:
                self._write(after)
                self._kept, self._mark = after, self._look()
        return after

    def apply(self, policy: Policy, serial: int) -> bool:
        """Keep what came from the commons, when it is newer than what did before. Raises as :meth:`change` does."""
        newer = KeptPolicy(policy=policy, serial=serial)
        applied = False

        def changed(kept: KeptPolicy) -> KeptPolicy:
            nonlocal applied
            applied = serial > kept.serial
            return msgspec.structs.replace(newer, training=kept.training) if applied else kept

        self.change(changed)
        return applied

    def _look(self) -> _Mark | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> KeptPolicy:
        try:
            return _decode(self.path.read_bytes())
        except OSError as refused:
            raise SettingsError(
                f"{self.path} cannot be read: {refused.strerror}.", remedy="Give this user the right to read it."
            ) from refused
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            raise SettingsError(
                f"{self.path} cannot be understood: {wrong}.",
                remedy="Mend it, or remove it and set what you lend again: affouage node set.",
                code="lent_file",
                path=str(self.path),
            ) from None

    def _write(self, kept: KeptPolicy) -> None:
        aside = self.path.with_name(f".policy.{os.getpid()}")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(kept)))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.path)
        except OSError as refused:
            with suppress(OSError):
                aside.unlink()
            raise self._read_only(refused) from refused

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path.with_name(".policy.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as refused:
            raise self._read_only(refused) from refused
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _read_only(self, refused: OSError) -> HomeReadOnly:
        return HomeReadOnly(
            f"{self.path} cannot be written ({refused.strerror}).",
            remedy="Give this user the right to write there, or set AFFOUAGE_HOME to another folder.",
        )
