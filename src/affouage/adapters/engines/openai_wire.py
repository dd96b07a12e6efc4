"""What goes over the wire to an OpenAI-speaking server and what comes back, without any I/O.

Chunks are relayed as the server wrote them: an ordinary token costs a few searches in its bytes, no decoding. Only
events that carry something for us (usage, progress, finish reason, error) are decoded.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from affouage.chat import ChatRequest, Delta, EngineEvent, Final, PromptProgress, Timings, Usage
from affouage.errors import (
    AffouageError,
    BadRequest,
    ContextExceeded,
    EngineFailed,
    EngineLoading,
    UnsupportedParameter,
)

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode
_CREATED = re.compile(rb'"created":\d+')
_PATHS = {"chat": "chat/completions", "completion": "completions", "infill": "completions"}


def path(request: ChatRequest) -> str:
    """Where the request goes, under the server's base address."""
    return _PATHS[request.kind]


def body(
    request: ChatRequest,
    model: str,
    *,
    prompt: str | None = None,
    progress: bool = False,
    adapters: Sequence[str] = (),
) -> dict[str, Any]:
    """The JSON to send, always streamed: only then does a client that leaves free its slot.

    ``prompt`` replaces the request's own (a code-infilling prompt already framed for the model). ``progress`` asks for
    llama.cpp's prompt progress; other servers may refuse a parameter they do not know. ``adapters``: see :func:`lora`.
    """
    sent: dict[str, Any] = {**request.options, "model": model, "stream": True}
    sent["stream_options"] = {"include_usage": True}
    if request.kind == "chat":
        sent["messages"] = [message.as_openai() for message in request.messages]
    else:
        sent["prompt"] = request.prompt if prompt is None else prompt
        if request.kind == "infill" and prompt is None:
            sent["suffix"] = request.suffix
    if request.max_tokens is not None:
        sent["max_tokens"] = request.max_tokens
    if progress:
        sent["return_progress"] = True
    if adapters:
        sent["lora"] = lora(adapters, request.model, request.voice_scale)
    return sent


def lora(adapters: Sequence[str], model: str = "", scale: float | None = None) -> list[dict[str, Any]]:
    """llama.cpp's: the scale of each adapter it has loaded, by number; of all but the one asked for, 0.

    To be sent with every request once one is loaded: without it llama.cpp goes on from what it remembers of a text,
    whichever adapter that was computed with.
    """
    return [{"id": n, "scale": scale or 0.0 if one == model else 0.0} for n, one in enumerate(adapters)]


def encode(sent: dict[str, Any]) -> bytes:
    """JSON bytes. Raises BadRequest for text that no UTF-8 can carry (a lone surrogate)."""
    try:
        return _encode(sent)
    except UnicodeEncodeError:
        raise BadRequest("The text holds half a character (a lone surrogate).", remedy="Send valid Unicode.") from None


