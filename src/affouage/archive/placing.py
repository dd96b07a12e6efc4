"""Where the books are, as settings.toml says it: written when they move to a server, taken away when a backup makes a
file of them again."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import msgspec

from affouage.archive.aside import on_disk
from affouage.errors import SetUpError

FILE = "settings.toml"
_TABLE = re.compile(r"\s*\[")
_OURS = re.compile(r"\s*\[\s*database\s*\]")
_URL = re.compile(r"\s*url\s*=")


def setting_lines(url: str) -> str:
    """What has to stand there."""
    return f"\n[database]\nurl = {msgspec.json.encode(url).decode()}\n"


def name_server(home: Path, url: str) -> bool:
    """Write it at the end; False when something is said of the database there already, or nothing can be written."""
    path = home / FILE
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if "database" in tomllib.loads(text):
            return False
        _write(path, text + ("" if not text or text.endswith("\n") else "\n") + setting_lines(url))
    except (OSError, tomllib.TOMLDecodeError):
        return False
    return True


def forget_server(home: Path) -> bool:
    """Put a # before it: was a server named? Raises SetUpError when that line cannot be found."""
    path = home / FILE
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if not _named(text):
        return False
    lines, within = [], False
    for line in text.splitlines(keepends=True):
        within = bool(_OURS.match(line)) if _TABLE.match(line) else within
        lines.append(f"# {line}" if within and _URL.match(line) else line)
    changed = "".join(lines)
    if _named(changed):
        raise SetUpError(
            "settings.toml of this backup names a database server in a way that cannot be undone.",
            remedy="Nothing was restored. Write it as a line url = ... under [database], and make another backup.",
            code="backup_refused",
        )
    _write(path, changed)
    return True


def _named(text: str) -> bool:
    try:
        table = tomllib.loads(text).get("database")
    except tomllib.TOMLDecodeError:
        return False  # the first command says so
    return isinstance(table, dict) and bool(table.get("url"))


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.new")
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    on_disk(aside)
    aside.replace(path)
    on_disk(path.parent)
