"""A node's meter as the path of a request uses it: what the node counted and signed, believed as far as it can be.

The node meters itself and signs its blocks; their parts stand under the run's own random name (``rid``), which the
receipt keeps as ``run_id``. What a receipt says is what the signed blocks say of that run, exactly: the books then add
up, and anybody can compute them again. What never came, or cannot be true, leaves "at least" or "unknown".
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

import msgspec

from affouage.clock import Clock
from affouage.footprint.allocation import Part
from affouage.footprint.meter import MeterInfo
from affouage.footprint.weights import TokenWeights
from affouage.ledger.receipt import Block, Energy, Kept
from affouage.pool.nodes import wire
from affouage.pool.nodes.reading_check import Refused, Watch, possible, read_block, sane
from affouage.pool.nodes.remote_run import RemoteRun
from affouage.pool.nodes.signing import verified
from affouage.pool.run import KeptBlock, energy_of

PENDING_MOST = 256
REMEMBERED = 4096
WINDOW_US = 3_000_000
"""A whole window may fall to the one run that worked in it, however short."""
PARTS_WAIT_S = 2.0
"""The end of a run may come just before the last of its signed readings."""

_asking: ContextVar[str] = ContextVar("affouage_asking", default="")
"""The request that the present task serves: between :meth:`RemoteMeter.start` and the engine that it then uses."""


class _Asked:
    """A request between start and finished."""

    def __init__(self, own: bool) -> None:
        self.own = own
        self.run: RemoteRun | None = None


class _Counted(msgspec.Struct):
    """What verified blocks say of a run. ``told``: for its receipt, which holds nothing of what comes later.
    ``closed``: that receipt says all of it.
    """

    began_us: int
    part: Part = Part()
    info: MeterInfo | None = None
    told: bool = False
    closed: bool = False


class RemoteMeter:
    """One node's. ``known_elsewhere(rid)``: is that run another node's? ``refused(code)``: a claim was not believed.

    ``of_another(rid)``: is it the run of another gateway that lives?

    ``away_us``: how long it may have counted before now without being heard. ``ended(run)``: its end is used.
    """

    def __init__(
        self,
        machine_id: str,
        public_key: str,
        clock: Clock,
        *,
        max_watts: float,
        away_us: int,
        fin_wait_us: int,
        send: Callable[[wire.ToNode], None],
        ended: Callable[[RemoteRun], None],
        refused: Callable[[str], None],
        known_elsewhere: Callable[[str], bool],
        of_another: Callable[[str], bool] = lambda _rid: False,
    ) -> None:
        self.weights = TokenWeights()
        self.max_watts = max_watts
        self._machine_id = machine_id
        self._public_key = public_key
        self._clock = clock
        self._fin_wait_us = fin_wait_us
        self._send = send
        self._ended = ended
        self._refused = refused
        self._known_elsewhere = known_elsewhere
        self._of_another = of_another
        self._watch = Watch(clock.monotonic_us(), away_us)
        self._asked: dict[str, _Asked] = {}
        self._counted: OrderedDict[str, _Counted] = OrderedDict()
        self._names: OrderedDict[str, str] = OrderedDict()
        self._pending: dict[str, KeptBlock] = {}
        self._pending_us = 0
        self._known: OrderedDict[str, bool] = OrderedDict()
        """Blocks seen: kept, or refused for good."""
        self._info: MeterInfo | None = None
        self._came = asyncio.Event()

    @property
    def machine_id(self) -> str:
        return self._machine_id

    # --- one request ------------------------------------------------------------------------------------------------

    def start(self, request_id: str, model_id: str, *, own: bool = False) -> None:
        """``own``: the owner of the machine asks."""
        self._asked[request_id] = _Asked(own)
        _asking.set(request_id)

    def bind(self, run: RemoteRun) -> bool:
        """The work about to be sent is that of the request this task serves, if any. Returns: the owner asks."""
        asked = self._asked.get(_asking.get())
        if asked is None:
            return False
        if run.work != "render" and asked.run is None:
            asked.run = run
            self._counted[run.rid] = _Counted(run.sent_us)
            _shorten(self._counted)
        return asked.own

    def bound(self, run: RemoteRun) -> bool:
        """Will somebody ask what it used?"""
        return any(one.run is run for one in self._asked.values())

    def count(self, request_id: str, *, prompt_tokens: int | None = None, decoded_tokens: int | None = None) -> None:
        """The node counts its tokens itself."""

    def stop(self, request_id: str) -> None:
        """The node knows when it stopped."""

    def spent_uj(self, request_id: str) -> int:
        """As the node tells on the way, never more than it can have drawn since."""
        asked = self._asked.get(request_id)
        if asked is None or asked.run is None:
            return 0
        most_uj = int(self.max_watts * (self._clock.monotonic_us() - asked.run.sent_us))
        return max(0, min(asked.run.spent_uj, most_uj))

    async def finished(self, request_id: str) -> Energy:
        """What it used, once the node has told and its readings are there; no longer than ``fin_wait_us``."""
        asked = self._asked[request_id]
        if asked.run is None:
            del self._asked[request_id]
            return Energy()
        try:
            await self._told(asked.run)
        finally:
            del self._asked[request_id]
            self._names[request_id] = asked.run.rid
            _shorten(self._names)
            self._ended(asked.run)
        return self._energy(asked.run)

    async def _told(self, run: RemoteRun) -> None:
        try:
            async with asyncio.timeout(self._fin_wait_us / 1e6):
                await run.over.wait()
        except TimeoutError:
            return
        if run.fin is None or run.fin.energy.static_uj is None:
            return
        try:
            async with asyncio.timeout(PARTS_WAIT_S):
                while not self._agrees(run):
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            self._refused("unsigned")

    def _agrees(self, run: RemoteRun) -> bool:
        """Is what the node says of the run what its signed blocks say?"""
        counted = self._counted.get(run.rid)
        if run.fin is None or counted is None:
            return False
        told, part = run.fin.energy, counted.part
        amounts = (told.static_uj, told.dynamic_uj, told.machine_share_us or 0)
        return sane(told) and amounts == (part.static_uj, part.dynamic_uj, part.machine_share_us)

    def _energy(self, run: RemoteRun) -> Energy:
        counted = self._counted.get(run.rid) or _Counted(run.sent_us)
        whole = self._agrees(run) and run.fin is not None and not run.fin.energy.at_least
        counted.told, counted.closed = True, whole
        info = counted.info or self._info
        if info is None:
            return Energy(at_least=True)
        return energy_of(counted.part, info, partial=not whole)

    def run_of(self, request_id: str) -> str:
        """The name its part stands under in this node's blocks: its ``rid``; its own when nothing was sent for it."""
        return self._names.get(request_id, request_id)

    # --- signed blocks ----------------------------------------------------------------------------------------------

    def take(self, signed: Iterable[wire.SignedBlock]) -> None:
        """What came of the node's readings. Those kept already are told again to be so."""
        again = []
        for one in signed:
            block_id = one.block.id
            if block_id in self._known:
                if self._known[block_id]:
                    again.append(block_id)
            elif block_id not in self._pending and len(self._pending) < PENDING_MOST:
                self._consider(one)
        if again:
            self._send(wire.Kept(block_ids=tuple(again)))
        self._came.set()

    def _consider(self, signed: wire.SignedBlock) -> None:
        block, now_us = signed.block, self._clock.monotonic_us()
        try:
            if not verified(block, self._public_key):
                raise Refused("signature")
            readings = read_block(block, signed.body, machine_id=self._machine_id, max_watts=self.max_watts)
            self._check_runs(block, now_us)
        except Refused as why:
            self._refused(str(why))
            if str(why) != "signature":  # whoever may have forged one must not shut out the true one
                self._remember(block.id, kept=False)
            return
        if not self._watch.take(block.known_us + block.gap_us, now_us):
            self._refused("time")  # it may be true a little later
            return
        self._info = readings.info
        unclaimed = tuple(rid for rid in block.parts if self._is_nobodys(rid))
        for rid, amounts in block.parts.items():
            if rid in self._counted:
                self._counted[rid].part += _part(amounts)
                self._counted[rid].info = readings.info
        self._pending_us = self._pending_us if self._pending else now_us
        self._pending[block.id] = KeptBlock(block, signed.body, unclaimed)

    def _is_nobodys(self, rid: str) -> bool:
        """No receipt will hold more of it. What another gateway counts, it claims itself."""
        counted = self._counted.get(rid)
        return not self._of_another(rid) if counted is None else counted.told

    def _check_runs(self, block: Block, now_us: int) -> None:
        for rid, amounts in block.parts.items():
            counted = self._counted.get(rid)
            if counted is None:
                if self._known_elsewhere(rid):
                    raise Refused("part_of_another")
                continue
            if counted.closed:
                raise Refused("after_the_end")
            whole = counted.part + _part(amounts)
            if not possible(whole.energy_uj, now_us - counted.began_us + WINDOW_US, self.max_watts):
                raise Refused("watts")

    def _remember(self, block_id: str, *, kept: bool) -> None:
        self._known[block_id] = kept
        _shorten(self._known)

    def blocks(self) -> list[Kept]:
        """Verified, and not yet in the books."""
        return list(self._pending.values())

    def waiting_us(self) -> int:
        """How long the oldest block has waited for the books; 0 when none does."""
        return self._clock.monotonic_us() - self._pending_us if self._pending else 0

    def kept(self, blocks: Sequence[Kept]) -> None:
        """They are in the books: the node may forget them."""
        ids = tuple(one.block.id for one in blocks)
        for block_id in ids:
            self._pending.pop(block_id, None)
            self._remember(block_id, kept=True)
        if ids:
            self._send(wire.Kept(block_ids=ids))


def _part(amounts: tuple[int, int, int]) -> Part:
    static_uj, dynamic_uj, share_us = amounts
    return Part(static_uj=static_uj, dynamic_uj=dynamic_uj, machine_share_us=share_us)


def _shorten(remembered: OrderedDict[str, Any]) -> None:
    while len(remembered) > REMEMBERED:
        remembered.popitem(last=False)
