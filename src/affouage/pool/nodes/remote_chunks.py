"""The chunk a client sees, written here from what a node says: nothing of the node's own JSON is relayed. Pure."""

from __future__ import annotations

import math
import secrets
from typing import Any, Literal

import msgspec

from affouage.chat import ChatRequest, Delta
from affouage.pool.nodes.wire import Piece

FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})

_encode = msgspec.json.Encoder().encode


class Foreign(ValueError):
    """No chunk of an answer."""


class _Function(msgspec.Struct, omit_defaults=True):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct, omit_defaults=True):
    index: int | None = None
    id: str | None = None
    type: Literal["function"] | None = None
    function: _Function | None = None


class _Likely(msgspec.Struct):
    token: str
    logprob: float | None
    bytes: list[int] | None = None


class _Token(msgspec.Struct):
    token: str
    logprob: float | None
    bytes: list[int] | None = None
    top_logprobs: list[_Likely] = []


class _ChatLogprobs(msgspec.Struct):
    content: list[_Token] | None = None
    refusal: list[_Token] | None = None


class _OlderLogprobs(msgspec.Struct):
    """Of completions."""

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float | None] | None] | None = None
    text_offset: list[int] = []


class ChunkWriter:
    """The chunks of one answer, under one head. ``finished``: the finish reason was given."""

    def __init__(self, request: ChatRequest, created_s: int) -> None:
        self.finished = False
        self._is_chat = request.kind == "chat"
        kind, prefix = ("chat.completion.chunk", "chatcmpl") if self._is_chat else ("text_completion", "cmpl")
        head = {
            "id": f"{prefix}-{secrets.token_hex(12)}",
            "object": kind,
            "created": created_s,
            "model": request.model,
            "choices": [],
        }
        open_head = _encode(head).removesuffix(b"]}") + b'{"index":0,'
        self._rest = open_head
        self._text = open_head + (b'"delta":{"content":' if self._is_chat else b'"text":')
        self._text_end = (b"}" if self._is_chat else b"") + b',"logprobs":null,"finish_reason":null}]}'

    def chunk(self, piece: Piece) -> Delta | None:
        """None for a piece that adds nothing. Raises Foreign for what no answer holds."""
        if self.finished:
            raise Foreign("It went on after its end.")
        if piece.finish is None and piece.tool_calls is None and piece.logprobs is None and piece.reasoning is None:
            return Delta(self._text + _encode(piece.text) + self._text_end) if piece.text else None
        return self._whole(piece)

    def _whole(self, piece: Piece) -> Delta:
        if piece.finish is not None and piece.finish not in FINISH_REASONS:
            raise Foreign("Its end has a reason that there is not.")
        self.finished = piece.finish is not None
        said: dict[str, Any] = {"delta": self._said(piece)} if self._is_chat else {"text": piece.text or ""}
        said |= {"logprobs": self._logprobs(piece.logprobs), "finish_reason": piece.finish}
        return Delta(self._rest + _encode(said)[1:] + b"]}", finish=self.finished)

    def _said(self, piece: Piece) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if piece.text is not None:
            said["content"] = piece.text
        if piece.reasoning is not None:
            said["reasoning_content"] = piece.reasoning
        if piece.tool_calls:
            said["tool_calls"] = [_again(one, _Call) for one in piece.tool_calls]
        return said

    def _logprobs(self, told: dict[str, Any] | None) -> Any:
        if told is None:
            return None
        again = _again(told, _ChatLogprobs if self._is_chat else _OlderLogprobs)
        return _finite(msgspec.to_builtins(again))


def _again(told: Any, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """Only the members that OpenAI has, of their types."""
    try:
        return msgspec.convert(told, kind)
    except (msgspec.ValidationError, RecursionError):
        raise Foreign("It sent something that is no answer.") from None


def _finite(value: Any) -> Any:
    """JSON has no infinity: a probability of 0 has no logarithm to tell."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return value
