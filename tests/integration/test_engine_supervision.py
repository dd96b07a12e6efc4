"""The child process of an engine: loading, crashing, idling, ending. Real processes, really killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from affouage.adapters.engines.child import ChildProgram, SupervisedChild
from affouage.adapters.engines.embedder import UsemEmbedder
from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.adapters.engines.vital_signs import back_off_ms
from affouage.chat import ChatRequest, Delta, Message, delta_text
from affouage.clock import Clock, SystemClock
from affouage.errors import EngineFailed, EngineLoading, UnsupportedParameter
from affouage.settings import EngineSettings
from affouage.testing import ManualClock
from tests.contracts.tiny_gguf import SENTENCE, write_tiny_model

CHAT = ChatRequest(model="petit", messages=(Message("user", "Bonjour"),))
QUICK = EngineSettings(slots=2, context_tokens=4096, threads=1)


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "sans-fin.gguf", endless=True, layers=8)


@asynccontextmanager
async def llama(
    path: Path, settings: EngineSettings = QUICK, clock: Clock | None = None
) -> AsyncIterator[LlamaCppEngine]:
    engine = LlamaCppEngine(
        model_id="petit", path=path, file_sha256=None, settings=settings, clock=clock or SystemClock()
    )
    try:
        yield engine
    finally:
        await engine.close()


async def text_from(engine: LlamaCppEngine) -> str:
    async with aclosing(engine.generate(CHAT)) as events:
        return "".join([delta_text(one) async for one in events if isinstance(one, Delta)])


async def until(condition: Callable[[], bool], within_s: float = 10) -> None:
    """Look at every turn of the event loop until it holds; a failure when it never does."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0)


