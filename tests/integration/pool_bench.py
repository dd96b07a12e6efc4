"""A commons and its nodes over a bus in this program: the real dispatcher, real agents, engines that echo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from affouage.chat import ChatRequest, Delta, EngineEvent, Final, Message, delta_text
from affouage.clock import Clock, SystemClock
from affouage.ledger.receipt import Kept
from affouage.pool.engine import Engine
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.nodes import nkey
from affouage.pool.nodes.agent import Agent
from affouage.pool.nodes.bus import Bus, control_subject, heartbeat_subject, out_subject, run_subject
from affouage.pool.nodes.dispatch import Dispatcher
from affouage.pool.nodes.policy_file import PolicyFile
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.remote_engine import RemoteEngine
from affouage.pool.nodes.remote_run import Patience
from affouage.pool.nodes.sealing import Seal, new_key, public_of
from affouage.pool.nodes.signing import sign
from affouage.pool.nodes.spool import Spool
from affouage.pool.nodes.wire import (
    Chunk,
    Fin,
    FromNode,
    Heartbeat,
    Run,
    Served,
    ToNode,
    encode,
    to_node,
)
from affouage.pool.station import Station
from affouage.testing import FixedMeter, InProcessBus

HASTE = Patience(
    chunk_us=400_000, alone_us=400_000, first_us=900_000, gap_us=600_000, mute_us=5_000_000, fin_us=1_500_000
)
"""As the real one, for tests that wait for it."""

BOX = new_key()


class Machine:
    """A node of the test: its keys and what the commons knows of it."""

    def __init__(self, node_id: str, *, owner_id: str = "m_owner", max_watts: float | None = None) -> None:
        self.box = new_key()
        self.key = nkey.new_key("user")
        self.seal = Seal(self.box, public_of(BOX))
        self.record = NodeRecord(
            id=node_id,
            name=node_id.removeprefix("n_"),
            owner_id=owner_id,
            owned_by="member",
            state="approved",
            trust=2,
            public_key=self.key.public,
            box_key=public_of(self.box),
            machine_id=f"machine-{node_id}",
            created_ms=SystemClock().now_ms(),
            max_watts=max_watts,
        )

    @asynccontextmanager
    async def at_work(
        self, home: Path, bus: Bus, *engines: Engine, clock: Clock | None = None, meter: FixedMeter | None = None
    ) -> AsyncIterator[Agent]:
        """Its real agent."""
        clock = clock or SystemClock()
        metering = Metering(meter or FixedMeter(clock, idle_uw=0), clock, machine_id=self.record.machine_id)
        agent = Agent(
            bus=bus,
            seal=self.seal,
            node_id=self.record.id,
            machine_id=self.record.machine_id,
            node=Node(engines),
            metering=metering,
            clock=clock,
            policy=PolicyFile(home),
            spool=Spool(home, lambda block: sign(block, self.key.seed)),
            minute=lambda: 720,
            tick_s=0.05,
        )
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(agent.running())
            await stack.enter_async_context(metering.running(agent.keep))
            stack.push_async_callback(agent.drain, 0)
            yield agent


class Scripted:
    """A node whose every word the test writes: honest, late, mad or hostile."""

    def __init__(self, machine: Machine, bus: Bus, run: str = "r_1") -> None:
        self.machine = machine
        self.bus = bus
        self.run = run
        self.got: list[ToNode] = []
        self.came = asyncio.Event()
        self.names: tuple[str, ...] | None = None
        """What its heartbeats say it works for; None: whatever it was asked."""

    async def listen(self) -> None:
        await self.bus.subscribe(run_subject(self.machine.record.id), self._on_message)
        await self.bus.subscribe(control_subject(self.machine.record.id), self._on_message)

    def _on_message(self, _subject: str, payload: bytes) -> None:
        self.got.append(to_node(self.machine.seal.open(payload)))
        self.came.set()

    def say(self, message: FromNode, topic: str = "") -> None:
        name = self.machine.record.id
        rid = getattr(message, "rid", "blocks")
        subject = heartbeat_subject(name) if isinstance(message, Heartbeat) else out_subject(name, topic or rid)
        self.bus.publish(subject, self.machine.seal.close(encode(message)))

    def raw(self, topic: str, content: bytes) -> None:
        self.bus.publish(out_subject(self.machine.record.id, topic), self.machine.seal.close(content))

    def beat(self, **more: Any) -> None:
        given: dict[str, Any] = {
            "run": self.run,
            "at_ms": 0,
            "machine_id": self.machine.record.machine_id,
            "models": (Served(model_id="echo", engine="echo", slots=2, loaded=True, context_tokens=2048),),
            "running": tuple(one.rid for one in self.asked()) if self.names is None else self.names,
        }
        self.say(Heartbeat(**(given | more)))

    @asynccontextmanager
    async def beating(self, every_s: float = 0.2) -> AsyncIterator[None]:
        async def beat() -> None:
            while True:
                self.beat()
                await asyncio.sleep(every_s)

        task = asyncio.create_task(beat())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    def asked(self) -> list[Run]:
        return [one for one in self.got if isinstance(one, Run)]

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.got if isinstance(one, kind)]

    async def until(self, holds: Callable[[], Any], within_s: float = 5) -> Any:
        async with asyncio.timeout(within_s):
            while not (found := holds()):
                self.came.clear()
                await self.came.wait()
        return found

    async def next_run(self, work: str = "generate") -> Run:
        """The newest of that work."""
        found = await self.until(lambda: [one for one in self.asked() if one.work == work])
        return found[-1]  # type: ignore[no-any-return]

    def chunk(self, run: Run, seq: int, *events: Any, attempt: int = 1, spent_uj: int = 0) -> None:
        self.say(Chunk(rid=run.rid, attempt=attempt, seq=seq, events=events, spent_uj=spent_uj))

    def fin(self, run: Run, seq: int, sha256: str, **more: Any) -> None:
        self.say(Fin(rid=run.rid, attempt=1, seq=seq, count=more.pop("count", seq), sha256=sha256, **more))


class House:
    """The commons: its dispatcher, what it knows of machines, what went to the books."""

    def __init__(
        self, hub: InProcessBus, *machines: Machine, patience: Patience = HASTE, bus: Any = None, **more: Any
    ) -> None:
        """``bus``: instead of an end of the hub."""
        self.hub = hub
        self.bus = hub.end() if bus is None else bus
        self.records = {one.record.id: one.record for one in machines}
        self.written: list[Kept] = []
        self.changed = asyncio.Event()
        self.dispatcher = Dispatcher(
            self.bus,
            BOX,
            SystemClock(),
            lambda: self.records,
            keep_blocks=self._keep,
            on_change=self._changed,
            max_node_watts=3000,
            patience=patience,
            **more,
        )

    async def _keep(self, blocks: list[Kept]) -> None:
        self.written += blocks

    def _changed(self) -> None:
        self.changed.set()

    def revoke(self, machine: Machine) -> None:
        self.records[machine.record.id] = msgspec.structs.replace(machine.record, state="revoked")
        self.dispatcher.forget(machine.record.id)

    async def station(self, model_id: str = "echo", within_s: float = 5) -> Station:
        """The first, once there is one."""
        await self.until(lambda: self.dispatcher.stations(model_id), within_s)
        return self.dispatcher.stations(model_id)[0]

    async def until(self, holds: Callable[[], Any], within_s: float = 5) -> None:
        """Looked at whenever what is offered changes."""
        async with asyncio.timeout(within_s):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def engine(self, model_id: str = "echo") -> RemoteEngine:
        engine = (await self.station(model_id)).engine
        assert isinstance(engine, RemoteEngine)
        return engine


def chat(text: str, model: str = "echo", **more: Any) -> ChatRequest:
    return ChatRequest(model=model, messages=(Message("user", text),), **more)


async def events_of(engine: Engine, request: ChatRequest) -> list[EngineEvent]:
    async with aclosing(engine.generate(request)) as events:
        return [event async for event in events]


def text_of(events: list[EngineEvent]) -> str:
    return "".join(delta_text(one) for one in events if isinstance(one, Delta))


def is_whole(events: list[EngineEvent]) -> bool:
    return isinstance(events[-1], Final) and any(isinstance(one, Delta) and one.finish for one in events)
