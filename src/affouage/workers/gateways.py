"""This gateway among those of its commons: heard each second, keeping the house when it is its turn, clearing up after
the dead. Only on a database that several processes share.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from affouage.clock import Clock
from affouage.errors import AffouageError, HomeInUse
from affouage.ledger.run_names import gateway_of
from affouage.storage import Database, gateways
from affouage.storage.gateways import Present
from affouage.workers.presence import Presence
from affouage.workers.worker import Worker

_log = logging.getLogger("affouage.workers")

BEAT_S = 1.0
SEEN_S = 3 * BEAT_S
AGAIN_S = 2.0
"""After what is done once has failed, or the dead could not be cleared up after."""

Opening = Callable[[], AbstractAsyncContextManager[Any]]
Once = Callable[[Opening], AbstractAsyncContextManager[Any]]
"""Have something open that one process of a commons does for all: here while this process is the one."""


def here(opening: Opening) -> AbstractAsyncContextManager[Any]:
    """The :data:`Once` of the only process."""
    return opening()


class Gateways:
    """``worker``: which of ``affouage up --workers``; None: the only one. ``home``: the folder it works in.

    ``enter`` first; then ``async with gateways.running(settle)``, which owns a thread and a task.
    """

    def __init__(self, db: Database, clock: Clock, home: Path, worker: Worker | None = None) -> None:
        self.id = gateways.new_id()
        self.number = 0 if worker is None else worker.number
        self.keeps = False
        """Is this the one that does what is to be done once?"""
        self._db = db
        self._clock = clock
        now_ms = clock.now_ms()
        self._me = Present(
            id=self.id,
            number=self.number,
            home=gateways.home_name(home),
            pid=os.getpid(),
            started_ms=now_ms,
            heard_ms=now_ms,
        )
        self._presence = Presence(self.id)
        self._entered_us = clock.monotonic_us()
        self._dead: list[str] = []
        self._turned = asyncio.Event()
        self._stop = threading.Event()

    async def enter(self) -> None:
        """Be one of them from now on. Raises HomeInUse when a commons serves from this database elsewhere.

        The only process of a home knows that what is written there of others is of the killed.
        """

        def change(connection: Connection) -> list[Present]:
            if self.number == 0:
                gateways.leave_home(connection, self._me.home)
            present, now_ms = gateways.everybody(connection), self._clock.now_ms()
            elsewhere = [one for one in present if one.alive(now_ms) and one.home != self._me.home]
            if elsewhere:
                raise HomeInUse(
                    f"Another affouage already serves from this database (in {elsewhere[0].home}).",
                    remedy="Several processes serve one commons from one home: affouage up --workers. Stop the other"
                    " one, or give this one a database of its own.",
                    code="database_in_use",
                )
            gateways.beat(connection, self._me, now_ms)
            return gateways.everybody(connection)

        self._take(await self._db.write(change), frozenset())
        self._entered_us = self._clock.monotonic_us()

    @property
    def several(self) -> bool:
        """Is this one of ``affouage up --workers``, rather than the only one?"""
        return self.number > 0

    @property
    def once(self) -> Once:
        """What is done by one for all: by this one, when it is the only one."""
        return self.by_one if self.several else here

    @asynccontextmanager
    async def running(self, settle: Callable[[str], Awaitable[int]]) -> AsyncIterator[None]:
        """While open, it is heard, and the keeper has what the dead left ``settle``d, given their id."""
        thread = threading.Thread(
            target=self._beat_forever, args=(asyncio.get_running_loop(),), name="affouage-beat", daemon=True
        )
        thread.start()
        task = asyncio.create_task(self._clear_up(settle), name="gateways")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            self._stop.set()
            await asyncio.to_thread(thread.join)
            try:
                await self._db.write(lambda connection: gateways.leave(connection, [self.id]))
            except AffouageError:
                _log.warning("the database is away: others will notice by themselves that this process has stopped")

    async def seen_by_others(self) -> None:
        """Until each of them has looked since this one entered: its runs on other machines are then told from those
        of the dead."""
        await asyncio.sleep(max(0.0, SEEN_S - (self._clock.monotonic_us() - self._entered_us) / 1e6))

    # -- who is here -------------------------------------------------------------------------------------------------

    def others(self) -> list[Present]:
        """Those that live besides this one, as of a second ago."""
        return self._presence.others(self._clock.monotonic_us())

    def of_another(self, run_name: str) -> bool:
        """Is this run that of another gateway that lives?"""
        tag = gateway_of(run_name)
        return tag not in ("", self.id) and any(one.id == tag for one in self.others())

    # -- once for all ------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def by_one(self, opening: Opening) -> AsyncIterator[None]:
        """While open, what ``opening`` gives is open in the gateway that keeps the house, and in no other."""
        task = asyncio.create_task(self._have_open(opening), name="once")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _have_open(self, opening: Opening) -> None:
        while True:
            await self._until(keeps=True)
            try:
                async with opening():
                    await self._until(keeps=False)
            except Exception as wrong:  # whatever it is, somebody has to do it
                _log.error("what one process does for all stopped: %s", type(wrong).__name__)
                await asyncio.sleep(AGAIN_S)

    async def _until(self, *, keeps: bool) -> None:
        while self.keeps is not keeps:
            await self._turned.wait()

    async def _clear_up(self, settle: Callable[[str], Awaitable[int]]) -> None:
        while True:
            for gone in self._dead if self.keeps else ():
                try:
                    count = await settle(gone)
                    await self._db.write(partial(gateways.leave, gateway_ids=[gone]))
                except AffouageError as not_now:
                    _log.warning("what a dead process left is not settled yet: %s", not_now.code)
                else:
                    _log.warning("a process has died: %s of its requests are settled as failed", count)
            self._dead = []
            await asyncio.sleep(BEAT_S)

    # -- being heard -------------------------------------------------------------------------------------------------

    def _beat_forever(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread of its own, on a connection of its own: neither a busy loop nor a long write silences it."""
        while not self._stop.wait(BEAT_S):
            try:
                with self._db.engine.begin() as connection:
                    gateways.beat(connection, self._me, self._clock.now_ms())
                    present, owners = gateways.everybody(connection), gateways.owners(connection)
            except (SQLAlchemyError, AffouageError):
                loop.call_soon_threadsafe(self._look)
            else:
                loop.call_soon_threadsafe(self._take, present, owners)

    def _take(self, present: list[Present], owners: frozenset[str]) -> None:
        """What was found when it was last heard."""
        now_us = self._clock.monotonic_us()
        self._presence.look(present, now_us)
        self._dead = self._presence.dead(owners, now_us)
        self._look()

    def _look(self) -> None:
        keeps = self._presence.keeps(self._clock.monotonic_us())
        if keeps is not self.keeps:
            self.keeps = keeps
            self._turned.set()
            self._turned = asyncio.Event()
