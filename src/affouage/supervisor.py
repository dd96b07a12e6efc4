"""The composition root of ``affouage up --workers``: several gateway processes on one socket, this machine as a node.

It holds the home, the broker and the listening socket, and does nothing else: it starts the processes, starts again one
that dies, and stops them all. Each of them watches its standard input, which ends with this process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection

from affouage.adapters import joining
from affouage.adapters.buses import own_broker as own
from affouage.adapters.buses.pool_bus import need_extra
from affouage.asgi.relay import forget_all_private
from affouage.asgi.server import bind, url_of
from affouage.catalogue.machine import machine_id
from affouage.clock import Clock, SystemClock
from affouage.errors import HomeInUse, SettingsError, SetUpError
from affouage.footprint.period import Calendar
from affouage.machine_room import described_machine
from affouage.pool.nodes import own_machine
from affouage.pool.nodes.commons_keys import commons_keys
from affouage.pool.nodes.grants import Grants
from affouage.pool.nodes.identity import Enrolled, read_identity, write_identity
from affouage.pool.nodes.records import NodeRecord
from affouage.settings import Settings
from affouage.storage import gateways, open_database
from affouage.storage.home import claimed, forget_address, note_address
from affouage.workers.restarts import Restarts

MOST_WORKERS = 64
STOP_S = 30.0
"""How long a process has to settle what it was answering."""


class Order(msgspec.Struct, frozen=True):
    """What a gateway process is told. ``listener``, ``ready``: descriptors; on ``ready`` it writes once it serves.

    ``first``: it begins with the house. ``ask``, ``offline``: see ``affouage up``; for the first steps, its alone.
    """

    number: int
    first: bool
    listener: int
    ready: int
    host: str
    ask: bool = False
    offline: bool = False


class Owner(Protocol):
    """Whoever looks at the house from the terminal it was started in."""

    def serves(self, settings: Settings, listener: socket.socket) -> None: ...

    def died(self, name: str, code: int, pause_s: float) -> None:
        """``code``: exit status, or minus the signal."""
        ...

    def stops(self) -> None: ...


def broker_of(settings: Settings) -> Settings:
    """The settings with the broker that the processes use: the one they name, else our own. Raises SettingsError."""
    return settings if settings.pool.url else own.with_own_broker(settings)


async def supervise(
    settings: Settings,
    workers: int,
    owner: Owner,
    leaving: asyncio.Event,
    *,
    ask: bool,
    offline: bool,
    programs: tuple[str, str],
) -> None:
    """Serve with so many processes until ``leaving``. ``programs``: modules of a gateway and of the machine.

    Raises SetUpError: on SQLite, without the extra, the home or the database in use, the first one not starting.
    """
    check_workers(settings, workers)
    need_extra()
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        lock = stack.enter_context(claimed(settings.home))
        forget_all_private(settings.run_dir)
        stack.callback(forget_all_private, settings.run_dir)  # of those that died meanwhile
        keys, brokered = commons_keys(settings.home), broker_of(settings)
        listener = bind(settings.server.host, settings.server.port)
        stack.callback(listener.close)
        _enter(brokered, clock, _address(listener))
        if not settings.pool.url:
            await stack.enter_async_context(own.own_broker(brokered, keys, clock))
        house = _House(owner, programs, lock, listener, settings.server.host)
        async with house.running(workers, leaving, ask=ask, offline=offline):
            if leaving.is_set():
                return
            note_address(settings.home, url_of(listener))
            stack.callback(forget_address, settings.home)
            owner.serves(brokered, listener)
            house.announce()
            await leaving.wait()
            owner.stops()


def check_workers(settings: Settings, workers: int) -> None:
    """Raises SettingsError where several processes cannot share the books."""
    if isinstance(settings.database_place, Path):
        raise SettingsError(
            f"{workers} gateway processes cannot share a file of SQLite.",
            remedy="Take PostgreSQL (docs/how-to/use-postgresql.md), or leave --workers out.",
            code="workers_on_sqlite",
            workers=workers,
        )


def _enter(settings: Settings, clock: Clock, url: str) -> None:
    """The books brought up to date, those that were killed forgotten, this machine entered as a node of the pool."""
    place = own_machine.place_of(settings.home)
    described = described_machine(settings.home, Calendar(settings.commons.time_zone).day(clock.now_ms()))
    held = read_identity(place) or _new_machine(url, described.id if described else machine_id())
    db = open_database(settings.database_place)
    try:

        def change(connection: Connection) -> NodeRecord:
            here, now_ms = gateways.home_name(settings.home), clock.now_ms()
            for one in gateways.everybody(connection):
                if one.home != here and one.alive(now_ms):
                    raise HomeInUse(
                        f"Another affouage already serves from this database (in {one.home}).",
                        remedy="Stop it, or give this one a database of its own.",
                        code="database_in_use",
                    )
            gateways.leave_home(connection, here)
            return own_machine.enter(connection, held, joining.box_public(held), clock)

        record = db.write_now(change)
    finally:
        db.close()
    answer = Grants(settings, clock).answer(record)
    write_identity(place, joining.granted(msgspec.structs.replace(held, commons_url=url), answer))


def _new_machine(url: str, name: str) -> Enrolled:
    return joining.new_machine(url, name, name)


def _address(listener: socket.socket) -> str:
    """By which this very machine reaches it."""
    host, port = listener.getsockname()[:2]
    return f"http://[::1]:{port}" if ":" in host else f"http://127.0.0.1:{port}"


Spawn = Callable[[int], Awaitable[Process]]
"""Begin a process, given the descriptor on which it writes once it serves."""


class _House:
    """The processes. ``lock``: held by each of them too, so that nobody else takes the home while one lives."""

    def __init__(self, owner: Owner, programs: tuple[str, str], lock: int, listener: socket.socket, host: str) -> None:
        self._owner = owner
        self._gateway, self._machine = programs
        self._lock = lock
        self._listener = listener
        self._host = host
        self._serving: list[_Place] = []

    def announce(self) -> None:
        """It was said where the commons is served: the first process may go on with its first steps."""
        self._serving[0].announce()

    @asynccontextmanager
    async def running(self, workers: int, leaving: asyncio.Event, *, ask: bool, offline: bool) -> AsyncIterator[None]:
        """Open once they serve. Raises SetUpError when the first does not begin."""
        machine = _Place("machine", self._owner, self._spawn_machine)
        begun = [self._spawn_gateway(number, ask, offline) for number in range(1, workers + 1)]
        serving = self._serving = [
            _Place(f"gateway {number}", self._owner, spawn) for number, spawn in enumerate(begun, start=1)
        ]
        try:
            machine.start()
            serving[0].start()
            await _until(serving[0].serves, leaving)
            if serving[0].serves.done() and not serving[0].serves.result():
                raise SetUpError("The first process could not begin.", remedy="It says above why.", code="first_worker")
            if not leaving.is_set():
                for place in serving[1:]:
                    place.start()
                await asyncio.gather(*(_until(one.serves, leaving) for one in serving))
            yield
        finally:
            await asyncio.gather(*(one.stop() for one in serving))
            await machine.stop()

    def _spawn_gateway(self, number: int, ask: bool, offline: bool) -> Spawn:
        first = number == 1

        async def spawn(ready: int) -> Process:
            nonlocal first
            order = Order(number, first, self._listener.fileno(), ready, self._host, ask=ask and first, offline=offline)
            first = False
            return await self._begin(self._gateway, order, self._listener.fileno(), ready)

        return spawn

    async def _spawn_machine(self, ready: int) -> Process:
        return await self._begin(self._machine, Order(0, False, 0, ready, self._host), ready)

    async def _begin(self, program: str, order: Order, *descriptors: int) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            program,
            msgspec.json.encode(order).decode(),
            stdin=PIPE,
            pass_fds=(self._lock, *descriptors),
            start_new_session=True,  # Ctrl-C is for this process, which stops them in order
        )


class _Place:
    """One process that is to be there as long as the house is: begun again when it dies."""

    def __init__(self, name: str, owner: Owner, spawn: Spawn) -> None:
        self.serves: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        """True once it serves; False when it ended before it ever did."""
        self._name = name
        self._owner = owner
        self._spawn = spawn
        self._process: Process | None = None
        self._leaving = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=self._name)

    def announce(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.write(b"1")

    async def stop(self) -> None:
        """Told to end what it does, and killed when it does not."""
        self._leaving.set()
        if self._task is None:
            return
        self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait([self._task], timeout=STOP_S)
        if not done:
            self._signal(signal.SIGKILL)
            await asyncio.wait([self._task])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _keep(self) -> None:
        restarts = Restarts()
        while not self._leaving.is_set():
            began_s = time.monotonic()
            code = await self._live()
            if not self.serves.done():
                self.serves.set_result(False)
            if self._leaving.is_set():
                return
            pause_s = restarts.pause_s(time.monotonic() - began_s)
            self._owner.died(self._name, code, pause_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._leaving.wait()

    async def _live(self) -> int:
        """From its beginning to its end; its exit status."""
        reading, writing = os.pipe()
        try:
            try:
                self._process = await self._spawn(writing)
            finally:
                os.close(writing)
            if self._leaving.is_set():  # asked meanwhile
                self._signal(signal.SIGTERM)
            async with _heard(reading, self._note_serving):
                return await self._process.wait()
        finally:
            os.close(reading)

    def _note_serving(self) -> None:
        if not self.serves.done():
            self.serves.set_result(True)


@asynccontextmanager
async def _heard(reading: int, told: Callable[[], None]) -> AsyncIterator[None]:
    """While open, ``told`` is called once something is written at the other end."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        loop.remove_reader(reading)
        if os.read(reading, 1):
            told()

    loop.add_reader(reading, read)
    try:
        yield
    finally:
        loop.remove_reader(reading)


async def _until(known: asyncio.Future[bool], leaving: asyncio.Event) -> None:
    """Until it is known, or one has to leave."""
    left = asyncio.create_task(leaving.wait())
    try:
        waited: list[asyncio.Future[Any]] = [known, left]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        left.cancel()
