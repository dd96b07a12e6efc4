"""The same two pieces of work, here or on Slurm, by datatrove's executors: read all shards, then finish.

Run as ``python -m affouage.training.corpus.executors WORK WORKERS``, it does both on this machine, in a session of its
own, so that whoever started it can stop all of it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from loguru import logger

from affouage.training.corpus.finishing import finish
from affouage.training.corpus.place import Slurm
from affouage.training.corpus.work import read_plan, read_task

SAID = "sbatch.txt"
DISK_FULL = 28
"""Exit status; ENOSPC's number."""
_PR_SET_PDEATHSIG = 1


class ReadShards(PipelineStep):  # type: ignore[misc, unused-ignore]
    """Task N reads the shards of task N of the plan."""

    name = "affouage: read"
    type = "corpus"

    def __init__(self, work: str) -> None:
        super().__init__()
        self.work = work

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        read_task(Path(self.work), rank)
        yield from ()


class Finish(PipelineStep):  # type: ignore[misc, unused-ignore]
    """The one task after all others: the build takes its place."""

    name = "affouage: finish"
    type = "corpus"

    def __init__(self, work: str) -> None:
        super().__init__()
        self.work = work

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        placed = finish(Path(self.work))
        (Path(self.work) / "built").write_text(placed.name, encoding="ascii")
        yield from ()


def here(work: Path, workers: int) -> None:
    """All of it on this machine. What was done before is not done again. Raises OSError."""
    tasks = len(read_plan(work).tasks)
    reading = LocalPipelineExecutor(
        pipeline=[ReadShards(str(work))],
        tasks=tasks,
        workers=max(1, min(workers, tasks)),
        logging_dir=str(work / "reading"),
        start_method="fork",
    )
    if tasks:
        reading.run()
    LocalPipelineExecutor(pipeline=[Finish(str(work))], tasks=1, workers=1, logging_dir=str(work / "finishing")).run()


class _Slurm(SlurmPipelineExecutor):  # type: ignore[misc, unused-ignore]
    def launch_merge_stats(self) -> None:
        """Statistics are in the manifest: no third job."""


def on_slurm(work: Path, slurm: Slurm) -> tuple[str, ...]:
    """Submit both jobs, the second once the first is over. Their numbers; none for work that was done before."""
    tasks = len(read_plan(work).tasks)
    common: dict[str, Any] = {
        "time": slurm.time,
        "partition": slurm.partition,
        "qos": None,
        "cpus_per_task": 1,
        "venv_path": f"{sys.prefix}/bin/activate",
        "sbatch_args": {
            "mem-per-cpu": slurm.memory,
            "kill-on-invalid-dep": "yes",  # nothing to finish when reading failed
            **({"account": slurm.account} if slurm.account else {}),
        },
    }
    reading = _Slurm(
        pipeline=[ReadShards(str(work))],
        tasks=tasks,
        workers=slurm.workers,
        job_name="affouage-read",
        logging_dir=str(work / "reading"),
        **common,
    )
    finishing = _Slurm(
        pipeline=[Finish(str(work))],
        tasks=1,
        job_name="affouage-finish",
        logging_dir=str(work / "finishing"),
        depends=reading,
        **common,
    )
    with _told_to(work / SAID):
        finishing.run()
    return tuple(str(one.job_id) for one in (reading, finishing) if one.job_id not in (None, -1))


@contextmanager
def _told_to(file: Path) -> Iterator[None]:
    """What sbatch says goes to a file: it writes to where this program's own errors go."""
    logger.disable("datatrove")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with file.open("wb") as told:
            os.dup2(told.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        logger.enable("datatrove")


def _end_with_parent(number: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def _leave_nobody() -> None:
    """Whoever started this may be killed, and so may this: its workers and datatrove's own children end with it."""
    leader = os.getpid()

    def stop(_number: int, _frame: object) -> None:
        if os.getpid() == leader == os.getpgrp():
            os.killpg(leader, signal.SIGKILL)
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)
    _end_with_parent(signal.SIGTERM)
    os.register_at_fork(after_in_child=lambda: _end_with_parent(signal.SIGKILL))


def main(work: str, workers: str) -> int:
    _leave_nobody()
    try:
        here(Path(work), int(workers))
    except OSError as why:
        if why.errno in (errno.ENOSPC, errno.EDQUOT):
            return DISK_FULL
        raise
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(*sys.argv[1:]))
