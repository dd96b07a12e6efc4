"""The pieces of one file that are on their way: which to ask for, which follow on from what is written."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from affouage.pool.nodes.wire import FileOffer

PIECE_BYTES = 256 << 10
WINDOW = 4
"""Pieces a node asks for ahead of what it has; the commons remembers no more demands of one node."""
QUICK_US = 150_000
"""Pieces that take longer come one by one: a question must never wait behind several on a slow line."""


class Window:
    """Never holds more than ``WINDOW`` pieces. ``arrived``: something came, or :meth:`stop` was called."""

    def __init__(self, offer: FileOffer) -> None:
        self.offer = offer
        self.arrived = asyncio.Event()
        self.stopped = False
        self.written_bytes = 0
        self._next_ask = offer.size_bytes
        self._unasked: deque[int] = deque()
        self._awaited: dict[int, bytes | None] = {}
        self._asked_us: dict[int, int] = {}
        self._width = 1

    def begin(self, offset: int) -> None:
        """Everything before ``offset`` is there."""
        self.written_bytes = self._next_ask = offset

    def to_ask(self, now_us: int) -> Iterable[int]:
        """Offsets not asked for yet."""
        while len(self._awaited) < self._width and self._next_ask < self.offer.size_bytes:
            self._awaited[self._next_ask] = None
            self._unasked.append(self._next_ask)
            self._next_ask += self._length(self._next_ask)
        while self._unasked:
            offset = self._unasked.popleft()
            self._asked_us[offset] = now_us
            yield offset

    def ask_again(self) -> None:
        """What has not come may be lost."""
        self._unasked.extend(offset for offset, data in self._awaited.items() if data is None)
        self._width = 1

    def put(self, offset: int, data: bytes, now_us: int) -> None:
        """A piece; dropped when it was not asked for, or is not of its size."""
        if offset in self._awaited and len(data) == self._length(offset):
            self._awaited[offset] = data
            quick = now_us - self._asked_us.pop(offset, now_us) <= QUICK_US
            self._width = min(self._width + 1, WINDOW) if quick else 1
            self.arrived.set()

    def ready(self) -> Iterable[bytes]:
        """What follows on from what is written, in order."""
        self.arrived.clear()
        while (data := self._awaited.get(self.written_bytes)) is not None:
            del self._awaited[self.written_bytes]
            self.written_bytes += len(data)
            yield data

    def stop(self) -> None:
        """Wanted no more."""
        self.stopped = True
        self.arrived.set()

    def _length(self, offset: int) -> int:
        return min(PIECE_BYTES, self.offer.size_bytes - offset)
