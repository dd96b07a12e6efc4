"""The list of backups made of a home: where each went and when, nothing of what is in it. It is not in backups."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from affouage.archive.making import Made

DAYS_MOST = 7
"""Older than that, the last backup is said to be old."""
_LINES_MOST = 1000


def folder(home: Path) -> Path:
    """Where backups go unless told otherwise; on the same disk, so that each has to be carried elsewhere."""
    return home / "backups"


def note_made(home: Path, made: Made) -> None:
    """Raises OSError."""
    folder(home).mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder(home) / "made.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(msgspec.json.encode(made) + b"\n")


def made_of(home: Path) -> list[Made]:
    """Newest first; lines that cannot be read count for nothing."""
    try:
        lines = (folder(home) / "made.jsonl").read_bytes().splitlines()[-_LINES_MOST:]
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Made))
        except msgspec.MsgspecError:
            continue
    return sorted(found, key=lambda one: one.made_ms, reverse=True)
