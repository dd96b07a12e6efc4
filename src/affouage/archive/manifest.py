"""What a backup says of itself: first what it is, at the end every file with its digest. And the names it may hold."""

from __future__ import annotations

import msgspec

from affouage.archive.sealed import broken

FORMAT = 1
ABOUT, MANIFEST, INSIDE = "about.json", "manifest.json", "home/"
LARGEST_JSON_BYTES = 64_000_000
_LONGEST_NAME = 1000
_DEEPEST = 40
NOT_KEPT = frozenset(("run", "backups"))
"""Folders of a home that are of this machine and this moment only."""


class About(msgspec.Struct, frozen=True):
    """``schema``: of the database, None without one. ``bytes``: of the files as they were counted before copying."""

    affouage: str
    schema: str | None
    made_ms: int
    bytes: int
    models: bool
    served: bool
    format: int = FORMAT


class Entry(msgspec.Struct, frozen=True):
    """One file of the home."""

    name: str
    bytes: int
    sha256: str


class LogThen(msgspec.Struct, frozen=True):
    """The public log in this copy: its last checkpoint, nothing secret. ``key``: the key that signs it is there."""

    origin: str
    size: int
    root: str
    key: bool = True


class Manifest(msgspec.Struct, frozen=True):
    """``left_out``: what stood in the home and is no plain file (links, sockets), told so that nobody is surprised."""

    entries: list[Entry]
    left_out: list[str] = []
    log: LogThen | None = None


def checked_name(name: str) -> str:
    """The name, when it stays within a home and names something a home keeps. Raises BadRequest."""
    parts = name.split("/")
    if (
        not name
        or len(name) > _LONGEST_NAME
        or len(parts) > _DEEPEST
        or any(one in ("", ".", "..") for one in parts)
        or any(ord(one) < 32 or ord(one) == 127 or 0xD800 <= ord(one) <= 0xDFFF for one in name)
        or parts[0] in NOT_KEPT
    ):
        raise broken("it names a file that no home has")
    return name


def differences(manifest: Manifest, found: dict[str, Entry]) -> str | None:
    """The first thing in which the files differ from the manifest; None when all are as they were copied. Pure."""
    told = {one.name: one for one in manifest.entries}
    if len(told) != len(manifest.entries):
        return "it names a file twice"
    for name, entry in told.items():
        if found.get(name) != entry:
            return f"{name} is {'missing' if name not in found else 'not what was copied'}"
    extra = next((name for name in found if name not in told), None)
    return None if extra is None else f"{extra} is in it, and should not be"
