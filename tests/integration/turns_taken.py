"""A gateway that does nothing but take turns, for members who ask again and again: in a process of its own.

    python -m tests.integration.turns_taken '{"url": "postgresql://...", "askers": [["ada", 2]], "slots": [4], ...}'

It says ["ready"]; once a line comes to it, and until its input ends, it takes turns, and tells of each ["begun",
request, member, at_ns] and ["ended", request, member, at_ns, tokens] (-1: its slot was lost); then ["end"]. Times are
those of the machine's steady clock.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import msgspec

from affouage.clock import SystemClock
from affouage.errors import TurnLost
from affouage.footprint.period import Calendar
from affouage.pool.metering import Metering
from affouage.pool.scheduler import Scheduler
from affouage.pool.share_rules import ShareRules
from affouage.pool.shared_queues import SharedQueues
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket
from affouage.storage import gateways, postgresql
from affouage.testing import EchoEngine, FixedMeter

Tell = Callable[..., None]
PARTS = 10
"""An answer comes in so many pieces."""


class Plan(msgspec.Struct, kw_only=True):
    """``askers``: members, with how many of their requests are asked at once, always. ``slots``: of each machine.

    A turn lasts ``ms_per_token`` for each of its tokens. ``url``: empty for turns in memory.
    """

    askers: list[tuple[str, int]]
    slots: list[int]
    url: str = ""
    gateway_id: str = ""
    ms_per_token: float = 0.05
    tokens: tuple[int, int] = (20, 100)
    seed: int = 1


async def take_turns(plan: Plan, tell: Tell, begin: Awaitable[object], end: Awaitable[object]) -> None:
    clock = SystemClock()
    metering = Metering(FixedMeter(clock), clock, machine_id="here")
    stations = [
        Station(node_id=f"n_{place}", engine=EchoEngine("m"), metering=metering, slots=slots)
        for place, slots in enumerate(plan.slots)
    ]
    async with AsyncExitStack() as stack:
        if plan.url:
            beating = asyncio.create_task(_beat(plan, clock))
            stack.callback(beating.cancel)
        scheduler = Scheduler(
            lambda _model_id: list(stations),
            clock,
            rules=lambda: ShareRules(batch_hours=()),
            wall=Calendar("UTC"),
            max_waiting=10_000,
            max_waiting_per_member=10_000,
            queues=SharedQueues(plan.url, plan.gateway_id, clock, b"key") if plan.url else None,
        )
        await stack.enter_async_context(scheduler.running())
        tell("ready")
        await begin
        chance = random.Random(plan.seed)
        asking = [
            asyncio.create_task(_ask(scheduler, f"{plan.gateway_id}.{member}.{one}", member, plan, chance, tell))
            for member, many in plan.askers
            for one in range(many)
        ]
        over = asyncio.ensure_future(end)
        await asyncio.wait([over, *asking], return_when=asyncio.FIRST_COMPLETED)
        for task in asking:  # who waited to the end would else be served by fewer and fewer others
            task.cancel()
        for ended in await asyncio.gather(*asking, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError), ended


async def _ask(scheduler: Scheduler, name: str, member: str, plan: Plan, chance: random.Random, tell: Tell) -> None:
    for count in itertools.count():
        request_id, tokens = f"{name}.{count}", chance.randint(*plan.tokens)
        ticket = Ticket(request_id=request_id, member_id=member, model_id="m", prompt_tokens=10)
        try:
            async with scheduler.lease(ticket, lambda _turn: None) as held:
                tell("begun", request_id, member, time.monotonic_ns())
                for part in range(1, PARTS + 1):
                    await asyncio.sleep(tokens * plan.ms_per_token / 1000 / PARTS)
                    held.charge(prompt_tokens=10, decoded_tokens=tokens * part // PARTS)
                tell("ended", request_id, member, time.monotonic_ns(), tokens)
        except TurnLost:
            tell("ended", request_id, member, time.monotonic_ns(), -1)


async def _beat(plan: Plan, clock: SystemClock) -> None:
    """As a gateway does: its row, each second."""
    engine = postgresql.make_engine(plan.url)
    me = gateways.Present(id=plan.gateway_id, number=1, home="test", pid=1, started_ms=clock.now_ms(), heard_ms=0)

    def once() -> None:
        with engine.begin() as connection:
            gateways.beat(connection, me, clock.now_ms())

    while True:
        await asyncio.get_running_loop().run_in_executor(None, once)
        await asyncio.sleep(1)


def _print(*line: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


async def _main() -> None:
    loop = asyncio.get_running_loop()
    begin, end = asyncio.Event(), asyncio.Event()

    def listen() -> None:
        sys.stdin.readline()
        loop.call_soon_threadsafe(begin.set)
        sys.stdin.read()
        loop.call_soon_threadsafe(end.set)

    threading.Thread(target=listen, daemon=True).start()
    await take_turns(msgspec.json.decode(sys.argv[1], type=Plan), _print, begin.wait(), end.wait())


if __name__ == "__main__":
    asyncio.run(_main())
    _print("end")
