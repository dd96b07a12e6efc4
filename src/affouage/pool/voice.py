"""A voice: an adapter in the process of its base, asked for by a model id of its own.

It has no process, no memory and no slots but its base's. So its requests wait in the base's queue, and what they use is
counted as the base's work; only their model, their file and their receipt are the voice's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

import msgspec

from affouage.chat import ChatRequest, EngineEvent
from affouage.pool.engine import Engine, EngineIdentity, EngineState, Occupancy, Work


class Base(Engine, Protocol):
    """An engine that can change its voice from one request to the next: by ``model`` and ``voice_scale``."""

    def speaks(self, voice_id: str) -> bool:
        """Whether its process, as it runs now, has this voice."""
        ...

    async def ensure_voice(self, voice_id: str, wait_ms: int) -> None:
        """As ``ensure_ready``; starts the process again, once idle, for a voice that came after it had started."""
        ...


class VoiceEngine:
    """``scale``: how strongly it changes its base where a request does not say. ``sha256``: of the adapter's file."""

    def __init__(self, *, model_id: str, base: Base, scale: float, file_name: str, sha256: str | None) -> None:
        self.base = base
        self.scale = scale
        self._model_id = model_id
        self._file_name = file_name
        self._sha256 = sha256

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def slots(self) -> int:
        return self.base.slots

    @property
    def context_tokens(self) -> int | None:
        return self.base.context_tokens

    def identity(self) -> EngineIdentity:
        return msgspec.structs.replace(self.base.identity(), file_sha256=self._sha256, file_name=self._file_name)

    def state(self) -> EngineState:
        state = self.base.state()
        return EngineState("stopped") if state.status == "ready" and not self.base.speaks(self._model_id) else state

    def work(self) -> Work:
        return Work()  # its base's, which tells it

    def occupancy(self) -> Occupancy:
        return self.base.occupancy()  # the same memory: only the base is counted among those let into it

    async def unload(self) -> None:
        await self.base.unload()

    async def ensure_ready(self, wait_ms: int) -> None:
        await self.base.ensure_voice(self._model_id, wait_ms)

    async def render(self, request: ChatRequest) -> str | None:
        return await self.base.render(self._spoken(request))

    def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        return self.base.generate(self._spoken(request))

    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        return await self.base.embed(inputs)

    async def close(self) -> None:
        """The process is its base's."""

    def _spoken(self, request: ChatRequest) -> ChatRequest:
        scale = self.scale if request.voice_scale is None else request.voice_scale
        return msgspec.structs.replace(request, model=self._model_id, voice_scale=scale)


def worker_id(engine: Engine) -> str:
    """Under which id its work is weighed: that of the model whose process does it."""
    return engine.base.model_id if isinstance(engine, VoiceEngine) else engine.model_id
