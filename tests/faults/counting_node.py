"""A machine at work for its commons, as `affouage node run` does, with engines that count.

python -m tests.faults.counting_node '[{"model_id": "counting"}]' [nats://where.the/link/is]
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import msgspec

from affouage import node_app, settings
from affouage.pool.nodes.agent_run import Ended
from affouage.pool.nodes.identity import Enrolled
from tests.faults.counting import CountingEngine


class Told:
    """An owner who writes everything down."""

    def starts(self, enrolled: Enrolled, models: tuple[str, ...]) -> None:
        print("starts", enrolled.node_id, *models, flush=True)

    def link(self, connected: bool, problem: str) -> None:
        print("link", connected, problem, flush=True)

    def ended(self, ended: Ended) -> None:
        print("ended", ended, flush=True)

    def leaves(self, running: int) -> None:
        print("leaves", running, flush=True)


async def main() -> None:
    leaving = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leaving.set)
    engines = [CountingEngine(**one) for one in json.loads(sys.argv[1])]
    if len(sys.argv) > 2:  # by a link that can be cut, whatever address the commons gives
        open_bus, url = node_app.open_node_bus, sys.argv[2]
        node_app.open_node_bus = lambda held: open_bus(lambda: msgspec.structs.replace(held(), bus_url=url))
    await node_app.serve_node(settings.read(), Told(), leaving, engines=engines)


asyncio.run(main())
