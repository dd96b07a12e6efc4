"""A run that learns on a machine of the pool: lent, sent, learnt there, back, told; refused, stopped, lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from affouage.adapters.trainers.local import LocalTrainer
from affouage.clock import SystemClock
from affouage.storage import Database
from affouage.testing import InProcessBus
from affouage.training.folder import RunFolder
from affouage.training.runs import store
from affouage.training.runs.device import Training
from affouage.training_room import training_for_command
from tests.brokers import VERSIONS, running_broker
from tests.conftest import ROOT
from tests.integration import training_house as house
from tests.integration.pool_bench import Machine
from tests.integration.training_house import TINY
from tests.integration.training_pool import NODE, Slow, at_the_commons, lend, on_the_machine, put_on, until

SLOW = msgspec.structs.replace(TINY, steps=100_000)


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    opened = house.database(home)
    yield opened
    opened.close()


@pytest.fixture
def training(home: Path, db: Database, monkeypatch: pytest.MonkeyPatch) -> Training:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return training_for_command(house.settings_of(home), db, SystemClock())


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return house.corpus(tmp_path_factory.mktemp("corpus") / "mairie")


def told(training: Training, name: str) -> int:
    run = training.workplace.db.read_now(lambda connection: store.find(connection, name))
    return training.workplace.story(run).step


async def learns(training: Training, name: str) -> None:
    async with asyncio.timeout(20):
        while told(training, name) < 3:
            await training.following.step_all()
            await asyncio.sleep(0.02)


def test_lent_sent_learnt_back_and_on_the_receipt_through_a_real_broker(
    tmp_path: Path, home: Path, training: Training, texts: Path
) -> None:
    machine, there = Machine(NODE), tmp_path / "there"
    lend(there)
    seen: list[bytes] = []

    async def story() -> None:
        async with running_broker(VERSIONS[0], tmp_path) as broker:
            commons_bus, node_bus, listener = await broker.gateway(), await broker.node(NODE), await broker.gateway()
            await listener.subscribe(">", lambda _subject, payload: seen.append(payload))
            async with (
                at_the_commons(training, machine, commons_bus, InProcessBus()),
                on_the_machine(machine, there, node_bus, LocalTrainer()),
            ):
                await put_on(training, texts, "mairie-1", TINY)
                await house.in_state(training, "mairie-1", "running")
                await until(lambda: bool(list((there / "node" / "training").glob("*/process"))))
                broker.kill()  # while it learns
                await broker.start()
                run = await house.in_state(training, "mairie-1", "exported", "failed", within_s=60)
                assert run.state == "exported", run.standing
                await until(lambda: not any((there / "node" / "training").iterdir()))

    asyncio.run(story())
    run = training.workplace.db.read_now(lambda connection: store.find(connection, "mairie-1"))
    assert run.place == "node"
    assert run.receipt is not None
    content = msgspec.json.decode(run.receipt)
    assert content["work"]["steps"] == TINY.steps
    energy = content["energy"]
    assert energy["interval_uj"]["central"] > 0
    assert energy["quality"] == "declared"
    assert NODE in energy["facts"]["meter"]
    assert machine.key.public in energy["facts"]["meter"]
    assert content["hardware"]["machine"] == machine.record.machine_id
    [model] = training.workplace.store.installed()
    assert model.sha256 == content["out"][0]["sha256"]
    assert sum(map(len, seen)) > 100_000
    assert not any(b"conseil" in payload or b"mairie" in payload for payload in seen), "the broker carries it sealed"
    assert not list((training.workplace.run_folder(run).path / "node").glob("*.tar.gz")), "nothing of it is kept twice"


def test_the_owner_pauses_and_it_stops_with_a_checkpoint_then_goes_on_elsewhere(
    tmp_path: Path, training: Training, texts: Path
) -> None:
    machine, there = Machine(NODE), tmp_path / "there"
    lend(there)

    async def story() -> None:
        hub = InProcessBus()
        async with (
            at_the_commons(training, machine, None, hub),
            on_the_machine(machine, there, hub.end(), Slow(10)),
        ):
            run = await put_on(training, texts, "mairie-1", SLOW)
            await learns(training, "mairie-1")
            lend(there, paused=True)
            stopped = await house.in_state(training, "mairie-1", "stopped", within_s=20)
            folder = RunFolder(training.workplace.run_folder(run).path)
            kept = sorted(one.name for one in folder.checkpoints.glob("step-*"))
            assert kept
            assert stopped.standing.reason == "stopped"
            # The machine stays paused: it waits there, and is stopped by whoever asked.
            await training.asking.resume("mairie-1", None)
            job = (await house.in_state(training, "mairie-1", "running", within_s=20)).standing.job
            assert job is not None
            await says(training, job, "serves nobody")
            await training.asking.stop("mairie-1", None)
            await house.in_state(training, "mairie-1", "stopped", within_s=20)
            lend(there, paused=False)
            await training.asking.resume("mairie-1", None)
            await learns_on(training, int(kept[-1].removeprefix("step-")))
            await training.asking.stop("mairie-1", None)
            await house.in_state(training, "mairie-1", "stopped", within_s=20)

    asyncio.run(story())


async def says(training: Training, job: str, words: str) -> None:
    async def said() -> bool:
        return words in (await training.workplace.trainers["node"].look(job)).why

    await house.until(said, 10)


async def learns_on(training: Training, step: int) -> None:
    """It began again at the checkpoint, not at nothing."""
    async with asyncio.timeout(20):
        while told(training, "mairie-1") <= step:
            await training.following.step_all()
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("lent", "learns_there", "why"), [(False, True, "not lent"), (True, False, "not installed")])
def test_a_machine_not_lent_for_it_or_without_what_it_takes_says_so(
    lent: bool, learns_there: bool, why: str, tmp_path: Path, training: Training, texts: Path
) -> None:
    machine, there = Machine(NODE), tmp_path / "there"
    lend(there, training=lent)

    async def story() -> None:
        hub = InProcessBus()
        async with (
            at_the_commons(training, machine, None, hub),
            on_the_machine(machine, there, hub.end(), Slow(1), learns=learns_there),
        ):
            await put_on(training, texts, "mairie-1", TINY)
            run = await house.in_state(training, "mairie-1", "failed", within_s=20)
            assert why in run.standing.told
            assert "affouage" in run.standing.remedy or "make training" in run.standing.remedy

    asyncio.run(story())
    assert not (there / "node" / "training").exists(), "no text ever left"


def test_its_owner_stops_it_and_what_it_has_goes_back_when_it_starts_again(
    tmp_path: Path, training: Training, texts: Path
) -> None:
    machine, there = Machine(NODE), tmp_path / "there"
    lend(there)

    async def story() -> None:
        hub = InProcessBus()
        async with at_the_commons(training, machine, None, hub):
            async with on_the_machine(machine, there, hub.end(), Slow(10)):
                run = await put_on(training, texts, "mairie-1", SLOW)
                await learns(training, "mairie-1")
            async with on_the_machine(machine, there, hub.end(), Slow(10)):
                stopped = await house.in_state(training, "mairie-1", "stopped", within_s=20)
            assert stopped.standing.told == "It was asked to stop.", "in its program's own words"
            assert list(RunFolder(training.workplace.run_folder(run).path).checkpoints.glob("step-*"))

    asyncio.run(story())
    assert not any((there / "node" / "training").iterdir())


def test_a_machine_that_is_lost_lets_the_run_go_on_here(tmp_path: Path, training: Training, texts: Path) -> None:
    machine, there = Machine(NODE), tmp_path / "there"
    lend(there)

    async def story() -> None:
        hub = InProcessBus()
        async with at_the_commons(training, machine, None, hub) as commons:
            async with on_the_machine(machine, there, hub.end(), Slow(10)):
                await put_on(training, texts, "mairie-1", SLOW)
                await learns(training, "mairie-1")
            commons.dispatcher.disconnected(machine.record.public_key)
            job = (await house.found(training, "mairie-1")).standing.job
            assert job is not None
            await says(training, job, "not connected")
            assert (await house.found(training, "mairie-1")).state == "running", "it waits"
            await training.asking.stop("mairie-1", None)
            stopped = await house.in_state(training, "mairie-1", "stopped", within_s=20)
            assert "not heard of" in stopped.standing.told
            assert "affouage train here" in stopped.standing.remedy
            # Back after all: nobody waits for it, and it forgets it.
            async with on_the_machine(machine, there, hub.end(), Slow(10)):
                await until(lambda: not any((there / "node" / "training").iterdir()))

    asyncio.run(story())
