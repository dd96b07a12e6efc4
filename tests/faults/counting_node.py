"""A machine at work for its commons, as `affouage node run` does, with engines that count.

python -m tests.faults.counting_node '[{"model_id": "counting"}]' [nats://where.the/link/is]

It says when its engines fall idle while it is cut off: "idle 1234.5", in seconds of the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Sequence

import msgspec

from affouage import node_app, settings
from affouage.pool.nodes.identity import Enrolled
from affouage.pool.nodes.node_state import Ended
from affouage.testing import EchoEngine
from tests.faults.counting import CountingEngine

LOOK_S = 0.05


class Told:
    """An owner who writes everything down."""

    def __init__(self) -> None:
        self.connected = False

    def starts(self, enrolled: Enrolled, models: tuple[str, ...]) -> None:
        print("starts", enrolled.node_id, *models, flush=True)

    def link(self, connected: bool, problem: str) -> None:
        self.connected = connected
        print("link", connected, time.monotonic(), problem, flush=True)

    def ended(self, ended: Ended) -> None:
        print("ended", ended, flush=True)

    def leaves(self, running: int) -> None:
        print("leaves", running, flush=True)


async def watch(engines: Sequence[EchoEngine], told: Told) -> None:
    """Say when work stops."""
    busy = False
    while True:
        await asyncio.sleep(LOOK_S)
        before, busy = busy, any(one.in_flight for one in engines)
        if before and not busy and not told.connected:
            print("idle", time.monotonic(), flush=True)


async def work(engines: Sequence[EchoEngine], link: str = "") -> None:
    """Until SIGTERM. ``link``: the broker by a link that can be cut, whatever address the commons gives."""
    leaving = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leaving.set)
    if link:
        open_bus = node_app.open_node_bus
        node_app.open_node_bus = lambda held: open_bus(lambda: msgspec.structs.replace(held(), bus_url=link))
    told = Told()
    watching = asyncio.create_task(watch(engines, told))
    try:
        await node_app.serve_node(settings.read(), told, leaving, engines=engines)
    finally:
        watching.cancel()
        await asyncio.wait([watching])


if __name__ == "__main__":
    asyncio.run(work([CountingEngine(**one) for one in json.loads(sys.argv[1])], *sys.argv[2:]))
