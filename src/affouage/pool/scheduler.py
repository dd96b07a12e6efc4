"""Who may use an engine's slots now. The gateway keeps the queue: never more in flight than free slots.

First come, first served for now; the place in the queue is always known and told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from affouage.errors import TooMuch

OnTurn = Callable[["Turn"], None]


class Turn(msgspec.Struct, frozen=True):
    """``position``: 1 is next; ``waiting``: how many wait in all."""

    position: int
    waiting: int


class _Waiting:
    def __init__(self, on_turn: OnTurn) -> None:
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_turn = on_turn


class Scheduler:
    """The queues of all models of this gateway; ``max_waiting`` bounds each."""

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._used: dict[str, int] = {}
        self._queues: dict[str, deque[_Waiting]] = {}

    def in_use(self, model_id: str) -> int:
        return self._used.get(model_id, 0)

    def waiting(self, model_id: str) -> int:
        return len(self._queues.get(model_id, ()))

    @asynccontextmanager
    async def lease(self, model_id: str, slots: int, on_turn: OnTurn) -> AsyncIterator[None]:
        """Hold one of the model's ``slots``; ``on_turn`` is told the place at once and each time it changes.

        Raises TooMuch when the queue is full.
        """
        await self._acquire(model_id, slots, on_turn)
        try:
            yield
        finally:
            self._release(model_id)

    async def _acquire(self, model_id: str, slots: int, on_turn: OnTurn) -> None:
        queue = self._queues.setdefault(model_id, deque())
        if not queue and self._used.get(model_id, 0) < slots:
            self._used[model_id] = self._used.get(model_id, 0) + 1
            return
        if len(queue) >= self._max_waiting:
            raise TooMuch(
                f"{len(queue)} requests already wait for {model_id}.",
                remedy="Try again in a few minutes, or choose another model.",
                retry_after_s=30,
            )
        mine = _Waiting(on_turn)
        queue.append(mine)
        on_turn(Turn(len(queue), len(queue)))
        try:
            await mine.granted
        except asyncio.CancelledError:
            if mine in queue:
                queue.remove(mine)
                self._tell(queue)
            elif mine.granted.done() and not mine.granted.cancelled():
                self._release(model_id)  # the slot came just as the member left
            raise

    def _release(self, model_id: str) -> None:
        queue = self._queues[model_id]
        while queue:
            following = queue.popleft()
            if not following.granted.cancelled():
                following.granted.set_result(None)  # the slot passes from hand to hand
                self._tell(queue)
                return
        self._used[model_id] -= 1

    @staticmethod
    def _tell(queue: deque[_Waiting]) -> None:
        for place, one in enumerate(queue, start=1):
            one.on_turn(Turn(place, len(queue)))
