"""The commons and real agents over a real broker: killed and back, a node that goes, nothing lost in silence."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import msgspec
import pytest

from affouage.chat import Delta, EngineEvent
from affouage.errors import NodeLost
from affouage.pool.nodes.remote_run import Patience
from affouage.testing import EchoEngine, InProcessBus
from tests.brokers import VERSIONS, Broker, running_broker, until
from tests.integration.pool_bench import House, Machine, chat, events_of, is_whole, text_of

both_brokers = pytest.mark.parametrize("version", VERSIONS)
SAID = " ".join(f"mot{n}" for n in range(100))


class Pool:
    """A commons and one machine, each with its own connection to the broker."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker = broker
        self.folder = folder
        self.machine = Machine("n_abcdefghij23")
        self.stack = AsyncExitStack()

    async def open(self, engine: EchoEngine) -> House:
        held = self.broker.node_credentials(self.machine.record.id, key=self.machine.key)
        house = House(InProcessBus(), self.machine, patience=Patience(), bus=await self.broker.gateway())
        control = await self.broker.control()
        control.on_gone(house.dispatcher.disconnected)
        await self.stack.enter_async_context(house.dispatcher.running())
        self.bus = await self.broker.node(held)
        await self.stack.enter_async_context(self.machine.at_work(self.folder, self.bus, engine))
        await house.station()
        return house


@both_brokers
def test_the_broker_killed_and_back_twenty_answers_are_whole(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            pool = Pool(broker, tmp_path / "node")
            async with pool.stack:
                engine = (await (await pool.open(EchoEngine(slots=20, word_ms=40))).station()).engine
                asking = [asyncio.create_task(events_of(engine, chat(SAID))) for _ in range(20)]
                await asyncio.sleep(1)
                broker.kill()
                await asyncio.sleep(1)
                await broker.start()
                for events in await asyncio.gather(*asking):
                    assert is_whole(events)
                    assert text_of(events) == SAID

    asyncio.run(main())


@both_brokers
def test_a_node_whose_connection_ends_is_known_at_once(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with running_broker(version, tmp_path) as broker:
            pool = Pool(broker, tmp_path / "node")
            async with pool.stack:
                house = await pool.open(EchoEngine(word_ms=40))
                engine = await house.engine()
                seen: list[EngineEvent] = []
                left_s: list[float] = []

                async def listen() -> None:
                    async with aclosing(engine.generate(chat(SAID))) as events:
                        async for event in events:
                            seen.append(event)
                            if sum(isinstance(one, Delta) for one in seen) == 10:
                                left_s.append(time.monotonic())
                                await pool.bus.close()

                with pytest.raises(NodeLost) as lost:
                    await asyncio.wait_for(listen(), 4)
                assert time.monotonic() - left_s[0] < 0.5
                assert lost.value.details["reason"] == "disconnected"
                assert SAID.startswith(text_of(seen))
                assert house.dispatcher.stations("echo") == []

    asyncio.run(main())


def test_a_machine_revoked_in_the_middle_serves_no_more(tmp_path: Path) -> None:
    async def main() -> None:
        async with running_broker(VERSIONS[0], tmp_path) as broker:
            pool = Pool(broker, tmp_path / "node")
            async with pool.stack:
                house = await pool.open(EchoEngine(word_ms=40))
                asking = asyncio.create_task(events_of(await house.engine(), chat(SAID)))
                await asyncio.sleep(0.5)
                record = pool.machine.record
                house.records[record.id] = msgspec.structs.replace(record, state="revoked")
                house.dispatcher.forget(record.id)
                with pytest.raises(NodeLost):
                    await asking
                assert await until(lambda: house.dispatcher.unknown.total() > 0) < 2, "it still speaks, to nobody"
                assert house.dispatcher.stations("echo") == []

    asyncio.run(main())
