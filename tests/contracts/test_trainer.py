"""What every place where a run learns must do: here, and on a computer run by Slurm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from affouage.adapters.trainers.local import LocalTrainer
from affouage.adapters.trainers.slurm import SlurmTrainer
from affouage.training.folder import Checkpoint, End, Event, Progress, RunFolder
from affouage.training.runs.trainer import JobLook, Trainer
from affouage.training.settings import RunSettings
from affouage.training.site import Site
from tests.conftest import ROOT

LEARNER = ("-m", "tests.learner")
Opened = Callable[[], Trainer]


@pytest.fixture(params=["here", "slurm"])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens the place, as a commons that starts does."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    if request.param == "here":
        return lambda: LocalTrainer(LEARNER)
    request.getfixturevalue("on_slurm")
    return lambda: SlurmTrainer(Site(time_minutes=5, cpus=1), "essai", LEARNER)


def run_folder(path: Path, *, steps: int = 5, pace_ms: int = 0, seed: int = 0) -> Path:
    path.mkdir()
    settings = RunSettings(kind="scratch", steps=steps, sequences=1, context_tokens=1, learning_rate=0.1, seed=seed)
    (path / "settings.json").write_bytes(msgspec.json.encode(settings))
    if pace_ms:
        (path / "pace").write_text(str(pace_ms))
    return path


def events(folder: Path) -> list[Event]:
    return [event for event, _ in RunFolder(folder).events()]


def losses(folder: Path) -> list[tuple[int, float]]:
    return [(event.step, event.loss) for event in events(folder) if isinstance(event, Progress)]


async def gone(place: Trainer, job: str, within_s: float = 40) -> JobLook:
    async with asyncio.timeout(within_s):
        while (look := await place.look(job)).state != "gone":  # noqa: ASYNC110 - another program's doing
            await asyncio.sleep(0.05)
    return look


async def learning(folder: Path, within_s: float = 40) -> None:
    async with asyncio.timeout(within_s):
        while not losses(folder):  # noqa: ASYNC110 - another program's doing
            await asyncio.sleep(0.05)


def test_a_run_ends_by_itself_and_tells_so(opened: Opened, tmp_path: Path) -> None:
    async def main() -> None:
        folder, place = run_folder(tmp_path / "run"), opened()
        assert (await gone(place, await place.start(folder))).why == ""
        last = events(folder)[-1]
        assert isinstance(last, End)
        assert last.reason == "done"

    asyncio.run(main())


def test_a_job_is_found_by_its_name_by_a_commons_that_starts_again(opened: Opened, tmp_path: Path) -> None:
    async def main() -> None:
        folder, place = run_folder(tmp_path / "run", steps=10_000, pace_ms=20), opened()
        job = await place.start(folder)
        await learning(folder)
        again = opened()
        assert (await again.look(job)).state == "running"
        assert await again.start(folder) == job  # one folder, one job
        await again.kill(job)
        await gone(again, job)

    asyncio.run(main())


def test_stopped_it_keeps_a_checkpoint_and_goes_on_at_the_same_loss(opened: Opened, tmp_path: Path) -> None:
    async def main() -> None:
        whole, folder, place = (
            run_folder(tmp_path / "whole", steps=40),
            run_folder(tmp_path / "run", steps=40),
            opened(),
        )
        await gone(place, await place.start(whole))
        (folder / "pace").write_text("50")
        job = await place.start(folder)
        await learning(folder)
        await place.stop(job)
        await gone(place, job)
        checkpoint, end = events(folder)[-2:]
        assert isinstance(checkpoint, Checkpoint)
        assert isinstance(end, End)
        assert (end.reason, end.step) == ("stopped", checkpoint.step)
        assert end.step < 40
        (folder / "pace").unlink()
        await gone(place, await place.start(folder))
        assert losses(folder) == losses(whole)

    asyncio.run(main())


def test_killed_it_ends_even_if_it_does_not_listen_and_says_so(opened: Opened, tmp_path: Path) -> None:
    async def main() -> None:
        folder, place = run_folder(tmp_path / "run", steps=10_000, pace_ms=20), opened()
        (folder / "deaf").touch()
        job = await place.start(folder)
        await learning(folder)
        await place.kill(job)
        assert (await gone(place, job)).why
        assert not any(isinstance(event, End) for event in events(folder))

    asyncio.run(main())


def test_a_program_that_fails_is_told(opened: Opened, tmp_path: Path) -> None:
    async def main() -> None:
        folder, place = run_folder(tmp_path / "run", seed=666), opened()
        assert (await gone(place, await place.start(folder))).why

    asyncio.run(main())


def test_a_job_that_is_gone_may_be_stopped_and_killed_again(opened: Opened, tmp_path: Path) -> None:
    async def main() -> None:
        place = opened()
        job = await place.start(run_folder(tmp_path / "run"))
        await gone(place, job)
        await place.stop(job)
        await place.kill(job)
        assert (await opened().look(job)).state == "gone"

    asyncio.run(main())


def test_what_it_tells_of_energy_is_never_nothing_counted_as_zero(opened: Opened, tmp_path: Path) -> None:
    async def main() -> None:
        place = opened()
        look = await gone(place, await place.start(run_folder(tmp_path / "run")))
        assert look.energy_uj is None or look.energy_uj > 0
        assert (look.energy_uj is None) == (look.energy_source == "")

    asyncio.run(main())
