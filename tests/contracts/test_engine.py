"""What every engine promises, tried on each of them: llama.cpp embedded, a voice of it, llama.cpp as a server, the
echo, and an echo on a machine of members, through both ends of the pool."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from affouage.adapters.engines.llama_cpp import LlamaCppEngine, VoiceFile
from affouage.adapters.engines.openai_compatible import OpenAICompatibleEngine
from affouage.adapters.engines.upstream_probe import probe
from affouage.chat import ChatRequest, Delta, EngineEvent, Final, Message, Usage, delta_text, finish_reason
from affouage.clock import SystemClock
from affouage.errors import ContextExceeded
from affouage.pool.engine import Engine
from affouage.pool.nodes.remote_engine import RemoteEngine
from affouage.pool.voice import VoiceEngine
from affouage.settings import EngineSettings, UpstreamSettings
from affouage.testing import EchoEngine, InProcessBus
from tests.contracts.llama_server import ALIAS, KEY, llama_server
from tests.contracts.tiny_gguf import DICE_PROMPT, INFILL, SENTENCE, write_tiny_model
from tests.contracts.tiny_voice import write_tiny_voice
from tests.integration.pool_bench import House, Machine

SLOTS, CONTEXT = 2, 4096
MODEL = "petit"


@dataclass
class Subject:
    """An engine under contract and what only its own kind can tell: tokens of a text, slots at work."""

    engine: Engine
    count_tokens: Callable[[str], Awaitable[int]]
    busy_slots: Callable[[], Awaitable[int]]
    is_llama_cpp: bool = True


Open = Callable[[bool], Any]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """By ``endless``: the model that says one sentence, and the slower one that says it for ever."""
    folder = tmp_path_factory.mktemp("models")
    write_tiny_model(folder / "one.gguf")
    write_tiny_model(folder / "endless.gguf", endless=True, layers=8)
    return {False: folder / "one.gguf", True: folder / "endless.gguf"}


@pytest.fixture(scope="session")
def servers(models: dict[bool, Path]) -> Iterator[dict[bool, str]]:
    shape = {"slots": SLOTS, "context_tokens": CONTEXT}
    with llama_server(models[False], **shape) as one, llama_server(models[True], **shape) as endless:
        yield {False: one, True: endless}


def llama_subject(engine: Any, client: OpenAICompatibleEngine) -> Subject:
    async def ask(path: str, body: dict[str, Any] | None = None) -> Any:
        how = {"json": body} if body else {}
        method = "POST" if body else "GET"
        headers = client._headers()
        async with (
            client._new_session() as session,
            session.request(method, client._root + path, headers=headers, **how) as r,
        ):
            return await r.json()

    async def count_tokens(text: str) -> int:
        return len((await ask("/tokenize", {"content": text, "add_special": True, "parse_special": True}))["tokens"])

    async def busy_slots() -> int:
        return sum(slot["is_processing"] for slot in await ask("/slots"))

    return Subject(engine, count_tokens, busy_slots)


REAL_ONLY = pytest.mark.parametrize("opened", ["embedded", "server", "voice"], indirect=True)
"""For what the echo does not claim to do: infilling, log probabilities."""


@pytest.fixture(params=["embedded", "server", "voice", "echo", "remote"])
def opened(request: pytest.FixtureRequest, models: dict[bool, Path], tmp_path: Path) -> Open:
    """Opens the engine, inside the test's event loop: ``async with opened(endless) as subject``."""
    kind = request.param
    servers = request.getfixturevalue("servers") if kind == "server" else {}
    # Too faint to change a word, but there: what every engine promises holds beside an adapter too.
    faint = [VoiceFile(MODEL, write_tiny_voice(tmp_path / "voice.gguf"))] if kind == "voice" else []

    @asynccontextmanager
    async def open_one(endless: bool = False) -> AsyncIterator[Subject]:
        engine: Engine
        if kind in ("embedded", "voice"):
            settings = EngineSettings(slots=SLOTS, context_tokens=CONTEXT, threads=1)
            path = models[endless]
            engine = LlamaCppEngine(
                model_id="base" if faint else MODEL,
                path=path,
                file_sha256="0" * 64,
                settings=settings,
                clock=SystemClock(),
                voices=lambda: faint,
            )
            if faint:
                engine = VoiceEngine(model_id=MODEL, base=engine, scale=0.25, file_name="voice.gguf", sha256=None)
        elif kind == "server":
            row = UpstreamSettings(id=MODEL, url=servers[endless], model=ALIAS, key_env="THEIR_KEY", slots=SLOTS)
            engine = OpenAICompatibleEngine(row, environ={"THEIR_KEY": KEY})
        else:
            engine = EchoEngine(MODEL, slots=SLOTS, context_tokens=CONTEXT, word_ms=3 if endless else 0)
        try:
            await engine.ensure_ready(30_000)
            local = engine.base if isinstance(engine, VoiceEngine) else engine
            if isinstance(local, LlamaCppEngine):
                yield llama_subject(engine, local._client)
            elif isinstance(engine, OpenAICompatibleEngine):
                yield llama_subject(engine, engine)
            else:
                yield echo_subject(engine)
        finally:
            await (engine.base if isinstance(engine, VoiceEngine) else engine).close()

    @asynccontextmanager
    async def open_remote(endless: bool = False) -> AsyncIterator[Subject]:
        hub, machine = InProcessBus(), Machine("n_abcdefghijkl")
        there = EchoEngine(MODEL, slots=SLOTS, context_tokens=CONTEXT, word_ms=3 if endless else 0)
        house = House(hub, machine)
        async with house.dispatcher.running(), machine.at_work(tmp_path, hub.end(), there):
            yield echo_subject(there, await house.engine(MODEL))

    return open_remote if kind == "remote" else open_one


