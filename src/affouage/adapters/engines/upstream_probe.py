"""What ``affouage doctor`` says of an OpenAI-compatible server: each question asked of the server itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager

import msgspec

from affouage.adapters.engines.openai_compatible import OpenAICompatibleEngine
from affouage.chat import ChatRequest, Delta, Final, Message
from affouage.errors import AffouageError
from affouage.settings import UpstreamSettings

_PATIENCE_S = 60


class Finding(msgspec.Struct, frozen=True):
    """One thing tried. ``ok`` False: answers will fail; None: they work, with less on the receipt."""

    subject: str
    ok: bool | None
    message: str
    remedy: str = ""


async def probe(settings: UpstreamSettings, environ: Mapping[str, str] | None = None) -> list[Finding]:
    """Try one ``[[upstream]]`` row: reach it, find the model, get two words streamed. Raises nothing.

    Costs the server two tokens. Stops at the first thing without which the rest cannot work.
    """
    async with _closing(OpenAICompatibleEngine(settings, environ=environ)) as engine:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                server = await engine.get_acquainted()
                listed = (settings.model or settings.id) in server.models
                told = " ".join(filter(None, (server.name, server.version)))
                return [
                    Finding("reachable", True, f"{settings.url} answers: {told}."),
                    _listed(settings, listed, server.models),
                    *await _answers(engine, settings),
                ]
        except AffouageError as wrong:
            return [Finding("reachable", False, wrong.message, wrong.remedy)]
        except TimeoutError:
            return [Finding("reachable", False, f"No answer within {_PATIENCE_S} s.", "See the server's own log.")]


async def _answers(engine: OpenAICompatibleEngine, settings: UpstreamSettings) -> list[Finding]:
    request = ChatRequest(model=settings.id, messages=(Message("user", "Bonjour"),), max_tokens=2)
    deltas = 0
    end: Final | None = None
    try:
        async with aclosing(engine.generate(request)) as events:
            async for event in events:
                deltas += isinstance(event, Delta)
                end = event if isinstance(event, Final) else end
        rendered = await engine.render(request)
    except AffouageError as wrong:
        return [Finding("streams", False, wrong.message, wrong.remedy)]
    counted = end is not None and end.usage.prompt is not None
    return [
        Finding("streams", deltas > 0, "Answers come as a stream." if deltas else "The answer was empty."),
        Finding("usage", counted or None, "Tokens are counted." if counted else "Tokens will be unknown on receipts."),
        Finding(
            "exact text",
            rendered is not None or None,
            "The exact text is shown." if rendered is not None else "The exact text after the template is unknown.",
        ),
    ]


def _listed(settings: UpstreamSettings, listed: bool, models: tuple[str, ...]) -> Finding:
    name = settings.model or settings.id
    if listed:
        return Finding("model", True, f"It lists {name}.")
    known = ", ".join(models[:8]) or "none"
    return Finding("model", None, f"It does not list {name}.", f"Set model to one of those it lists: {known}.")


@asynccontextmanager
async def _closing(engine: OpenAICompatibleEngine) -> AsyncIterator[OpenAICompatibleEngine]:
    try:
        yield engine
    finally:
        await engine.close()
