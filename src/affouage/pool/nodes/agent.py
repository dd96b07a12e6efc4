"""A member's machine at the service of the commons: runs what it is asked, within what its owner lends.

Nothing here trusts what comes: it is opened, decoded strictly, validated again. The machine works for nobody but those
who still want it: a run that the commons does not renew stops. Only durations count, by the machine's own clock.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec

from affouage.clock import Clock
from affouage.errors import AffouageError
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.nodes.agent_runs import Runs, Standing
from affouage.pool.nodes.bus import Bus, control_subject, heartbeat_subject, run_subject
from affouage.pool.nodes.heartbeat import heartbeat_of
from affouage.pool.nodes.inbox import Inbox
from affouage.pool.nodes.node_state import Ended
from affouage.pool.nodes.outbox import Outbox
from affouage.pool.nodes.policy import closed_reason
from affouage.pool.nodes.policy_file import PolicyFile
from affouage.pool.nodes.sealing import Seal
from affouage.pool.nodes.spool import Spool
from affouage.pool.nodes.wire import (
    Ack,
    Blocks,
    Cancel,
    FileOffer,
    FilePiece,
    FileState,
    FileWanted,
    Kept,
    Renew,
    Resend,
    Run,
    SetPolicy,
    ToNode,
)
from affouage.pool.nodes.wire_training import Train, Training, TrainSaid
from affouage.pool.run import KeptBlock

_log = logging.getLogger("affouage.node")

TICK_S = 0.25
HEARTBEAT_US = 1_000_000
OFFER_EVERY_US = 30_000_000
"""How often readings that no run's end carried are looked for."""
DRAIN_S = 30.0
FAREWELL_S = 2.0


class Files(Protocol):
    """What is done with model files that the commons gives: ``files.FileFetch``."""

    def on_offer(self, offer: FileOffer) -> None: ...

    def on_piece(self, piece: FilePiece) -> None: ...


class LentTraining(Protocol):
    """What is done with runs of training that the commons sends: ``adapters.trainers.lending``."""

    def on_message(self, message: Train) -> None: ...

    def standing(self) -> Training: ...


