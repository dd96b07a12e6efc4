"""A run of the commons on the machine that is lent for it: taken in, learnt by this machine's own program, given back.

Only files of a run come in (``bundle.parcel``), and the program is the one installed here. It works after everybody
else, stands still while somebody is answered or the machine is above its power cap, and ends with a checkpoint when the
owner pauses the machine, lends it no longer for training, or the hours close. Nothing of it stays once it is back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from affouage.adapters.trainers.drawn import Drawn
from affouage.adapters.trainers.incoming import AGAIN_S, Incoming, read_piece
from affouage.adapters.trainers.local import LocalTrainer
from affouage.catalogue.machine import memory
from affouage.clock import Clock
from affouage.errors import AffouageError, BadRequest, ModelFileRefused
from affouage.pool.nodes.wire import Closed
from affouage.pool.nodes.wire_training import (
    Train,
    TrainBack,
    TrainEnergy,
    TrainHeard,
    Training,
    TrainKept,
    TrainOffer,
    TrainPiece,
    TrainSaid,
    TrainState,
    TrainStop,
    TrainTold,
    TrainWanted,
)
from affouage.training.bundle.parcel import ENDING, Parcel, lines_to_tell, open_parcel, write_return
from affouage.training.folder import EVENTS
from affouage.training.runs.workplace import processor_name

_log = logging.getLogger("affouage.node")

TICK_S = 0.25
LEAVE_S = 30.0
"""How long a checkpoint may take when the machine stops serving."""
KEEP_FREE_BYTES = 2 << 30
ENDING_CLOSED: tuple[Closed, ...] = ("paused", "hours", "draining")
"""What ends a run, with a checkpoint; above the power cap it stands still."""
RUN, PROCESS, ENERGY = "run", "process", "energy.json"
Sign = Callable[[bytes], bytes]


@dataclass
class _Lent:
    """The one run here. ``folder``: of it, with what came and what goes back; ``process``: its job at this machine."""

    job: str
    folder: Path
    drawn: Drawn
    coming: asyncio.Task[Path] | None = None
    incoming: Incoming | None = None
    process: str = ""
    stop: bool = False
    over: bool = False
    aside: bool = False
    heard_bytes: int = 0
    told_us: int | None = None
    ready: Parcel | None = None
    energy: TrainEnergy | None = None

    @property
    def run(self) -> Path:
        return self.folder / RUN

    @property
    def back(self) -> Path:
        return self.folder / f"back{ENDING}"


class Lending:
    """Its owner runs :meth:`serve`, then :meth:`leave`. ``lent``: does the owner lend for training? ``closed``: to
    others, why. ``serving``: is anybody answered? ``learns``: is what learning needs installed here?"""

    def __init__(
        self,
        home: Path,
        trainer: LocalTrainer,
        say: Callable[[TrainSaid], None],
        clock: Clock,
        *,
        machine_id: str,
        sign: Sign,
        lent: Callable[[], bool],
        closed: Callable[[], Closed],
        serving: Callable[[], bool] = lambda: False,
        watts: Callable[[], float | None] = lambda: None,
        learns: bool = True,
        free_bytes: int = KEEP_FREE_BYTES,
        tick_s: float = TICK_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self._folder = home / "node" / "training"
        self._trainer = trainer
        self._say = say
        self._clock = clock
        self._machine_id = machine_id
        self._sign = sign
        self._lent = lent
        self._closed = closed
        self._serving = serving
        self._watts = watts
        self._learns = learns
        self._free_bytes = free_bytes
        self._tick_s = tick_s
        self._again_s = again_s
        self._wake = asyncio.Event()
        self._wanted: int | None = None
        self._now = self._found()

    def standing(self) -> Training:
        """For heartbeats."""
        if not self._lent():
            return ""
        if not self._learns:
            return "extra"
        if self._now is not None:
            return "busy"
        return "closed" if self._closed() not in ("", "owner") else "open"

    # --- what comes ---------------------------------------------------------------------------------------------------

    def on_message(self, message: Train) -> None:
        now = self._now
        if isinstance(message, TrainOffer):
            self._on_offer(message)
            return
        if now is None or now.job != message.job:
            if isinstance(message, TrainStop):
                self._state(message.job, "refused", "training_stopped")
            return
        match message:
            case TrainPiece():
                if now.incoming is not None:
                    now.incoming.put(message.offset, message.data)
            case TrainHeard():
                now.heard_bytes, now.told_us = message.known_bytes, None
            case TrainStop():
                now.stop = True
            case TrainKept():
                now.over = True
            case TrainWanted():
                self._wanted = message.offset
        self._wake.set()

    def _on_offer(self, offer: TrainOffer) -> None:
        if self._now is not None:
            if self._now.job == offer.job:
                self._tell_state(self._now)
            else:
                self._state(offer.job, "waiting", "busy")
        elif not self._lent() or not self._learns:
            self._state(offer.job, "refused", "training_not_lent" if not self._lent() else "training_extra")
        elif self.standing() != "open":
            self._state(offer.job, "waiting", "closed")
        else:
            now = self._now = _Lent(offer.job, self._folder / offer.job, Drawn(self._watts, self._clock))
            job = offer.job
            now.incoming = Incoming(
                now.folder / f"sent{ENDING}",
                offer.size_bytes,
                offer.sha256,
                lambda offset: self._say(TrainWanted(job=job, offset=offset)),
                again_s=self._again_s,
                pause_s=0,
                free_bytes=self._free_bytes,
            )
            now.coming = asyncio.create_task(self._take(now, now.incoming), name="a run that comes")
            now.coming.add_done_callback(lambda _task: self._wake.set())
            self._tell_state(now)

    async def _take(self, now: _Lent, incoming: Incoming) -> Path:
        await asyncio.to_thread(now.folder.mkdir, 0o700, True, True)
        archive = await incoming.whole()
        await asyncio.to_thread(open_parcel, archive, now.run, now.job)
        await asyncio.to_thread(archive.unlink)
        return archive

    # --- what passes with time ----------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._step()
            except (AffouageError, OSError) as wrong:
                _log.warning("the run of training here cannot be looked after now: %s", wrong)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick_s):
                    await self._wake.wait()
            self._wake.clear()

    async def leave(self, limit_s: float = LEAVE_S) -> None:
        """The machine serves no more: a checkpoint, and the end. It goes back at the next start."""
        now = self._now
        if now is None:
            return
        if now.coming is not None:
            now.coming.cancel()
            await asyncio.wait([now.coming])
        if not now.process or now.ready is not None:
            return
        try:
            async with asyncio.timeout(limit_s):
                while (look := await self._trainer.look(now.process)).state != "gone":
                    now.drawn.look(look.cpu_us)
                    await self._trainer.stop(now.process)
                    await asyncio.sleep(self._tick_s)
        except TimeoutError:
            await self._trainer.kill(now.process)
        else:
            energy = msgspec.json.encode(now.energy or self._energy(now))
            await asyncio.to_thread((now.folder / ENERGY).write_bytes, energy)

    async def _step(self) -> None:
        now = self._now
        if now is None:
            return
        if now.over:
            await self._clear(now)
        elif now.ready is not None:
            await self._give_back(now, now.ready)
        elif now.coming is not None:
            await self._coming(now, now.coming)
        elif not now.process:
            await self._begin(now)
        else:
            await self._look(now)

    async def _coming(self, now: _Lent, coming: asyncio.Task[Path]) -> None:
        if now.stop or not self._lent():
            coming.cancel()
            await asyncio.wait([coming])
            await self._refuse(now, "training_stopped" if now.stop else "training_not_lent")
        elif coming.done():
            now.coming = now.incoming = None
            try:
                coming.result()
            except (BadRequest, ModelFileRefused) as wrong:
                _log.warning("a run of training was not taken: %s", wrong)
                await self._refuse(now, "training_parcel")
            except (AffouageError, OSError) as wrong:
                _log.warning("a run of training was not taken: %s", wrong)
                await self._refuse(now, "training_disk")
            else:
                now.heard_bytes = _size(now.run / EVENTS)
                self._wake.set()
        else:
            self._tell_now_and_then(now)

    async def _begin(self, now: _Lent) -> None:
        if now.stop or not self._lent():
            await self._refuse(now, "training_stopped" if now.stop else "training_not_lent")
        elif self._closed() in ("", "owner"):
            now.process = await self._trainer.start(now.run)
            with suppress(OSError):  # the first to end when memory is short: the owner's programs stay
                pid = now.process.partition("@")[0]
                await asyncio.to_thread(Path(f"/proc/{pid}/oom_score_adj").write_text, "1000")
            await asyncio.to_thread((now.folder / PROCESS).write_text, now.process)
            self._tell_state(now)
        else:
            self._tell_now_and_then(now)

    async def _look(self, now: _Lent) -> None:
        look = await self._trainer.look(now.process)
        if look.state == "gone":
            await self._pack(now)
            return
        now.drawn.look(look.cpu_us)
        closed = self._closed()
        if now.stop or not self._lent() or closed in ENDING_CLOSED:
            await self._trainer.stop(now.process)
        else:
            self._give_way(now, self._serving() or closed == "power")
        if self._tell_now_and_then(now):
            lines = await asyncio.to_thread(lines_to_tell, now.run, now.heard_bytes)
            if lines:
                self._say(TrainTold(job=now.job, offset=now.heard_bytes, lines=lines))

    def _give_way(self, now: _Lent, still: bool) -> None:
        if still and not now.aside:
            self._trainer.set_aside(now.process)
        elif now.aside and not still:
            self._trainer.go_on(now.process)
        if still != now.aside:
            now.aside, now.told_us = still, None

    async def _pack(self, now: _Lent) -> None:
        now.energy = now.energy or self._energy(now)
        now.ready = await asyncio.to_thread(write_return, now.run, now.back, now.job)
        now.told_us = None
        self._wake.set()

    async def _give_back(self, now: _Lent, ready: Parcel) -> None:
        if self._wanted is not None:
            offset, self._wanted = self._wanted, None
            data = await asyncio.to_thread(read_piece, now.back, offset)
            if data:
                now.told_us = self._clock.monotonic_us()
                self._say(TrainPiece(job=now.job, offset=offset, data=data))
        elif self._due(now):
            now.told_us = self._clock.monotonic_us()
            back = TrainBack(
                job=now.job,
                size_bytes=ready.size_bytes,
                sha256=ready.sha256,
                energy=now.energy,
                processor=processor_name()[:120],
                processors=os.cpu_count() or 1,
                memory_bytes=memory().total_bytes,
            )
            self._say(back)

    async def _refuse(self, now: _Lent, problem: str) -> None:
        self._state(now.job, "refused", problem)
        await self._clear(now)

    async def _clear(self, now: _Lent) -> None:
        if now.coming is not None and not now.coming.done():
            now.coming.cancel()
            await asyncio.wait([now.coming])
        if now.process and (await self._trainer.look(now.process)).state != "gone":
            await self._trainer.kill(now.process)
            return  # its folder, once it is gone
        await asyncio.to_thread(shutil.rmtree, now.folder, True)
        self._now = None

    # --- what is told -------------------------------------------------------------------------------------------------

    def _due(self, now: _Lent) -> bool:
        return now.told_us is None or self._clock.monotonic_us() - now.told_us >= self._again_s * 1e6

    def _tell_now_and_then(self, now: _Lent) -> bool:
        due = self._due(now)
        if due:
            now.told_us = self._clock.monotonic_us()
            self._tell_state(now)
        return due

    def _tell_state(self, now: _Lent) -> None:
        if now.coming is not None:
            self._state(now.job, "coming")
        elif now.process and now.ready is None:
            self._state(now.job, "aside" if now.aside else "running")
        elif now.ready is None:
            self._state(now.job, "waiting", "closed")

    def _state(self, job: str, state: str, problem: str = "") -> None:
        self._say(msgspec.convert({"type": "TrainState", "job": job, "state": state, "problem": problem}, TrainState))

    def _energy(self, now: _Lent) -> TrainEnergy | None:
        """Signed: what this machine's meter tells of the run, all its time under it; None when it does not."""
        told_uj = now.drawn.energy_uj
        if told_uj is None:
            return None
        told = TrainEnergy(
            job=now.job,
            machine_id=self._machine_id,
            energy_uj=round(told_uj),
            cpu_us=now.drawn.cpu_us,
            meter="its meter, by share of the processor time",
        )
        return msgspec.structs.replace(told, signature=self._sign(msgspec.json.encode(told)).hex())

    def _found(self) -> _Lent | None:
        """What an earlier start left: it goes back as it stands, or goes on being looked after if it still works."""
        for folder in sorted(self._folder.glob("*")):
            process = folder / PROCESS
            if process.is_file():
                drawn = Drawn(self._watts, self._clock, whole=False)
                found = _Lent(folder.name, folder, drawn, process=process.read_text(encoding="utf-8"))
                found.heard_bytes = _size(found.run / EVENTS)  # it tells the rest with its results
                with suppress(OSError, ValueError):
                    found.energy = msgspec.json.decode((folder / ENERGY).read_bytes(), type=TrainEnergy | None)
                return found
            shutil.rmtree(folder, ignore_errors=True)  # it had not begun: it is offered again
        return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
