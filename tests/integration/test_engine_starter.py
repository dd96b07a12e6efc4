"""A handful of questions to the real starter model: what a tiny one cannot show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.chat import ChatRequest, Delta, Final, Message, PromptProgress, delta_text
from affouage.clock import SystemClock
from affouage.settings import EngineSettings

pytestmark = pytest.mark.starter

MODEL = "qwen2.5-coder-1.5b-instruct"
SHEET = (
    "L'affouage est le droit des habitants d'une commune de recevoir une part du bois de la forêt communale. "
    "L'inscription au rôle se fait en mairie avant le 30 septembre."
)


@asynccontextmanager
async def starter(path: Path) -> AsyncIterator[LlamaCppEngine]:
    settings = EngineSettings(context_tokens=2048)
    engine = LlamaCppEngine(
        model_id=MODEL, path=path, file_sha256=None, settings=settings, clock=SystemClock(), context_limit=32768
    )
    try:
        await engine.ensure_ready(120_000)
        yield engine
    finally:
        await engine.close()


def chat(question: str, *, max_tokens: int, **options: Any) -> ChatRequest:
    return ChatRequest(
        model=MODEL,
        messages=(Message("system", "Réponds en une phrase."), Message("user", question)),
        max_tokens=max_tokens,
        options={"temperature": 0, **options},
    )


async def answer(engine: LlamaCppEngine, request: ChatRequest) -> tuple[str, list[Delta], Final]:
    async with aclosing(engine.generate(request)) as events:
        seen = [event async for event in events]
    deltas = [one for one in seen if isinstance(one, Delta)]
    assert isinstance(seen[0], PromptProgress)
    assert isinstance(seen[-1], Final)
    return "".join(map(delta_text, deltas)), deltas, seen[-1]


def test_a_grounded_answer_in_french(starter_model: Path) -> None:
    async def scenario() -> None:
        async with starter(starter_model) as engine:
            question = f"{SHEET}\n\nJusqu'à quelle date peut-on s'inscrire ?"
            text, _, final = await answer(engine, chat(question, max_tokens=60))
            assert "30 septembre" in text
            assert final.usage.decoded
            assert final.timings.decode_ms
            assert engine.work().cpu_us

    asyncio.run(scenario())


def test_a_json_schema_is_respected(starter_model: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"jour": {"type": "integer"}, "mois": {"enum": ["août", "septembre", "octobre"]}},
        "required": ["jour", "mois"],
        "additionalProperties": False,
    }
    shape = {"type": "json_schema", "json_schema": {"name": "date", "schema": schema}}

    async def scenario() -> None:
        async with starter(starter_model) as engine:
            request = chat(f"{SHEET}\n\nDate limite ?", max_tokens=60, response_format=shape)
            text, _, _ = await answer(engine, request)
            found = msgspec.json.decode(text)
            jsonschema.validate(found, schema)
            assert found == {"jour": 30, "mois": "septembre"}

    asyncio.run(scenario())


def test_a_tool_is_called(starter_model: Path) -> None:
    """This model writes its call as fenced JSON; the gateway turns that into ``tool_calls``."""
    parameters = {"type": "object", "properties": {"commune": {"type": "string"}}, "required": ["commune"]}
    tool = {"type": "function", "function": {"name": "meteo", "description": "Météo", "parameters": parameters}}

    async def scenario() -> None:
        async with starter(starter_model) as engine:
            asked = (Message("user", "Quel temps fait-il à Dole ?"),)
            request = ChatRequest(
                model=MODEL, messages=asked, max_tokens=80, options={"temperature": 0, "tools": [tool]}
            )
            rendered = await engine.render(request)
            assert rendered is not None
            assert "meteo" in rendered
            text, deltas, _ = await answer(engine, request)
            structured = [call for one in deltas for call in _delta(one).get("tool_calls") or []]
            if structured:
                name = structured[0]["function"]["name"]
                arguments = msgspec.json.decode("".join(call["function"].get("arguments", "") for call in structured))
            else:
                call = msgspec.json.decode(text[text.index("{") : text.rindex("}") + 1])
                name, arguments = call["name"], call["arguments"]
            assert (name, arguments) == ("meteo", {"commune": "Dole"})

    asyncio.run(scenario())


def _delta(one: Delta) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(one.data)["choices"][0]["delta"]
    return found


def test_code_is_filled_in_between(starter_model: Path) -> None:
    async def scenario() -> None:
        async with starter(starter_model) as engine:
            request = ChatRequest(
                kind="infill",
                model=MODEL,
                prompt="def add(a, b):\n    return ",
                suffix="\n\nprint(add(1, 2))\n",
                max_tokens=12,
                options={"temperature": 0},
            )
            rendered = await engine.render(request)
            assert rendered == f"<|fim_prefix|>{request.prompt}<|fim_suffix|>{request.suffix}<|fim_middle|>"
            text, _, _ = await answer(engine, request)
            assert text.replace(" ", "").startswith("a+b")

    asyncio.run(scenario())
