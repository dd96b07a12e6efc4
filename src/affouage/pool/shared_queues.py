"""Queues that several gateways share through PostgreSQL: one state for each model, and no more in flight than slots.

Each gateway sees the pool's stations for itself; whoever holds the state gives what is free, to requests of any of
them. A gateway that the others hold for dead finds, when it comes back, that its slots are somebody else's.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from affouage.clock import Clock
from affouage.pool.model_queue import Counts, Now
from affouage.pool.queues import FindNow
from affouage.pool.shared_queue import SharedQueue
from affouage.pool.ticket import Place
from affouage.pool.turn_rows import CHANNEL, TurnRows
from affouage.pool.waiter import LOOK_S, Limits

T = TypeVar("T")
AGAIN_S = 1.0
CLOSE_S = 5.0


class SharedQueues:
    """``url``: of the database of the books; ``gateway_id``: ours, of whom the row ``gateway`` tells that it lives.

    ``key``: known to all gateways and not to the database, where conversations have names that only it gives them.
    """

    def __init__(self, url: str, gateway_id: str, clock: Clock, key: bytes) -> None:
        self.gateway_id = gateway_id
        self._key = key
        self.rows = TurnRows(url, gateway_id)
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="affouage-turns")
        self._queues: dict[str, SharedQueue] = {}
        self._counts: dict[str, Counts] = {}

    def open(self, find_now: FindNow, limits: Limits) -> None:
        self._find_now, self._limits = find_now, limits

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._listen(), name="turns"), asyncio.create_task(self._count(), name="queues")]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await asyncio.gather(*(queue.close(CLOSE_S) for queue in self._queues.values()))
            self._thread.shutdown()
            self.rows.close()

    def now(self, model_id: str) -> Now:
        return self._find_now(model_id, self._clock.now_ms() * 1000)  # a time that means the same to all of them

    def queue(self, model_id: str) -> SharedQueue:
        if model_id not in self._queues:
            self._queues[model_id] = SharedQueue(model_id, self, self._limits)
        return self._queues[model_id]

    def known(self) -> Mapping[str, SharedQueue]:
        return self._queues

    def counts(self) -> Iterable[Counts]:
        """At most about a second old."""
        return list(self._counts.values())

    def named(self, prefix_sha256: str) -> str:
        """What a conversation is called in the database, whose readers cannot try what it might have begun with."""
        if not prefix_sha256:
            return ""
        return hashlib.blake2b(prefix_sha256.encode("ascii"), key=self._key, digest_size=8).hexdigest()

    def note(self, counts: Counts) -> None:
        self._counts[counts.model_id] = counts

    async def places_of(self, member_id: str) -> list[Place]:
        lines = [one.model_id for one in await self.ask(self.rows.counts) if one.waiting]
        now = {model_id: self.now(model_id) for model_id in lines}
        return await self.ask(lambda: self.rows.places_of(member_id, now)) if now else []

    async def ask(self, work: Callable[[], T]) -> T:
        """In the thread of the rows."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _count(self) -> None:
        """See what the other gateways' queues have; look after those of gateways that may be dead."""
        while True:
            with suppress(Exception):  # away: what was known stays, and those who ask are told
                for counts in await self.ask(self.rows.counts):
                    self.note(counts)
                    if counts.waiting or counts.running:
                        self.queue(counts.model_id)
            await asyncio.sleep(LOOK_S)

    async def _listen(self) -> None:
        import psycopg  # the extra: only where gateways share a database

        args, words = self.rows.address()
        while True:
            with suppress(psycopg.Error, OSError):  # what is not heard is seen a little later
                async with await psycopg.AsyncConnection.connect(*args, autocommit=True, **words) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}".encode())
                    async for told in connection.notifies():
                        gateway_id, _, model_id = told.payload.partition(" ")
                        if gateway_id == self.gateway_id and model_id in self._queues:
                            self._queues[model_id].wake()
            await asyncio.sleep(AGAIN_S)
