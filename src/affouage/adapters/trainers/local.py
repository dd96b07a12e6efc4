"""This machine as a place: one child program for each run, after everybody else, in a session of its own.

It outlives the commons: a job's name is its process and when it began, so that a commons that starts again finds it,
and never another process that was given the same number. While somebody is answered here, jobs stand still (SIGSTOP).
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from affouage.adapters.engines import vital_signs
from affouage.errors import SetUpError
from affouage.training.runs.trainer import JobLook, Place

MODULE = "affouage.training.learning"
NICE = 19
LOG = "learning.log"
"""In the run's folder: what the program writes besides its events, last life only."""
_LOOK_S, _LOOKS_MOST = 0.01, 200
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "PYTHONPATH")
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


class LocalTrainer:
    """``program``: what is run, with the folder after it (tests give another)."""

    place: Place = "here"

    def __init__(self, program: Sequence[str] = ("-m", MODULE)) -> None:
        self._program = tuple(program)
        self._ours: dict[str, subprocess.Popen[bytes]] = {}
        """Those this process began: it has to bury them."""
        self._seen_us: dict[str, int] = {}
        self._total_us = 0

    async def start(self, folder: Path) -> str:
        found = await asyncio.to_thread(self._at_work_in, folder)
        return found if found is not None else await asyncio.to_thread(self._begin, folder)

    async def look(self, job: str) -> JobLook:
        process = self._process(job)
        if process is None:
            ended = self._ours.pop(job, None)
            return JobLook(state="gone", why="" if ended is None else _why(ended.wait()))  # dead: it is only buried
        now_us = vital_signs.cpu_us(process.pid)
        self._seen_us.setdefault(job, now_us or 0)
        return JobLook(state="running", cpu_us=now_us, aside=process.status() == psutil.STATUS_STOPPED)

    async def stop(self, job: str) -> None:
        self._send(job, signal.SIGTERM, signal.SIGCONT)  # one that stands still hears nothing

    async def kill(self, job: str) -> None:
        self._send(job, signal.SIGKILL)

    # -- giving way ----------------------------------------------------------------------------------------------------

    def set_aside(self, job: str) -> None:
        """Stand still until :meth:`go_on`; its memory stays."""
        self._send(job, signal.SIGSTOP)

    def go_on(self, job: str) -> None:
        self._send(job, signal.SIGCONT)

    # -- for the meter -------------------------------------------------------------------------------------------------

    def cpu_us(self) -> int:
        """Processor time of jobs, in microseconds, since each was begun or found here: never going down."""
        for job, seen_us in list(self._seen_us.items()):
            now_us = self._cpu_us(job)
            if now_us is None:
                continue
            self._total_us += max(0, now_us - seen_us)
            self._seen_us[job] = max(seen_us, now_us)
        return self._total_us

    def pids(self) -> Iterator[int]:
        """Of the jobs at work."""
        for job in self._seen_us:
            process = self._process(job)
            if process is not None:
                yield process.pid

    # -- inside --------------------------------------------------------------------------------------------------------

    def _cpu_us(self, job: str) -> int | None:
        process = self._process(job)
        return None if process is None else vital_signs.cpu_us(process.pid)

    def _begin(self, folder: Path) -> str:
        try:
            with (folder / LOG).open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, *self._program, str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=environment(),
                    start_new_session=True,
                )
        except OSError as refused:
            raise SetUpError(
                f"The program that learns could not be started: {refused.strerror}.",
                remedy="Look at the disk and the memory of this machine, then: affouage train resume RUN",
                code="training_start",
            ) from refused
        with suppress(OSError):  # after everybody else, as soon as it exists
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        job = name_of(psutil.Process(process.pid))
        self._ours[job], self._seen_us[job] = process, 0
        for _ in range(_LOOKS_MOST):  # its name is told a moment after it exists: nobody begins it again meanwhile
            if process.poll() is not None or self._at_work_in(folder) is not None:
                break
            time.sleep(_LOOK_S)
        return job

    def _at_work_in(self, folder: Path) -> str | None:
        """The job that learns in this folder, whoever began it."""
        ending = [*self._program, str(folder)]
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.cmdline()[-len(ending) :] == ending and _alive(process):
                    return name_of(process)
        return None

    def _process(self, job: str) -> psutil.Process | None:
        ours = self._ours.get(job)
        if ours is not None and ours.poll() is not None:
            return None
        pid, _, began = job.partition("@")
        try:
            process = psutil.Process(int(pid))
            same = name_of(process) == job and bool(began) and _alive(process)
        except (psutil.Error, ValueError):
            return None
        return process if same else None

    def _send(self, job: str, *signals: signal.Signals) -> None:
        process = self._process(job)
        if process is None:
            return
        for one in signals:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, one)  # it leads its session


def name_of(process: psutil.Process) -> str:
    """``4711@17644132``: the process, and its beginning in ticks of the machine's own clock, which nobody puts right.

    Raises psutil.Error.
    """
    try:
        text = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8", errors="replace")
        return f"{process.pid}@{text.rpartition(')')[2].split()[19]}"
    except (FileNotFoundError, ProcessLookupError):
        return f"{process.pid}@{process.create_time():.2f}"


def _alive(process: psutil.Process) -> bool:
    return bool(process.status() != psutil.STATUS_ZOMBIE)


def _why(status: int) -> str:
    if status < 0:
        try:
            return f"killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"killed by signal {-status}"
    return "" if status == 0 else f"exit status {status}"


def environment() -> dict[str, str]:
    """A short list of harmless variables: keys and settings of the commons are not inherited. Nothing is fetched."""
    return {**{name: os.environ[name] for name in _INHERITED if name in os.environ}, **_OFFLINE}


def last_words(folder: Path, most: int = 2_000) -> str:
    """The end of what the program wrote besides its events; "" for nothing."""
    try:
        with (folder / LOG).open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - most))
            return log.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
