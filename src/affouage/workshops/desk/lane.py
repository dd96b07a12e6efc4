"""Work that stands in the database, done in the background so many at a time by tasks that somebody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from affouage.errors import AffouageError


class Lane:
    """``due(most)``: names of what is to be done now, first ones first; ``one``: does one of them and raises nothing
    but cancellation. What was done must not be due any more, or only later."""

    def __init__(
        self,
        name: str,
        at_once: int,
        due: Callable[[int], Awaitable[list[str]]],
        one: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        self._name = name
        self._at_once = at_once
        self._due = due
        self._one = one
        self._wake = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def interrupt(self) -> None:
        """Stop what is being done, now; what is still due is begun again."""
        for task in self._tasks.values():
            task.cancel()
        self.wake()

    @asynccontextmanager
    async def running(self, look_s: float) -> AsyncIterator[None]:
        """While open, what is due is done, looked for when woken and every ``look_s``. None is left when it closes."""
        owner = asyncio.create_task(self._forever(look_s), name=self._name)
        try:
            yield
        finally:
            owner.cancel()
            await asyncio.wait([owner])

    async def work_off(self) -> int:
        """Do all that is due now, one after another, without the background; how many."""
        done = 0
        while waiting := await self._due(1):
            await self._one(waiting[0])
            done += 1
        return done

    async def _forever(self, look_s: float) -> None:
        try:
            while True:
                self._wake.clear()
                await self._begin()
                await self._something(look_s)
                self._tasks = {name: task for name, task in self._tasks.items() if not task.done()}
        finally:
            for task in self._tasks.values():
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks.values())

    async def _begin(self) -> None:
        """Fill the free places."""
        if len(self._tasks) >= self._at_once:
            return
        try:
            due = await self._due(self._at_once + len(self._tasks))
        except AffouageError:
            return  # the disk refuses: looked at again
        free = (name for name in due if name not in self._tasks)
        for name, _ in zip(free, range(self._at_once - len(self._tasks)), strict=False):
            self._tasks[name] = asyncio.create_task(self._one(name), name=f"{self._name} {name}")

    async def _something(self, look_s: float) -> None:
        """Until one is done, somebody wakes it, or it is time to look."""
        wake = asyncio.create_task(self._wake.wait(), name=f"{self._name} wake")
        try:
            await asyncio.wait({wake, *self._tasks.values()}, timeout=look_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wake.cancel()
