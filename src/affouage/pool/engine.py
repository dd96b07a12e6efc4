"""The engine port: something that generates text. Real adapters live in ``affouage.adapters.engines``.

Every implementation passes ``tests/contracts/test_engine.py``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

import msgspec

from affouage.chat import ChatRequest, EngineEvent

EngineStatus = Literal["stopped", "loading", "ready", "failed"]


class EngineState(msgspec.Struct, frozen=True):
    """Where an engine stands. ``progress`` 0..1 or None when it cannot be told; ``detail`` for people."""

    status: EngineStatus
    progress: float | None = None
    retry_after_s: int = 2
    detail: str = ""


class EngineIdentity(msgspec.Struct, frozen=True):
    """What a receipt says of the engine. None is unknown, never guessed."""

    name: str
    version: str | None = None
    machine: str = "localhost"
    file_sha256: str | None = None
    file_name: str | None = None


class Work(msgspec.Struct, frozen=True):
    """Cumulative work of the engine's own process since it started, for the meter. None: cannot be seen from here."""

    cpu_us: int | None = None


class Occupancy(msgspec.Struct, frozen=True):
    """What an engine takes of this machine's memory. Nothing, for one that runs elsewhere.

    ``need_bytes``: what it needs once loaded, None when that is not known. ``private_bytes``: what the system already
    counts as taken; the rest of a loaded model (its file, mapped) still counts as free. ``idle_since_us``: monotonic
    time of its last use, None while it loads or works: only an idle engine may be sent away.
    """

    loaded: bool = False
    need_bytes: int | None = None
    private_bytes: int = 0
    idle_since_us: int | None = None


class Engine(Protocol):
    """One model, ready or not. All methods may be called concurrently; ``generate`` at most ``slots`` times at once:
    the gateway keeps the queue, so an engine never has more requests in flight than free slots.
    """

    @property
    def model_id(self) -> str: ...

    @property
    def slots(self) -> int: ...

    @property
    def context_tokens(self) -> int | None:
        """Tokens one request may use, prompt and answer together; None before the first load."""
        ...

    def identity(self) -> EngineIdentity: ...

    def state(self) -> EngineState: ...

    def work(self) -> Work: ...

    def occupancy(self) -> Occupancy: ...

    async def unload(self) -> None:
        """Leave the memory, unless at work; the next ``ensure_ready`` loads it again. No effect on other machines."""
        ...

    async def ensure_ready(self, wait_ms: int) -> None:
        """Start loading if needed and wait at most ``wait_ms``; the load goes on when the caller leaves.

        Raises EngineLoading (with progress and Retry-After) when it takes longer, EngineFailed when it cannot load.
        """
        ...

    async def render(self, request: ChatRequest) -> str | None:
        """The exact text the model will see for ``request``, from the engine itself; None if it cannot tell."""
        ...

    def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        """Answer; closing the iterator frees the slot within 200 ms.

        Raises ContextExceeded, BadRequest, UnsupportedParameter before the first event; EngineFailed at any time.
        """
        ...

    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        """Vectors (one per input, same length) and prompt tokens; UnsupportedParameter if it has none to give."""
        ...

    async def close(self) -> None:
        """Stop everything; no child is left. Idempotent."""
        ...
