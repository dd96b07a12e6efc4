"""Voices in real llama.cpp: one process, one base, several adapters, each answer with the one it asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from affouage.adapters.engines.llama_cpp import LlamaCppEngine, VoiceFile
from affouage.chat import ChatRequest, Delta, Final, Message, delta_text
from affouage.clock import SystemClock
from affouage.errors import EngineFailed, EngineLoading
from affouage.pool.engine import Engine
from affouage.pool.voice import VoiceEngine
from affouage.settings import EngineSettings
from tests.contracts.tiny_gguf import SENTENCE, write_tiny_model
from tests.contracts.tiny_voice import (
    HEARD,
    VOICE_SENTENCE,
    width_of,
    write_listening_model,
    write_listening_voice,
    write_tiny_voice,
)

LONG = "Une première question, assez longue pour que la mémoire compte. " * 4
OTHER = "Tout autre chose, sans un mot de commun : quoi donc ? " * 4


def opened(base: Path, files: list[VoiceFile], slots: int = 2) -> LlamaCppEngine:
    settings = EngineSettings(slots=slots, context_tokens=4096, threads=1)
    return LlamaCppEngine(
        model_id="petit", path=base, file_sha256=None, settings=settings, clock=SystemClock(), voices=lambda: files
    )


def voice(base: LlamaCppEngine, name: str, scale: float = 1.0) -> VoiceEngine:
    return VoiceEngine(model_id=name, base=base, scale=scale, file_name=f"{name}.gguf", sha256="c" * 64)


async def said(engine: Engine, text: str = "Bonjour", **more: Any) -> tuple[str, int | None]:
    """What it answers, and how many tokens of the question it had in memory."""
    words, cached = "", None
    request = ChatRequest(model=engine.model_id, messages=(Message("user", text),), options={"temperature": 0}, **more)
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            if isinstance(event, Delta):
                words += delta_text(event)
            elif isinstance(event, Final):
                cached = event.usage.cached
    return words, cached


def played(engine: LlamaCppEngine, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        try:
            await engine.ensure_ready(30_000)
            await scenario()
        finally:
            await engine.close()

    asyncio.run(play())


def test_each_answer_is_by_the_voice_it_asked_for_at_the_scale_it_asked_for(tmp_path: Path) -> None:
    base = opened(
        write_tiny_model(tmp_path / "petit.gguf"),
        [
            VoiceFile("other", write_tiny_voice(tmp_path / "o.gguf")),
            VoiceFile("v", write_tiny_voice(tmp_path / "v.gguf")),
        ],
    )
    one = voice(base, "v")

    async def scenario() -> None:
        for engine, text in (
            (base, SENTENCE),
            (one, VOICE_SENTENCE),
            (base, SENTENCE),
            (voice(base, "other"), VOICE_SENTENCE),
        ):
            assert (await said(engine))[0] == text
        assert (await said(one, voice_scale=0))[0] == SENTENCE, "scale 0 is the base"
        assert (await said(one, voice_scale=0.4))[0] == SENTENCE
        assert (await said(one, voice_scale=0.8))[0] == VOICE_SENTENCE
        assert (await said(voice(base, "v", scale=0.3)))[0] == SENTENCE, "its card's own scale"
        together = await asyncio.gather(said(one), said(base), said(one), said(base))
        assert [text for text, _ in together] == [VOICE_SENTENCE, SENTENCE] * 2, "at once, in two slots"
        question = ChatRequest(model="v", messages=(Message("user", "Bonjour"),))
        assert await one.render(question) == await base.render(question)
        assert one.identity().file_name == "v.gguf"
        assert one.identity().file_sha256 == "c" * 64

    played(base, scenario)


@pytest.mark.parametrize("slots", [1, 2])
def test_nothing_read_by_one_voice_is_remembered_for_another(tmp_path: Path, slots: int) -> None:
    """llama.cpp keeps what it has read, slot by slot and in memory: only for who reads with the same scales."""
    base = opened(
        write_listening_model(tmp_path / "petit.gguf"),
        [VoiceFile("v", write_listening_voice(tmp_path / "v.gguf"))],
        slots,
    )
    one, begins, heard = voice(base, "v"), SENTENCE[: len("Nul ne possède")], HEARD * 3

    async def scenario() -> None:
        alone = {engine.model_id: (await said(engine, LONG, max_tokens=3))[0] for engine in (base, one)}
        assert alone == {"petit": begins, "v": heard}
        for engine, text in (
            (base, LONG),
            (one, OTHER),
            (one, LONG),
            (base, OTHER),
            (base, LONG),
            (one, OTHER),
            (one, LONG),
        ):
            words, cached = await said(engine, text, max_tokens=3)
            assert words == alone[engine.model_id], (engine.model_id, text[:20], cached)
        assert (await said(one, LONG, voice_scale=0, max_tokens=3))[0] == begins
        assert (await said(one, LONG, voice_scale=1, max_tokens=3))[0] == heard
        _, cached = await said(one, LONG, voice_scale=1, max_tokens=3)
        assert cached is not None
        assert cached > 100, "but the same question by the same voice is"

    played(base, scenario)


def test_a_voice_that_comes_later_starts_its_base_again_once_idle(tmp_path: Path) -> None:
    files: list[VoiceFile] = []
    base = opened(write_tiny_model(tmp_path / "petit.gguf", endless=True, layers=8), files)
    late = voice(base, "late")

    async def scenario() -> None:
        first = base.pid
        with pytest.raises(EngineFailed, match="is not here any more"):
            await late.ensure_ready(30_000)
        assert base.pid == first
        files.append(VoiceFile("late", write_tiny_voice(tmp_path / "late.gguf")))
        assert late.state().status == "stopped"
        request = ChatRequest(model="petit", messages=(Message("user", "Bonjour"),))
        async with aclosing(base.generate(request)) as events:
            await anext(events)
            with pytest.raises(EngineLoading) as waits:
                await late.ensure_ready(30_000)
            assert waits.value.retry_after_s > 0
            assert await anext(events), "the answer under way goes on"
        await late.ensure_ready(30_000)
        assert (base.pid != first, late.state().status) == (True, "ready")
        assert (await said(late))[0] == VOICE_SENTENCE

    played(base, scenario)


def test_an_adapter_that_llama_cpp_refuses_takes_nothing_away_from_its_base(tmp_path: Path) -> None:
    wide = write_tiny_voice(tmp_path / "wide.gguf", width=width_of() + 64)
    base = opened(write_tiny_model(tmp_path / "petit.gguf"), [VoiceFile("wide", wide)])

    async def scenario() -> None:
        assert (await said(base))[0] == SENTENCE
        with pytest.raises(EngineFailed, match="runs without its voices") as refused:
            await said(voice(base, "wide"))
        assert refused.value.code == "voice_not_loaded"
        assert (await said(base))[0] == SENTENCE

    played(base, scenario)
