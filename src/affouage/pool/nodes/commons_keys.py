"""The keys of a commons that has a pool: ``<home>/pool/``, for this user alone. Made on first use, then never again.

Whoever reads ``operator.seed`` and ``account.seed`` can let any machine into the pool; whoever reads ``box.key`` can
read what passes through the broker. They belong in the backup, nowhere else.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from affouage.errors import HomeReadOnly, SettingsError
from affouage.pool.nodes import nkey, sealing
from affouage.pool.nodes.nkey import Key, Kind

T = TypeVar("T")

_SEEDS: dict[str, Kind] = {"operator": "operator", "account": "account", "system": "account", "gateway": "user"}
_BOX_FILE = "box.key"
_BOX_BYTES = 32


class CommonsKeys(msgspec.Struct, frozen=True, kw_only=True):
    """``operator`` signs both accounts: ``account``, of the pool, which signs nodes, and ``system``, the broker's own.

    ``gateway``: the commons' user in the pool's account. ``box``: X25519 private key, 32 bytes; nodes seal to it.
    """

    operator: Key
    account: Key
    system: Key
    gateway: Key
    box: bytes

    def __repr__(self) -> str:
        return f"CommonsKeys({self.operator.public})"

    @property
    def box_public(self) -> bytes:
        return sealing.public_of(self.box)


def pool_folder(home: Path) -> Path:
    """``<home>/pool``, mode 700, made if needed. Raises HomeReadOnly."""
    folder = home / "pool"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as refused:
        raise _unwritable(folder, refused) from refused
    return folder


def commons_keys(home: Path) -> CommonsKeys:
    """The keys of this home, those that are missing made now. Raises HomeReadOnly; SettingsError for a damaged one."""
    folder = pool_folder(home)
    seeds = {name: _seed(folder / f"{name}.seed", kind) for name, kind in _SEEDS.items()}
    box = _kept(folder / _BOX_FILE, lambda: sealing.new_key().hex(), _box_of)
    return CommonsKeys(**seeds, box=box)


def _seed(path: Path, kind: Kind) -> Key:
    return _kept(path, lambda: nkey.new_key(kind).seed, lambda text: nkey.from_seed(text, kind))


def _box_of(text: str) -> bytes:
    raw = bytes.fromhex(text)
    if len(raw) != _BOX_BYTES:
        raise ValueError("another length")
    return raw


def _kept(path: Path, make: Callable[[], str], read: Callable[[str], T]) -> T:
    """What the file holds; made first when there is none. Whoever comes at the same time gets the same."""
    try:
        if not path.exists():
            write_once(path, make() + "\n")
        path.chmod(0o600)
        return read(path.read_text(encoding="ascii").strip())
    except OSError as refused:
        raise _unwritable(path, refused) from refused
    except ValueError:
        # Never made anew: every node of the pool would be shut out, without a word.
        raise SettingsError(
            f"{path} is damaged.",
            remedy="Put it back from a backup. Without one, take the folder away: machines then have to join again.",
            code="pool_key",
            file=str(path),
        ) from None


def write_once(path: Path, text: str) -> None:
    """Whole or not at all, even if the power goes; a file that is there already is left alone. Raises OSError."""
    partial = _written(path, text)
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()
    _settle(path.parent)


def write_over(path: Path, text: str) -> None:
    """The same, in place of what was there. Raises OSError."""
    _written(path, text).replace(path)
    _settle(path.parent)


def _written(path: Path, text: str) -> Path:
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return partial


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, refused: OSError) -> HomeReadOnly:
    return HomeReadOnly(
        f"{path} cannot be used ({refused.strerror}).", remedy="Give this user the right to read and write there."
    )
