"""The engine port over a node: one model on one machine of members."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from math import isfinite
from typing import TYPE_CHECKING

from affouage.chat import ChatRequest, EngineEvent, Final, PromptProgress, Timings, Usage
from affouage.pool.engine import EngineIdentity, EngineState, Occupancy, Work
from affouage.pool.nodes.remote_chunks import ChunkWriter, Foreign
from affouage.pool.nodes.wire import Done, Exact, Piece, Progress, Vectors

if TYPE_CHECKING:
    from affouage.pool.nodes.link import Link


class RemoteEngine:
    """Engines are made by their link and live as long; what they tell of themselves is the node's last heartbeat.

    Every method that asks raises NodeLost (an EngineFailed whose details hold ``lost`` and ``shown``) when the machine
    goes away or cannot be believed, besides what the port says.
    """

    def __init__(self, link: Link, model_id: str) -> None:
        self._link = link
        self._model_id = model_id

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def slots(self) -> int:
        return self._link.slots(self._model_id)

    @property
    def context_tokens(self) -> int | None:
        return self._link.context_tokens(self._model_id)

    def identity(self) -> EngineIdentity:
        return self._link.identity(self._model_id)

    def state(self) -> EngineState:
        return self._link.state(self._model_id)

    def work(self) -> Work:
        return Work()

    def occupancy(self) -> Occupancy:
        return Occupancy()

    async def unload(self) -> None:
        """The memory of that machine is its owner's."""

    async def ensure_ready(self, wait_ms: int) -> None:
        """A node loads its model when it is asked for something; here it is only seen to be there."""
        self._link.check_here(self._model_id)

    async def render(self, request: ChatRequest) -> str | None:
        run = self._link.begin("render", request)
        try:
            async with aclosing(run.events()) as events:
                async for event in events:
                    if isinstance(event, Exact):
                        return event.text
            return None
        finally:
            self._link.leave(run)

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        run = self._link.begin("generate", request)
        writer = ChunkWriter(request, self._link.created_s())
        try:
            async with aclosing(run.events()) as events:
                async for event in events:
                    if isinstance(event, Piece):
                        try:
                            delta = writer.chunk(event)
                        except Foreign as why:
                            run.lied(str(why))
                            raise (run.problem or run.lost("lied")) from None
                        if delta is not None:
                            yield delta
                    elif isinstance(event, Progress):
                        yield PromptProgress(event.total, event.cached, event.processed)
                    elif isinstance(event, Done):
                        if not writer.finished:  # never falsely complete
                            run.lied("It ended without saying why.")
                            raise run.problem or run.lost("engine")
                        yield _final(event)
        finally:
            self._link.leave(run)

    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        run = self._link.begin("embed", ChatRequest(kind="embedding", model=self._model_id, inputs=inputs))
        vectors: list[list[float]] = []
        try:
            async with aclosing(run.events()) as events:
                async for event in events:
                    if isinstance(event, Vectors):
                        vectors += event.vectors
                    elif isinstance(event, Done):
                        if not _well_formed(vectors, len(inputs)):
                            run.lied("Its vectors are none.")
                            break
                        return vectors, event.prompt or 0
            raise run.problem or run.lost("engine")
        finally:
            self._link.leave(run)

    async def close(self) -> None:
        """The machine is not ours to stop."""


def _final(done: Done) -> Final:
    return Final(Usage(done.prompt, done.cached, done.decoded), Timings(done.prompt_ms, done.decode_ms))


def _well_formed(vectors: list[list[float]], wanted: int) -> bool:
    lengths = {len(one) for one in vectors}
    if len(vectors) != wanted or len(lengths) > 1 or 0 in lengths:
        return False
    return all(isfinite(number) for one in vectors for number in one)
