"""The composition root of a machine that is lent: settings in, a node at work for its commons. Needs extra ``pool``.

It has engines and a meter, as a commons has; no database of its own, no page, no port that listens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from affouage.adapters import joining
from affouage.adapters.buses.nats import NatsBus
from affouage.adapters.buses.pool_bus import need_extra, open_node_bus
from affouage.adapters.meters.choose import open_meter
from affouage.adapters.trainers.lending import Lending
from affouage.adapters.trainers.local import LocalTrainer
from affouage.catalogue.card import load_cards
from affouage.catalogue.machine import machine_id, memory
from affouage.catalogue.store import ModelStore
from affouage.chat import EMBEDDER
from affouage.clock import Clock, SystemClock
from affouage.errors import AffouageError, Conflict, HomeReadOnly, NotFound, Unavailable
from affouage.footprint.meter import Meter
from affouage.footprint.weights import TokenWeights
from affouage.ledger import calibrations
from affouage.machine_room import EngineMaker
from affouage.pool.engine import Engine
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.nodes import nkey
from affouage.pool.nodes.agent import Agent
from affouage.pool.nodes.files import FileFetch
from affouage.pool.nodes.identity import Enrolled, read_identity, write_identity
from affouage.pool.nodes.node_state import Ended, NodeState, Tally, lent, read_state, write_state
from affouage.pool.nodes.policy import lends
from affouage.pool.nodes.policy_file import PolicyFile
from affouage.pool.nodes.sealing import Seal
from affouage.pool.nodes.signing import sign
from affouage.pool.nodes.spool import Spool
from affouage.pool.nodes.watts import WatchedMeter
from affouage.pool.processor_time import ProcessorTime
from affouage.pool.room import Room
from affouage.settings import Settings
from affouage.storage import open_database
from affouage.storage.database import begun
from affouage.storage.home import claimed

_log = logging.getLogger("affouage.node")

RENEW_EVERY_US = 24 * 3600 * 1_000_000
CUT_LOOK_S = 2.0
"""How long a broken link lasts before the commons is asked whether this machine may still come back."""
CUT_LOOKS_S = 30.0
STATE_EVERY_S = 2.0
NEW_MODELS_S = 5.0


class Owner(Protocol):
    """Whoever looks at the machine at work."""

    def starts(self, enrolled: Enrolled, models: tuple[str, ...]) -> None: ...

    def link(self, connected: bool, problem: str) -> None: ...

    def ended(self, ended: Ended) -> None: ...

    def leaves(self, running: int) -> None: ...


async def serve_node(
    settings: Settings,
    owner: Owner,
    leaving: asyncio.Event,
    *,
    clock: Clock | None = None,
    engines: Iterable[Engine] | None = None,
    meter: Meter | None = None,
    place: Path | None = None,
) -> None:
    """Work for the commons this machine joined until ``leaving`` is set; what runs is then finished.

    ``engines``: instead of the machine's own; ``meter``: instead of its best one (tests). ``place``: where it keeps
    what a node keeps, when its home is that of the commons itself. Raises NotFound when it joined none, Conflict when
    no steward approved it yet, NotAllowed when it was revoked or refused, SetUpError.
    """
    need_extra()
    clock = clock or SystemClock()
    place = place or settings.home
    with claimed(place):
        while not leaving.is_set():
            async with _open_house(settings, owner, clock, engines, meter, place) as house:
                await house.serve(leaving)


@asynccontextmanager
async def _open_house(
    settings: Settings,
    owner: Owner,
    clock: Clock,
    engines: Iterable[Engine] | None,
    meter: Meter | None,
    place: Path,
) -> AsyncIterator[_House]:
    pass_ = _Pass(place, clock)
    async with AsyncExitStack() as stack:
        store = ModelStore(settings.models_dir, clock=clock)
        make = EngineMaker(settings, store, clock, Room(lambda: memory().available_bytes), voices=False)
        node = Node(make.all() if engines is None else engines, make.find if engines is None else None)
        stack.push_async_callback(node.close)
        spool = Spool(place, lambda block: sign(block, pass_.now.seed))
        learning = LocalTrainer()
        own_cpu_us = ProcessorTime(node.engines, learning.cpu_us)
        watched = WatchedMeter(
            meter
            or open_meter(settings, clock, own_cpu_us=own_cpu_us, own_pids=lambda: [*node.pids(), *learning.pids()]),
            clock,
        )
        metering = await _metering(settings, clock, watched, pass_.now.machine_id, spool)
        bus = open_node_bus(lambda: pass_.now)
        stack.push_async_callback(bus.close)
        house = _House(place, owner, clock, pass_, bus, node)
        agent = house.agent = Agent(
            bus=bus,
            seal=Seal(bytes.fromhex(pass_.now.box_private), bytes.fromhex(pass_.now.commons_box_key)),
            node_id=pass_.now.node_id,
            machine_id=pass_.now.machine_id,
            node=node,
            metering=metering,
            clock=clock,
            policy=PolicyFile(place),
            spool=spool,
            minute=_minutes(settings, clock),
            watts=watched.watts,
            tell=house.note,
        )
        files = agent.files = FileFetch(
            store,
            lambda: load_cards(settings.home),
            agent.send,
            clock,
            lends=lambda model_id: lends(agent.standing().policy, model_id),
            on_installed=lambda model_id: _look_for(node, model_id),
        )
        lending = agent.training = _lending(place, agent, learning, metering, watched, pass_, clock)
        owner.starts(pass_.now, house.models())
        bus.on_change(house.on_link)
        await stack.enter_async_context(agent.running())
        await stack.enter_async_context(_owned(files.serve(), "model files"))
        await stack.enter_async_context(_owned(_look_for_new(store, node), "new models"))
        stack.push_async_callback(lending.leave)
        await stack.enter_async_context(_owned(lending.serve(), "training"))
        await stack.enter_async_context(metering.running(agent.keep))
        stack.push_async_callback(agent.drain, 0)  # before the meter stops: each run's energy is told
        await stack.enter_async_context(_owned(house.tell_state(), "state"))
        yield house


def _lending(
    place: Path,
    agent: Agent,
    learning: LocalTrainer,
    metering: Metering,
    watched: WatchedMeter,
    pass_: _Pass,
    clock: Clock,
) -> Lending:
    """Runs of training of the commons, when the owner lends the machine for them."""
    return Lending(
        place,
        learning,
        agent.send_training,
        clock,
        machine_id=pass_.now.machine_id,
        sign=lambda content: nkey.from_seed(pass_.now.seed, "user").sign(content),
        lent=lambda: agent.lends_training,
        closed=lambda: agent.standing().closed,
        serving=metering.serving,
        watts=watched.watts,
        learns=all(find_spec(name) is not None for name in ("torch", "transformers", "peft")),
    )


async def _look_for_new(store: ModelStore, node: Node) -> None:
    """What another program installs here is lent within seconds."""
    known: set[str] = set()
    while True:
        installed = {one.id for one in await asyncio.to_thread(store.installed)}
        for model_id in installed - known:
            _look_for(node, model_id)
        known = installed
        await asyncio.sleep(NEW_MODELS_S)


def _look_for(node: Node, model_id: str) -> None:
    """From now on it is among the node's engines."""
    node.find(model_id)


