"""Many small writes as one: what is asked while a group is being written makes up the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection

from affouage.errors import LedgerUnavailable
from affouage.storage import Database

T = TypeVar("T")


class Together(Generic[T]):
    """``write_all`` writes any number of movements, in their order, or raises and has written none.

    Where it raises, each of the group is then written by itself: only those that are refused are told so, unless it is
    the database that refuses. Works in one event loop. A movement once asked is written, whoever leaves meanwhile.
    """

    def __init__(self, db: Database, write_all: Callable[[Connection, Sequence[T]], None]) -> None:
        self._db = db
        self._write_all = write_all
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, movement: T) -> None:
        """Returns once it is committed. Raises what ``Database.write`` raises."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((movement, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting(), name="books")
        await written

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                problems = await self._write_group([movement for movement, _ in group])
                for (_, written), problem in zip(group, problems, strict=True):
                    if written.done():
                        continue  # whoever asked has left
                    if problem is None:
                        written.set_result(None)
                    else:
                        written.set_exception(problem)
        finally:
            self._writing = None

    async def _write_group(self, movements: list[T]) -> Sequence[Exception | None]:
        try:
            await self._db.write(lambda connection: self._write_all(connection, movements))
        except Exception as refused:
            if len(movements) == 1 or _by_the_database(refused):
                return [refused] * len(movements)
            return [problem for one in movements for problem in await self._write_group([one])]
        return [None] * len(movements)


def _by_the_database(refused: Exception) -> bool:
    """It would refuse each of them by itself too, and keep everybody waiting meanwhile."""
    return isinstance(refused, LedgerUnavailable) and refused.code == LedgerUnavailable.code
