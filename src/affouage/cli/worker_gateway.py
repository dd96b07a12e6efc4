"""A gateway process of ``affouage up --workers``; started by :mod:`affouage.supervisor`, never by hand."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from contextlib import suppress
from dataclasses import replace

import msgspec

from affouage.asgi.commons import Commons
from affouage.asgi.relay import Relay, bind_private, forget_private, private
from affouage.asgi.server import listening, url_of
from affouage.cli.console import fail
from affouage.cli.log_lines import write_log
from affouage.cli.up import check_exposure, first_steps, on_signals, run_on_uvloop
from affouage.errors import AffouageError
from affouage.gateway.metrics import Metrics
from affouage.settings import Settings, read
from affouage.supervisor import Order, broker_of
from affouage.workers.worker import Worker

MACHINES_S = 3.0
"""How long the machines of the pool may take to be heard, before one begins to answer without them."""
OWN_MACHINE_S = 20.0
"""The same of the one the commons runs on, which begins at the same time."""
LATELY_MS = 120_000


def main(order: Order) -> None:
    os.umask(0o077)
    try:
        settings = broker_of(read())
        write_log(settings.log)
        settings = replace(settings, server=replace(settings.server, host=order.host))
        run_on_uvloop(serve(settings, order))
    except AffouageError as error:
        fail(error)


async def serve(settings: Settings, order: Order) -> None:
    from affouage.app import build_asgi, open_commons

    leaving = on_signals()
    announced = await leave_with_the_house(leaving)
    listener = socket.socket(fileno=order.listener)
    async with open_commons(settings, worker=Worker(order.number, order.first)) as commons:
        await check_exposure(commons)
        gateways, run_dir = commons.gateways, settings.run_dir
        assert gateways is not None, "several processes share a database"
        await asyncio.gather(_machines_there(commons, leaving), gateways.seen_by_others())
        app, metrics = build_asgi(commons), Metrics(commons)

        async def own() -> str:
            return metrics.own(app.answered)

        relay = Relay(app, lambda: {one.id for one in gateways.others()}, run_dir, settings.server)
        own_door = bind_private(run_dir, gateways.id)
        try:
            async with (
                listening(private(relay, own), own_door, settings.server),
                listening(relay, listener, settings.server),
                asyncio.TaskGroup() as tasks,
            ):
                os.write(order.ready, b"1")
                gc.freeze()
                url = settings.server.public_url or url_of(listener)
                steps: asyncio.Task[None] | None = None
                if order.first:
                    steps = tasks.create_task(_first_steps(commons, url, order, announced), name="first steps")
                await leaving.wait()
                if steps is not None:
                    steps.cancel()
                commons.inference.cancel_all()
        finally:
            forget_private(run_dir, gateways.id)


async def _first_steps(commons: Commons, url: str, order: Order, announced: asyncio.Event) -> None:
    await announced.wait()
    await first_steps(commons, url, ask=order.ask, offline=order.offline)


async def leave_with_the_house(leaving: asyncio.Event) -> asyncio.Event:
    """Leave as soon as the process that started this one is gone, which its standard input tells.

    What is given back is set once that process has said where the commons is served.
    """
    announced = asyncio.Event()

    class House(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            announced.set()

        def connection_lost(self, exc: Exception | None) -> None:
            leaving.set()

    await asyncio.get_running_loop().connect_read_pipe(House, sys.stdin)
    return announced


async def _machines_there(commons: Commons, leaving: asyncio.Event) -> None:
    """Let the machines that were here lately be heard, so that nobody is told there is none."""
    dispatcher = commons.dispatcher
    if dispatcher is None:
        return
    now_ms, records = commons.clock.now_ms(), commons.enrolment.records().values()
    serving = [one for one in records if one.serves]
    lately = {one.id for one in serving if (one.seen_ms or 0) > now_ms - LATELY_MS and one.trust}
    for wanted, limit_s in (({one.id for one in serving if not one.trust}, OWN_MACHINE_S), (lately, MACHINES_S)):
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while not (leaving.is_set() or wanted <= set(dispatcher.here())):  # noqa: ASYNC110 - of other programs
                    await asyncio.sleep(0.05)


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Order))
