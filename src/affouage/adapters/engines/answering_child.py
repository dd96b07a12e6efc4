"""A supervised child that answers JSON lines, one question at a time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from affouage.adapters.engines.child import Child, ChildProgram, SupervisedChild, said
from affouage.adapters.engines.openai_wire import encode
from affouage.clock import Clock
from affouage.errors import EngineFailed


class AnsweringChild:
    """``child``: the supervision, for whoever asks about its state."""

    def __init__(
        self, program: ChildProgram, *, clock: Clock, before_load: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._ids = itertools.count(1)
        self.child = SupervisedChild(
            program, clock=clock, on_ready=self._meet, on_gone=self._part, before_load=before_load
        )

    async def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Its answer, when its turn comes; to be asked while :meth:`SupervisedChild.in_use`. Raises EngineFailed."""
        numbered = {**question, "id": next(self._ids)}
        async with self._turn:
            pid = self.child.pid
            try:
                answer = await _answer(self._process, numbered)
                self.child.heard()
                return answer
            except ConnectionError:
                await self.child.doubted(pid)
                raise EngineFailed("The embedding engine stopped.", remedy="Try again.", retry_after_s=1) from None

    async def _meet(self, child: Child) -> None:
        self._process = child.process

    async def _part(self) -> None:
        self._process = None


async def _answer(process: asyncio.subprocess.Process | None, question: dict[str, Any]) -> dict[str, Any]:
    """Ask and read. An answer nobody waited for any more is passed over by its number. Raises ConnectionError."""
    if process is None or process.stdin is None or process.stdout is None:
        raise ConnectionError
    process.stdin.write(encode(question) + b"\n")
    await process.stdin.drain()
    while line := await process.stdout.readline():
        if (answer := said(line)).get("id") == question["id"]:
            return answer
    raise ConnectionError