def echo_subject(there: EchoEngine, engine: Engine | None = None) -> Subject:
    """``there``: where it works; ``engine``: how it is reached."""

    async def count_tokens(text: str) -> int:
        return len(text.split())

    async def busy_slots() -> int:
        return there.in_flight

    return Subject(engine or there, count_tokens, busy_slots, is_llama_cpp=False)


def chat(text: str = SENTENCE, *, max_tokens: int | None = None, **options: Any) -> ChatRequest:
    """The tiny model recites its sentence whatever is said; the echo must be told it."""
    return ChatRequest(model=MODEL, messages=(Message("user", text),), max_tokens=max_tokens, options=options)


async def events_of(engine: Engine, request: ChatRequest) -> list[EngineEvent]:
    async with aclosing(engine.generate(request)) as events:
        return [event async for event in events]


def told(events: list[EngineEvent]) -> tuple[str, str | None, Usage]:
    """Text, finish reason and usage of a whole answer, checked to be well formed on the way."""
    deltas = [event for event in events if isinstance(event, Delta)]
    finals = [event for event in events if isinstance(event, Final)]
    assert len(finals) == 1
    assert events[-1] is finals[0]
    assert [one.finish for one in deltas].count(True) == 1
    assert all(b"\n" not in one.data for one in deltas)
    assert all(one.data.count(b'"model":"petit"') == 1 for one in deltas)
    assert not any(word in one.data for one in deltas for word in (b"timings", b"prompt_progress", ALIAS.encode()))
    reason = next(finish_reason(one) for one in deltas if one.finish)
    return "".join(map(delta_text, deltas)), reason, finals[0].usage


