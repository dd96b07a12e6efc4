"""The commons' side of its nodes: hears them, offers what they have as stations, tells who is here.

Everything a node sends passes here first, and little of it may: known sender, bounded rate, opened by its seal, decoded
strictly. One node that floods or lies costs itself its place, and nobody else anything.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
import zlib
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from affouage.clock import Clock
from affouage.errors import AffouageError
from affouage.ledger.receipt import Kept
from affouage.pool.engine import Engine
from affouage.pool.nodes import wire
from affouage.pool.nodes.bus import Bus, BusDown
from affouage.pool.nodes.link import Link
from affouage.pool.nodes.node_view import NodeView, RemoteModel, view_of
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.remote_run import Patience
from affouage.pool.nodes.sealing import Unsealable
from affouage.pool.nodes.throttle import Throttle
from affouage.pool.nodes.wire_training import Train, TrainSaid
from affouage.pool.station import Station

_log = logging.getLogger("affouage.pool")

TICK_S = 0.2
RENEW_US = 2_000_000
KEEP_US = 1_000_000
"""Readings that no settlement took within so long go to the books by themselves."""
TELL_US = 60_000_000
STALL_US = 500_000
"""We were busy ourselves for so long: what came meanwhile is read before anybody is blamed."""
DOWN_US = 3_000_000
"""Our own link to the broker is down: the nodes may well be there, but nobody can wait any longer."""
SEEN_US = 60_000_000
HEARTBEAT_BYTES = 200_000

KeepBlocks = Callable[[list[Kept]], Awaitable[None]]


def _ignore(_node_id: str, _message: object) -> None:
    return None


class Dispatcher:
    """Use as ``async with dispatcher.running()``: it owns one task.

    ``box_private``: the commons' X25519 key. ``nodes``: every machine there is, by id; asked at each message. ``bus``:
    the commons' own connection. ``keep_blocks``: writes readings in the books. ``on_change``: told when what is offered
    changes. ``max_node_watts``: of a machine whose owner declared none. ``file_sha256_of``: digest of a model's file as
    the commons knows it, None unknown: a node with another file under that name is not asked for it. ``gateway_id`` and
    ``of_another(rid)``: see :class:`~affouage.pool.nodes.link.Link`.
    """

    def __init__(
        self,
        bus: Bus,
        box_private: bytes,
        clock: Clock,
        nodes: Callable[[], Mapping[str, NodeRecord]],
        *,
        keep_blocks: KeepBlocks,
        on_change: Callable[[], None],
        max_node_watts: float,
        file_sha256_of: Callable[[str], str | None] = lambda _model_id: None,
        patience: Patience | None = None,
        gateway_id: str = "",
        of_another: Callable[[str], bool] = lambda _rid: False,
    ) -> None:
        self._file_wanted: Callable[[str, wire.FileWanted], None] = _ignore
        self._file_state: Callable[[str, wire.FileState], None] = _ignore
        self._training: Callable[[str, TrainSaid], None] = _ignore
        self._seen_by: Callable[[str, wire.Heartbeat], None] = _ignore
        self.unknown: Counter[str] = Counter()
        """Messages under the name of no machine that is approved, and others that nobody sent; told once a minute."""
        self.unknown_before: Counter[str] = Counter()
        self._bus = bus
        self._box_private = box_private
        self._clock = clock
        self._nodes = nodes
        self._keep_blocks = keep_blocks
        self._changed = on_change
        self._max_node_watts = max_node_watts
        self._file_sha256_of = file_sha256_of
        self._patience = patience or Patience()
        self._gateway_id = gateway_id
        self._of_another = of_another
        self._links: dict[str, Link] = {}
        self._throttles: dict[str, Throttle] = {}
        self._seen: dict[str, tuple[int, wire.Policy]] = {}
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._down_us: int | None = None
        self._stalled = False
        self._looked_us = self._renewed_us = self._told_us = clock.monotonic_us()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._looked_us = self._clock.monotonic_us()
        self._bus.on_change(self._on_link)
        if not self._bus.connected:
            self._down_us = self._looked_us
        await self._bus.subscribe("hb.*", self._on_heartbeat)
        if self._gateway_id:
            await self._bus.subscribe(f"out.*.{self._gateway_id}.*", self._on_out)
        await self._bus.subscribe("out.*.*" if self._gateway_id else "out.*.>", self._on_out)
        task = asyncio.create_task(self._look_on(), name="dispatcher")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            for link in self._links.values():
                link.lose("stopping")
            await self._write_blocks(0)

    @property
    def connected(self) -> bool:
        """Does the commons reach its broker now?"""
        return self._bus.connected

    # --- what is offered --------------------------------------------------------------------------------------------

    def stations(self, model_id: str) -> list[Station]:
        """Every node here that has the model, closed ones (no slot) included. Cheap."""
        found = []
        for link in self._links.values():
            station = link.station(model_id) if self._may_serve(link, model_id) else None
            if station is not None:
                found.append(station)
        return found

    def _may_serve(self, link: Link, model_id: str) -> bool:
        record = self._nodes().get(link.record.id)
        served = link.models().get(model_id)
        if record is None or not record.serves or served is None:
            return False
        known = self._file_sha256_of(model_id)
        return known is None or served.file_sha256 in (None, known)

    def engines(self) -> list[Engine]:
        """One engine of each model that some node here has."""
        found: dict[str, Engine] = {}
        for link in self._links.values():
            for model_id in link.models():
                if model_id not in found and self._may_serve(link, model_id):
                    found[model_id] = link.engine(model_id)
        return list(found.values())

    def models(self) -> dict[str, RemoteModel]:
        """Every model that some node here has: the widest context, the file when all tell the same."""
        found: dict[str, RemoteModel] = {}
        for link in self._links.values():
            for served in link.models().values():
                if self._may_serve(link, served.model_id):
                    found[served.model_id] = RemoteModel.of(served, found.get(served.model_id))
        return found

    def nodes(self) -> list[NodeView]:
        """Every machine that may serve, here or not, by name."""
        now_us = self._clock.monotonic_us()
        records = sorted((one for one in self._nodes().values() if one.serves), key=lambda one: one.name)
        return [view_of(one, self._links.get(one.id), now_us, self._file_sha256_of) for one in records]

    def here(self) -> list[str]:
        """Ids of the nodes connected now."""
        now_us = self._clock.monotonic_us()
        return [one for one, link in self._links.items() if link.presence.state(now_us) != "absent"]

    def _alone(self, model_id: str, node_id: str) -> bool:
        return not any(station.node_id != node_id and station.slots for station in self.stations(model_id))

    # --- told to nodes ----------------------------------------------------------------------------------------------

    def set_policy(self, node_id: str, policy: wire.Policy, serial: int) -> bool:
        """The owner changed what he lends from the pages. False: the machine is not here, and does not know."""
        link = self._links.get(node_id)
        if link is None or node_id not in self.here():
            return False
        link.set_policy(wire.SetPolicy(policy=policy, serial=serial))
        return True

    def send(self, node_id: str, message: wire.FileOffer | wire.FilePiece | Train) -> None:
        """Raises BusDown, also when the machine is not here."""
        link = self._links.get(node_id)
        if link is None:
            raise BusDown("The machine is not here.", remedy="It will be offered again.")
        link.send(message)

    def forget(self, node_id: str) -> None:
        """Revoked: whatever runs there is lost at once."""
        link = self._links.pop(node_id, None)
        self._throttles.pop(node_id, None)
        self._seen.pop(node_id, None)
        if link is not None:
            link.lose("revoked")

    def disconnected(self, public_key: str) -> None:
        """The broker says that the last connection of this key (U...) is closed."""
        for link in list(self._links.values()):
            if link.record.public_key == public_key:
                link.lose("disconnected")

    # --- who else listens -------------------------------------------------------------------------------------------

    def on_file_wanted(self, told: Callable[[str, wire.FileWanted], None]) -> None:
        """``told(node id, message)``, on the event loop, at each piece of a model's file that a node asks for."""
        self._file_wanted = told

    def on_file_state(self, told: Callable[[str, wire.FileState], None]) -> None:
        """How a model given to a node is doing there."""
        self._file_state = told

    def on_training(self, told: Callable[[str, TrainSaid], None]) -> None:
        """Everything that a node says of a run of training."""
        self._training = told

    def on_seen(self, told: Callable[[str, wire.Heartbeat], None]) -> None:
        """A node is here: when it comes, once a minute, and when its owner lends otherwise."""
        self._seen_by = told

    # --- heard ------------------------------------------------------------------------------------------------------

    def _on_heartbeat(self, subject: str, payload: bytes) -> None:
        node_id = subject.removeprefix("hb.")
        message = self._open(node_id, payload, most_bytes=HEARTBEAT_BYTES)
        if message is None:
            return
        link, heard, _ = message
        if not isinstance(heard, wire.Heartbeat):
            link.dropped["on the wrong subject"] += 1
            return
        if link.beat is None:  # it was away
            self._seen.pop(node_id, None)
        self._safely(link, lambda: link.heard(heard))
        self._tell_seen(node_id, heard)

    def _on_out(self, subject: str, payload: bytes) -> None:
        node_id, _, rest = subject.removeprefix("out.").partition(".")
        topic = rest.rpartition(".")[2]
        message = self._open(node_id, payload, topic)
        if message is None:
            return
        link, heard, digest = message
        self._safely(link, lambda: self._take(link, topic, heard, digest))

    def _take(self, link: Link, topic: str, heard: wire.FromNode, digest: int) -> None:
        node_id = link.record.id
        match heard:
            case wire.Chunk() if heard.rid == topic:
                link.chunk(heard, digest)
            case wire.Fin() if heard.rid == topic:
                link.fin(heard)
            case wire.Blocks() if topic == "blocks":
                link.meter.take(heard.blocks)
            case wire.FileWanted() if topic == "file":
                self._file_wanted(node_id, heard)
            case wire.FileState() if topic == "file":
                self._file_state(node_id, heard)
            case _ if topic == "train" and isinstance(heard, TrainSaid):
                self._training(node_id, heard)
            case _:
                link.dropped["on the wrong subject"] += 1

    def _open(
        self, node_id: str, payload: bytes, topic: str = "", most_bytes: int | None = None
    ) -> tuple[Link, wire.FromNode, int] | None:
        link = self._link(node_id)
        if link is None:
            return None
        throttle = self._throttles[node_id]
        if not throttle.admit(len(payload), self._clock.monotonic_us(), runs=len(link.runs), beat=not topic):
            link.dropped["too many"] += 1
            return None
        if most_bytes is not None and len(payload) > most_bytes:
            link.dropped["too large"] += 1
            return None
        try:
            opened = link.seal.open(payload)
        except Unsealable:  # not by this node: it cannot be held against its runs
            link.dropped["not sealed by it"] += 1
            return None
        try:
            return link, wire.from_node(opened), zlib.crc32(opened)
        except wire.Malformed:
            self._safely(link, lambda: link.malformed(topic))
            return None

    def _link(self, node_id: str) -> Link | None:
        """The link of an approved node; made anew when its keys changed."""
        record = self._nodes().get(node_id)
        if record is None or not record.serves:
            self.unknown["of no machine of ours"] += 1
            if node_id in self._links:
                self.forget(node_id)
            return None
        link = self._links.get(node_id)
        if link is not None and link.record is record:
            return link
        if link is not None and _same_keys(link.record, record):
            link.record = record
            link.meter.max_watts = record.max_watts or self._max_node_watts
            return link
        if link is not None:
            self.forget(node_id)
        made = self._links[node_id] = Link(
            record,
            self._box_private,
            self._bus,
            self._clock,
            max_watts=record.max_watts or self._max_node_watts,
            patience=self._patience,
            owners=self._owners,
            changed=self._changed,
            alone=self._alone,
            gateway_id=self._gateway_id,
            of_another=self._of_another,
        )
        self._throttles[node_id] = Throttle(self._clock.monotonic_us())
        return made

    def _tell_seen(self, node_id: str, beat: wire.Heartbeat) -> None:
        now_us = self._clock.monotonic_us()
        told = self._seen.get(node_id)
        if told is None or now_us - told[0] >= SEEN_US or told[1] != beat.policy:
            self._seen[node_id] = (now_us, beat.policy)
            self._seen_by(node_id, beat)

    def _safely(self, link: Link, work: Callable[[], None]) -> None:
        """On the bus's own call, where nothing may be raised; our own faults are told by their place."""
        try:
            work()
        except Exception as unforeseen:
            where = traceback.extract_tb(unforeseen.__traceback__)[-1]
            _log.error("unforeseen %s at %s:%s", type(unforeseen).__name__, where.filename, where.lineno)
            link.dropped["unforeseen"] += 1

    # --- time -------------------------------------------------------------------------------------------------------

    def _on_link(self, connected: bool) -> None:
        now_us = self._clock.monotonic_us()
        if not connected:
            self._down_us = self._down_us or now_us
            return
        down_us, self._down_us = self._down_us, None
        for link in self._links.values():
            link.forgive(now_us - (down_us or now_us), now_us)
            link.reconnected(now_us)
            link.renew()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self._look()
                await self._write_blocks(KEEP_US)
            except Exception as unforeseen:
                where = traceback.extract_tb(unforeseen.__traceback__)[-1]
                _log.error("unforeseen %s at %s:%s", type(unforeseen).__name__, where.filename, where.lineno)

    def _look(self) -> None:
        now_us = self._clock.monotonic_us()
        passed_us, self._looked_us = now_us - self._looked_us, now_us
        self._stalled = passed_us > STALL_US and not self._stalled
        if self._stalled:
            return
        if self._down_us is not None:
            if now_us - self._down_us > DOWN_US:
                self._lose_all()
            return
        for link in list(self._links.values()):
            link.look(now_us)
        if now_us - self._renewed_us >= RENEW_US:
            self._renewed_us = now_us
            for link in self._links.values():
                link.renew()
        if now_us - self._told_us >= TELL_US:
            self._told_us = now_us
            self._complain()

    def _lose_all(self) -> None:
        for link in self._links.values():
            if link.beat is not None:
                link.lose("broker")

    def _complain(self) -> None:
        for link in self._links.values():
            link.complain()
        if self.unknown:
            _log.warning("messages dropped: %s", ", ".join(f"{n} {why}" for why, n in sorted(self.unknown.items())))
            self.unknown_before += self.unknown
            self.unknown.clear()

    async def _write_blocks(self, older_than_us: int) -> None:
        for link in list(self._links.values()):
            blocks = link.meter.blocks()
            if not blocks or link.meter.waiting_us() < older_than_us:
                continue
            try:
                await self._keep_blocks(blocks)
            except AffouageError as unwritten:
                _log.warning("readings of machines wait for the books: %s", unwritten.code)
                return
            link.meter.kept(blocks)

    def links(self) -> Iterable[Link]:
        """For those who count: what each node was refused, lost, dropped."""
        return self._links.values()


def _same_keys(one: NodeRecord, other: NodeRecord) -> bool:
    mine, theirs = (one.box_key, one.public_key, one.machine_id), (other.box_key, other.public_key, other.machine_id)
    return mine == theirs