async def is_gone(pid: int, within_s: float) -> bool:
    """Whether the process ends in time; a zombie that only waits to be reaped has ended."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        await asyncio.sleep(0.02)
    return False


# --- Loading ----------------------------------------------------------------------------------------------------------


def test_a_caller_who_will_not_wait_is_told_and_the_load_goes_on(tiny_model: Path) -> None:
    async def scenario() -> None:
        async with llama(tiny_model) as engine:
            assert engine.state().status == "stopped"
            assert engine.context_tokens is None
            assert engine.work().cpu_us is None
            with pytest.raises(EngineLoading) as loading:
                await engine.ensure_ready(0)
            assert loading.value.retry_after_s >= 1
            assert engine.state().status == "loading"
            first = engine.pid
            await asyncio.gather(*(engine.ensure_ready(20_000) for _ in range(5)))
            assert engine.state().status == "ready"
            assert first in (None, engine.pid), "one shared load"
            assert (engine.work().cpu_us or 0) > 0

    asyncio.run(scenario())


def test_a_caller_who_gives_up_does_not_stop_the_load(tiny_model: Path) -> None:
    async def scenario() -> None:
        async with llama(tiny_model) as engine:
            asked = asyncio.create_task(engine.ensure_ready(20_000))
            await asyncio.sleep(0)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            while engine.state().status == "loading":
                progress = engine.state().progress
                assert progress is None or 0 <= progress <= 1
                await asyncio.sleep(0.01)
            assert engine.state().status == "ready"

    asyncio.run(scenario())


@pytest.mark.parametrize("damage", ["missing", "truncated", "foreign", "empty"])
def test_a_file_that_cannot_be_loaded_is_said_so(tiny_model: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "model.gguf"
    if damage != "missing":
        whole = tiny_model.read_bytes()
        path.write_bytes({"truncated": whole[:-1000], "foreign": b"not a model" * 99, "empty": b""}[damage])

    async def scenario() -> None:
        async with llama(path) as engine:
            with pytest.raises(EngineFailed, match="cannot be loaded"):
                await engine.ensure_ready(20_000)
            assert engine.state().status == "failed"
            assert engine.state().detail
            assert engine.pid is None
            with pytest.raises(EngineFailed):
                await engine.ensure_ready(20_000)

    asyncio.run(scenario())


def test_a_failed_load_is_tried_again_but_not_before_the_back_off(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    whole = tiny_model.read_bytes()
    clock = ManualClock()

    async def scenario() -> None:
        async with llama(path, clock=clock) as engine:
            with pytest.raises(EngineFailed):
                await engine.ensure_ready(20_000)
            await asyncio.to_thread(path.write_bytes, whole)
            with pytest.raises(EngineFailed):
                await engine.ensure_ready(20_000)
            clock.advance(ms=back_off_ms(1))
            await engine.ensure_ready(20_000)

    asyncio.run(scenario())


@pytest.mark.parametrize(("module", "told"), [("json.tool", "did not load within"), ("this", "stopped while loading")])
def test_a_program_that_never_says_ready_is_given_up(module: str, told: str) -> None:
    async def nothing(*_: object) -> None:
        return None

    async def scenario() -> None:
        program = ChildProgram(module=module, model_id="petit", config={}, load_deadline_ms=1500)
        child = SupervisedChild(program, clock=SystemClock(), on_ready=nothing, on_gone=nothing)
        try:
            with pytest.raises(EngineFailed, match=told):
                await child.ensure_ready(20_000)
            assert child.pid is None
        finally:
            await child.close()

    asyncio.run(scenario())


# --- Crashing ---------------------------------------------------------------------------------------------------------


def test_killed_in_the_middle_of_an_answer_it_says_so_and_answers_again_within_10_s(endless: Path) -> None:
    async def scenario() -> None:
        async with llama(endless) as engine:
            await engine.ensure_ready(20_000)
            pid = engine.pid
            assert pid is not None
            cpu_before = engine.work().cpu_us or 0
            async with aclosing(engine.generate(CHAT)) as events:
                while not isinstance(await anext(events), Delta):
                    pass
                os.kill(pid, signal.SIGKILL)
                killed_at = time.monotonic()
                with pytest.raises(EngineFailed):
                    await exhaust(events)
            short = ChatRequest(model="petit", messages=CHAT.messages, max_tokens=2)
            await engine.ensure_ready(10_000)
            async with aclosing(engine.generate(short)) as events:
                assert [one async for one in events]
            assert time.monotonic() - killed_at < 10
            assert engine.pid != pid
            assert (engine.work().cpu_us or 0) >= cpu_before, "work done is not forgotten"

    asyncio.run(scenario())


async def exhaust(events: AsyncIterator[object]) -> None:
    async for _ in events:
        pass


def test_killed_while_nobody_asks_it_comes_back_by_itself(tiny_model: Path) -> None:
    async def scenario() -> None:
        async with llama(tiny_model) as engine:
            await engine.ensure_ready(20_000)
            pid = engine.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            assert await is_gone(pid, within_s=2)
            await until(lambda: engine.state().status == "ready" and engine.pid != pid)
            assert await text_from(engine) == SENTENCE

    asyncio.run(scenario())


# --- Idling and ending ------------------------------------------------------------------------------------------------


def test_an_idle_model_leaves_the_memory_and_comes_back(tiny_model: Path) -> None:
    clock = ManualClock()

    async def scenario() -> None:
        async with llama(tiny_model, replace(QUICK, idle_unload_ms=50), clock) as engine:
            await engine.ensure_ready(20_000)
            pid = engine.pid
            assert pid is not None
            await asyncio.sleep(0.2)
            assert engine.state().status == "ready", "the clock decides, not the wall"
            clock.advance(ms=51)
            assert await is_gone(pid, within_s=3)
            assert await text_from(engine) == SENTENCE

    asyncio.run(scenario())


def test_a_model_at_work_is_not_idle(endless: Path) -> None:
    clock = ManualClock()

    async def scenario() -> None:
        async with llama(endless, replace(QUICK, idle_unload_ms=20), clock) as engine:
            await engine.ensure_ready(20_000)
            async with aclosing(engine.generate(CHAT)) as events:
                await anext(events)
                clock.advance(ms=60_000)
                await asyncio.sleep(0.1)
                assert engine.state().status == "ready"
                await anext(events)
            await asyncio.sleep(0.1)
            assert engine.state().status == "ready", "idleness counts from the end of the last answer"

    asyncio.run(scenario())


def test_asking_while_it_unloads_loads_it_again(tiny_model: Path) -> None:
    clock = ManualClock()

    async def scenario() -> None:
        async with llama(tiny_model, replace(QUICK, idle_unload_ms=20), clock) as engine:
            await engine.ensure_ready(20_000)
            clock.advance(ms=21)
            await until(lambda: engine.state().status != "ready")
            assert await text_from(engine) == SENTENCE

    asyncio.run(scenario())


@pytest.mark.parametrize("moment", ["loading", "answering"])
def test_closing_leaves_no_child_and_no_task(endless: Path, moment: str) -> None:
    async def scenario() -> None:
        before = asyncio.all_tasks()
        async with llama(endless) as engine:
            with pytest.raises(EngineLoading):
                await engine.ensure_ready(0)
            await until(lambda: engine.pid is not None)
            pid = engine.pid
            assert pid is not None
            if moment == "answering":
                await engine.ensure_ready(20_000)
                async with aclosing(engine.generate(CHAT)) as events:
                    await anext(events)
                    await engine.close()
                    with pytest.raises(EngineFailed):
                        await exhaust(events)
        assert not psutil.pid_exists(pid)
        assert asyncio.all_tasks() == before
        with pytest.raises(EngineFailed):
            await engine.ensure_ready(1000)

    asyncio.run(scenario())


ORPHAN = """
import asyncio, sys
from pathlib import Path
from affouage.adapters.engines.embedder import UsemEmbedder
from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.clock import SystemClock
from affouage.settings import EngineSettings

