"""All that resuming needs, written aside and renamed: a kill at any moment leaves the one before. Two are kept."""

from __future__ import annotations

import io
import os
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

STATE = "state.pt"
BEST = "best.pt"
KEPT = 2


class Checkpoints:
    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, step: int, state: dict[str, Any]) -> int:
        """Bytes written. Raises OSError; then the others are untouched, and nothing half-written stays."""
        self.path.mkdir(exist_ok=True)
        aside, final = self.path / f".step-{step:06d}.partial", self._of(step)
        shutil.rmtree(aside, ignore_errors=True)
        try:
            aside.mkdir()
            size = _save(state, aside / STATE)
            shutil.rmtree(final, ignore_errors=True)
            aside.rename(final)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        _sync(self.path)
        for old in self._steps()[:-KEPT]:
            shutil.rmtree(self._of(old), ignore_errors=True)
        return size

    def write_best(self, weights: dict[str, Any]) -> None:
        """The weights with the lowest held-out loss so far; there only where early stopping may want them."""
        self.path.mkdir(exist_ok=True)
        aside = self.path / f".{BEST}.partial"
        try:
            _save(weights, aside)
            aside.replace(self.path / BEST)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise

    def best(self) -> dict[str, Any] | None:
        return _load(self.path / BEST)

    def newest_first(self) -> Iterator[dict[str, Any]]:
        """Those that can be read: one that a failing disk tore is passed over."""
        for step in reversed(self._steps()):
            if (state := _load(self._of(step) / STATE)) is not None:
                yield state

    def _of(self, step: int) -> Path:
        return self.path / f"step-{step:06d}"

    def _steps(self) -> list[int]:
        names = (one.name.removeprefix("step-") for one in self.path.glob("step-*"))
        return sorted(int(name) for name in names if name.isdecimal())


def _save(state: dict[str, Any], path: Path) -> int:
    with path.open("wb") as file:
        keeper = _Keeper(file)
        try:
            torch.save(state, keeper)
        except RuntimeError:  # torch hides what the disk said
            if keeper.wrong is not None:
                raise keeper.wrong from None
            raise
        file.flush()
        os.fsync(file.fileno())
    return path.stat().st_size


class _Keeper:
    """A file that remembers why a write failed."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self._file = file
        self.wrong: OSError | None = None

    def write(self, some: Any) -> int:
        try:
            return self._file.write(some)
        except OSError as wrong:
            self.wrong = wrong
            raise

    def flush(self) -> None:
        self._file.flush()


def _load(path: Path) -> dict[str, Any] | None:
    """Only tensors and plain values: a file that comes back from another machine runs nothing here."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError):
        return None
    return found if isinstance(found, dict) else None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
