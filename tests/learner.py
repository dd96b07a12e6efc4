"""A program that learns without torch, and keeps the contract of a run's folder: for tests of the places.

    python -m tests.learner FOLDER

It fits a line to points drawn by chance, by gradient descent. What it tells and where it resumes are real: a loss after
a checkpoint is, to the last digit, what it would have been without one. One step lasts ``pace`` (a file of that name
in the folder, in milliseconds; nothing without). With a file ``deaf`` there it does not hear that it
should stop. ``seed`` 666 of the settings: it fails at its third step.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from affouage.training.folder import Began, Checkpoint, End, Exported, Progress, RunFolder

_asked: list[int] = []


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _ask(number: int, _frame: FrameType | None) -> None:
    _asked.append(number)


def _restored(folder: RunFolder, seed: int) -> tuple[int, float, float, random.Random]:
    chance = random.Random(seed)
    steps = sorted(folder.checkpoints.glob("step-*"))
    if not steps:
        return 0, 0.0, 0.0, chance
    kept: dict[str, Any] = json.loads((steps[-1] / "state.json").read_text())
    version, numbers, gauss = kept["chance"]
    chance.setstate((version, tuple(numbers), gauss))
    return kept["step"], kept["slope"], kept["shift"], chance


def _keep(folder: RunFolder, step: int, slope: float, shift: float, chance: random.Random) -> None:
    folder.checkpoints.mkdir(exist_ok=True)
    aside, final = folder.checkpoints / ".partial", folder.checkpoints / f"step-{step:06d}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    state = json.dumps({"step": step, "slope": slope, "shift": shift, "chance": chance.getstate()})
    (aside / "state.json").write_text(state)
    shutil.rmtree(final, ignore_errors=True)
    aside.rename(final)
    folder.tell(Checkpoint(at_ms=_now_ms(), step=step, bytes=len(state)))


def main(path: Path) -> int:
    folder = RunFolder(path)
    settings = folder.settings()
    pace_s = float((path / "pace").read_text()) / 1000 if (path / "pace").exists() else 0.0
    step, slope, shift, chance = _restored(folder, settings.seed)
    folder.tell(Began(at_ms=_now_ms(), step=step, parameters=2, trained=2, device="cpu", threads=1))
    while step < settings.steps:
        if _asked and not (path / "deaf").exists():
            _keep(folder, step, slope, shift, chance)
            folder.tell(End(at_ms=_now_ms(), step=step, reason="stopped", told="It was asked to stop."))
            return 0
        if settings.seed == 666 and step == 2:
            print("the points are nowhere to be found", file=sys.stderr)
            return 3
        x = chance.uniform(-1, 1)
        wrong = slope * x + shift - (3 * x + 1)
        slope, shift, step = slope - 0.1 * wrong * x, shift - 0.1 * wrong, step + 1
        time.sleep(pace_s)
        folder.tell(
            Progress(at_ms=_now_ms(), step=step, steps=settings.steps, tokens=step, loss=wrong**2, learning_rate=0.1)
        )
    folder.out.mkdir(exist_ok=True)
    made = json.dumps({"slope": slope, "shift": shift}).encode()
    (folder.out / "model.gguf").write_bytes(made)
    sha256 = hashlib.sha256(made).hexdigest()
    folder.tell(Exported(at_ms=_now_ms(), name="model.gguf", bytes=len(made), sha256=sha256))
    folder.tell(End(at_ms=_now_ms(), step=step, reason="done"))
    return 0


if __name__ == "__main__":
    for one in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(one, _ask)
    sys.exit(main(Path(sys.argv[1])))
