"""A node at work over a bus in this program: its agent, an engine that echoes, a meter the test moves; and the commons
at the other end, which reads whatever comes and says what the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from affouage.clock import Clock, SystemClock
from affouage.pool.engine import Engine
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.nodes import nkey
from affouage.pool.nodes.agent import Agent
from affouage.pool.nodes.bus import Bus, control_subject, heartbeat_subject, out_subject, run_subject
from affouage.pool.nodes.node_state import Ended
from affouage.pool.nodes.policy_file import PolicyFile
from affouage.pool.nodes.sealing import Seal, new_key, public_of
from affouage.pool.nodes.signing import sign
from affouage.pool.nodes.spool import Spool
from affouage.pool.nodes.watts import WatchedMeter
from affouage.pool.nodes.wire import (
    Blocks,
    Chunk,
    Event,
    Fin,
    FromNode,
    Heartbeat,
    Kept,
    Piece,
    Renew,
    Run,
    ToNode,
    Turn,
    encode,
    from_node,
)
from affouage.testing import EchoEngine, FixedMeter, InProcessBus

NODE_ID = "n_abcdefghijkl"


class Commons:
    """The other end. ``sent``: what came, in order; ``raw``: the same, as the broker saw it."""

    def __init__(self, bus: Bus, seal: Seal) -> None:
        self.bus = bus
        self.seal = seal
        self.sent: list[FromNode] = []
        self.raw: list[bytes] = []
        self.came = asyncio.Event()
        self.keeping = False
        """It says of each block that it keeps it."""

    async def listen(self) -> None:
        await self.bus.subscribe(heartbeat_subject("*"), self._on_message)
        await self.bus.subscribe(out_subject("*", "*"), self._on_message)

    def _on_message(self, _subject: str, payload: bytes) -> None:
        self.raw.append(payload)
        message = from_node(self.seal.open(payload))
        self.sent.append(message)
        self.came.set()
        if self.keeping and isinstance(message, (Blocks, Fin)) and message.blocks:
            self.say(Kept(block_ids=tuple(one.block.id for one in message.blocks)))

    def keep_all(self) -> None:
        """What came, and what will."""
        self.keeping = True
        came = [one.block.id for message in self.sent if isinstance(message, (Blocks, Fin)) for one in message.blocks]
        if came and self.bus.connected:
            self.say(Kept(block_ids=tuple(came)))

    def say(self, message: ToNode) -> None:
        subject = run_subject(NODE_ID) if isinstance(message, Run) else control_subject(NODE_ID)
        self.bus.publish(subject, self.seal.close(encode(message)))

    async def until(self, holds: Callable[[], Any], within_s: float = 10) -> Any:
        """What ``holds`` gives, once it is something; looked at after each message."""
        async with asyncio.timeout(within_s):
            while not (found := holds()):
                self.came.clear()
                await self.came.wait()
        return found

    def chunks(self, rid: str, attempt: int = 1) -> list[Chunk]:
        return [one for one in self.sent if isinstance(one, Chunk) and (one.rid, one.attempt) == (rid, attempt)]

    def events(self, rid: str) -> list[Event]:
        return [event for chunk in self.chunks(rid) for event in chunk.events]

    def text(self, rid: str) -> str:
        return "".join(one.text or "" for one in self.events(rid) if isinstance(one, Piece))

    def fins(self, rid: str) -> list[Fin]:
        return [one for one in self.sent if isinstance(one, Fin) and one.rid == rid]

    async def fin(self, rid: str, within_s: float = 10) -> Fin:
        found: list[Fin] = await self.until(lambda: self.fins(rid), within_s)
        return found[0]

    def heartbeats(self) -> list[Heartbeat]:
        return [one for one in self.sent if isinstance(one, Heartbeat)]

    async def heartbeat(self, holds: Callable[[Heartbeat], object] = lambda _: True, within_s: float = 5) -> Heartbeat:
        """The newest, once it is as wanted."""
        await self.until(lambda: self.heartbeats() and holds(self.heartbeats()[-1]), within_s)
        return self.heartbeats()[-1]

    def blocks(self) -> list[Blocks]:
        return [one for one in self.sent if isinstance(one, Blocks)]

    @asynccontextmanager
    async def wanting(self, *rids: str, every_s: float = 0.05) -> AsyncIterator[None]:
        """Renew these runs while open."""

        async def renew() -> None:
            while True:
                self.say(Renew(runs=rids))
                await asyncio.sleep(every_s)

        task = asyncio.create_task(renew())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


class House:
    """The machine of a member. ``told``: what its owner sees."""

    def __init__(self, home: Path, bus: Bus, engines: list[Engine], clock: Clock, minute: int) -> None:
        box, commons_box = new_key(), new_key()
        self.commons_seal = Seal(commons_box, public_of(box))
        self.key = nkey.new_key("user")
        self.clock = clock
        self.minute = minute
        self.bus = bus
        self.meter = FixedMeter(clock, idle_uw=0)
        self.told: list[Ended] = []
        self.policy = PolicyFile(home)
        self.spool = Spool(home, lambda block: sign(block, self.key.seed))
        watched = WatchedMeter(self.meter, clock)
        self.metering = Metering(watched, clock, machine_id="tower", resume=self.spool.resume("tower"))
        self.watts: float | None = None
        self.agent = Agent(
            bus=bus,
            seal=Seal(box, public_of(commons_box)),
            node_id=NODE_ID,
            machine_id="tower",
            node=Node(engines),
            metering=self.metering,
            clock=clock,
            policy=self.policy,
            spool=self.spool,
            minute=lambda: self.minute,
            watts=lambda: self.watts,
            tell=self.told.append,
            tick_s=0.05,
        )


@asynccontextmanager
async def node_at_work(
    home: Path,
    *engines: Engine,
    clock: Clock | None = None,
    minute: int = 720,
    hub: InProcessBus | None = None,
    metered: bool = True,
    counter_uj: int = 0,
) -> AsyncIterator[tuple[House, Commons]]:
    """``metered``: the meter's own sampling runs; without it the test closes windows itself. ``counter_uj``: where the
    meter stands at the start."""
    hub = hub or InProcessBus()
    house = House(home, hub.end(), list(engines or [EchoEngine(word_ms=2)]), clock or SystemClock(), minute)
    house.meter.count(counter_uj)
    commons = Commons(hub.end(), house.commons_seal)
    await commons.listen()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(house.agent.running())
        if metered:
            await stack.enter_async_context(house.metering.running(house.agent.keep))
        stack.push_async_callback(house.agent.drain, 0)
        stack.callback(commons.keep_all)
        yield house, commons


def asked(rid: str, text: str = "un deux trois", **more: Any) -> Run:
    """A run that generates."""
    given: dict[str, Any] = {
        "attempt": 1,
        "at_ms": 0,
        "work": "generate",
        "kind": "chat",
        "model_id": "echo",
        "messages": (Turn("user", text),),
    }
    return Run(rid=rid, **(given | more))
