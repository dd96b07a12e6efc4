"""One machine's meter at work: readings at most a second apart while anybody is served, windows shared out by PC-1.

A block (a run of windows) goes to the ledger with each settlement, in the same transaction, so that at any moment the
entries add up to what the meter counted. A meter that is silent leaves a gap: whoever was served meanwhile gets a
receipt that says "at least", and what the counter turns out to have counted falls to ``unattributed``.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec

from affouage.clock import Clock
from affouage.errors import LedgerUnavailable
from affouage.footprint.meter import Meter, MeterUnreadable, Reading, advance
from affouage.footprint.weights import TokenWeights
from affouage.footprint.windows import Counted
from affouage.ledger.receipt import Energy, Kept, LastReading
from affouage.pool.run import KeptBlock, Run, Served, energy_of

_log = logging.getLogger("affouage.meter")

TICK_S = 1.0
IDLE_TICK_S = 10.0
"""Nobody to share among: a longer window changes nothing."""
KEEP_IDLE_US = 300_000_000
"""How often the books hear of an idle machine."""
LONGEST_MERGE_US = 30_000_000
"""A window in which an engine works without having told its progress stays open until it does; at most so long."""
PATIENCE_US = 5_000_000
"""How long a finished request waits for a silent meter; not at all for one that has been silent so long already."""
LONGEST_RESTART_US = 3_600_000_000
"""After an unclean stop longer than this, what the counter counted was not for the commons."""
_IDLE_SAMPLES = 5

KeepBlocks = Callable[[list[KeptBlock]], Awaitable[None]]


class Metering:
    """Use as ``async with metering.running(keep):`` — it owns the sampling task.

    ``idle_uw``: static power from a calibration, in microwatts; None: learnt from the quiet windows of this run.
    ``resume``: where the last block of this machine ended when the commons was not stopped in order.
    """

    def __init__(
        self,
        meter: Meter,
        clock: Clock,
        *,
        machine_id: str,
        weights: TokenWeights | None = None,
        idle_uw: int | None = None,
        resume: LastReading | None = None,
    ) -> None:
        self.meter = meter
        self.machine_id = machine_id
        self.weights = weights or TokenWeights()
        self.silent_since_ms: int | None = None
        """Since when the meter cannot be read; None while it can."""
        self._clock = clock
        self._info = meter.info()
        self._idle_uw = idle_uw if self._info.idle_uw is None else self._info.idle_uw
        self._quiet_uw: deque[int] = deque(maxlen=60)
        self._resume = resume
        self._served: dict[str, Served] = {}
        self._run = Run(self._info, machine_id, clock.now_ms())
        self._opened_us = clock.monotonic_us()
        self._silent_since_us: int | None = None
        self._pending: list[KeptBlock] = []
        self._missed = False
        self._foreign: list[tuple[int, int]] = []
        self._wake = asyncio.Event()
        self._reading = asyncio.Lock()

    @property
    def idle_uw(self) -> int | None:
        """Static power in force, in microwatts: known by the meter, calibrated, or learnt; None while unknown."""
        if self._idle_uw is not None:
            return self._idle_uw
        return round(statistics.median(self._quiet_uw)) if len(self._quiet_uw) >= _IDLE_SAMPLES else None

    def serving(self) -> bool:
        """Is anybody being served? Work behind the answers serves nobody."""
        return any(one.end_us is None and not one.behind for one in self._served.values())

    def working(self) -> bool:
        """Does anything work here, for somebody or behind the answers?"""
        return any(one.end_us is None for one in self._served.values())

    @asynccontextmanager
    async def running(self, keep: KeepBlocks) -> AsyncIterator[None]:
        """Sample until left; the last block is then handed to ``keep`` as a clean end."""
        await self.cut()
        task = asyncio.create_task(self._sample(keep), name="meter")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self.cut()
            self._close_block(clean=True)
            await self._hand_over(keep)
            await self.meter.close()

    def start(self, request_id: str, model_id: str, *, own: bool = False) -> None:
        self._served[request_id] = Served(model_id, self._clock.monotonic_us())
        self._wake.set()

    def start_behind(self, request_id: str, model_id: str) -> None:
        """Work behind the answers begins: one more consumer of the meter, at work while it does not stand still."""
        self.start(request_id, model_id)
        self._served[request_id].behind = True

    def set_aside(self, request_id: str) -> None:
        """It stands still from now on: nothing of a window falls to it meanwhile."""
        one = self._served[request_id]
        if not one.aside:
            one.aside_us.append((self._clock.monotonic_us(), None))

    def go_on(self, request_id: str) -> None:
        one = self._served[request_id]
        if one.aside:
            one.aside_us[-1] = (one.aside_us[-1][0], self._clock.monotonic_us())

    def count(self, request_id: str, *, prompt_tokens: int | None = None, decoded_tokens: int | None = None) -> None:
        """Tokens so far: computed from the prompt (cached ones excluded), decoded. They never go down."""
        one = self._served[request_id]
        one.prompt_tokens = max(one.prompt_tokens, prompt_tokens or 0)
        one.decoded_tokens = max(one.decoded_tokens, decoded_tokens or 0)

    def stop(self, request_id: str) -> None:
        """The engine works for it no more; its energy is known once the window is closed."""
        self._served[request_id].end_us = self._clock.monotonic_us()
        self._wake.set()

    def spent_uj(self, request_id: str) -> int:
        """Its part of the windows closed so far."""
        one = self._served[request_id]
        return (one.part + self._run.part(request_id)).energy_uj

    async def finished(self, request_id: str) -> Energy:
        """Wait for the window in which it ended, then tell its energy. Once per request, after :meth:`stop`.

        Never longer than ``PATIENCE_US``: neither a reading that hangs nor a plug that speaks every ten seconds holds
        an answer back.
        """
        one = self._served[request_id]
        if not one.over.done():
            await asyncio.wait([one.over], timeout=self._patience_s())
        one.depart()
        part = one.part + self._run.part(request_id)
        partial = one.partial or one.departed or self._run.lost_sight_of(request_id)
        if not one.departed:
            del self._served[request_id]
        elif request_id in self._served:
            self._fold(request_id)
        return energy_of(part, self._info, partial=partial)

    def _patience_s(self) -> float:
        """Seconds left for the meter to speak again."""
        silent_us = 0 if self._silent_since_us is None else self._clock.monotonic_us() - self._silent_since_us
        return max(0, PATIENCE_US - silent_us) / 1e6

    def _fold(self, request_id: str) -> None:
        """Into one with the departed of its model, whose window may be open for days: they all go to unattributed."""
        one = self._served[request_id]
        for first in self._served.values():
            if first.folded and first.model_id == one.model_id:
                first.absorb(one)
                del self._served[request_id]
                return
        one.folded = True

    def run_of(self, request_id: str) -> str:
        """Under which name its part stands in the blocks: its own."""
        return request_id

    def blocks(self) -> list[KeptBlock]:
        """Everything not yet in the books, up to now; :meth:`kept` says when it is."""
        self._close_block()
        return list(self._pending)

    def kept(self, blocks: Sequence[Kept]) -> None:
        done = {one.block.id for one in blocks}
        self._pending = [one for one in self._pending if one.block.id not in done]

    async def cut(self) -> None:
        """Read the meter and close the window, unless it has to stay open for an engine that has told nothing yet."""
        async with self._reading:
            try:
                reading = await self.meter.read()
            except MeterUnreadable as silent:
                self._note_silence(silent)
                return
            self._note_voice()
            last = self._run.last
            if last is None:
                self._begin(reading)
            elif reading.at_us > last.at_us:
                self._foreign.append((reading.at_us, reading.foreign_ppm))
                if not self._stays_open(last, reading):
                    self._count(last, self._with_all_foreign(last, reading))
            self._release(reading.at_us)

    def _begin(self, reading: Reading) -> None:
        self._run.begin(reading)
        self._served = {key: one for key, one in self._served.items() if not one.departed}
        for one in self._served.values():  # what they did before the first reading is lost sight of
            one.lose_sight()
        came_from, self._resume = self._resume, None
        if came_from is None or not 0 < reading.at_us - came_from.at_us <= LONGEST_RESTART_US:
            return
        before = Reading(at_us=came_from.at_us, epoch=came_from.epoch, counters_uj=came_from.counters_uj)
        if advance(before, reading, self._info).energy_uj is not None:
            self._run.begin(before)
            self._missed = True
            self._count(before, reading)

    def _with_all_foreign(self, last: Reading, reading: Reading) -> Reading:
        """Each reading tells who else worked since the one before; a window may hold several."""
        weighed, since_us = 0, last.at_us
        for at_us, ppm in self._foreign:
            weighed += ppm * (at_us - since_us)
            since_us = at_us
        self._foreign.clear()
        return msgspec.structs.replace(reading, foreign_ppm=weighed // (reading.at_us - last.at_us))

    def _stays_open(self, last: Reading, reading: Reading) -> bool:
        if reading.at_us - last.at_us >= LONGEST_MERGE_US:
            return False
        served = [one for one in self._served.values() if not (one.departed or one.aside)]
        return all(one.silent and one.end_us is None for one in served) and bool(served)

    def _count(self, before: Reading, reading: Reading) -> None:
        now_us = self._clock.monotonic_us()
        shares = {
            key: one.presence(key, self.weights.of(one.model_id), before.at_us, reading.at_us, now_us)
            for key, one in self._served.items()
        }
        departed = tuple(key for key, share in shares.items() if share is not None and self._served[key].departed)
        counted = Counted(
            reading=reading,
            p0_uw=self.idle_uw,
            requests=tuple(share for share in shares.values() if share is not None),
            departed=departed,
            gap=self._missed,
        )
        self._learn(before, counted)
        self._missed = False
        self._run.add(before, counted)
        for request_id in departed:
            del self._served[request_id]

    def _learn(self, before: Reading, counted: Counted) -> None:
        """What the machine draws when it serves nobody: the whole seconds of quiet of this run."""
        length_us = counted.reading.at_us - before.at_us
        if self._idle_uw is None and not counted.requests and not counted.gap and length_us >= 900_000:
            passed = advance(before, counted.reading, self._info).energy_uj
            if passed is not None:
                self._quiet_uw.append(round(passed * 1_000_000 / length_us))

    def _release(self, at_us: int) -> None:
        """Those who ended before this reading have all their windows."""
        for one in self._served.values():
            if one.end_us is not None and one.end_us <= at_us and not one.over.done():
                one.over.set_result(None)

    def _note_silence(self, silent: MeterUnreadable) -> None:
        if self.silent_since_ms is None:
            self.silent_since_ms = self._clock.now_ms()
            self._silent_since_us = self._clock.monotonic_us()
            _log.warning("the meter %s cannot be read: %s", self._info.id, silent)
        self._missed = True
        now_us = self._clock.monotonic_us()
        for one in self._served.values():
            if one.end_us is not None and now_us - one.end_us >= PATIENCE_US:
                one.depart()

    def _note_voice(self) -> None:
        if self.silent_since_ms is not None:
            self.silent_since_ms = self._silent_since_us = None
            _log.info("the meter %s can be read again", self._info.id)

    def _close_block(self, *, clean: bool = False) -> None:
        now_ms = self._clock.now_ms()
        closed = self._run.close(now_ms, clean=clean)
        if closed is None:
            return
        self._pending.append(closed)
        for request_id, one in self._served.items():
            one.part = one.part + self._run.part(request_id)
            one.partial = one.partial or self._run.lost_sight_of(request_id)
        self._run = self._run.next(now_ms)
        self._opened_us = self._clock.monotonic_us()

    async def _sample(self, keep: KeepBlocks) -> None:
        while True:
            try:
                async with asyncio.timeout(TICK_S if self._served else IDLE_TICK_S):  # wait_for can lose a cancel()
                    await self._wake.wait()
            except TimeoutError:
                await self.cut()
            else:
                self._wake.clear()
                ended = any(one.end_us is not None and not one.over.done() for one in self._served.values())
                if ended or self.silent_since_ms is not None:  # after a silence, nobody begins unseen
                    await asyncio.sleep(self._too_soon_s())
                    await self.cut()
            if self._clock.monotonic_us() - self._opened_us >= KEEP_IDLE_US:  # whatever the clock on the wall does
                self._close_block()
                await self._hand_over(keep)

    def _too_soon_s(self) -> float:
        """Seconds until the window is long enough to hold more than nothing."""
        if self._run.last is None:
            return 0.0
        open_us = self._clock.monotonic_us() - self._run.last.at_us
        return max(0.0, self._info.min_window_ms / 1000 - open_us / 1e6)

    async def _hand_over(self, keep: KeepBlocks) -> None:
        blocks = list(self._pending)
        try:
            if blocks:
                await keep(blocks)
                self.kept(blocks)
        except LedgerUnavailable as unwritten:
            _log.warning("readings wait for the books: %s", unwritten)
