"""An answer under way, as the one who asked sees it: events to read, and a way to stop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import msgspec

from affouage.chat import Delta, PromptProgress
from affouage.ledger.receipt import Receipt
from affouage.pool.scheduler import Turn


class ExactPrompt(msgspec.Struct, frozen=True):
    """The exact text the engine sees, for the member who asked and nobody else. ``text`` None: it cannot tell.

    ``salt`` opens the receipt's ``prompt_sha256``.
    """

    text: str | None
    salt: bytes | None


class Vectors(msgspec.Struct, frozen=True):
    """Embeddings, one list of floats per input."""

    vectors: list[list[float]]


class Settled(msgspec.Struct, frozen=True):
    """The last event: the receipt, committed."""

    receipt: Receipt


class Resumed(msgspec.Struct, frozen=True):
    """The machine was lost and another takes over. ``shown``: in the middle of what was already received."""

    machine: str
    shown: bool


AnswerEvent = Turn | ExactPrompt | PromptProgress | Delta | Vectors | Resumed | Settled


class Answer:
    """Events come in order: any Turn, one ExactPrompt, PromptProgress and Delta (or Vectors), then Settled or an error.

    The attempt runs in a task of its own: a reader that is slow or gone does not hold the engine's slot, and settling
    does not depend on anybody reading. The buffer is bounded by the tokens the request may decode.
    """

    def __init__(self, receipt_id: str) -> None:
        self.receipt_id = receipt_id
        self.receipt: Receipt | None = None
        """Set once settled, whatever the outcome."""
        self._events: deque[AnswerEvent | BaseException | None] = deque()
        self._reader: asyncio.Future[None] | None = None
        """Of who waits for the next one."""
        self._task: asyncio.Task[None] | None = None
        self._reading = False
        self._cancelled = False
        self._begun = False
        self._reserved: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def events(self) -> AsyncIterator[AnswerEvent]:
        """Read once, by one reader. Raises the AffouageError that ended the answer, after which nothing comes.

        Leaving the iteration early does not stop the answer: call :meth:`cancel`.
        """
        assert not self._reading, "an answer has one reader"
        self._reading = True
        while True:
            if not self._events:
                self._reader = asyncio.get_running_loop().create_future()
                await self._reader
            event = self._events.popleft()
            if event is None:
                return
            if isinstance(event, BaseException):
                raise event
            yield event

    def cancel(self) -> None:
        """Stop generating now; what was burned is settled. Safe at any time, more than once; too late once settling."""
        if self._cancelled:
            return  # once: a second one would interrupt the settling
        self._cancelled = True
        if self._task is not None and self._begun:
            self._task.cancel()

    async def done(self) -> None:
        """Wait until the attempt has settled, whatever its outcome; raises nothing of its own."""
        if self._task is not None:
            await asyncio.wait([self._task])

    # for serve.py alone

    def attach(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def begin(self) -> None:
        """The attempt's first step. A task cancelled before it would never run, and so never settle."""
        self._begun = True
        if self._cancelled and self._task is not None:
            self._task.cancel()

    async def reserved(self) -> None:
        """Wait until the request is in the books. Raises LedgerUnavailable when it cannot be written there."""
        await asyncio.shield(self._reserved)

    def note_reserved(self) -> None:
        self._reserved.set_result(None)

    def turn_away(self, problem: BaseException) -> None:
        """Nothing was reserved, so nothing may be generated and there is nothing to settle."""
        self._reserved.set_exception(problem)

    @property
    def turned_away(self) -> bool:
        return self._reserved.done() and self._reserved.exception() is not None

    def begin_settling(self) -> None:
        """From here on nobody interrupts: the receipt is being written."""
        self._cancelled = True

    def put(self, event: AnswerEvent | BaseException | None) -> None:
        self._events.append(event)
        if self._reader is not None:
            if not self._reader.done():
                self._reader.set_result(None)
            self._reader = None

    def end(self, problem: BaseException | None = None) -> None:
        if not self._reserved.done():
            self._reserved.set_result(None)  # cancelled meanwhile: whoever waits reads the end of the events
        if problem is not None:
            self.put(problem)
        self.put(None)
