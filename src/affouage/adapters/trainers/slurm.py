"""A computer run by Slurm as a place: jobs are handed over by submitit, looked up by ``squeue``, ended by ``scancel``.

The commons runs on a machine of that computer, and the run's folder is on a disk that its other machines see. Never
SSH. A job's name is Slurm's number (``4711``, ``4711_0`` in an array), which outlives the commons; the same folder
handed over twice is one job. Needs the extra ``training``, and Slurm's commands.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from affouage.adapters.trainers.slurm_job import LearningJob
from affouage.adapters.trainers.slurm_words import (
    OVER_ALREADY,
    RUNNING,
    UNKNOWN_JOB,
    WAITING,
    ending,
    reason,
    refusal,
)
from affouage.errors import AffouageError, BadRequest, SetUpError, Unavailable
from affouage.training import site_energy
from affouage.training.runs.trainer import JobLook, Place
from affouage.training.site import Site, checked, sbatch_options, shell_lines

MODULE = "affouage.training.learning"
LOGS = "slurm"
"""In the run's folder: what submitit hands over, and what jobs print."""

_COMMANDS = ("sbatch", "squeue", "scancel", "scontrol", "srun")
_COMMAND_S = 60
_JOB = re.compile(r"[0-9]{1,12}(_[0-9]{1,6})?")
_LOG_BYTES = 4_000
_SUBMITITS = (
    "time",
    "nodes",
    "ntasks-per-node",
    "cpus-per-task",
    "constraint",
    "account",
    "partition",
    "qos",
    "gres",
    "mem",
)
"""Options that submitit knows by themselves; the others are given to it as they are."""


class SlurmTrainer:
    """``site``: see :mod:`affouage.training.site`; ``name``: what people call it. ``program``: what is run, with the
    folder after it (tests give another)."""

    place: Place = "slurm"

    def __init__(self, site: Site, name: str = "slurm", program: Sequence[str] = ("-m", MODULE)) -> None:
        self._site = checked(site, name)
        self._name = name
        self._program = tuple(program)
        self._handing_over = asyncio.Lock()

    async def start(self, folder: Path) -> str:
        return (await self.start_all([folder]))[0]

    async def start_all(self, folders: Sequence[Path]) -> list[str]:
        """Several runs at once (several seeds, say): one array, so that the queue sees one demand. What is handed over
        and what jobs print lie in the first one's folder, which must stay until all have ended.

        A folder where a job waits or runs already keeps it. Raises AffouageError; then nothing was handed over.
        """
        _check_here()
        if len({one.resolve() for one in folders}) != len(folders):
            raise BadRequest("A folder is there twice.", remedy="One folder for each run.", code="slurm_twice")
        async with self._handing_over:
            known = {folder: await self._at_work_in(folder) for folder in folders}
            new = [folder for folder in folders if known[folder] is None]
            if new:
                jobs = await asyncio.to_thread(self._submit, new)
                known.update(zip(new, jobs, strict=True))
        return [known[folder] or "" for folder in folders]

    async def look(self, job: str) -> JobLook:
        """Raises Unavailable when Slurm does not answer: the job may well be running."""
        code, out, err = await _run(
            "squeue", "--noheader", "--array", "--states=all", f"--jobs={_known(job)}", "--format=%T|%r"
        )
        if code and not any(one in err for one in UNKNOWN_JOB):
            raise refusal(err, self._name)
        state, _, told = (out.strip().splitlines() or [""])[-1].partition("|")
        if state in WAITING:
            return JobLook(state="waiting", why=reason(state, told))
        if state in RUNNING:
            return JobLook(state="running")
        return await self._ended(job, state)

    async def stop(self, job: str) -> None:
        look = await self.look(job)
        if look.state == "waiting":  # nothing has begun, or all is in its checkpoint
            await self._cancel(job)
        elif look.state == "running":
            await self._cancel(job, "--signal=TERM")

    async def kill(self, job: str) -> None:
        await self._cancel(job)  # SIGTERM, and SIGKILL after the site's KillWait, half a minute on most

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _cancel(self, job: str, *options: str) -> None:
        code, _, err = await _run("scancel", *options, _known(job))
        if code and not any(one in err for one in OVER_ALREADY):
            raise refusal(err, self._name)

    async def _at_work_in(self, folder: Path) -> str | None:
        """The job that waits or learns in this folder: handed over by a commons that was killed before it wrote so."""
        mark = folder / LOGS / "jobs"
        jobs = mark.read_text().split() if mark.is_file() else []
        named = await _run("squeue", "--noheader", "--array", "--me", f"--name={job_name(folder)}", "--format=%i")
        if named[0]:
            raise refusal(named[2], self._name)
        for job in [*named[1].split(), *jobs[-1:]]:
            if _JOB.fullmatch(job) and (await self.look(job)).state != "gone":
                return job
        return None

    async def _ended(self, job: str, state: str) -> JobLook:
        exit_code, last_words = "", ""
        if state:
            _, out, _ = await _run("scontrol", "show", "job", "--oneliner", job)
            facts = dict(word.partition("=")[::2] for word in out.split() if "=" in word)
            exit_code, last_words = facts.get("ExitCode", ""), _last_words(facts.get("StdErr", ""))
        told = await self._counted(job)
        if told is None:
            return JobLook(state="gone", why=ending(state, exit_code, last_words))
        return JobLook(
            state="gone",
            why=ending(state or told.state, exit_code or told.exit_code, last_words),
            energy_uj=told.energy_uj,
            energy_source=site_energy.SOURCE if told.energy_uj is not None else "",
        )

    async def _counted(self, job: str) -> site_energy.Told | None:
        """What the site's accounting tells, where it has one."""
        try:
            code, out, _ = await _run(*site_energy.command(job))
        except AffouageError:
            return None
        return None if code else site_energy.read_told(out, job)

    def _submit(self, folders: list[Path]) -> list[str]:
        submitit, refused = _submitit()
        try:
            logs = folders[0] / LOGS
            executor = submitit.SlurmExecutor(
                folder=logs,
                max_num_timeout=self._site.requeues,
                python=shlex.quote(self._site.python or sys.executable),
            )
            executor.update_parameters(**parameters(self._site, job_name(folders[0])))
            work = [LearningJob(str(one.resolve()), self._program) for one in folders]
            with executor.batch():
                jobs = [executor.submit(one) for one in work]
        except refused as no:
            raise refusal(str(no), self._name) from None
        except OSError as no:
            raise SetUpError(
                f"The job could not be written in {folders[0]}: {no.strerror}.",
                remedy="The run's folder must be on a disk where there is room, seen by the machines that compute.",
                code="slurm_folder",
            ) from None
        names = [str(job.job_id) for job in jobs]
        for folder, name in zip(folders, names, strict=True):
            _note(folder, name)
        return names


