"""An archive on its way here through the pool, one piece after the other, kept once whole and as announced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from affouage.catalogue.part import PartFile, in_thread
from affouage.catalogue.store import check_room
from affouage.errors import ModelFileRefused

PIECE_BYTES = 256 << 10
AGAIN_S = 3.0


class Incoming:
    """``ask``: for the piece that begins there; lost when the link is down, and asked again after ``again_s``.

    ``pause_s``: after each piece. Answers pass first, and what a node says in a second is bounded.
    """

    def __init__(
        self,
        target: Path,
        size_bytes: int,
        sha256: str,
        ask: Callable[[int], None],
        *,
        again_s: float = AGAIN_S,
        pause_s: float = 0.04,
        free_bytes: int = 0,
    ) -> None:
        self._target = target
        self._size_bytes = size_bytes
        self._sha256 = sha256
        self._ask = ask
        self._again_s = again_s
        self._pause_s = pause_s
        self._free_bytes = free_bytes
        self._wanted: int | None = None
        self._piece: bytes | None = None
        self._came = asyncio.Event()

    def put(self, offset: int, data: bytes) -> None:
        """A piece nobody asked for, or of another size than it should have, is dropped."""
        if offset == self._wanted and len(data) == min(PIECE_BYTES, self._size_bytes - offset):
            self._piece, self._wanted = data, None
            self._came.set()

    async def whole(self) -> Path:
        """What arrived is kept when cancelled. Raises ModelFileRefused for another file than was announced, PullFailed
        for a disk that is too full."""
        part = PartFile(self._target)
        await in_thread(part.resume, self._sha256, _quiet)
        if part.size_bytes > self._size_bytes:
            await in_thread(part.restart)
        await in_thread(check_room, self._target.parent, self._size_bytes - part.size_bytes + self._free_bytes)
        await in_thread(part.mark, self._sha256, None)
        while part.size_bytes < self._size_bytes:
            await in_thread(part.append, await self._next(part.size_bytes))
            await asyncio.sleep(self._pause_s)
        if part.sha256() != self._sha256:
            await in_thread(part.restart)
            raise ModelFileRefused("What arrived is not what was announced; it was deleted.")
        return await in_thread(part.keep)

    async def _next(self, offset: int) -> bytes:
        while True:
            self._came.clear()
            self._piece, self._wanted = None, offset
            self._ask(offset)
            try:
                async with asyncio.timeout(self._again_s):
                    await self._came.wait()
            except TimeoutError:
                continue
            if self._piece is not None:
                return self._piece


def read_piece(path: Path, offset: int) -> bytes:
    """Nothing beyond the end, or of a file that is gone."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(PIECE_BYTES)
    except OSError:
        return b""


def _quiet(_done: int, _total: int) -> None:
    """Hashing again what came before is told by nobody."""
