"""A model spread over two processes is one node of the pool; the death of one of them is an error, never silence."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from affouage.adapters.engines.openai_compatible import OpenAICompatibleEngine
from affouage.chat import Delta, Final, delta_text
from affouage.errors import EngineFailed
from affouage.pool.nodes.remote_engine import RemoteEngine
from affouage.settings import UpstreamSettings
from affouage.testing import InProcessBus
from tests.contracts.tiny_gguf import SENTENCE, write_tiny_model
from tests.integration.pool_bench import House, Machine, chat, events_of, is_whole, text_of
from tests.integration.rpc_group import KEY, RpcGroup, programs, rpc_group

pytestmark = pytest.mark.rpc
MODEL = "a-deux"


@pytest.fixture
def group(tmp_path: Path) -> Iterator[RpcGroup]:
    programs()
    with rpc_group(write_tiny_model(tmp_path / "endless.gguf", endless=True, layers=8)) as started:
        yield started


@asynccontextmanager
async def as_one_node(group: RpcGroup, home: Path) -> AsyncIterator[RemoteEngine]:
    """The group behind a node's real agent, as the commons reaches it."""
    hub, machine = InProcessBus(), Machine("n_abcdefghijkl")
    upstream = OpenAICompatibleEngine(UpstreamSettings(id=MODEL, url=group.url, slots=1), key=KEY)
    house = House(hub, machine)
    try:
        async with house.dispatcher.running(), machine.at_work(home, hub.end(), upstream):
            engine = await house.engine(MODEL)
            await engine.ensure_ready(10_000)
            yield engine
    finally:
        await upstream.close()


async def said_until_it_breaks(engine: RemoteEngine, group: RpcGroup, harm: signal.Signals) -> str:
    """What was shown of a long answer when a worker is harmed in the middle of it; it must end in EngineFailed."""
    shown = ""
    try:
        async with aclosing(engine.generate(chat("Encore.", MODEL, max_tokens=6000))) as events:
            async for event in events:
                assert not isinstance(event, Final), "it never says that it is whole"
                shown += delta_text(event) if isinstance(event, Delta) else ""
                if len(shown) > 300 and group.workers[0].poll() is None:
                    group.workers[0].send_signal(harm)
    except EngineFailed:
        return shown
    raise AssertionError("it ended as if it were whole")


def test_both_processes_work_for_one_answer(group: RpcGroup, tmp_path: Path) -> None:
    async def story() -> None:
        async with as_one_node(group, tmp_path) as engine:
            before = group.ticks()
            events = await events_of(engine, chat("Bonjour", MODEL, max_tokens=200))
            assert is_whole(events)
            assert text_of(events).startswith(SENTENCE * 3)
            assert all(after > ticks for after, ticks in zip(group.ticks(), before, strict=True))

    asyncio.run(story())


def test_the_death_of_a_worker_is_an_error_and_the_group_comes_back(group: RpcGroup, tmp_path: Path) -> None:
    async def story() -> None:
        async with as_one_node(group, tmp_path) as engine:
            shown = await said_until_it_breaks(engine, group, signal.SIGKILL)
            assert (SENTENCE * 200).startswith(shown), "what was shown is true as far as it goes"
            assert await asyncio.to_thread(group.coordinator.wait, 10) == -signal.SIGABRT, "it takes the group with it"
            assert group.workers[1].poll() is None, "the other worker waits for the next coordinator"
            with pytest.raises(EngineFailed):
                await events_of(engine, chat("Et maintenant ?", MODEL, max_tokens=20))
            await asyncio.to_thread(group.mend)
            async with asyncio.timeout(20):
                while True:
                    try:
                        events = await events_of(engine, chat("Bonjour", MODEL, max_tokens=100))
                        break
                    except EngineFailed:
                        await asyncio.sleep(0.2)
            assert is_whole(events)

    asyncio.run(story())


def test_a_worker_that_hangs_is_an_error_too(group: RpcGroup, tmp_path: Path) -> None:
    async def story() -> None:
        async with as_one_node(group, tmp_path) as engine, asyncio.timeout(30):
            assert await said_until_it_breaks(engine, group, signal.SIGSTOP)

    asyncio.run(story())
