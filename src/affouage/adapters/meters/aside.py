"""A short blocking read, kept off the event loop: one at a time, and never waited for longer than its time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from affouage.footprint.meter import MeterUnreadable

T = TypeVar("T")


class Aside:
    """A driver that hangs costs one thread, not the server; its reading is a gap."""

    def __init__(self, timeout_s: float = 2.0) -> None:
        self._timeout_s = timeout_s
        self._busy = False

    async def run(self, call: Callable[[], T]) -> T:
        """What ``call`` returns or raises. Raises MeterUnreadable when it takes too long, or the last still does."""
        if self._busy:
            raise _late()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(value: T | None, problem: Exception | None) -> None:
            if not future.done():
                if problem is None:
                    future.set_result(value)  # type: ignore[arg-type]  # a value whenever there is no problem
                else:
                    future.set_exception(problem)

        def work() -> None:
            value: T | None = None
            problem: Exception | None = None
            try:
                value = call()
            except Exception as raised:  # told to whoever asked, whatever it is
                problem = raised
            self._busy = False
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody asks any more
                loop.call_soon_threadsafe(settle, value, problem)

        self._busy = True
        threading.Thread(target=work, name="affouage-meter", daemon=True).start()
        try:
            async with asyncio.timeout(self._timeout_s):  # wait_for can lose a cancel(): the server would not stop
                return await future
        except TimeoutError:
            raise _late() from None


def _late() -> MeterUnreadable:
    return MeterUnreadable(
        "The meter does not come back with its figure.",
        remedy="Its driver or disk hangs; see the system's own log.",
        code="meter_late",
    )
