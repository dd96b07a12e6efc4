"""``python -m tests.integration.learning_kills FOLDER COUNT``: one run killed at ``COUNT`` moments, resumed each time.

A child is forked for each start, from a process that has done the run once: what it imports is imported once. A moment
is one of the run's own openings, renamings and removals of files: the child ends itself with SIGKILL just before the
n-th. Writes one line of JSON: how many moments there are, and for each that was tried what the resumed run told.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from affouage.training.folder import End, Exported, Progress, RunFolder
from tests.integration import learning_runs as runs

WATCHED = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}


def child(folder: Path, kill_at: int | None) -> tuple[int, int]:
    """(moments seen, how it ended: 0, or the signal that killed it)."""
    reading, writing = os.pipe()
    number = os.fork()
    if number == 0:
        seen = 0

        def look(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen
            if event in WATCHED and arguments and str(folder) in str(arguments[0]):
                seen += 1
                if seen == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(look)
        runs.start(RunFolder(folder))
        os.write(writing, str(seen).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        seen_text = pipe.read()
    _, status = os.waitpid(number, 0)
    return int(seen_text or 0), os.waitstatus_to_exitcode(status)


def outcome(folder: Path) -> dict[str, Any]:
    run = RunFolder(folder)
    losses = {event.step: event.loss for event in runs.told(run, Progress)}
    return {
        "reason": runs.told(run, End)[-1].reason,
        "losses": [losses[step] for step in sorted(losses)],
        "model": [event.sha256 for event in runs.told(run, Exported) if event.name == "model.gguf"][-1],
        "left": sorted(one.name for one in folder.rglob("*") if "partial" in one.name),
        "checkpoints": sorted(one.name for one in run.checkpoints.iterdir()),
    }


def main(home: Path, count: int) -> None:
    runs.start(runs.folder(home / "first" / "essai", runs.SCRATCH))
    whole = runs.folder(home / "whole" / "essai", runs.SCRATCH)
    moments, ended = child(whole.path, None)
    tried = {}
    for moment in sorted(random.Random(1).sample(range(1, moments + 1), count)):
        again = runs.folder(home / f"killed-{moment}" / "essai", runs.SCRATCH)
        assert child(again.path, moment)[1] == -signal.SIGKILL
        assert child(again.path, None)[1] == 0
        tried[moment] = outcome(again.path)
        shutil.rmtree(again.path)
    print(json.dumps({"ended": ended, "moments": moments, "whole": outcome(whole.path), "tried": tried}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
