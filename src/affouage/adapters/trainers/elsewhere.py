"""The places that are not this machine, as a home has them: the computers described in ``sites/``, by Slurm where the
commons is on one of their machines, by a bundle that a person carries where it is not; the machines of the pool."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from affouage.adapters.trainers.lent import NodeTrainer
from affouage.adapters.trainers.slurm import MODULE, SlurmTrainer
from affouage.errors import BadRequest
from affouage.training.bundle import Imported, write_bundle
from affouage.training.bundle.manifest import KEPT
from affouage.training.runs.trainer import JobLook, Place, Trainer
from affouage.training.site import Site, read_site

WHERE = "where"
"""In a run's folder: the name of the computer it goes to."""
ARCHIVE = "bundle"
"""In a run's folder: where its bundles are written."""

AWAY = "A person carries it: its bundle was written, and its results are to be brought back (affouage train import)."
WITHDRAWN = "Its bundle was withdrawn: it was not brought back."

_JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}/[0-9a-f]{16}")


def other_places(home: Path, runs: Path) -> Mapping[Place, Trainer]:
    """For the composition root. ``runs``: the folder of all runs. Nothing is read or imported before it is used."""
    return {"slurm": SitesTrainer(home), "bundle": BundleTrainer(home, runs), "node": NodeTrainer(runs)}


def send_to(folder: Path, site: str) -> None:
    """Note which computer a run goes to."""
    (folder / WHERE).write_text(site, encoding="utf-8")


def _site_of(home: Path, folder: Path) -> tuple[str, Site]:
    """Raises NotFound (``site_not_found``), SettingsError (``site_file``)."""
    noted = folder / WHERE
    return read_site(home, noted.read_text(encoding="utf-8").strip() if noted.is_file() else "")


class SitesTrainer:
    """Slurm, with the account and the options of the computer that each run goes to. A job's name says enough to look
    it up: a machine is on one Slurm."""

    place: Place = "slurm"

    def __init__(self, home: Path, program: Sequence[str] = ("-m", MODULE)) -> None:
        self._home = home
        self._program = tuple(program)
        self._any = SlurmTrainer(Site(), program=program)

    async def start(self, folder: Path) -> str:
        name, site = await asyncio.to_thread(_site_of, self._home, folder)
        return await SlurmTrainer(site, name, self._program).start(folder)

    async def look(self, job: str) -> JobLook:
        return await self._any.look(job)

    async def stop(self, job: str) -> None:
        await self._any.stop(job)

    async def kill(self, job: str) -> None:
        await self._any.kill(job)


class BundleTrainer:
    """A job is one bundle that left: ``RUN/FINGERPRINT``. It waits until its results are back."""

    place: Place = "bundle"

    def __init__(self, home: Path, runs: Path) -> None:
        self._home = home
        self._runs = runs

    async def start(self, folder: Path) -> str:
        """Write it in the run's folder; the one that is away already, if one is. Raises as ``write_bundle``."""
        return await asyncio.to_thread(self._start, folder)

    def _start(self, folder: Path) -> str:
        for kept in sorted((folder / KEPT).glob("*.json")):
            job = f"{folder.name}/{kept.stem}"
            if self._look(job).state == "waiting":
                return job
        name, site = _site_of(self._home, folder)
        target = folder / ARCHIVE / ".written.tar.gz"
        target.unlink(missing_ok=True)
        written = write_bundle(folder, site, target, run=folder.name, site_name=name)
        target.rename(archive_of(folder, written.sha256[:16]))
        return f"{folder.name}/{written.sha256[:16]}"

    async def look(self, job: str) -> JobLook:
        return await asyncio.to_thread(self._look, job)

    def _look(self, job: str) -> JobLook:
        kept = self._kept(job)
        try:
            told = msgspec.json.decode(kept.with_suffix(".imported").read_bytes(), type=Imported)
            return JobLook(state="gone", energy_uj=told.energy_uj, energy_source=told.energy_source)
        except FileNotFoundError:
            pass
        if kept.with_suffix(".withdrawn").exists() or not kept.exists():
            return JobLook(state="gone", why=WITHDRAWN)
        return JobLook(state="waiting", why=AWAY)

    async def stop(self, job: str) -> None:
        """Nobody can be told to stop elsewhere: it is waited for no longer. What comes back all the same is read."""
        kept = self._kept(job)
        if (await self.look(job)).state == "waiting":
            kept.with_suffix(".withdrawn").touch()

    async def kill(self, job: str) -> None:
        await self.stop(job)

    def _kept(self, job: str) -> Path:
        if not _JOB.fullmatch(job):
            raise BadRequest(f"{job!r:.60} is no bundle.", remedy="RUN/FINGERPRINT.", code="bundle_job")
        run, _, fingerprint = job.partition("/")
        return self._runs / run / KEPT / f"{fingerprint}.json"


def archive_of(folder: Path, fingerprint: str) -> Path:
    """Where a bundle is, in the folder of its run."""
    return folder / ARCHIVE / f"affouage-{folder.name}-{fingerprint[:8]}.tar.gz"
