"""Runs on a real Slurm: to the end, several at once, put back in the queue, stopped, refused, its machine lost."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import wraps
from pathlib import Path

import msgspec
import psutil
import pytest

from affouage import errors
from affouage.adapters.trainers.slurm import SlurmTrainer, job_name
from affouage.training.folder import Began, Checkpoint, End, Event, Progress, RunFolder
from affouage.training.runs.trainer import JobLook
from affouage.training.settings import RunSettings, Shape
from affouage.training.site import Site
from tests.conftest import ROOT
from tests.integration.training_house import corpus
from tests.slurm import Slurm

LEARNER = ("-m", "tests.learner")


def awaited(test: Callable[..., Coroutine[None, None, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(**fixtures: object) -> None:
        asyncio.run(test(**fixtures))

    return run


def write_run(folder: Path, *, steps: int = 5, seed: int = 0, pace_ms: int = 0) -> Path:
    folder.mkdir(parents=True)
    settings = RunSettings(kind="scratch", steps=steps, sequences=1, context_tokens=1, learning_rate=0.1, seed=seed)
    (folder / "settings.json").write_bytes(msgspec.json.encode(settings))
    if pace_ms:
        (folder / "pace").write_text(str(pace_ms))
    return folder


def events(folder: Path) -> list[Event]:
    return [event for event, _ in RunFolder(folder).events()]


def losses(folder: Path) -> dict[int, float]:
    return {event.step: event.loss for event in events(folder) if isinstance(event, Progress)}


def site(**more: object) -> Site:
    return msgspec.structs.replace(Site(time_minutes=5, cpus=1, variables={"PYTHONPATH": str(ROOT)}), **more)  # type: ignore[arg-type]


def trainer(**more: object) -> SlurmTrainer:
    return SlurmTrainer(site(**more), "essai", LEARNER)


async def until_look(place: SlurmTrainer, job: str, state: str, within_s: float = 40) -> JobLook:
    async with asyncio.timeout(within_s):
        while (look := await place.look(job)).state != state:  # noqa: ASYNC110 - another program's doing
            await asyncio.sleep(0.1)
    return look


async def until(true: Callable[[], object], within_s: float = 40) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - another program's doing
            await asyncio.sleep(0.05)


@awaited
async def test_a_run_goes_to_its_end_and_is_one_job(on_slurm: Slurm, tmp_path: Path) -> None:
    folder, place = write_run(tmp_path / "run", pace_ms=100), trainer()
    job = await place.start(folder)
    assert await trainer().start(folder) == job  # a commons that starts again finds it
    look = await until_look(trainer(), job, "gone")
    assert look == JobLook(state="gone")  # no accounting here: no energy is told, which is not none
    assert isinstance(events(folder)[-1], End)
    assert list(losses(folder)) == [1, 2, 3, 4, 5]
    script = next((folder / "slurm").glob("*submission.sh")).read_text()
    for line in (
        "--time=5",
        "--hint=nomultithread",
        "--requeue",
        "--signal=USR2@120",
        f"--job-name={job_name(folder)}",
    ):
        assert f"#SBATCH {line}\n" in script
    assert "export HF_HUB_OFFLINE=1\n" in script
    assert await place.start(folder) != job  # it has ended: this is another one


@awaited
async def test_several_seeds_are_one_array(on_slurm: Slurm, tmp_path: Path) -> None:
    folders = [write_run(tmp_path / f"seed-{seed}", seed=seed) for seed in (1, 2)]
    place = trainer()
    jobs = await place.start_all(folders)
    assert [job.partition("_")[2] for job in jobs] == ["0", "1"]
    for job in jobs:
        assert (await until_look(place, job, "gone")).why == ""
    assert losses(folders[0])[5] != losses(folders[1])[5]


@awaited
async def test_usr2_puts_it_back_in_the_queue_and_it_learns_on(on_slurm: Slurm, tmp_path: Path) -> None:
    whole, folder = write_run(tmp_path / "whole", steps=60), write_run(tmp_path / "run", steps=60, pace_ms=40)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    await asyncio.to_thread(subprocess.run, [sys.executable, *LEARNER, str(whole)], check=True, env=environment)
    place = trainer()
    job = await place.start(folder)
    await until(lambda: len(losses(folder)) > 3)
    on_slurm.command("scancel", "--signal=USR2", job)  # what Slurm sends before the time limit
    look = await until_look(place, job, "waiting")
    assert "put back in the queue" in look.why
    assert await trainer().start(folder) == job  # the same one
    (folder / "pace").unlink()
    await until_look(place, job, "gone")
    told = events(folder)
    began = [event.step for event in told if isinstance(event, Began)]
    stopped = next(event for event in told if isinstance(event, End))
    assert stopped.reason == "stopped"
    assert began == [0, stopped.step]
    assert losses(folder) == losses(whole)


@awaited
async def test_stopped_it_keeps_a_checkpoint_and_does_not_come_back(on_slurm: Slurm, tmp_path: Path) -> None:
    folder, place = write_run(tmp_path / "run", steps=10_000, pace_ms=40), trainer()
    job = await place.start(folder)
    await until(lambda: losses(folder))
    await place.stop(job)
    await until_look(place, job, "gone")
    assert [type(event) for event in events(folder)[-2:]] == [Checkpoint, End]
    await place.stop(job)  # nothing any more, and no error
    await place.kill(job)


@awaited
async def test_killed_it_is_told_so(on_slurm: Slurm, tmp_path: Path) -> None:
    folder, place = write_run(tmp_path / "run", steps=10_000, pace_ms=40), trainer()
    job = await place.start(folder)
    await until(lambda: losses(folder))
    await place.kill(job)
    assert "cancelled" in (await until_look(place, job, "gone")).why


@awaited
async def test_a_program_that_is_killed_or_fails_is_told_with_its_last_words(on_slurm: Slurm, tmp_path: Path) -> None:
    killed, failing = (
        write_run(tmp_path / "killed", steps=10_000, pace_ms=40),
        write_run(tmp_path / "failing", seed=666),
    )
    place = trainer()
    jobs = [await place.start(folder) for folder in (killed, failing)]
    await until(lambda: losses(killed))
    for child in _learners(killed):
        os.kill(child, signal.SIGKILL)
    assert "SIGKILL" in (await until_look(place, jobs[0], "gone")).why
    why = (await until_look(place, jobs[1], "gone")).why
    assert why == "It failed there. the points are nowhere to be found"


def _learners(folder: Path) -> list[int]:
    found = []
    for one in psutil.process_iter():
        with suppress(psutil.Error):  # it has just ended
            if one.cmdline()[-3:] == [*LEARNER, str(folder.resolve())]:
                found.append(one.pid)
    return found


@awaited
async def test_its_machine_fails_and_it_learns_on(on_slurm: Slurm, tmp_path: Path) -> None:
    folder, place = write_run(tmp_path / "run", steps=400, pace_ms=20), trainer()
    job = await place.start(folder)
    await until(lambda: losses(folder))
    node = socket.gethostname().split(".")[0]
    on_slurm.command("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    try:
        await until_look(place, job, "waiting")
    finally:
        with suppress(subprocess.CalledProcessError):  # it may have come back by itself
            on_slurm.command("scontrol", "update", f"NodeName={node}", "State=RESUME")
    (folder / "pace").unlink()
    await until_look(place, job, "gone")
    told = events(folder)
    assert isinstance(told[-1], End)
    assert told[-1].reason == "done"
    assert sum(isinstance(event, Began) for event in told) == 2


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ({"partition": "gpus", "account": "autre@v100"}, "slurm_account", "Invalid account"),
        ({"partition": "nulle_part"}, "slurm_partition", "nulle_part"),
        ({"time_minutes": 6000}, "slurm_time", "time limit"),
        ({"constraint": "h100"}, "slurm_constraint", "feature"),
        ({"gpus": 4}, "slurm_resources", "gres"),
        ({"cpus": 512}, "slurm_resources", "processors"),
        ({"memory_gb": 900}, "slurm_resources", "emory"),
    ],
)
@awaited
async def test_refused_with_the_sites_words_and_what_would_work(
    on_slurm: Slurm, tmp_path: Path, asked: dict[str, object], code: str, said: str
) -> None:
    with pytest.raises(errors.BadRequest) as refused:
        await trainer(**asked).start(write_run(tmp_path / "run"))
    assert refused.value.code == code
    assert said in refused.value.message
    assert refused.value.remedy
    assert on_slurm.command("squeue", "-h", f"--name={job_name(tmp_path / 'run')}") == ""


@awaited
async def test_a_closed_partition_is_waited_for_with_its_reason(on_slurm: Slurm, tmp_path: Path) -> None:
    place = trainer(partition="closed")
    job = await place.start(write_run(tmp_path / "run"))
    look = await until_look(place, job, "waiting")
    assert look.why == "That part of the computer (partition) is closed for now."
    await place.stop(job)
    assert (await until_look(place, job, "gone")).why == "It was cancelled there, by its owner or an administrator."


@awaited
async def test_unknown_jobs_are_gone_and_other_words_are_no_jobs(on_slurm: Slurm) -> None:
    assert (await trainer().look("987654")).state == "gone"
    await trainer().stop("987654")
    for hostile in ("1 --user=root", "--all", "", "1;id", "1_2_3"):
        with pytest.raises(errors.BadRequest, match="no job of Slurm"):
            await trainer().look(hostile)


@awaited
async def test_no_controller_and_no_slurm_are_told_apart(
    on_slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = tmp_path / "slurm.conf"
    text = (on_slurm.folder / "slurm.conf").read_text()
    port = next(line for line in text.splitlines() if line.startswith("SlurmctldPort="))
    lost.write_text(text.replace(port, "SlurmctldPort=1").replace("MessageTimeout=30", "MessageTimeout=2"))
    monkeypatch.setenv("SLURM_CONF", str(lost))
    with pytest.raises(errors.Unavailable) as silent:
        await trainer().look("1")
    assert silent.value.code == "slurm_unreachable"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.SetUpError) as absent:
        await trainer().start(write_run(tmp_path / "run"))
    assert absent.value.code == "slurm_absent"
    assert "train bundle" in absent.value.remedy


def test_its_controller_listens_on_loopback_alone(on_slurm: Slurm) -> None:
    listening = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    ports = {
        int(word.partition("=")[2]) for word in (on_slurm.folder / "slurm.conf").read_text().split() if "Port=" in word
    }
    assert {one.laddr.ip for one in listening if one.laddr.port in ports} == {"127.0.0.1"}


@pytest.mark.long
@pytest.mark.timeout(400)
@awaited
async def test_the_real_program_outlives_several_time_limits_at_the_same_loss(on_slurm: Slurm, tmp_path: Path) -> None:
    shape = Shape(layers=1, width=64, feed_forward=128, heads=2, kv_heads=1, vocabulary=300, context_tokens=32)
    settings = RunSettings(
        kind="scratch",
        steps=1500,
        sequences=4,
        context_tokens=32,
        learning_rate=1e-3,
        evaluate_every_steps=1500,
        checkpoint_every_steps=1500,
        threads=1,
        shape=shape,
    )
    folders = [tmp_path / "straight", tmp_path / "limited"]
    for folder in folders:
        write_run(folder)
        (folder / "settings.json").write_bytes(msgspec.json.encode(settings))
        (folder / "corpus").symlink_to(corpus(tmp_path / f"{folder.name}-texts"))
    real = SlurmTrainer(site(time_minutes=1, checkpoint_s=45), "essai")
    easy = SlurmTrainer(site(), "essai")
    await until_look(easy, await easy.start(folders[0]), "gone", 150)
    await until_look(real, job := await real.start(folders[1]), "gone", 170)
    began = [event.step for event in events(folders[1]) if isinstance(event, Began)]
    assert len(began) > 1, f"{job} met no limit: give it more steps"
    straight, limited = losses(folders[0]), losses(folders[1])
    assert straight.keys() == limited.keys()
    assert max(abs(straight[step] - limited[step]) for step in straight) < 1e-6
