"""This machine: its name in the books, and its memory as seen from inside (the smaller of its own and the container's
limit)."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import msgspec


class Memory(msgspec.Struct, frozen=True):
    """Bytes; None when the system does not tell."""

    total_bytes: int | None
    available_bytes: int | None


def machine_id() -> str:
    """What the books call this machine: its network name, as on receipts."""
    return platform.node() or "localhost"


def memory(cgroup_root: Path = Path("/sys/fs/cgroup"), own_cgroup: Path = Path("/proc/self/cgroup")) -> Memory:
    """Memory of the machine, cut down to the limits of the control groups (version 2) this program runs in."""
    total, available = _total(), _available()
    for limit, used in _limits(cgroup_root, own_cgroup):
        total = limit if total is None else min(total, limit)
        left = max(limit - used, 0)
        available = left if available is None else min(available, left)
    return Memory(total, available)


def _total() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _limits(root: Path, own: Path) -> list[tuple[int, int]]:
    """(limit, used) in bytes of each control group from our own up to the root, where there is a limit.

    The page cache is left out of what is used: it is given back on demand, and a model just downloaded fills it.
    """
    try:
        line = next(one for one in own.read_text(encoding="utf-8").splitlines() if one.startswith("0::"))
    except (OSError, StopIteration):
        return []
    here = root / line.removeprefix("0::").strip().lstrip("/")
    found = []
    for folder in (here, *here.parents):
        if not folder.is_relative_to(root):
            break
        limit, used = _number(folder / "memory.max"), _number(folder / "memory.current")
        if limit is not None:
            found.append((limit, max(0, (used or 0) - _page_cache(folder / "memory.stat"))))
    return found


def _page_cache(stat: Path) -> int:
    try:
        rows = [line.split() for line in stat.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return 0
    return sum(int(row[1]) for row in rows if row[0] in ("inactive_file", "active_file"))


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
