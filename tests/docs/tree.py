"""The files of the project: those under version control, and new ones not ignored."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    """Sorted. Without git (a tarball), everything but what is built here."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        built = {".venv", ".cache", "build", "dist", ".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis"}
        found = [one for one in ROOT.rglob("*") if one.is_file() and not built & set(one.relative_to(ROOT).parts)]
    else:
        found = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    if not found:
        pytest.fail("no file found")
    return sorted(found)
