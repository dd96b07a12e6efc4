"""Sleep: when nobody has asked anything for long enough, models leave the memory and the machine may be suspended.

What a machine uses to be on is most of what a little-used commons uses. The command is the operator's own
(``engine.suspend_command``, for instance ``systemctl suspend``); it is run once, without a shell, and again only after
another question. Idle energy is counted all the same, until the machine really sleeps.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from affouage.clock import Clock
from affouage.errors import AffouageError, SettingsError
from affouage.pool.node import Node

_log = logging.getLogger("affouage.sleep")

_LOOK_S = 5.0
_LONGEST_COMMAND_S = 60.0


class Sleep:
    """Use as ``async with sleep.running():`` — it owns the task. Call :meth:`note_question` at each question.

    ``command``: "" for none, then nothing is ever done. ``busy``: is an answer under way? ``look_s``: how often it
    looks. Raises SettingsError for a command that cannot be read.
    """

    def __init__(
        self,
        node: Node,
        clock: Clock,
        *,
        command: str,
        after_ms: int,
        busy: Callable[[], bool],
        look_s: float = _LOOK_S,
    ) -> None:
        self._node = node
        self._clock = clock
        self._command = read_command(command)
        self._after_us = after_ms * 1000
        self._busy = busy
        self._look_s = look_s
        self._used_us = clock.monotonic_us()
        self._armed = asyncio.Event()
        self._armed.set()
        self._told = ""
        """The failure last told in the log."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While open, it watches; on leaving, nothing of it is left."""
        if not self._command:
            yield
            return
        self._used_us = self._clock.monotonic_us()
        task = asyncio.create_task(self._watch(), name="sleep")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    def note_question(self) -> None:
        """Somebody asks: the time begins again."""
        self._used_us = self._clock.monotonic_us()
        self._armed.set()

    async def _watch(self) -> None:
        while True:
            await self._armed.wait()
            if self._busy():
                self._used_us = self._clock.monotonic_us()
            elif self._quiet_long_enough():
                await self._go_to_sleep()
                continue
            await asyncio.sleep(self._look_s)

    def _quiet_long_enough(self) -> bool:
        return self._clock.monotonic_us() - self._used_us >= self._after_us

    async def _go_to_sleep(self) -> None:
        self._armed.clear()
        await self._unload()
        if self._armed.is_set() or self._busy():  # somebody asked meanwhile
            self._armed.set()
            return
        _log.info("nobody asked anything for %d min: running %s", self._after_us // 60_000_000, self._command[0])
        problem = await run_once(self._command)
        if problem and problem != self._told:
            _log.warning("the suspend command %s failed: %s", self._command[0], problem)
        self._told = problem

    async def _unload(self) -> None:
        for engine in self._node.engines():
            there = engine.occupancy()
            if there.loaded and there.idle_since_us is not None:
                with suppress(AffouageError):  # it stays; the machine sleeps all the same
                    await engine.unload()


def read_command(command: str) -> list[str]:
    """The words of a command, quotes understood. Raises SettingsError."""
    try:
        return shlex.split(command)
    except ValueError as wrong:
        raise SettingsError(
            f"engine.suspend_command cannot be read: {wrong}.",
            remedy="Close its quotes, for instance systemctl suspend.",
        ) from wrong


async def run_once(command: list[str]) -> str:
    """Run a program to its end, without a shell, for a minute at most; why it failed, "" when it did not."""
    try:
        program = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
    except OSError as refused:
        return refused.strerror or type(refused).__name__
    try:
        async with asyncio.timeout(_LONGEST_COMMAND_S):
            status = await program.wait()
    except TimeoutError:
        return f"no end after {_LONGEST_COMMAND_S:.0f} s"
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    return "" if status == 0 else f"exit status {status}"
