"""Runs to the machines of the pool and back, at the commons that serves: through the same sealed channel as models.

What is known of each is in files (``lent``): a commons that starts again goes on. Nothing a machine says is believed
before the checks of a bundle; its figure of energy is taken when it is signed and can be drawn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from affouage.adapters.trainers.incoming import AGAIN_S, Incoming, read_piece
from affouage.adapters.trainers.lent import Left, LeftFiles, Seen, left, lost_words
from affouage.clock import Clock
from affouage.errors import AffouageError, BadRequest, ModelFileRefused, NotFound
from affouage.pool.nodes import nkey
from affouage.pool.nodes.bus import BusDown
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
from affouage.training.bundle import import_results
from affouage.training.bundle.parcel import append_told
from affouage.training.folder import EndReason
from affouage.training.runs.receipt import Hardware
from affouage.training.runs.workplace import LEARNT_ON

_log = logging.getLogger("affouage.training")

LOOK_S = 1.0
BUSY_PAUSE_S = 0.05
"""After each piece while answers are being given."""
MOST_TIMES = 4
"""A machine that asks for more than so many times the whole is not fetching it: nothing more is sent."""
_ELSEWHERE = "On another machine: affouage train node RUN MACHINE, or on this one: affouage train here RUN"
REFUSALS: dict[str, tuple[str, str]] = {
    "training_not_lent": (
        "{name} is not lent for training: its owner did not say so.",
        "Its owner says so there: affouage node set --training on; then: affouage train resume RUN. " + _ELSEWHERE,
    ),
    "training_extra": (
        "What learning needs is not installed on {name}.",
        "There: make training, in the folder of affouage, then affouage node run; then: affouage train resume RUN",
    ),
    "training_disk": ("{name} has no room for this run, or its disk cannot be written.", _ELSEWHERE),
    "training_parcel": (
        "{name} did not take what was sent: it does not understand it.",
        "Install the same version of affouage on both sides, then: affouage train resume RUN",
    ),
    "training_revoked": ("{name} is no machine of this commons any more.", _ELSEWHERE),
}
WAITS: dict[str, str] = {
    "absent": "{name} is not connected: it waits for it",
    "closed": "{name} serves nobody but its owner now (its hours, its pause, its power cap): it waits",
    "busy": "{name} has another run at work: it waits",
}


@dataclass(frozen=True)
class Machine:
    """A machine of the pool now. ``max_watts``: it can draw; ``training``: as its last heartbeat says."""

    name: str
    here: bool
    training: Training
    public_key: str
    machine_id: str
    max_watts: float


@dataclass
class _Away:
    """One run that is away. ``coming``: its results; ``offered_us``: offered then, or heard of; ``stopped_us``: told to
    stop then."""

    left: Left
    files: LeftFiles
    seen: Seen
    back: TrainBack | None = None
    incoming: Incoming | None = None
    coming: asyncio.Task[Path] | None = None
    offered_us: int | None = None
    stopped_us: int | None = None
    told: list[TrainTold] = field(default_factory=list)
    pieces: list[int] = field(default_factory=list)
    sent_bytes: int = 0


class Courier:
    """Its owner runs :meth:`serve`; what machines say comes to :meth:`heard`. ``machine``: by id, None for one that is
    shut out. ``send``: to a node, sealed; may raise BusDown."""

    def __init__(
        self,
        runs: Path,
        send: Callable[[str, Train], None],
        machine: Callable[[str], Machine | None],
        clock: Clock,
        *,
        answering: Callable[[], bool] = lambda: False,
        look_s: float = LOOK_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self._runs = runs
        self._send_to = send
        self._machine = machine
        self._clock = clock
        self._answering = answering
        self._look_s = look_s
        self._again_s = again_s
        self._away: dict[str, _Away] = {}
        self._over: dict[str, str] = {}
        self._wake = asyncio.Event()

    async def serve(self) -> None:
        """Until cancelled; what is on its way is taken up at the next start."""
        said = ""
        try:
            while True:
                try:
                    await self._look()
                    said = ""
                except (AffouageError, OSError, ValueError) as wrong:  # a full disk: the next look may succeed
                    if str(wrong) != said:
                        _log.warning("runs on machines of the pool are not followed: %s", wrong)
                    said = str(wrong)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_s):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            tasks = [one.coming for one in self._away.values() if one.coming is not None]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    def heard(self, node_id: str, message: TrainSaid) -> None:
        """On the event loop, from the dispatcher."""
        away = self._away.get(message.job)
        if away is None or away.left.node_id != node_id:
            if self._over.get(message.job) == node_id:
                self._send(node_id, TrainKept(job=message.job))
            return
        match message:
            case TrainWanted():
                if message.offset not in away.pieces and len(away.pieces) < 2:
                    away.pieces.append(message.offset)
            case TrainPiece():
                if away.incoming is not None:
                    away.incoming.put(message.offset, message.data)
                return
            case TrainState():
                self._state(away, message)
            case TrainTold():
                if len(away.told) < 4:
                    away.told.append(message)
            case TrainBack():
                away.back = away.back or message
        self._wake.set()

    # --- each look ----------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        for one, files in await asyncio.to_thread(left, self._runs):
            seen = await asyncio.to_thread(files.seen)
            if seen.state == "ended":
                self._away.pop(one.job, None)
                self._over[one.job] = one.node_id
            elif one.job not in self._away:
                self._away[one.job] = _Away(one, files, seen)
        for away in list(self._away.values()):
            await self._step(away)

    async def _step(self, away: _Away) -> None:
        machine = self._machine(away.left.node_id)
        if machine is None:
            await self._refuse(away, "training_revoked", "It")
            return
        waiting, away.told = away.told, []
        for told in waiting:
            await self._append(away, told, machine)
        pieces, away.pieces = away.pieces, []
        for offset in pieces:
            data = await asyncio.to_thread(read_piece, away.files.archive, offset)
            if data and away.sent_bytes < MOST_TIMES * away.left.size_bytes:
                away.sent_bytes += len(data)
                self._send(away.left.node_id, TrainPiece(job=away.left.job, offset=offset, data=data))
                await asyncio.sleep(BUSY_PAUSE_S if self._answering() else 0)
        if away.seen.state == "ended":
            self._forget(away)
        elif away.back is not None:
            await self._bring_back(away, machine)
        elif away.files.stop.exists():
            await self._stop(away, machine)
        elif not machine.here:
            await self._see(away, msgspec.structs.replace(away.seen, why=WAITS["absent"].format(name=machine.name)))
        elif away.seen.state == "waiting" and machine.training in ("", "extra"):
            await self._refuse(away, "training_not_lent" if not machine.training else "training_extra", machine.name)
        elif away.seen.state == "waiting" or self._due(away.offered_us, 10 * self._again_s):
            await self._offer(away, machine)
        else:
            await asyncio.to_thread(away.files.see, away.seen)

    async def _offer(self, away: _Away, machine: Machine) -> None:
        if away.seen.state == "waiting":
            why = WAITS.get(machine.training, "It is being sent to {name}").format(name=machine.name)
            await self._see(away, Seen(why=why))
        if self._due(away.offered_us, self._again_s):
            away.offered_us = self._clock.monotonic_us()
            one = away.left
            self._send(one.node_id, TrainOffer(job=one.job, size_bytes=one.size_bytes, sha256=one.sha256))

    async def _stop(self, away: _Away, machine: Machine) -> None:
        if not machine.here:
            await self._give_up(away, "stopped", *lost_words(away.files))
        elif self._due(away.stopped_us, self._again_s):
            away.stopped_us = self._clock.monotonic_us()
            self._send(away.left.node_id, TrainStop(job=away.left.job))

    def _due(self, last_us: int | None, after_s: float) -> bool:
        return last_us is None or self._clock.monotonic_us() - last_us >= after_s * 1e6

    def _state(self, away: _Away, said: TrainState) -> None:
        machine = self._machine(away.left.node_id)
        name = "It" if machine is None else machine.name
        if said.state == "refused":
            problem = said.problem if said.problem in REFUSALS else "training_parcel"
            if said.problem == "training_stopped":
                told, remedy = "It was stopped before it began.", "affouage train resume RUN"
                away.files.give_up("stopped", told, remedy, self._clock.now_ms(), worked=False)
            else:
                self._refused(away, problem, name)
            away.seen = away.files.seen()
            return
        away.offered_us = self._clock.monotonic_us()
        why = {
            "coming": "It is on its way to {name}",
            "running": "It learns on {name}",
            "aside": "{name} answers somebody: it stands still",
        }.get(said.state, WAITS.get(said.problem, "It waits on {name}"))
        away.seen = Seen(state=said.state, why=why.format(name=name))

    async def _append(self, away: _Away, told: TrainTold, machine: Machine) -> None:
        try:
            known = await asyncio.to_thread(append_told, away.files.run, told.offset, told.lines)
        except BadRequest as wrong:
            _log.warning("%s: %s", machine.name, wrong)
            return
        self._send(away.left.node_id, TrainHeard(job=away.left.job, known_bytes=known))

    # --- its results --------------------------------------------------------------------------------------------------

    async def _bring_back(self, away: _Away, machine: Machine) -> None:
        job, node_id, back = away.left.job, away.left.node_id, away.back
        assert back is not None, "it was told to come back"
        learnt_on = Hardware(machine=machine.machine_id, processor=back.processor, processors=back.processors)
        learnt_on = msgspec.structs.replace(learnt_on, memory_bytes=back.memory_bytes)
        if away.coming is None:
            await self._see(away, Seen(state="back", why=f"It comes back from {machine.name}"))
            away.incoming = Incoming(
                away.files.back,
                back.size_bytes,
                back.sha256,
                lambda offset: self._send(node_id, TrainWanted(job=job, offset=offset)),
                again_s=self._again_s,
            )
            away.coming = asyncio.create_task(away.incoming.whole(), name="results of a run")
            away.coming.add_done_callback(lambda _task: self._wake.set())
        if not away.coming.done():
            return
        coming, away.coming, away.incoming = away.coming, None, None
        try:
            archive = coming.result()
            await asyncio.to_thread(import_results, archive, away.files.run)
            await asyncio.to_thread((away.files.run / LEARNT_ON).write_bytes, msgspec.json.encode(learnt_on))
        except (BadRequest, NotFound) as wrong:
            await self._give_up(away, "failed", f"What came back from {machine.name}: {wrong.message}", wrong.remedy)
            return
        except ModelFileRefused:
            away.back = None  # it tells again what is to come
            return
        energy_uj, source = self._energy(back.energy, away, machine)
        ended = Seen(why=f"It came back from {machine.name}", energy_uj=energy_uj, energy_source=source)
        await asyncio.to_thread(away.files.end, ended)
        self._forget(away)

    def _energy(self, told: TrainEnergy | None, away: _Away, machine: Machine) -> tuple[int | None, str]:
        """The machine's signed figure, and whose it is; None when it is not known, not signed or cannot be."""
        if told is None:
            return None, ""
        unsigned = msgspec.json.encode(msgspec.structs.replace(told, signature=""))
        try:
            signed = nkey.verify(machine.public_key, unsigned, bytes.fromhex(told.signature))
        except ValueError:
            signed = False
        most_uj = machine.max_watts * 1e3 * max(0, self._clock.now_ms() - away.left.left_ms)
        if not signed or told.job != away.left.job or told.machine_id != machine.machine_id or told.energy_uj > most_uj:
            _log.warning("the energy that %s tells of a run is not believed", machine.name)
            return None, ""
        return told.energy_uj, f"{machine.name} ({told.machine_id}): {told.meter}; signed by {machine.public_key}"

    # --- its end ------------------------------------------------------------------------------------------------------

    async def _refuse(self, away: _Away, problem: str, name: str) -> None:
        await asyncio.to_thread(self._refused, away, problem, name)
        self._forget(away)

    def _refused(self, away: _Away, problem: str, name: str) -> None:
        told, remedy = REFUSALS[problem]
        worked = away.seen.state in ("running", "aside", "back")
        away.files.give_up("failed", told.format(name=name), remedy, self._clock.now_ms(), worked=worked)

    async def _give_up(self, away: _Away, reason: EndReason, told: str, remedy: str) -> None:
        worked = away.seen.state not in ("waiting", "coming")
        await asyncio.to_thread(away.files.give_up, reason, told, remedy, self._clock.now_ms(), worked=worked)
        self._forget(away)

    def _forget(self, away: _Away) -> None:
        self._away.pop(away.left.job, None)
        self._over[away.left.job] = away.left.node_id
        if away.coming is not None:
            away.coming.cancel()
        self._send(away.left.node_id, TrainKept(job=away.left.job))

    async def _see(self, away: _Away, seen: Seen) -> None:
        if seen != away.seen or away.files.seen() != seen:
            away.seen = seen
            await asyncio.to_thread(away.files.see, seen)

    def _send(self, node_id: str, message: Train) -> None:
        with suppress(BusDown):  # the machine, or the next look, asks again
            self._send_to(node_id, message)