class ChunkReader:
    """Reads the events of one answer: chunks under one head, and what the :class:`Final` will say.

    The head is OpenAI's: our model's name, the identity and the time of the first chunk (llama.cpp writes each chunk's
    own time, and ``chatcmpl-`` for completions too). In a JSON text no string can hold ``"model":`` or the like: its
    quotes would be escaped. So a head is changed by a search in the bytes.

    ``done``: the server said ``[DONE]``. ``read`` raises the error an event carries, EngineFailed for what is not a
    chunk at all.
    """

    def __init__(self, request: ChatRequest) -> None:
        self.done = False
        self._finished = False
        self._head: dict[str, Any] = {"model": request.model}
        self._swaps: list[tuple[bytes, bytes]] = []
        self._created = b""
        self._is_chat = request.kind == "chat"
        self._usage = Usage()
        self._timings = Timings()
        self._legacy: _LegacyLogprobs | None = None
        if not self._is_chat and request.options.get("logprobs") is not None:
            self._legacy = _LegacyLogprobs(len(request.prompt))

    def read(self, event: bytes) -> Iterator[EngineEvent]:
        if self.done:
            return
        if self._swaps and not _telling(event) and self._is_under_their_head(event):
            yield Delta(self._under_our_head(event))
        elif event == b"[DONE]":
            self.done = True
        else:
            yield from self._read_closely(event)

    def _is_under_their_head(self, event: bytes) -> bool:
        return all(theirs in event for theirs, _ in self._swaps)

    def _under_our_head(self, event: bytes) -> bytes:
        for theirs, ours in self._swaps:
            if theirs != ours:
                event = event.replace(theirs, ours, 1)
        return event if self._created in event else _CREATED.sub(self._created, event, count=1)

    def final(self) -> Final:
        """What ends the answer. Raises EngineFailed when the server stopped without saying that it had finished."""
        if not (self.done or self._finished):
            raise EngineFailed("The engine stopped in the middle of its answer.", remedy="Try again.")
        return Final(self._usage, self._timings)

    def _read_closely(self, event: bytes) -> Iterator[EngineEvent]:
        chunk = self._chunk(event)
        self._keep_figures(chunk.pop("usage", None), chunk.pop("timings", None))
        progress = chunk.pop("prompt_progress", None)
        if isinstance(progress, dict):
            yield _progress(progress)
            return
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices:
            return  # usage alone, or a greeting
        if not all(isinstance(choice, dict) for choice in choices):
            raise _broken()
        finish = any(choice.get("finish_reason") for choice in choices)
        self._finished = self._finished or finish
        if self._legacy is not None:
            self._legacy.convert(choices[0])
        if not self._created:
            self._begin(chunk)
        yield Delta(_encode(chunk | self._head), finish)

    def _begin(self, chunk: dict[str, Any]) -> None:
        """The first chunk: its head is the head of all."""
        theirs, created = chunk.get("id"), chunk.get("created")
        if isinstance(theirs, str) and theirs:
            ours = theirs if self._is_chat else f"cmpl-{theirs.removeprefix('chatcmpl-').removeprefix('cmpl-')}"
            self._head["id"] = ours
        self._head["created"] = created if isinstance(created, int) else int(time.time())
        self._created = b'"created":%d' % self._head["created"]
        if self._legacy is None:  # log probabilities are rewritten, so each chunk is decoded
            known = [name for name in ("model", "id") if isinstance(chunk.get(name), str) and name in self._head]
            self._swaps = [(_member(name, chunk[name]), _member(name, self._head[name])) for name in known]

    @staticmethod
    def _chunk(event: bytes) -> dict[str, Any]:
        try:
            chunk = _decode(event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _broken() from None
        if chunk.get("error"):
            raise _error_in_stream(chunk["error"])
        return chunk

    def _keep_figures(self, usage: Any, timings: Any) -> None:
        if isinstance(usage, dict):
            details = usage.get("prompt_tokens_details")
            cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
            self._usage = Usage(_count(usage.get("prompt_tokens")), cached, _count(usage.get("completion_tokens")))
        if isinstance(timings, dict):
            self._timings = Timings(_duration(timings.get("prompt_ms")), _duration(timings.get("predicted_ms")))


class _LegacyLogprobs:
    """llama.cpp writes the log probabilities of completions as chat ones; OpenAI's own shape is older.

    ``text_offset`` counts characters from the start of the prompt, as OpenAI does.
    """

    def __init__(self, offset: int) -> None:
        self._offset = offset

    def convert(self, choice: dict[str, Any]) -> None:
        """Rewrite ``choice["logprobs"]`` in place; one that has the old shape already stays."""
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
            offset, offsets = self._offset, []
            content = [entry for entry in logprobs["content"] if isinstance(entry, dict)]
            for entry in content:
                offsets.append(offset)
                offset += len(str(entry.get("token", "")))
            choice["logprobs"] = {
                "tokens": [entry.get("token") for entry in content],
                "token_logprobs": [entry.get("logprob") for entry in content],
                "top_logprobs": [_by_token(entry) for entry in content],
                "text_offset": offsets,
            }
        self._offset += len(str(choice.get("text") or ""))


def _telling(event: bytes) -> bool:
    """Does it carry something for us? Written out: it is asked of every token."""
    return (
        b'"finish_reason":"' in event
        or b'"usage":{' in event
        or b'"prompt_progress":{' in event
        or b'"timings":{' in event
        or b'"error":' in event
    )


def _member(name: str, value: str) -> bytes:
    return _encode(name) + b":" + _encode(value)


def _by_token(entry: dict[str, Any]) -> dict[str, Any]:
    """The likeliest tokens with their log probability; the chosen one is always among them, as with OpenAI."""
    top = entry.get("top_logprobs")
    entries = [one for one in top if isinstance(one, dict)] if isinstance(top, list) else []
    return {str(one.get("token")): one.get("logprob") for one in [*entries, entry]}


def _progress(progress: dict[str, Any]) -> PromptProgress:
    total, cached, processed = (_count(progress.get(key)) or 0 for key in ("total", "cache", "processed"))
    return PromptProgress(total=total, cached=cached, processed=processed)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _duration(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 else None


def _broken() -> EngineFailed:
    return EngineFailed("The engine sent something that is not an answer.", remedy="Try again; see `affouage doctor`.")


# --- Errors -----------------------------------------------------------------------------------------------------------

# vLLM tells in words: "maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages"
_CONTEXT_IN_WORDS = re.compile(r"maximum context length is (\d{1,9}) tokens[^(]{0,200}?requested (\d{1,9}) tokens")
_PROMPT_IN_WORDS = re.compile(r"\((\d{1,9}) in the (?:messages|prompt)")


def refusal(status: int, answer: bytes, model_id: str) -> AffouageError:
    """The error for an answer of the server that is not 200. Its own sentence is kept when the request is at fault."""
    try:
        error = _decode(answer).get("error")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        error = None
    details = error if isinstance(error, dict) else {"message": error} if isinstance(error, str) else {}
    message = str(details.get("message") or f"The engine answered with status {status}.")[:2000]
    if exceeded := _context_exceeded(details, message):
        return exceeded
    if status == 503:
        return EngineLoading(model_id, progress=None, retry_after_s=2)
    if status == 501:
        return UnsupportedParameter(message)
    if status in (401, 403):
        return EngineFailed("The engine refused our key.", remedy="Check key_env of its [[upstream]] row.")
    if status == 429:
        return EngineFailed("The engine has too many requests.", remedy="Ask again later.", retry_after_s=10)
    if status in (404, 405):
        return EngineFailed("The engine does not know the model or the address.", remedy="Check its [[upstream]] row.")
    if 400 <= status < 500:
        return BadRequest(message, remedy="The engine refused this request; change what it names.")
    return EngineFailed(f"The engine failed with status {status}.", remedy="Try again.")


def _error_in_stream(error: Any) -> AffouageError:
    details = error if isinstance(error, dict) else {}
    exceeded = _context_exceeded(details, str(details.get("message") or ""))
    return exceeded or EngineFailed("The engine broke its answer off with an error.", remedy="Try again.")


def _context_exceeded(details: dict[str, Any], message: str) -> ContextExceeded | None:
    prompt, context = _count(details.get("n_prompt_tokens")), _count(details.get("n_ctx"))
    if details.get("type") == "exceed_context_size_error" and prompt is not None and context is not None:
        return ContextExceeded(prompt, context)
    if told := _CONTEXT_IN_WORDS.search(message):
        alone = _PROMPT_IN_WORDS.search(message)
        return ContextExceeded(int(alone[1] if alone else told[2]), int(told[1]))
    return None
