"""Build a corpus: plan, have it read and finished by a child of its own or by Slurm, watch, tell what went wrong.

Broken off at any moment, nothing half made stands among the builds; the same command goes on from the tasks that were
over. What is asked otherwise (recipe, sources, software) begins anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from affouage import __version__
from affouage.clock import Clock
from affouage.errors import AffouageError, BadRequest, SetUpError
from affouage.sheets.age import today_utc
from affouage.training.corpus import packages
from affouage.training.corpus.place import Slurm
from affouage.training.corpus.planning import OnBytes, Sources, in_tasks
from affouage.training.corpus.recipe import Decontaminate, Recipe, read_recipe
from affouage.training.corpus.store import BUILDS, RECIPE, Build, Corpora, is_withdrawn, read_build
from affouage.training.corpus.work import PLAN, Plan

DISK_FULL = 28
JOBS = "jobs"
_LOOK_S = 0.2
_MANY_TASKS = 200
"""From then on one looks less often: each look counts their files."""
_LONGEST_LOG = 2_000


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """``tasks`` over, of ``of_tasks``; ``documents`` read so far. ``stage``: "finishing" once all is read."""

    stage: Literal["reading", "finishing"]
    tasks: int
    of_tasks: int
    documents: int


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """``again``: the same corpus stood there already. ``resumed``: tasks that an earlier command had done."""

    build: Build
    again: bool
    resumed: int


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """On Slurm: the same command, later, tells how it goes and takes the result."""

    jobs: tuple[str, ...]
    work: Path


OnProgress = Callable[[Progress], None]


class Builder:
    def __init__(
        self,
        home: Path,
        name: str,
        clock: Clock,
        *,
        local_hosts: Sequence[str] = (),
        on_bytes: OnBytes = lambda _name, _done, _total: None,
        on_progress: OnProgress = lambda _progress: None,
    ) -> None:
        self._home, self._name, self._clock = home, name, clock
        self._corpora = Corpora(home)
        self._on_bytes, self._on_progress = on_bytes, on_progress
        self._local_hosts = local_hosts

    def here(self, *, workers: int = 0) -> Built:
        """On this machine, with ``workers`` processes (0: one core is left to others). It blocks.

        Raises NotFound, BadRequest (the recipe, a source, nothing to read), Conflict, PullFailed, SetUpError.
        """
        with self._corpora.alone(self._name):
            work, plan = self._planned("local")
            resumed = self._over(work)
            stood = {one.name for one in Path(plan.builds).glob("*")}
            self._child(work, plan, workers or max(1, (os.cpu_count() or 2) - 1))
            return self._built(work, plan, stood, resumed)

    def on_slurm(self, slurm: Slurm) -> Built | Submitted:
        """Submitted, or the result of what was submitted before. Raises as :meth:`here` does."""
        with self._corpora.alone(self._name):
            work, plan = self._planned("slurm")
            stood = {one.name for one in Path(plan.builds).glob("*")}
            if (work / "built").exists():
                return self._built(work, plan, stood | {(work / "built").read_text("ascii")}, 0)
            if shutil.which("sbatch") is None:
                raise SetUpError(
                    "There is no Slurm on this machine: sbatch is not found.",
                    remedy="Run this on a login node, or build here: leave --slurm out.",
                    code="corpus_no_slurm",
                )
            if (work / JOBS).exists():
                return self._looked_at(work, plan)
            return self._submitted(work, slurm)

    def _looked_at(self, work: Path, plan: Plan) -> Submitted:
        """What was submitted before: it is under way, or ended without a corpus."""
        jobs = tuple((work / JOBS).read_text("ascii").split())
        if _queued(jobs):
            self._tell(work, plan)
            return Submitted(jobs=jobs, work=work)
        (work / JOBS).unlink()
        raise _failed(self._name, f"Slurm's jobs {', '.join(jobs)} ended before it was whole; see {work}/*/slurm_logs")

    def _submitted(self, work: Path, slurm: Slurm) -> Submitted:
        from affouage.training.corpus.executors import SAID, on_slurm

        try:
            jobs = on_slurm(work, slurm)
        except (subprocess.CalledProcessError, OSError) as why:
            said = " ".join((work / SAID).read_text("utf-8", "replace").split()) if (work / SAID).exists() else str(why)
            raise SetUpError(
                f"Slurm refused the jobs: {said[:500]}",
                remedy="Check --account, --partition and --time with your centre.",
                code="corpus_slurm",
            ) from why
        (work / JOBS).write_text(" ".join(jobs), encoding="ascii")
        return Submitted(jobs=jobs, work=work)

    def _planned(self, where: str) -> tuple[Path, Plan]:
        """The plan; the one under way where it is the same."""
        folder = self._corpora.folder(self._name)
        text = self._corpora.recipe_text(self._name)
        recipe = read_recipe(text, str(folder / RECIPE))
        packages.check(packages.needed(recipe))
        withdrawals = self._corpora.withdrawals(self._name)
        sources = Sources(
            recipe,
            base=folder,
            downloads=folder / "downloads",
            library=self._home / "sheets",
            withdrawn=lambda member, day: is_withdrawn(withdrawals, member, day),
            local_hosts=self._local_hosts,
            on_bytes=self._on_bytes,
        )
        if not recipe.source:
            raise BadRequest(
                f"The recipe of {self._name} names no source.",
                remedy=f"Add one: affouage corpus add {self._name} SOURCE --licence LICENCE",
                code="corpus_no_source",
                name=self._name,
            )
        _check_evaluations(recipe, folder)
        shards = list(sources.shards())
        if any(one.path.lower().endswith(".zst") for one in shards):
            packages.check(("zstandard",))
        tasks, refused = in_tasks(shards), tuple(sources.refused)
        asked = msgspec.json.encode((text, tasks, refused, __version__, where))
        plan = Plan(
            key=hashlib.sha256(asked).hexdigest(),
            name=self._name,
            recipe=text,
            today=today_utc(self._clock.now_ms()).isoformat(),
            made_ms=self._clock.now_ms(),
            builds=str(folder / BUILDS),
            base=str(folder),
            tasks=tasks,
            refused=refused,
            code=__version__,
            where=where,
        )
        return self._taken_up(folder / "work", plan)

    def _taken_up(self, work: Path, plan: Plan) -> tuple[Path, Plan]:
        try:
            before = msgspec.json.decode((work / PLAN).read_bytes(), type=Plan)
            if before.key == plan.key:
                return work, before
        except (OSError, msgspec.MsgspecError):
            pass
        shutil.rmtree(work, ignore_errors=True)
        try:
            work.mkdir(mode=0o700, parents=True)
            (work / f"{PLAN}.part").write_bytes(msgspec.json.encode(plan))
            (work / f"{PLAN}.part").replace(work / PLAN)
        except OSError as why:
            raise _failed(self._name, f"nothing can be written in {work} ({why.strerror})") from why
        return work, plan

    def _child(self, work: Path, plan: Plan, workers: int) -> None:
        log = work / "log.txt"
        command = [sys.executable, "-m", "affouage.training.corpus.executors", str(work), str(workers)]
        with log.open("wb") as told:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, start_new_session=True
            )
            try:
                while child.poll() is None:
                    self._tell(work, plan)
                    try:
                        child.wait(_LOOK_S if len(plan.tasks) < _MANY_TASKS else _LOOK_S * 10)
                    except subprocess.TimeoutExpired:
                        continue
            finally:
                if child.poll() is None:
                    _stop(child)
        if child.returncode == DISK_FULL:
            raise SetUpError(
                "The disk is full: the build was broken off.",
                remedy="Free some space, then give the same command: what was done is kept.",
                code="corpus_disk_full",
            )
        if child.returncode:
            raise _failed(self._name, _last_words(log))

    def _tell(self, work: Path, plan: Plan) -> None:
        over = self._over(work)
        counts = [_number(one) for one in (work / "read").glob("*.count")]
        stage: Literal["reading", "finishing"] = "finishing" if over == len(plan.tasks) else "reading"
        self._on_progress(Progress(stage=stage, tasks=over, of_tasks=len(plan.tasks), documents=sum(counts)))

    def _over(self, work: Path) -> int:
        return sum(1 for _ in (work / "read").glob("*.done.json"))

    def _built(self, work: Path, plan: Plan, stood: set[str], resumed: int) -> Built:
        name = (work / "built").read_text("ascii")
        build = read_build(Path(plan.builds) / name)
        shutil.rmtree(work, ignore_errors=True)
        if not build.manifest.documents:
            counts = ", ".join(f"{one.step} {one.reason} {one.documents}" for one in build.manifest.removed[:10])
            raise BadRequest(
                f"No document of {self._name} is left: {counts or 'its sources hold none'}.",
                remedy=f"See {build.path}/removed.jsonl, then the licences and the steps of the recipe.",
                code="corpus_empty",
                name=self._name,
            )
        return Built(build=build, again=name in stood, resumed=resumed)


def _check_evaluations(recipe: Recipe, base: Path) -> None:
    for step in recipe.step:
        for name in step.against if isinstance(step, Decontaminate) else ():
            if not (base / name).is_file():
                raise BadRequest(
                    f"The evaluation set {name} is not there.",
                    remedy="Give jsonl or text files in the step decontaminate.",
                    code="corpus_evaluation",
                    file=name,
                )


def _stop(child: subprocess.Popen[bytes]) -> None:
    """All of its session: what it left is taken up by the next command."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            break
        try:
            child.wait(5)
            break
        except subprocess.TimeoutExpired:
            continue


def _queued(jobs: tuple[str, ...]) -> bool:
    """Does Slurm still have one of them?"""
    found = subprocess.run(["squeue", "-h", "-j", ",".join(jobs)], capture_output=True, check=False)
    return found.returncode == 0 and bool(found.stdout.strip())


def _number(file: Path) -> int:
    try:
        return int(file.read_text("ascii") or 0)
    except (OSError, ValueError):
        return 0


def _last_words(log: Path) -> str:
    lines = log.read_text("utf-8", "replace")[-_LONGEST_LOG:].strip().splitlines()
    return lines[-1] if lines else "it ended without a word"


def _failed(name: str, why: str) -> AffouageError:
    return AffouageError(
        f"The build of {name} failed: {why}.",
        remedy="Mend what it says, then give the same command: what was done is kept.",
        code="corpus_failed",
        name=name,
        why=why,
    )
