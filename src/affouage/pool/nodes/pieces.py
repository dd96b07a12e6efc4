"""What an engine says, as it goes over the wire: never the engine's own bytes, so that nothing else passes. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from affouage.chat import Delta, EngineEvent, Final, PromptProgress
from affouage.errors import EngineFailed
from affouage.pool.nodes.wire import Done, Event, Piece, Progress

_MOST = 100_000_000
_FINISH_LENGTH = 120


class _Said(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[dict[str, Any]] | None = None


class _Choice(msgspec.Struct):
    delta: _Said | None = None
    text: str | None = None
    logprobs: dict[str, Any] | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []


_decode = msgspec.json.Decoder(_Chunk).decode


def event_of(event: EngineEvent) -> Event | None:
    """The wire's event; None for a chunk that adds nothing (a role alone). Raises EngineFailed for what is no chunk."""
    if isinstance(event, PromptProgress):
        return Progress(_count(event.total) or 0, _count(event.cached) or 0, _count(event.processed) or 0)
    if isinstance(event, Final):
        used, timings = event.usage, event.timings
        return Done(
            prompt=_count(used.prompt),
            cached=_count(used.cached),
            decoded=_count(used.decoded),
            prompt_ms=_duration(timings.prompt_ms),
            decode_ms=_duration(timings.decode_ms),
        )
    return _piece(event)


def _piece(delta: Delta) -> Piece | None:
    try:
        choices = _decode(delta.data).choices
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EngineFailed("The engine sent something that is not an answer.", remedy="Try again.") from None
    if not choices:
        return None
    one = choices[0]
    said = one.delta or _Said()
    piece = Piece(
        text=one.text if one.delta is None else said.content,
        reasoning=said.reasoning_content or said.reasoning,
        tool_calls=(said.tool_calls or [])[:64] or None,
        logprobs=one.logprobs,
        finish=None if one.finish_reason is None else one.finish_reason[:_FINISH_LENGTH],
    )
    return None if piece == Piece() else piece


def _count(value: int | None) -> int | None:
    return None if value is None else max(0, min(value, _MOST))


def _duration(value: float | None) -> float | None:
    return None if value is None or not value >= 0 else float(value)