class Agent:
    """Use as ``async with agent.running():``, with ``metering.running(agent.keep)`` inside it.

    ``policy``: what the owner lends. ``minute``: of the day where the machine is, 0..1439. ``watts``: drawn now, None
    unknown. ``tell``: what the machine served, for its owner. ``files``: None takes no model files.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        seal: Seal,
        node_id: str,
        machine_id: str,
        node: Node,
        metering: Metering,
        clock: Clock,
        policy: PolicyFile,
        spool: Spool,
        minute: Callable[[], int],
        watts: Callable[[], float | None] = lambda: None,
        tell: Callable[[Ended], None] = lambda _ended: None,
        files: Files | None = None,
        tick_s: float = TICK_S,
    ) -> None:
        self.node_id = node_id
        self.run = f"r_{secrets.token_hex(8)}"
        self.spool = spool
        self._bus = bus
        self._machine_id = machine_id
        self._node = node
        self._clock = clock
        self._policy_file = policy
        self._kept_policy = policy.now()
        self._set_policy: SetPolicy | None = None
        self._minute = minute
        self.watts = watts
        self.files = files
        self.training: LentTraining | None = None
        self._tick_s = tick_s
        self._draining = False
        self.outbox = Outbox(bus, seal, node_id)
        self.inbox = Inbox(seal, clock, run_subject(node_id))
        self.runs = Runs(
            node=node,
            metering=metering,
            outbox=self.outbox,
            spool=spool,
            clock=clock,
            standing=self.standing,
            tell=tell,
        )
        self._beat_us: int | None = None
        self._offered_us: int | None = None
        self._was: Standing | None = None
        self._complained = ""

    def standing(self) -> Standing:
        """What is lent now."""
        policy = self._kept_policy.policy
        closed = closed_reason(
            policy,
            minute=self._minute(),
            watts=self.watts(),
            draining=self._draining,
            owner_waits=self.runs.owner_waits,
        )
        return Standing(policy=policy, closed=closed, draining=self._draining)

    @property
    def lends_training(self) -> bool:
        """Whether the owner lends the machine for runs of training too."""
        return self._kept_policy.training

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen and work until left; :meth:`drain` first, or what runs is stopped."""
        self._bus.on_change(self._on_link)
        await self._bus.subscribe(run_subject(self.node_id), self._on_message)
        await self._bus.subscribe(control_subject(self.node_id), self._on_message)
        task = asyncio.create_task(self._live(), name="agent")
        try:
            yield
        finally:
            await self.drain(0)
            await self._farewell()
            task.cancel()
            await asyncio.wait([task])

    async def drain(self, limit_s: float = DRAIN_S) -> None:
        """Take nothing more and say so; finish what runs within ``limit_s``, then stop it. Each run tells its end."""
        self._draining = True
        self.beat()
        await self.runs.finish(limit_s)

    async def keep(self, blocks: Sequence[KeptBlock]) -> None:
        """What the meter hands over when no run ends: written down here, offered to the commons in a moment."""
        await self.spool.keep(blocks)

    def send(self, message: FileWanted | FileState) -> None:
        """About model files; lost when the link is down, and asked again."""
        self.outbox.say("file", message)

    def send_training(self, message: TrainSaid) -> None:
        """About a run of training; lost when the link is down, and told again."""
        self.outbox.say("train", message)

    # --- what comes ---------------------------------------------------------------------------------------------------

    def _on_message(self, subject: str, payload: bytes) -> None:
        message = self.inbox.read(subject, payload)
        if message is None:
            return
        try:
            self._obey(message)
        except Exception as unforeseen:  # one message never stops those that follow
            self._complain(unforeseen)

    def _obey(self, message: ToNode) -> None:
        match message:
            case Run():
                if not self.runs.take(message):
                    self.inbox.drop("played again")
            case Renew():
                self.runs.renew(message.runs)
            case Cancel():
                self.runs.cancel((message.rid, message.attempt))
            case Resend():
                self.runs.resend((message.rid, message.attempt), message.seq)
            case Ack():
                self.outbox.ack((message.rid, message.attempt))
            case Kept():
                self.spool.kept(message.block_ids)
            case SetPolicy():
                self._set_policy = message
            case FileOffer():
                if self.files is not None:
                    self.files.on_offer(message)
            case FilePiece():
                if self.files is not None:
                    self.files.on_piece(message)
            case _:
                if self.training is not None:
                    self.training.on_message(message)

    def _on_link(self, connected: bool) -> None:
        if connected:
            self.beat()
            self.outbox.tell_ends(self._clock.monotonic_us())
            self._offered_us = None

    # --- what passes with time ----------------------------------------------------------------------------------------

    async def _live(self) -> None:
        while True:
            try:
                await self._tick()
            except Exception as unforeseen:
                self._complain(unforeseen)
            await asyncio.sleep(self._tick_s)

    async def _tick(self) -> None:
        await self._look_at_policy()
        self.runs.look()
        now_us, standing = self._clock.monotonic_us(), self.standing()
        if self._beat_us is None or now_us - self._beat_us >= HEARTBEAT_US or standing != self._was:
            self.beat()
        self.outbox.look_back(now_us)
        due = self._offered_us is None or now_us - self._offered_us >= OFFER_EVERY_US
        if due and self._bus.connected and not self._offer(now_us):
            self._offered_us = now_us

    def beat(self) -> None:
        """Tell what is here and what is lent."""
        self._beat_us, self._was = self._clock.monotonic_us(), self.standing()
        heartbeat = heartbeat_of(
            self._node.engines(),
            run=self.run,
            at_ms=self._clock.now_ms(),
            machine_id=self._machine_id,
            standing=self._was,
            runs=self.runs,
            watts=self.watts(),
        )
        if self.training is not None:
            heartbeat = msgspec.structs.replace(heartbeat, training=self.training.standing())
        self.outbox.publish(heartbeat_subject(self.node_id), heartbeat)

    def _offer(self, now_us: int) -> bool:
        """Some of the readings that wait. False when there are none left to offer now."""
        blocks = self.spool.to_offer(now_us)
        if blocks:
            self.outbox.say("blocks", Blocks(blocks=blocks))
        return bool(blocks)

    async def _look_at_policy(self) -> None:
        asked, self._set_policy = self._set_policy, None
        try:
            if asked is not None:
                await asyncio.to_thread(self._policy_file.apply, asked.policy, asked.serial)
            self._kept_policy = self._policy_file.now()
            self._complained = ""
        except AffouageError as wrong:  # the last one that was understood stays in force
            if str(wrong) != self._complained:
                self._complained = str(wrong)
                _log.error("what is lent stays as it was: %s", wrong)

    async def _farewell(self) -> None:
        """The last readings, for as long as it may take; what is not taken waits for the next start."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                while len(self.spool) and self._bus.connected:
                    self._offer(self._clock.monotonic_us())
                    await asyncio.sleep(0.05)
        except TimeoutError:
            _log.info("%d blocks of readings wait for the next start", len(self.spool))

    @staticmethod
    def _complain(unforeseen: Exception) -> None:
        where = traceback.extract_tb(unforeseen.__traceback__)[-1]
        _log.error("unforeseen %s at %s:%s", type(unforeseen).__name__, where.filename, where.lineno)