async def _metering(settings: Settings, clock: Clock, meter: Meter, named: str, spool: Spool) -> Metering:
    """The meter at work, from where this machine left it; calibrated, if it was (`affouage meter calibrate`)."""
    known = calibrations.Calibrations()
    if begun(settings.database_place):
        db = open_database(settings.database_place)
        try:
            meter_id, here = meter.info().id, machine_id()
            known = await db.read(lambda connection: calibrations.newest(connection, here, meter_id))
        finally:
            db.close()
    return Metering(
        meter,
        clock,
        machine_id=named,
        weights=TokenWeights(known.by_model),
        idle_uw=known.idle_uw,
        resume=spool.resume(named),
    )


def _minutes(settings: Settings, clock: Clock) -> Callable[[], int]:
    """The minute of the day where the machine is."""
    zone = ZoneInfo(settings.commons.time_zone) if settings.commons.time_zone else None

    def minute() -> int:
        here = datetime.fromtimestamp(clock.now_ms() / 1000, zone)
        return here.hour * 60 + here.minute

    return minute


class _Pass:
    """What lets this machine in, as kept in its home. Raises NotFound, Conflict when it may not come in yet."""

    def __init__(self, home: Path, clock: Clock) -> None:
        held = read_identity(home)
        if held is None:
            raise NotFound(
                "This machine has not joined any commons.",
                remedy='Ask a steward for an invitation, then: affouage node join "INVITATION"',
                code="node_no_invitation",
            )
        if held.state != "approved":
            raise Conflict(
                "No steward has approved this machine yet.",
                remedy="Wait for it with: affouage node join",
                code="node_not_approved",
            )
        self.now = held
        self._home = home
        self._clock = clock

    async def renew(self) -> Literal["renewed", "later", "moved"]:
        """A new credential. "moved": the broker is elsewhere, connect anew. Raises NotAllowed, NotFound once it is
        over, HomeReadOnly when it moved and that cannot be written."""
        before = self.now
        try:
            self.now = await joining.renewed(before, self._clock)
        except AffouageError as no:
            if no.code in joining.GONE:
                raise
            _log.info("the credential was not renewed: %s", no.code)
            return "later"
        moved = _place(before) != _place(self.now)
        try:
            write_identity(self._home, self.now)
        except HomeReadOnly as refused:
            if moved:  # whoever connects anew reads it there
                raise
            _log.error("it serves on, but the new credential is not kept for the next start: %s", refused)
        return "moved" if moved else "renewed"


