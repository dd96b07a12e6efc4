"""The words of a conversation with a model, in OpenAI's vocabulary; no HTTP, no engine.

An engine answers with a stream of events: any number of :class:`PromptProgress` and :class:`Delta`, then exactly one
:class:`Final`, or an exception. A :class:`Delta` keeps the engine's own JSON bytes, so the gateway relays it without
decoding; whoever needs the text asks :func:`delta_text`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Kind = Literal["chat", "completion", "infill", "embedding"]
Outcome = Literal["completed", "cancelled", "failed", "refused"]

EMBEDDER = "usem3-multilingual"
"""The model that is always there and compares texts: it answers no question, and is told to nobody who asks one."""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message as OpenAI writes it. ``content`` is text or a list of parts; ``extra`` keeps tool calls and ids."""

    role: str
    content: str | list[dict[str, Any]] | None = None
    extra: dict[str, Any] = {}

    def as_openai(self) -> dict[str, Any]:
        return {"role": self.role, "content": self.content, **self.extra}


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a member asks, already checked. Exactly one of ``messages``, ``prompt``, ``inputs`` is used, by ``kind``.

    ``max_tokens``: tokens to decode at most, None for as many as the context leaves.
    ``voice_scale``: how strongly a voice changes its base (0: not at all); None for what is no voice.
    ``options``: sampling and format parameters, already validated, under OpenAI's names and types
    (temperature, top_p, seed, stop, presence_penalty, frequency_penalty, logit_bias, logprobs, top_logprobs,
    response_format, tools, tool_choice, parallel_tool_calls). Engines receive them unchanged.
    """

    kind: Kind = "chat"
    model: str
    messages: tuple[Message, ...] = ()
    prompt: str = ""
    suffix: str = ""
    inputs: tuple[str, ...] = ()
    max_tokens: int | None = None
    voice_scale: float | None = None
    options: dict[str, Any] = {}


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one attempt. ``cached`` prompt tokens were not computed again; None is unknown."""

    prompt: int | None = None
    cached: int | None = None
    decoded: int | None = None


class Timings(msgspec.Struct, frozen=True):
    """The engine's own durations in milliseconds; None when it does not tell."""

    prompt_ms: float | None = None
    decode_ms: float | None = None


class PromptProgress(msgspec.Struct, frozen=True):
    """How far the engine has read the prompt, in tokens."""

    total: int
    cached: int
    processed: int


class Delta(msgspec.Struct, frozen=True):
    """One OpenAI chunk object as JSON bytes (no ``data:``, no line end); ``finish``: carries the finish reason."""

    data: bytes
    finish: bool = False


def cut_short(last: Delta | None, kind: Kind, model: str, created_s: int) -> Delta:
    """The chunk that ends an answer at its length, when it is not the engine who ends it."""
    chunk: dict[str, Any] = (
        {"id": "cut", "object": _OBJECTS[kind == "chat"], "created": created_s, "model": model}
        if last is None
        else msgspec.json.decode(last.data, type=dict[str, Any])
    )
    said: dict[str, Any] = {"delta": {}} if kind == "chat" else {"text": ""}
    chunk["choices"] = [{"index": 0, **said, "logprobs": None, "finish_reason": "length"}]
    return Delta(msgspec.json.encode(chunk), finish=True)


def as_chat(delta: Delta, model: str, created_s: int, like: Delta | None) -> Delta:
    """A completion's chunk as the chat's that it goes on from: the one who asked sees a single answer."""
    chunk: dict[str, Any] = (
        {"id": "resumed", "object": _OBJECTS[1], "created": created_s, "model": model}
        if like is None
        else msgspec.json.decode(like.data, type=dict[str, Any])
    )
    text, reason = delta_text(delta), finish_reason(delta)
    said = {"content": text} if text else {}
    chunk["choices"] = [{"index": 0, "delta": said, "logprobs": None, "finish_reason": reason}]
    return Delta(msgspec.json.encode(chunk), finish=delta.finish)


def only_text(delta: Delta) -> bool:
    """Whether a chunk adds nothing but text (or a role): no tool call, no thought."""
    choices = _decode_chunk(delta.data).choices
    said = choices[0].delta if choices else None
    return said is None or (not said.tool_calls and not said.reasoning_content)


_OBJECTS = ("text_completion", "chat.completion.chunk")


class Final(msgspec.Struct, frozen=True):
    """The end of a complete answer."""

    usage: Usage
    timings: Timings = Timings()


EngineEvent = PromptProgress | Delta | Final


class _DeltaBody(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[dict[str, Any]] | None = None


class _Choice(msgspec.Struct):
    delta: _DeltaBody | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []


_decode_chunk = msgspec.json.Decoder(_Chunk).decode


def delta_text(delta: Delta) -> str:
    """The text a chunk adds, chat or completion; empty for a role, a tool call or a finish reason."""
    choices = _decode_chunk(delta.data).choices
    if not choices:
        return ""
    return (choices[0].delta.content if choices[0].delta else choices[0].text) or ""


def finish_reason(delta: Delta) -> str | None:
    """``stop``, ``length``, ``tool_calls`` ... or None while the answer goes on."""
    choices = _decode_chunk(delta.data).choices
    return choices[0].finish_reason if choices else None
