"""The locks, read: ``requirements*.txt`` as `scripts/lock.sh` writes them. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = {
    "default": "requirements.txt",
    "pool": "requirements-pool.txt",
    "desk": "requirements-desk.txt",
    "postgresql": "requirements-postgresql.txt",
    "training": "requirements-training.txt",
}
"""What a commons may install; the other locks are of the tests and of the documents."""

_ENTRY = re.compile(r"([a-z0-9][a-z0-9._-]*)(\[[a-z0-9,_-]+\])?==([^\s;]+)(?:\s*;\s*([^\\]+?))?\s*(?=\\|--hash|\Z)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})(?![0-9a-f])")


@dataclass(frozen=True)
class Locked:
    """One distribution. ``marker``: where it is needed; "" everywhere. ``sha256``: of each of its files."""

    name: str
    version: str
    marker: str
    sha256: tuple[str, ...]


class NotALock(ValueError):
    """A line that gives something else than an exact version with hashes."""


def read(path: Path) -> list[Locked]:
    """Raises NotALock."""
    return read_text(path.read_text(encoding="utf-8"))


def read_text(text: str) -> list[Locked]:
    """Raises NotALock: an address, a version that is not exact, no hash, another kind of hash, an option."""
    found = []
    for entry in re.split(r"\n(?=\S)", text.strip()):
        if entry.startswith("#"):
            continue
        begun, hashes = _ENTRY.match(entry), _HASH.findall(entry)
        rest = _HASH.sub("", entry[begun.end() :] if begun else entry).replace("\\", "").split()
        if begun is None or not hashes or rest:
            raise NotALock(f"not an exact version with its hashes: {entry.splitlines()[0][:80]!r}")
        found.append(Locked(begun[1], begun[3], (begun[4] or "").strip(), tuple(sorted(hashes))))
    return found


def every_lock() -> dict[str, list[Locked]]:
    """By file name. Raises NotALock."""
    return {path.name: read(path) for path in sorted(ROOT.glob("requirements*.txt"))}
