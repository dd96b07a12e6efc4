"""Honest small implementations, shipped so that anyone's tests are easy; they pass the contracts of the real ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import msgspec

from affouage.chat import ChatRequest, Delta, EngineEvent, Final, PromptProgress, Timings, Usage
from affouage.errors import ContextExceeded, EngineFailed, UnsupportedParameter
from affouage.inference.prompt import text_of
from affouage.pool.engine import EngineIdentity, EngineState, Work

_encode = msgspec.json.encode


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, now_ms: int = 1_790_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_us(self) -> int:
        return self._now_ms * 1000

    def advance(self, *, ms: int) -> None:
        assert ms >= 0, "time does not go back"
        self._now_ms += ms


class EchoEngine:
    """An engine that repeats the last message, one word per token. It thinks for ``word_ms`` at each word.

    Its template is one line per message, ``role: text``; ``render`` gives exactly what ``generate`` reads. It keeps the
    last prompt as its cache, as engines do. ``fail_after_words`` breaks an answer there, as a dying engine would.
    """

    def __init__(
        self, model_id: str = "echo", *, slots: int = 2, context_tokens: int = 2048, word_ms: float = 0
    ) -> None:
        self.model_id = model_id
        self.slots = slots
        self.context_tokens: int | None = context_tokens
        self.fail_after_words: int | None = None
        self.in_flight = 0
        self.seen: list[str] = []
        """Every exact text generated from, for tests that compare with receipts."""
        self._word_s = word_ms / 1000
        self._cached: list[str] = []
        self._cpu_us = 0

    def identity(self) -> EngineIdentity:
        return EngineIdentity("echo", "1", machine="this test")

    def state(self) -> EngineState:
        return EngineState("ready", progress=1.0)

    def work(self) -> Work:
        return Work(self._cpu_us)

    async def ensure_ready(self, wait_ms: int) -> None:
        return None

    async def render(self, request: ChatRequest) -> str | None:
        return self._render(request)

    def _render(self, request: ChatRequest) -> str:
        if request.kind != "chat":
            return request.prompt
        return "".join(f"{one.role}: {text_of(one.content)}\n" for one in request.messages) + "assistant:"

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        prompt = self._render(request)
        read = prompt.split()
        assert self.context_tokens is not None
        if len(read) >= self.context_tokens:
            raise ContextExceeded(len(read), self.context_tokens)
        assert self.in_flight < self.slots, "the gateway keeps the queue"
        self.seen.append(prompt)
        cached = _common_length(read, self._cached)
        self._cached = read
        self.in_flight += 1
        try:
            yield PromptProgress(len(read), cached, len(read))
            spoken, reason = self._speech(request)
            for place, word in enumerate(spoken):
                await asyncio.sleep(self._word_s)
                self._cpu_us += 1000
                if self.fail_after_words is not None and place >= self.fail_after_words:
                    raise EngineFailed("The echo broke.", remedy="Ask again.")
                yield self._delta(request, word if place == 0 else f" {word}", None)
            yield self._delta(request, "", reason)
            yield Final(Usage(len(read), cached, len(spoken)), Timings(1.0, len(spoken) * self._word_s * 1000))
        finally:
            self.in_flight -= 1

    def _speech(self, request: ChatRequest) -> tuple[list[str], str]:
        said = text_of(request.messages[-1].content) if request.messages else request.prompt
        words, reason = said.split(), "stop"
        stops = request.options.get("stop") or []
        for stop in [stops] if isinstance(stops, str) else stops:
            if stop in words:
                words = words[: words.index(stop)]
        if request.max_tokens is not None and len(words) > request.max_tokens:
            words, reason = words[: request.max_tokens], "length"
        return words, reason

    def _delta(self, request: ChatRequest, text: str, reason: str | None) -> Delta:
        chat = request.kind == "chat"
        choice: dict[str, object] = {"index": 0, "finish_reason": reason}
        choice |= {"delta": {"content": text} if reason is None else {}} if chat else {"text": text}
        body = {
            "id": "chatcmpl-echo" if chat else "cmpl-echo",
            "object": "chat.completion.chunk" if chat else "text_completion",
            "created": 0,
            "model": self.model_id,
            "choices": [choice],
        }
        return Delta(_encode(body), finish=reason is not None)

    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        raise UnsupportedParameter("The echo has no embeddings.", param="model", remedy="Choose an embedding model.")

    async def close(self) -> None:
        return None


def _common_length(one: list[str], other: list[str]) -> int:
    same = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        same += 1
    return same
