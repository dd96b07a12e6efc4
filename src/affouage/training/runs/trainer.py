"""Where a run may learn: the port of the places. A place gets a run's folder and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import msgspec

Place = Literal["here", "node", "slurm", "bundle"]
JobState = Literal["waiting", "running", "gone"]
"""waiting: in a queue; running; gone: no such job any more. How it ended is told by the folder's last event, if any."""


class JobLook(msgspec.Struct, frozen=True, kw_only=True):
    """``why``: what the place says of it (a queue's reason, how it was killed), "" for nothing. ``energy_uj``: what the
    place's own counter tells of the whole job, by ``energy_source`` (``slurm ConsumedEnergyRaw``); None: no counter.
    ``cpu_us``: of a processor, by this job; None: the place does not tell. ``aside``: it gives way to answers now."""

    state: JobState
    why: str = ""
    energy_uj: int | None = None
    energy_source: str = ""
    cpu_us: int | None = None
    aside: bool = False


class Trainer(Protocol):
    """A job is a name that outlives this process: a restart of the commons looks it up again."""

    @property
    def place(self) -> Place: ...

    async def start(self, folder: Path) -> str:
        """Begin, or go on from the last checkpoint; the job's name. Of a folder where one is at work already, that
        one's. Raises AffouageError with what would work."""

    async def look(self, job: str) -> JobLook: ...

    async def stop(self, job: str) -> None:
        """Ask it to write a checkpoint and end; nothing when it is gone."""

    async def kill(self, job: str) -> None:
        """End it at once: for one that was asked to stop and does not. Its last checkpoint stays."""
