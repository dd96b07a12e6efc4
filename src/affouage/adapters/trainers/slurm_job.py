"""What submitit runs on the machine that Slurm chose: the program that learns, and its coming back.

``--signal=USR2`` comes ``checkpoint_s`` before the time limit (and when somebody sends it): the program writes a
checkpoint, the job goes back into the queue under the same name, and begins again where it was. SIGTERM, which
:meth:`affouage.adapters.trainers.slurm.SlurmTrainer.stop` sends, reaches the program alone: it stops, and so does the
job. Imported there before anything else: nothing heavy here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from affouage.training.folder import End, RunFolder


class LearningJob:
    """``program``: what is run by this Python, with the folder after it."""

    def __init__(self, folder: str, program: tuple[str, ...]) -> None:
        self.folder = folder
        self.program = program
        self._pid: int | None = None

    def __call__(self) -> None:
        command = [sys.executable, *self.program, self.folder]
        child = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL)
        self._pid = child.pid
        # Not child.wait(): a signal may have us wait in the middle of waiting, which its lock would not outlive.
        status = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
        child.returncode = status
        if status:  # of one that failed by itself, its own last words are the ones to read
            raise SystemExit(status if status > 0 else _killed(status))

    def checkpoint(self) -> Any:
        """Called by submitit, in its signal handler: what is to be run again, or None when there is nothing left."""
        from submitit.helpers import DelayedSubmission

        if self._pid is not None:
            with suppress(ProcessLookupError, ChildProcessError):  # it has ended already
                os.kill(self._pid, signal.SIGUSR2)
                os.waitpid(self._pid, 0)
        events = [event for event, _ in RunFolder(Path(self.folder)).events()]
        ended = events[-1] if events else None
        if isinstance(ended, End) and ended.reason != "stopped":
            return None
        return DelayedSubmission(LearningJob(self.folder, self.program))


def _killed(status: int) -> str:
    try:
        return f"the program that learns was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"the program that learns was killed by signal {-status}"