def _place(held: Enrolled) -> tuple[str, str, str, str]:
    return held.bus_url, held.ca_pem, held.commons_box_key, held.machine_id


class _House:
    """A machine at work, once all is open."""

    agent: Agent

    def __init__(self, home: Path, owner: Owner, clock: Clock, pass_: _Pass, bus: NatsBus, node: Node) -> None:
        self._home = home
        self._owner = owner
        self._clock = clock
        self._pass = pass_
        self._bus = bus
        self._node = node
        self._cut = asyncio.Event()
        self._started_ms = clock.now_ms()
        before = read_state(home)
        self._since_start = Tally()
        self._in_all = Tally() if before is None else before.in_all

    def models(self) -> tuple[str, ...]:
        """Those that are lent and answer questions."""
        there = (one.model_id for one in self._node.engines() if one.model_id != EMBEDDER)
        return lent(there, self.agent.standing().policy.models)

    def on_link(self, connected: bool) -> None:
        if not connected:
            self._cut.set()
        self._owner.link(connected, self._bus.problem)

    def note(self, ended: Ended) -> None:
        self._since_start, self._in_all = self._since_start.plus(ended), self._in_all.plus(ended)
        self._owner.ended(ended)

    async def serve(self, leaving: asyncio.Event) -> None:
        """Until ``leaving``, or until the commons has moved and has to be found again."""
        async with _owned(self._keep_pass(), "credential") as keeping, _owned(leaving.wait(), "leaving") as left:
            await asyncio.wait([keeping, left], return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()  # raises what ended it
                return
        self._owner.leaves(len(self.agent.runs.rids))
        await self.agent.drain()

    async def _keep_pass(self) -> None:
        """Renewed once a day; asked about as soon as the broker does not let us in. Ends when the commons moved."""
        try:
            await self._bus.until_connected(CUT_LOOK_S)
        except Unavailable:
            self._owner.link(False, self._bus.problem)
        renewed_us: int | None = None
        while True:
            due = renewed_us is None or self._clock.monotonic_us() - renewed_us >= RENEW_EVERY_US
            if due or not self._bus.connected:
                came = await self._pass.renew()
                if came == "moved":
                    return
                renewed_us = self._clock.monotonic_us() if came == "renewed" else renewed_us
            await self._pause()

    async def _pause(self) -> None:
        """Till the next look: soon after the link is cut, and it stays cut."""
        self._cut.clear()
        try:
            async with asyncio.timeout(CUT_LOOKS_S):
                await self._cut.wait()
        except TimeoutError:
            return
        await asyncio.sleep(CUT_LOOK_S)

    async def tell_state(self) -> None:
        while True:
            await asyncio.to_thread(write_state, self._home, self._state())
            await asyncio.sleep(STATE_EVERY_S)

    def _state(self) -> NodeState:
        standing = self.agent.standing()
        return NodeState(
            at_ms=self._clock.now_ms(),
            started_ms=self._started_ms,
            connected=self._bus.connected,
            problem=self._bus.problem,
            closed=standing.closed,
            running=len(self.agent.runs.rids),
            watts=self.agent.watts(),
            models=self.models(),
            waiting_blocks=len(self.agent.spool),
            dropped=self.agent.inbox.dropped.total(),
            learning=self.agent.training is not None and self.agent.training.standing() == "busy",
            since_start=self._since_start,
            in_all=self._in_all,
        )


@asynccontextmanager
async def _owned(work: Coroutine[Any, Any, Any], name: str) -> AsyncIterator[asyncio.Task[Any]]:
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        problem = None if task.cancelled() else task.exception()
        if problem is not None and not isinstance(problem, AffouageError):  # those are told to the owner
            _log.error("%s ended on %s", name, type(problem).__name__)