async def main():
    settings = EngineSettings(slots=1, context_tokens=512, threads=1)
    if sys.argv[1] == "embedder":
        engine = UsemEmbedder(settings=settings, clock=SystemClock())
    else:
        path = Path(sys.argv[1])
        engine = LlamaCppEngine(model_id="m", path=path, file_sha256=None, settings=settings, clock=SystemClock())
    await engine.ensure_ready(30000)
    print(engine.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["llama", "embedder"])
def test_a_parent_killed_without_warning_leaves_no_child(tiny_model: Path, kind: str) -> None:
    argument = str(tiny_model) if kind == "llama" else kind
    with subprocess.Popen([sys.executable, "-c", ORPHAN, argument], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.kill()
    assert asyncio.run(is_gone(child, within_s=2))


def test_the_child_inherits_no_secret_and_shows_none(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_UPSTREAM_KEY", "very-secret")

    async def scenario() -> None:
        async with llama(tiny_model) as engine:
            await engine.ensure_ready(20_000)
            child = psutil.Process(engine.pid)
            environment = child.environ()
            assert "very-secret" not in environment.values()
            assert environment["GOMP_SPINCOUNT"] == "0"
            assert environment["OMP_WAIT_POLICY"] == "passive"
            assert engine._key not in " ".join([*child.cmdline(), *environment.values()])
            assert child.net_connections("inet") == [], "it listens in its own folder, on no network"

    asyncio.run(scenario())


# --- The embedder -----------------------------------------------------------------------------------------------------


def test_the_embedder_embeds_and_leaves_the_memory() -> None:
    clock = ManualClock()

    async def scenario() -> None:
        engine = UsemEmbedder(settings=replace(QUICK, load_wait_ms=30_000, idle_unload_ms=50), clock=clock)
        try:
            texts = ("Où renouveler mon passeport ?", "Passport renewal: where?", "La soupe est froide.", "")
            vectors, tokens = await engine.embed(texts * 20)
            assert len(vectors) == 80
            assert tokens > 80
            assert {len(one) for one in vectors} == {512}
            assert all(abs(sum(x * x for x in one) - 1) < 1e-3 for one in vectors)
            assert dot(vectors[0], vectors[1]) > dot(vectors[0], vectors[2]) + 0.2
            assert vectors[0] == pytest.approx(vectors[4], abs=1e-5)
            with pytest.raises(UnsupportedParameter):
                await exhaust(engine.generate(CHAT))
            pid = engine.pid
            assert pid is not None
            clock.advance(ms=51)
            assert await is_gone(pid, within_s=3)
            assert len((await engine.embed(("encore",)))[0]) == 1
        finally:
            await engine.close()

    asyncio.run(scenario())


def test_a_killed_embedder_is_replaced() -> None:
    async def scenario() -> None:
        engine = UsemEmbedder(settings=replace(QUICK, load_wait_ms=30_000), clock=SystemClock())
        try:
            await engine.ensure_ready(30_000)
            pid = engine.pid
            assert pid is not None
            long_work = asyncio.create_task(engine.embed(("long " * 2000,) * 32))
            await asyncio.sleep(0.05)
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(EngineFailed):
                await long_work
            assert len((await engine.embed(("encore",)))[0]) == 1
            assert engine.pid != pid
        finally:
            await engine.close()

    asyncio.run(scenario())


def test_an_abandoned_question_does_not_mix_up_the_next_answer() -> None:
    async def scenario() -> None:
        engine = UsemEmbedder(settings=replace(QUICK, load_wait_ms=30_000), clock=SystemClock())
        try:
            await engine.ensure_ready(30_000)
            wanted, _ = await engine.embed(("la bonne",))
            for _ in range(5):
                lost = asyncio.create_task(engine.embed(("une autre " * 400,)))
                await asyncio.sleep(0.005)
                lost.cancel()
                found, _ = await engine.embed(("la bonne",))
                assert found[0] == pytest.approx(wanted[0], abs=1e-5)
        finally:
            await engine.close()

    asyncio.run(scenario())


def dot(one: list[float], other: list[float]) -> float:
    return sum(x * y for x, y in zip(one, other, strict=True))