def test_the_known_text_and_one_final_with_usage(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:
            text, reason, usage = told(await events_of(subject.engine, chat()))
            assert text == SENTENCE
            assert reason == "stop"
            assert usage.prompt
            assert usage.prompt > 0
            assert usage.decoded
            assert usage.decoded >= len(SENTENCE.split())

    asyncio.run(scenario())


def test_it_says_who_it_is_and_where_it_stands(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:
            engine = subject.engine
            assert engine.model_id == MODEL
            assert engine.slots == SLOTS
            assert engine.context_tokens == CONTEXT
            assert engine.state().status == "ready"
            assert engine.identity().name
            assert engine.identity().version
            await engine.close()
            await engine.close()

    asyncio.run(scenario())


def test_a_second_identical_prompt_is_read_from_the_cache(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:
            request = chat("Une question que personne n'a posée : " + SENTENCE)
            await events_of(subject.engine, request)
            _, _, usage = told(await events_of(subject.engine, request))
            assert usage.prompt is not None
            assert usage.cached is not None
            assert usage.prompt - usage.cached <= 1

    asyncio.run(scenario())


def test_max_tokens_ends_with_length(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:
            text, reason, usage = told(await events_of(subject.engine, chat(max_tokens=3)))
            assert text == " ".join(SENTENCE.split()[:3])
            assert reason == "length"
            assert usage.decoded == 3

    asyncio.run(scenario())


def test_stop_ends_before_its_text(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:
            text, reason, _ = told(await events_of(subject.engine, chat(stop=["bois,"])))
            assert text.rstrip() == SENTENCE.partition("bois,")[0].rstrip()
            assert reason == "stop"

    asyncio.run(scenario())


def test_the_same_seed_gives_the_same_answer(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:

            async def thrown(seed: int) -> str:
                options = {"seed": seed, "temperature": 1.0}
                asked = ChatRequest(kind="completion", model=MODEL, prompt=DICE_PROMPT, max_tokens=12, options=options)
                return told(await events_of(subject.engine, asked))[0]

            assert await thrown(7) == await thrown(7)
            if subject.is_llama_cpp:
                assert len({await thrown(seed) for seed in range(4)}) > 1

    asyncio.run(scenario())


def test_as_many_answers_at_once_as_slots(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:
            answers = await asyncio.gather(*(events_of(subject.engine, chat()) for _ in range(SLOTS)))
            assert [told(one)[0] for one in answers] == [SENTENCE] * SLOTS

    asyncio.run(scenario())


def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:
            with pytest.raises(ContextExceeded) as refused:
                await events_of(subject.engine, chat("mot " * (CONTEXT + 1)))
            assert refused.value.details["context_tokens"] == CONTEXT
            assert refused.value.details["prompt_tokens"] > CONTEXT
            assert told(await events_of(subject.engine, chat()))[0] == SENTENCE

    asyncio.run(scenario())


@pytest.mark.alone
def test_leaving_frees_the_slot_within_200_ms(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(True) as subject:
            for _ in range(3):
                async with aclosing(subject.engine.generate(chat("mot " * 1000))) as events:
                    seen = 0
                    async for event in events:
                        seen += isinstance(event, Delta)
                        if seen == 5:
                            break
                    assert await subject.busy_slots() == 1
                    left_at = time.perf_counter()
                while await subject.busy_slots():
                    assert time.perf_counter() - left_at < 0.2
                    await asyncio.sleep(0.005)
                assert time.perf_counter() - left_at < 0.2

    asyncio.run(scenario())


def test_an_idle_engine_leaves_the_memory_and_comes_back_and_one_at_work_stays(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(True) as subject:
            engine = subject.engine
            here = engine.occupancy().loaded
            assert here is not isinstance(engine, (OpenAICompatibleEngine, RemoteEngine)), (
                "the memory of others is not ours"
            )
            async with aclosing(engine.generate(chat("mot " * 50))) as events:
                await anext(events)
                assert engine.occupancy().idle_since_us is None
                await engine.unload()
                assert engine.state().status == "ready"
                seen = 0
                async for event in events:
                    seen += isinstance(event, Delta)
                    if seen == 3:
                        break
            await engine.unload()
            assert engine.state().status == ("stopped" if here else "ready")
            assert engine.occupancy().loaded is False
            await engine.unload()
            await engine.ensure_ready(30_000)
            assert engine.occupancy().loaded is here
            assert told(await events_of(engine, chat(max_tokens=3)))[2].decoded == 3

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", ["chat", "tools", "completion"])
def test_render_is_what_was_read(opened: Open, kind: str) -> None:
    tool = {"type": "function", "function": {"name": "meteo", "parameters": {"type": "object", "properties": {}}}}
    asked = {
        "chat": chat("Où est l'affouage ? <|im_end|>"),
        "tools": chat("Quel temps ?", tools=[tool], max_tokens=4),
        "completion": ChatRequest(kind="completion", model=MODEL, prompt="Il était une fois", max_tokens=4),
    }[kind]

    async def scenario() -> None:
        async with opened(False) as subject:
            rendered = await subject.engine.render(asked)
            assert rendered is not None
            _, _, usage = told(await events_of(subject.engine, asked))
            assert await subject.count_tokens(rendered) == usage.prompt
            if subject.is_llama_cpp and kind == "tools":
                assert "meteo" in rendered

    asyncio.run(scenario())


@REAL_ONLY
def test_infill_reads_prefix_and_suffix_and_nothing_else(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:
            asked = ChatRequest(
                kind="infill", model=MODEL, prompt="def add(a, b):\n    ", suffix="\n\n\nprint(add(1, 2))"
            )
            rendered = await subject.engine.render(asked)
            assert rendered == f"<|fim_prefix|>{asked.prompt}<|fim_suffix|>{asked.suffix}<|fim_middle|>"
            text, reason, usage = told(await events_of(subject.engine, asked))
            assert (text, reason) == (INFILL, "stop")
            assert await subject.count_tokens(rendered) == usage.prompt

    asyncio.run(scenario())


@REAL_ONLY
def test_completion_logprobs_have_openais_older_shape(opened: Open) -> None:
    async def scenario() -> None:
        async with opened(False) as subject:
            asked = ChatRequest(kind="completion", model=MODEL, prompt="Dis :", max_tokens=3, options={"logprobs": 2})
            deltas = [one for one in await events_of(subject.engine, asked) if isinstance(one, Delta)]
            shapes = [choice(one)["logprobs"] for one in deltas if delta_text(one)]
            assert [shape["tokens"] for shape in shapes] == [["Nul"], [" ne"], [" possède"]]
            assert [shape["text_offset"] for shape in shapes] == [[5], [8], [11]]
            assert all(shape["token_logprobs"][0] <= 0 for shape in shapes)
            assert all(shape["tokens"][0] in shape["top_logprobs"][0] for shape in shapes)

    asyncio.run(scenario())


def test_doctor_finds_nothing_wrong_with_a_real_server(servers: dict[bool, str]) -> None:
    row = UpstreamSettings(id=MODEL, url=servers[False], model=ALIAS, key_env="THEIR_KEY")
    found = asyncio.run(probe(row, environ={"THEIR_KEY": KEY}))
    assert [one.subject for one in found] == ["reachable", "model", "streams", "usage", "exact text"]
    assert all(one.ok for one in found), found
    (refused,) = asyncio.run(probe(row, environ={"THEIR_KEY": "wrong"}))
    assert refused.ok is False
    assert "key" in refused.remedy


def choice(delta: Delta) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(delta.data)["choices"][0]
    return found
