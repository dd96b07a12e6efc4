"""``python -m affouage.training.learning FOLDER``: learn, or go on learning, in a run's folder (see ``folder.py``).

``--calibrate SECONDS``: measure some passes, write one line of JSON, change nothing. ``--export``: write ``out/`` from
the last checkpoint without learning. ``--merge``: of an adapter, the base with it as one more file.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from pathlib import Path
from types import FrameType

import msgspec

from affouage.training.folder import RunFolder


def _prepared(folder: RunFolder) -> None:
    """What the libraries read once, when they are imported."""
    from affouage.training.learning.place import threads

    try:
        count = str(threads(folder.settings().threads))
    except (OSError, ValueError):
        count = "1"  # the run itself will say what is wrong
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = count
    os.environ |= {
        "OMP_WAIT_POLICY": "passive",
        "GOMP_SPINCOUNT": "0",
        "TOKENIZERS_PARALLELISM": "true",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # cards: the same sums in the same order
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TQDM_DISABLE": "1",
    }


class Asked:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.to_stop = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        self.to_stop = True


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="affouage.training.learning", description="Learn in a run's folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--calibrate", type=float, metavar="SECONDS", help="measure, tell, change nothing")
    parser.add_argument("--export", action="store_true", help="write out/ from the last checkpoint")
    parser.add_argument("--merge", action="store_true", help="of an adapter: also write its base with it")
    asked = parser.parse_args(arguments)
    folder, stop = RunFolder(asked.folder), Asked()
    for one in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(one, stop.note)
    if not asked.folder.is_dir():
        parser.error(f"{asked.folder} is no folder")
    _prepared(folder)
    warnings.simplefilter("ignore", FutureWarning)  # of the libraries, to one another
    if asked.calibrate is not None:
        from affouage.training.learning.calibrate import calibrate

        sys.stdout.write(msgspec.json.encode(calibrate(folder, asked.calibrate)).decode() + "\n")
        return 0
    from affouage.clock import SystemClock
    from affouage.training.learning.program import Run

    try:
        end = Run(folder, SystemClock(), lambda: stop.to_stop).whole(merge=asked.merge, only_export=asked.export)
    except OSError as wrong:  # its end could not be told where it should be
        print(f"nothing can be written in {folder.path}: {wrong}", file=sys.stderr)
        return 1
    print(f"{end.reason}: {end.told} {end.remedy}".strip(), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
