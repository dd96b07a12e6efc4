"""What runs work with: the database, the folders, the places, the figures of this machine. And whose turn it is."""

from __future__ import annotations

import fcntl
import os
import platform
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from affouage.catalogue.card import Card
from affouage.catalogue.machine import memory
from affouage.catalogue.store import ModelStore
from affouage.clock import Clock
from affouage.errors import Unavailable, UnknownModel
from affouage.footprint.factors import GridFactors, Site
from affouage.storage import Database
from affouage.training.folder import RunFolder
from affouage.training.runs import story
from affouage.training.runs.plan import Rates
from affouage.training.runs.receipt import Hardware
from affouage.training.runs.store import Run
from affouage.training.runs.story import Story
from affouage.training.runs.trainer import Place, Trainer

LEARNT_ON = "learnt_on.json"
"""In a run's folder: the machine of the pool that learnt it last."""


@dataclass(frozen=True)
class Workplace:
    """``home``: where corpora are kept; ``folder``: of all runs. ``trainers``: by place.

    ``rates``: what energy weighs and costs today.
    ``collective``: the member in whose name energy is booked.
    """

    db: Database
    clock: Clock
    home: Path
    folder: Path
    trainers: Mapping[Place, Trainer]
    store: ModelStore
    cards: Callable[[], Mapping[str, Card]]
    machine_id: str
    grid: GridFactors | None
    site: Site | None
    rates: Callable[[], Rates]
    collective: Callable[[], Awaitable[str]]
    stories: Stories = field(default_factory=lambda: Stories())

    def run_folder(self, run: Run) -> RunFolder:
        return RunFolder(self.folder / run.id)

    def story(self, run: Run) -> Story:
        return self.stories.of(self.run_folder(run))

    def trainer(self, run: Run) -> Trainer:
        """Raises Unavailable ``training_place`` for a place that is not described here any more."""
        found = self.trainers.get(run.place)
        if found is None:
            raise Unavailable(
                f"{run.name} is to learn at a place that is not known here ({run.place}).",
                remedy="Describe it again, or plan another run here.",
                code="training_place",
                name=run.name,
                place=run.place,
            )
        return found

    def hardware(self, run: Run | None = None) -> Hardware:
        """Of this machine; of the machine of the pool on which ``run`` learnt."""
        if run is not None and run.place == "node":
            with suppress(OSError, ValueError):
                return msgspec.json.decode((self.folder / run.id / LEARNT_ON).read_bytes(), type=Hardware)
        return Hardware(
            machine=self.machine_id,
            processor=processor_name(),
            processors=os.cpu_count() or 1,
            memory_bytes=memory().total_bytes,
        )

    def base_card(self, model_id: str) -> Card:
        """Raises UnknownModel."""
        found = self.cards().get(model_id)
        if found is None:
            raise UnknownModel(
                f"The catalogue has no model {model_id!r:.80}.", remedy="affouage models list shows them."
            )
        return found


class Stories:
    """What each run's program told, read on from where it was read last."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[int, Story]] = {}

    def of(self, folder: RunFolder) -> Story:
        offset, found = self._read.get(folder.path, (0, Story()))
        for event, after in folder.events(offset):
            story.hear(found, event)
            offset = after
        self._read[folder.path] = (offset, found)
        return found


@contextmanager
def turn(folder: Path) -> Iterator[bool]:
    """Whether it is this program's turn to drive the runs: one at a time, on this home."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = os.open(folder / ".turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(held)


def processor_name(path: Path = Path("/proc/cpuinfo")) -> str:
    """As it calls itself; the kind of machine where it does not."""
    try:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, said = line.partition(":")
            if name.strip() in ("model name", "Model") and said.strip():
                return said.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"
