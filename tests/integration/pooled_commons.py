"""A commons served for real with machines of members: the dispatcher, agents and pages of the product, a bus in this
program instead of a broker, engines that echo."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import insert

from affouage.app import build_asgi, open_commons
from affouage.asgi.commons import Commons
from affouage.asgi.server import bind, listening, url_of
from affouage.pool.engine import Engine
from affouage.pool.nodes.dispatch import Dispatcher
from affouage.pool.nodes.records import NodeRecord, row_of
from affouage.pool.nodes.wire import Heartbeat
from affouage.pool.nodes.wishes import Wishes
from affouage.settings import Settings
from affouage.storage.tables import node
from affouage.testing import InProcessBus, LiveCommons
from tests.integration.conftest import until
from tests.integration.pool_bench import BOX, Machine


class PooledCommons(LiveCommons):
    """``bring`` machines, ``part`` with them."""

    def __init__(self, url: str, commons: Commons, loop: asyncio.AbstractEventLoop, hub: InProcessBus) -> None:
        super().__init__(url, commons, loop)
        self.hub = hub
        self._present: dict[str, AsyncExitStack] = {}

    def enrol(self, machine: Machine, owner_id: str, **more: Any) -> NodeRecord:
        """Write the machine down; ``more``: fields of its record."""
        record = msgspec.structs.replace(machine.record, owner_id=owner_id, **more)
        machine.record = record
        self.run(self._enrol(record))
        return record

    async def _enrol(self, record: NodeRecord) -> None:
        await self.commons.db.write(lambda c: c.execute(insert(node), row_of(record)))
        await self.commons.enrolment._look()

    def bring(self, machine: Machine, home: Path, *engines: Engine) -> None:
        """Start its agent and wait until the commons hears it."""
        self.run(self._bring(machine, home, engines))
        dispatcher = self.commons.dispatcher
        assert dispatcher is not None
        until(lambda: machine.record.id in dispatcher.here())

    async def _bring(self, machine: Machine, home: Path, engines: tuple[Engine, ...]) -> None:
        stack = self._present[machine.record.id] = AsyncExitStack()
        bus = self.hub.end()
        stack.push_async_callback(bus.close)
        await stack.enter_async_context(machine.at_work(home, bus, *engines))

    def part(self, machine: Machine) -> None:
        """Its agent stops; the commons notices as it does."""
        self.run(self._part(machine))

    async def _part(self, machine: Machine) -> None:
        await self._present.pop(machine.record.id).aclose()
        dispatcher = self.commons.dispatcher
        assert dispatcher is not None
        dispatcher.disconnected(machine.record.public_key)

    async def all_part(self) -> None:
        for stack in self._present.values():
            await stack.aclose()


@contextmanager
def serving_pool(settings: Settings, engines: list[Engine], **more: Any) -> Iterator[PooledCommons]:
    """Serve while open, from a thread of its own."""
    started: Future[PooledCommons] = Future()
    leaving: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        leaving.append((asyncio.get_running_loop(), stop))
        async with open_commons(settings, engines=engines, **more) as alone, AsyncExitStack() as stack:
            hub = InProcessBus()
            commons = replace(alone, dispatcher=_dispatcher(alone, hub, await stack.enter_async_context(_Tasks())))
            assert commons.dispatcher is not None
            await stack.enter_async_context(commons.dispatcher.running())
            commons.pool.join(commons.dispatcher.stations, commons.dispatcher.engines)
            listener = bind("127.0.0.1", 0)
            async with listening(build_asgi(commons), listener, settings.server):
                live = PooledCommons(url_of(listener), commons, asyncio.get_running_loop(), hub)
                started.set_result(live)
                await stop.wait()
                commons.inference.cancel_all()
            await live.all_part()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as problem:
            if started.done():
                raise
            started.set_exception(problem)

    thread = threading.Thread(target=run, name="pooled-commons")
    thread.start()
    try:
        yield started.result(timeout=60)
    finally:
        for loop, stop in leaving:
            loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=60)


class _Tasks:
    """What is begun from the bus, ended with the house."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def __aenter__(self) -> _Tasks:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._running:
            await asyncio.wait(self._running)


def _dispatcher(commons: Commons, hub: InProcessBus, tasks: _Tasks) -> Dispatcher:
    made = Dispatcher(
        hub.end(),
        BOX,
        commons.clock,
        commons.enrolment.records,
        keep_blocks=commons.ledger.keep,
        on_change=commons.inference.scheduler.look_again,
        max_node_watts=3000,
    )
    wishes = Wishes(commons.enrolment, made.set_policy)

    def seen(node_id: str, beat: Heartbeat) -> None:
        tasks.begin(wishes.heard(node_id, beat.policy, commons.clock.now_ms()))

    made.on_seen(seen)
    return made