def job_name(folder: Path) -> str:
    """The same for a folder whichever commons hands it over; another one for another folder of that name."""
    path = str(folder.resolve())
    return (
        f"affouage-{re.sub(r'[^A-Za-z0-9._-]', '-', folder.name)[:40]}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"
    )


def parameters(site: Site, name: str) -> dict[str, Any]:
    """For submitit. srun of Slurm 22.05 and later forgets how many processors were asked for: it is told again."""
    options = sbatch_options(site)
    known = {
        key.replace("-", "_"): value
        for key, value in options.items()
        if key in _SUBMITITS and key not in ("time", "nodes")
    }
    others = {key: value or True for key, value in options.items() if key not in _SUBMITITS}
    return {
        **known,
        "ntasks_per_node": 1,
        "cpus_per_task": site.cpus,
        "nodes": 1,
        "time": site.time_minutes,
        "job_name": name,
        "setup": shell_lines(site),
        "signal_delay_s": site.checkpoint_s,
        "srun_args": [f"--cpus-per-task={site.cpus}"],
        "wckey": None,
        "additional_parameters": others,
    }


def _note(folder: Path, job: str) -> None:
    (folder / LOGS).mkdir(exist_ok=True)
    with (folder / LOGS / "jobs").open("a", encoding="utf-8") as jobs:
        jobs.write(f"{job}\n")


def _known(job: str) -> str:
    """A job's name becomes a word of a command: nothing else than one. Raises BadRequest."""
    if not _JOB.fullmatch(job):
        raise BadRequest(f"{job!r:.60} is no job of Slurm.", remedy="A number, as 4711 or 4711_0.", code="slurm_job")
    return job


def _check_here() -> None:
    absent = [name for name in _COMMANDS if shutil.which(name) is None]
    if absent:
        raise SetUpError(
            f"Slurm's commands are not on this machine: {', '.join(absent)}.",
            remedy="Run the commons on a login node of that computer; or write a bundle that a person takes there:"
            " affouage train bundle RUN",
            code="slurm_absent",
        )


def _submitit() -> tuple[Any, tuple[type[Exception], ...]]:
    """The library, and what it raises when Slurm says no."""
    try:
        import submitit
        from submitit.core.utils import FailedJobError, FailedSubmissionError
    except ImportError:
        raise SetUpError(
            "The packages of the training device are not installed.",
            remedy="There: make training, in the folder of affouage (or pip install 'affouage[training]')",
            code="training_extra",
        ) from None
    return submitit, (FailedJobError, FailedSubmissionError)


async def _run(*words: str) -> tuple[int, str, str]:
    """Exit status, and what it printed. Raises SetUpError, Unavailable."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError:
        _check_here()
        raise SetUpError(
            f"{words[0]} cannot be run here.", remedy="Ask the computer's administrators.", code="slurm_absent"
        ) from None
    try:
        async with asyncio.timeout(_COMMAND_S):
            out, err = await process.communicate()
    except BaseException as why:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if isinstance(why, TimeoutError):
            raise Unavailable(
                f"{words[0]} did not answer within {_COMMAND_S} s.",
                remedy="The computer is busy; running jobs are not touched. Try again later.",
                code="slurm_unreachable",
                retry_after_s=60,
            ) from None
        raise
    return process.returncode or 0, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _last_words(log: str) -> str:
    """The last line that a job printed where errors go, rather its own than Slurm's."""
    try:
        with Path(log).open("rb") as told:
            told.seek(0, os.SEEK_END)
            told.seek(max(0, told.tell() - _LOG_BYTES))
            lines = told.read().decode("utf-8", "replace").strip().splitlines()
    except (OSError, ValueError):
        return ""
    own = [line for line in lines if not line.startswith(("srun: ", "slurmstepd: "))]
    return (own or lines or [""])[-1]
