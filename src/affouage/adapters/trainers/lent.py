"""A machine of the pool as a place: what leaves is written here, and carried by the commons that serves (``courier``).

A job is one archive that left: ``RUN/FINGERPRINT``. All that is known of it is in the run's folder, under ``node/``:
``F.json`` what left and where to, ``F.tar.gz`` the archive, ``F.seen`` how it goes there, ``F.stop`` it is to stop.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Literal

import msgspec

from affouage.clock import Clock, SystemClock
from affouage.errors import BadRequest
from affouage.training.bundle.parcel import ENDING, last_step, write_parcel
from affouage.training.folder import End, EndReason, RunFolder
from affouage.training.runs.trainer import JobLook, Place

FOLDER = "node"
WHICH = "machine"
"""In a run's folder: the id of the machine it is sent to."""
UNHEARD = "It waits for the commons to serve (affouage up): it alone reaches the machine."

_JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}/[0-9a-f]{16}")


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What left: the run, the archive, the machine it is for."""

    job: str
    run: str
    node_id: str
    size_bytes: int
    sha256: str
    left_ms: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """How it goes there. ``why``: for people; ``energy_uj``: by the machine's own meter, once it ended."""

    state: Literal["waiting", "coming", "running", "aside", "back", "ended"] = "waiting"
    why: str = UNHEARD
    energy_uj: int | None = None
    energy_source: str = ""


class LeftFiles:
    """The files of one job that left."""

    def __init__(self, run: Path, job: str) -> None:
        self.run = run
        self.note = run / FOLDER / f"{job}.json"
        self.archive = run / FOLDER / f"{job}{ENDING}"
        self.back = run / FOLDER / f"{job}.back{ENDING}"
        self.stop = run / FOLDER / f"{job}.stop"
        self._seen = run / FOLDER / f"{job}.seen"

    def seen(self) -> Seen:
        try:
            return msgspec.json.decode(self._seen.read_bytes(), type=Seen)
        except (FileNotFoundError, msgspec.MsgspecError):
            return Seen()

    def see(self, seen: Seen) -> None:
        aside = self._seen.with_name(f".{self._seen.name}")
        aside.write_bytes(msgspec.json.encode(seen))
        aside.replace(self._seen)

    def end(self, seen: Seen) -> None:
        """The archives are needed no more."""
        self.see(msgspec.structs.replace(seen, state="ended"))
        for path in (self.archive, self.back, self.stop):
            path.unlink(missing_ok=True)

    def give_up(self, reason: EndReason, told: str, remedy: str, now_ms: int, *, worked: bool) -> None:
        """It is waited for no longer. What it says goes into what the run tells, as its end."""
        if self.seen().state != "ended":
            step = last_step(self.run)
            RunFolder(self.run).tell(End(at_ms=now_ms, step=step, reason=reason, told=told, remedy=remedy))
            self.end(Seen(why=told) if worked else Seen(why=told, energy_uj=0, energy_source="it did not begin"))


def left(runs: Path) -> list[tuple[Left, LeftFiles]]:
    """All that ever left, ended or not."""
    found = []
    for note in sorted(runs.glob(f"*/{FOLDER}/*.json")):
        try:
            one = msgspec.json.decode(note.read_bytes(), type=Left)
        except (OSError, msgspec.MsgspecError):
            continue
        found.append((one, LeftFiles(note.parent.parent, one.job)))
    return found


def send_to_machine(folder: Path, node_id: str) -> None:
    """Note which machine a run goes to."""
    (folder / WHICH).write_text(node_id, encoding="utf-8")


class NodeTrainer:
    """``runs``: the folder of all runs."""

    place: Place = "node"

    def __init__(self, runs: Path, clock: Clock | None = None) -> None:
        self._runs = runs
        self._clock = clock or SystemClock()

    async def start(self, folder: Path) -> str:
        """Write what leaves; the one that is away already, if one is. Raises BadRequest."""
        return await asyncio.to_thread(self._start, folder)

    def _start(self, folder: Path) -> str:
        try:
            node_id = (folder / WHICH).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise BadRequest(
                "No machine was named for this run.",
                remedy="affouage train node RUN MACHINE; they are all in: affouage node list",
                code="training_machine",
            ) from None
        (folder / FOLDER).mkdir(exist_ok=True)
        for one, files in left(folder.parent):
            if files.run == folder and files.seen().state != "ended":
                return f"{folder.name}/{one.job}"
        now_ms = self._clock.now_ms()
        target = folder / FOLDER / f".written{ENDING}"
        made = write_parcel(folder, target, run=folder.name, machine=node_id, now_ms=now_ms)
        files = LeftFiles(folder, made.job)
        target.replace(files.archive)
        note = Left(
            job=made.job,
            run=folder.name,
            node_id=node_id,
            size_bytes=made.size_bytes,
            sha256=made.sha256,
            left_ms=now_ms,
        )
        aside = files.note.with_suffix(".new")
        aside.write_bytes(msgspec.json.encode(note))
        aside.replace(files.note)
        return f"{folder.name}/{made.job}"

    async def look(self, job: str) -> JobLook:
        seen = await asyncio.to_thread(self._files(job).seen)
        if seen.state == "ended":
            return JobLook(state="gone", why=seen.why, energy_uj=seen.energy_uj, energy_source=seen.energy_source)
        at_work = seen.state in ("running", "aside")
        return JobLook(state="running" if at_work else "waiting", why=seen.why, aside=seen.state == "aside")

    async def stop(self, job: str) -> None:
        """The commons that serves tells the machine; one that is not there is waited for no longer."""
        files = self._files(job)
        if files.note.exists() and files.seen().state != "ended":
            files.stop.touch()

    async def kill(self, job: str) -> None:
        """It did not stop when asked, or nobody could tell it: what it still sends is not wanted any more."""
        files = self._files(job)
        if files.note.exists():
            await asyncio.to_thread(
                files.give_up,
                "stopped",
                *lost_words(files),
                self._clock.now_ms(),
                worked=files.seen().state != "waiting",
            )

    def _files(self, job: str) -> LeftFiles:
        if not _JOB.fullmatch(job):
            raise BadRequest(f"{job!r:.60} is at no machine.", remedy="RUN/FINGERPRINT.", code="training_job")
        run, _, fingerprint = job.partition("/")
        return LeftFiles(self._runs / run, fingerprint)


def lost_words(files: LeftFiles) -> tuple[str, str]:
    """Of a machine that cannot be waited for: what happened, and what would work."""
    step = last_step(files.run)
    since = (
        f"the checkpoint at step {step}, the last that came back" if step else "its beginning: no checkpoint came back"
    )
    return (
        "The machine it learnt on is not heard of any more.",
        f"It goes on from {since}: affouage train node RUN MACHINE, or on this machine: affouage train here RUN",
    )
