"""Engines that share one machine: who leaves the memory for whom, and a child that hangs. Real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.chat import ChatRequest, Message
from affouage.clock import SystemClock
from affouage.errors import EngineFailed
from affouage.pool.room import Room
from affouage.settings import EngineSettings
from tests.contracts.tiny_gguf import write_tiny_model

CHAT = ChatRequest(model="petit", messages=(Message("user", "Bonjour"),))
QUICK = EngineSettings(slots=2, context_tokens=4096, threads=1)


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "sans-fin.gguf", endless=True, layers=8)


def test_a_second_model_takes_the_memory_of_an_idle_one_and_never_of_one_at_work(endless: Path) -> None:
    room = Room(lambda: 5_000_000_000)

    def model(name: str) -> LlamaCppEngine:
        return LlamaCppEngine(
            model_id=name,
            path=endless,
            file_sha256=None,
            settings=QUICK,
            clock=SystemClock(),
            need_bytes=4_000_000_000,
            make_room=room.make,
        )

    async def scenario() -> None:
        first, second = model("first"), model("second")
        try:
            await first.ensure_ready(20_000)
            pid = first.pid
            assert pid is not None
            async with aclosing(first.generate(CHAT)) as events:
                await anext(events)
                with pytest.raises(EngineFailed, match=r"second needs about 4\.0 GB of memory; 1\.0 GB can be had"):
                    await second.ensure_ready(20_000)
                assert await anext(events), "the answer under way goes on"
            assert second.state().status == "failed"
            await asyncio.sleep(1)  # the back-off of a refused load
            await second.ensure_ready(20_000)
            assert (first.state().status, second.state().status) == ("stopped", "ready")
            assert not psutil.pid_exists(pid)
        finally:
            await first.close()
            await second.close()

    asyncio.run(scenario())


class HurriedClock(SystemClock):
    """Ten times as fast, so that a silence is long sooner."""

    def monotonic_us(self) -> int:
        return super().monotonic_us() * 10


def test_a_child_that_hangs_is_ended_with_a_clear_error_and_replaced(endless: Path) -> None:
    async def scenario() -> None:
        engine = LlamaCppEngine(model_id="petit", path=endless, file_sha256=None, settings=QUICK, clock=HurriedClock())
        try:
            await engine.ensure_ready(20_000)
            hung = engine.pid
            assert hung is not None
            async with aclosing(engine.generate(CHAT)) as events:
                await anext(events)
                os.kill(hung, signal.SIGSTOP)
                began = time.monotonic()
                with pytest.raises(EngineFailed):
                    [event async for event in events]
                assert time.monotonic() - began < 15
            await engine.ensure_ready(20_000)
            assert engine.pid != hung
            async with aclosing(engine.generate(CHAT)) as events:
                assert await anext(events)
        finally:
            await engine.close()

    asyncio.run(scenario())
