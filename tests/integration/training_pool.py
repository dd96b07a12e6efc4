"""A commons whose runs go to a machine of the pool, and that machine, over any bus: both real ends of the product."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from affouage.adapters.trainers.courier import Courier
from affouage.adapters.trainers.courier import Machine as Known
from affouage.adapters.trainers.lending import Lending
from affouage.adapters.trainers.lent import send_to_machine
from affouage.adapters.trainers.local import LocalTrainer
from affouage.clock import SystemClock
from affouage.pool.nodes.agent import Agent
from affouage.pool.nodes.bus import Bus
from affouage.pool.nodes.policy import with_changes
from affouage.pool.nodes.policy_file import PolicyFile
from affouage.testing import EchoEngine, InProcessBus
from affouage.training.runs.device import Training
from affouage.training.runs.moving import move
from affouage.training.runs.store import Run
from affouage.training.settings import RunSettings
from tests.integration import training_house as house
from tests.integration.file_ends import owned
from tests.integration.pool_bench import House, Machine

NODE = "n_abcdefgh2345"
LEARNER = ("-m", "tests.learner")


class Slow(LocalTrainer):
    """The tests' small learner, at so many milliseconds a step."""

    def __init__(self, pace_ms: int) -> None:
        super().__init__(LEARNER)
        self._pace_ms = pace_ms

    async def start(self, folder: Path) -> str:
        (folder / "pace").write_text(str(self._pace_ms))
        return await super().start(folder)


def lend(home: Path, training: bool = True, **more: Any) -> None:
    """What the owner says on the machine."""
    PolicyFile(home).change(
        lambda kept: msgspec.structs.replace(kept, training=training, policy=with_changes(kept.policy, **more))
    )


async def put_on(training: Training, texts: Path, name: str, settings: RunSettings) -> Run:
    """A run planned, sent to the machine and started."""
    run = await house.put(training, texts, name, settings)
    await training.workplace.db.write(lambda connection: move(connection, name, "node"))
    send_to_machine(training.workplace.run_folder(run).path, NODE)
    return await training.asking.start(name, None)


@asynccontextmanager
async def at_the_commons(
    training: Training, machine: Machine, bus: Bus | None, hub: InProcessBus
) -> AsyncIterator[House]:
    """Its dispatcher and its courier."""
    commons = House(hub, machine, bus=bus)
    dispatcher = commons.dispatcher

    def known(node_id: str) -> Known | None:
        record = commons.records[node_id]
        if not record.serves:
            return None
        beat = next((one.beat for one in dispatcher.links() if one.record.id == node_id), None)
        here = beat is not None and node_id in dispatcher.here()
        said = "" if beat is None else beat.training
        return Known(record.name, here, said, record.public_key, record.machine_id, 3000.0)

    courier = Courier(training.workplace.folder, dispatcher.send, known, SystemClock(), look_s=0.05, again_s=0.3)
    dispatcher.on_training(courier.heard)
    async with dispatcher.running(), owned(courier.serve()):
        yield commons


@asynccontextmanager
async def on_the_machine(
    machine: Machine, home: Path, bus: Bus, trainer: LocalTrainer, **more: Any
) -> AsyncIterator[Agent]:
    """Its agent, with what it does with runs."""
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(machine.at_work(home, bus, EchoEngine("echo")))
        given: dict[str, Any] = {"watts": lambda: 30.0, "free_bytes": 0, "tick_s": 0.05, "again_s": 0.3, **more}
        lending = agent.training = Lending(
            home,
            trainer,
            agent.send_training,
            SystemClock(),
            machine_id=machine.record.machine_id,
            sign=machine.key.sign,
            lent=lambda: agent.lends_training,
            closed=lambda: agent.standing().closed,
            **given,
        )
        stack.push_async_callback(lending.leave)
        await stack.enter_async_context(owned(lending.serve()))
        yield agent


async def until(said: Callable[[], bool], within_s: float = 20) -> None:
    async with asyncio.timeout(within_s):
        while not said():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.02)
