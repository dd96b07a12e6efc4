"""llama.cpp, embedded: a supervised child process per model, spoken to through its own socket, with a random key."""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
import psutil

from affouage.adapters.engines.child import Child, ChildProgram, SupervisedChild
from affouage.adapters.engines.openai_compatible import OpenAICompatibleEngine, new_session
from affouage.chat import ChatRequest, EngineEvent
from affouage.clock import Clock
from affouage.errors import AffouageError, EngineFailed, EngineLoading, UnsupportedParameter
from affouage.pool.engine import Engine, EngineIdentity, EngineState, Occupancy, Work
from affouage.settings import EngineSettings, UpstreamSettings

_GIB = 1 << 30
# Tokens of prompt read in one go. llama.cpp looks up only in between: the time of one batch is what a member who leaves
# keeps a slot, and what the other slots wait for their next word. Measured on one core with the starter model: 64 reads
# at 0.96 of the speed of 512, and looks up every 2 s instead of every 17 s.
_BATCH_TOKENS = 64
_PROMPT_CACHE_MIB = 256
"""Texts read before, kept in memory. None beside voices: llama.cpp does not remember which one had read a text."""
_BUSY_RETRY_S = 5
_SOCKET = "engine.sock" if os.name == "posix" else "127.0.0.1"
"""Where it listens: in its own folder, and so without any network; on Windows on loopback."""


def threads_to_use(wanted: int, physical_cores: int | None, usable_cores: int) -> int:
    """Threads of one model: ``wanted``, or for 0 the physical cores less one, left to the desktop; at least one."""
    return wanted or max(1, min(physical_cores or usable_cores, usable_cores) - 1)


def load_deadline_ms(file_bytes: int) -> int:
    """Five minutes, and 20 s for each GiB of the file."""
    return 300_000 + 20_000 * file_bytes // _GIB


class VoiceFile(msgspec.Struct, frozen=True):
    """An adapter of the model, already checked."""

    id: str
    path: Path


