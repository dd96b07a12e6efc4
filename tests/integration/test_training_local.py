"""This machine as a place of training: a child of its own session, found again by name, set aside, ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from affouage.adapters.trainers.local import LocalTrainer, last_words, name_of
from tests.integration.training_house import until

ENDLESS = ("-c", "import time\nwhile True: time.sleep(0.01)")
DEAF = (
    "-c",
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(99)",
)
FAILS = ("-c", "import sys\nsys.exit('no such thing')")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = psutil.Process().children()  # servers that other tests go on using
    yield tmp_path
    for process in psutil.Process().children():
        if process not in before:
            process.kill()


async def gone(trainer: LocalTrainer, job: str) -> str:
    why = ""

    async def ended() -> bool:
        nonlocal why
        look = await trainer.look(job)
        why = look.why or why
        return look.state == "gone"

    await until(ended)
    return why


def test_it_begins_once_is_found_again_and_hears_sigterm_even_when_set_aside(folder: Path) -> None:
    async def main() -> None:
        trainer, other = LocalTrainer(ENDLESS), LocalTrainer(ENDLESS)
        job = await trainer.start(folder)
        assert await trainer.start(folder) == job
        assert await other.start(folder) == job, "whoever began it"
        process = psutil.Process(int(job.partition("@")[0]))
        assert os.getsid(process.pid) == process.pid
        assert process.nice() == 19
        trainer.set_aside(job)

        async def still() -> bool:
            return (await other.look(job)).aside

        await until(still)
        trainer.go_on(job)
        trainer.set_aside(job)
        await other.stop(job)
        assert await gone(trainer, job) == "killed by SIGTERM"
        assert (await other.look(job)).state == "gone"

    asyncio.run(main())


def test_one_that_does_not_hear_is_killed_and_its_failure_is_told(folder: Path) -> None:
    async def main() -> None:
        trainer = LocalTrainer(DEAF)
        job = await trainer.start(folder)

        async def heard() -> bool:
            return "deaf" in last_words(folder)

        await until(heard)
        await trainer.stop(job)
        assert (await trainer.look(job)).state == "running"
        await trainer.kill(job)
        assert await gone(trainer, job) == "killed by SIGKILL"
        failing = LocalTrainer(FAILS)
        assert await gone(failing, await failing.start(folder)) == "exit status 1"
        assert "no such thing" in last_words(folder)

    asyncio.run(main())


def test_another_process_of_the_same_number_is_not_the_job(folder: Path) -> None:
    async def main() -> None:
        trainer = LocalTrainer(ENDLESS)
        own = name_of(psutil.Process())
        assert own.startswith(f"{os.getpid()}@")
        for stranger in (f"{os.getpid()}@1", f"{os.getpid()}", "x@y", "", "999999999@1"):
            assert (await trainer.look(stranger)).state == "gone"
            await trainer.stop(stranger)
            await trainer.kill(stranger)

    asyncio.run(main())


def test_processor_time_is_counted_from_when_it_is_found_and_never_goes_down(folder: Path) -> None:
    async def main() -> None:
        busy = LocalTrainer(("-c", "while True: pass"))
        job = await busy.start(folder)

        async def worked() -> bool:
            return busy.cpu_us() > 50_000

        await until(worked)
        later = LocalTrainer(("-c", "while True: pass"))
        await later.look(job)
        assert later.cpu_us() < busy.cpu_us()
        assert list(later.pids()) == [int(job.partition("@")[0])]
        before = busy.cpu_us()
        await busy.kill(job)
        await gone(busy, job)
        assert busy.cpu_us() >= before
        assert list(busy.pids()) == []

    asyncio.run(main())