class LlamaCppEngine:
    """One GGUF file, already checked against its digest, served by a child process that comes and goes.

    ``context_limit``: what the model was made for, in tokens; the settings' context is cut to it. ``file_sha256`` is
    only quoted: whoever admitted the file has verified it. ``need_bytes`` of memory are asked of ``make_room`` before
    each load. ``voices``: the adapters there are of it, asked anew before each load.
    """

    def __init__(
        self,
        *,
        model_id: str,
        path: Path,
        file_sha256: str | None,
        settings: EngineSettings,
        clock: Clock,
        context_limit: int | None = None,
        need_bytes: int | None = None,
        make_room: Callable[[Engine], Awaitable[None]] | None = None,
        voices: Callable[[], Sequence[VoiceFile]] = tuple,
    ) -> None:
        self._model_id = model_id
        self._path = path
        self._settings = settings
        self._file_sha256 = file_sha256
        self._context_asked = min(settings.context_tokens, context_limit or settings.context_tokens)
        self._context_tokens: int | None = None
        self._key = secrets.token_hex(32)
        self._client: OpenAICompatibleEngine | None = None
        self._find_voices = voices
        self._make_room = make_room
        self._voices: tuple[str, ...] = ()
        """Of the present process, or of the one that is being started."""
        self._without = ""
        """Why the present process has none of them; "" when it has them."""
        self._config: dict[str, Any] = {}
        self._child = SupervisedChild(
            self._program(need_bytes),
            clock=clock,
            on_ready=self._open_client,
            on_gone=self._close_client,
            before_load=self._prepare,
        )

    def _program(self, need_bytes: int | None) -> ChildProgram:
        file_bytes = self._path.stat().st_size if self._path.is_file() else 0
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        threads = threads_to_use(self._settings.threads, psutil.cpu_count(logical=False), usable)
        self._config |= {
            "path": str(self._path),
            "model_id": self._model_id,
            "slots": self._settings.slots,
            "context_tokens": self._context_asked,
            "batch_tokens": max(_BATCH_TOKENS, self._settings.slots),
            "threads": threads,
            "key": self._key,
            "socket": _SOCKET,
        }
        return ChildProgram(
            module="affouage.adapters.engines.llama_child",
            model_id=self._model_id,
            config=self._config,  # completed before each load
            # A waiting OpenMP thread that spins takes the processor from whoever has work: answers took minutes.
            environment={"GOMP_SPINCOUNT": "0", "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(threads)},
            reads=lambda: [self._config["path"], *self._config["adapters"]],
            listens=True,
            walled=self._settings.walls == "on",
            expected_bytes=file_bytes or None,
            need_bytes=need_bytes,
            load_deadline_ms=load_deadline_ms(file_bytes),
            idle_unload_ms=self._settings.idle_unload_ms,
        )

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def slots(self) -> int:
        return self._settings.slots

    @property
    def context_tokens(self) -> int | None:
        return self._context_tokens

    @property
    def pid(self) -> int | None:
        """The child's process, for meters; None when there is none."""
        return self._child.pid

    def identity(self) -> EngineIdentity:
        try:
            wheel = version("xllamacpp")
        except PackageNotFoundError:
            wheel = None
        return EngineIdentity(
            name="llama.cpp (xllamacpp)",
            version=wheel,
            machine=platform.node() or "localhost",
            file_sha256=self._file_sha256,
            file_name=self._path.name,
        )

    def state(self) -> EngineState:
        return self._child.state()

    def work(self) -> Work:
        return self._child.work()

    def occupancy(self) -> Occupancy:
        return self._child.occupancy()

    async def unload(self) -> None:
        await self._child.unload()

    async def ensure_ready(self, wait_ms: int) -> None:
        await self._child.ensure_ready(wait_ms)

    # --- Voices -----------------------------------------------------------------------------------------------------

    def speaks(self, voice_id: str) -> bool:
        return voice_id in self._voices and not self._without and self.state().status == "ready"

    async def ensure_voice(self, voice_id: str, wait_ms: int) -> None:
        """Raises EngineFailed for an adapter that is gone or that llama.cpp refuses, EngineLoading while its base,
        which has to start again for it, is at work for others."""
        await self._child.ensure_ready(wait_ms)
        if not self.speaks(voice_id) and voice_id not in self._voices:  # it came after the process had started
            if voice_id not in {one.id for one in await asyncio.to_thread(self._find_voices)}:
                raise EngineFailed(
                    f"The adapter of {voice_id} is not here any more, or does not match {self._model_id}.",
                    remedy="Add it again: affouage models add-voice.",
                    code="voice_not_loaded",
                )
            await self._child.unload()
            if self.state().status == "ready" and not self.speaks(voice_id):
                raise EngineLoading(voice_id, progress=None, retry_after_s=_BUSY_RETRY_S, state="waiting")
            await self._child.ensure_ready(wait_ms)
        if not self.speaks(voice_id):
            raise EngineFailed(
                f"{self._model_id} runs without its voices: {self._without.strip('.') or 'it was just started again'}.",
                remedy="Remove the adapter that does not load (affouage models remove), or add it again.",
                code="voice_not_loaded",
            )

    async def _prepare(self) -> None:
        found = await asyncio.to_thread(self._find_voices)
        self._voices = tuple(one.id for one in found)
        self._config["adapters"] = [str(one.path) for one in found]
        self._config["prompt_cache_mib"] = 0 if found else _PROMPT_CACHE_MIB
        if self._make_room is not None:
            await self._make_room(self)

    # --- Answers ----------------------------------------------------------------------------------------------------

    async def render(self, request: ChatRequest) -> str | None:
        client = await self._ready_client(request)
        with self._child.in_use():
            return await client.render(request)

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        client, pid = await self._ready_client(request), self.pid
        with self._child.in_use():
            try:
                async with aclosing(client.generate(request)) as events:
                    async for event in events:
                        self._child.heard()
                        yield event
            except EngineFailed as failure:
                if failure.details.get("silent"):
                    self._child.kill()
                if failure.details.get("cut"):
                    await self._child.doubted(pid)
                raise

    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        raise UnsupportedParameter(
            f"{self._model_id} writes; it makes no embeddings.", remedy="Name an embedding model.", param="model"
        )

    async def close(self) -> None:
        await self._child.close()

    async def _ready_client(self, request: ChatRequest) -> OpenAICompatibleEngine:
        if request.voice_scale is None:
            await self._child.ensure_ready(self._settings.load_wait_ms)
        else:
            await self.ensure_voice(request.model, self._settings.load_wait_ms)
        if self._client is None:
            raise EngineFailed(f"{self._model_id} stopped just now.", remedy="Try again.", retry_after_s=1)
        return self._client

    async def _open_client(self, child: Child) -> None:
        """Ready means more than a ready line: the server has answered a question."""
        socket = child.folder / _SOCKET if os.name == "posix" else None
        address = "http://localhost" if socket else child.ready["address"]
        settings = UpstreamSettings(
            id=self._model_id, url=f"{address}/v1", model=self._model_id, slots=self._settings.slots
        )
        self._without = str(child.ready.get("without") or "")
        adapters = () if self._without else self._voices
        client = self._client = OpenAICompatibleEngine(
            settings, key=self._key, adapters=adapters, session=partial(new_session, socket)
        )
        try:
            await client.ensure_ready(wait_ms=30_000)
        except EngineFailed:
            raise
        except AffouageError as refused:
            raise EngineFailed(f"{self._model_id} says it is ready but does not answer: {refused}") from refused
        self._context_tokens = client.context_tokens

    async def _close_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
