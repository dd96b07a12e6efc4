"""One run at work on a node: what its engine says, numbered and sent as it comes, and what it came to."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing

from affouage.chat import ChatRequest, Delta, Final, PromptProgress, Timings, Usage
from affouage.clock import Clock
from affouage.errors import EngineFailed, EngineLoading
from affouage.ledger.receipt import Energy
from affouage.pool.engine import Engine
from affouage.pool.nodes.outbox import Outbox, RunKey, TooLarge
from affouage.pool.nodes.pieces import event_of
from affouage.pool.nodes.wire import Chunk, Done, Event, Exact, Fin, Piece, Run, SignedBlock, Vectors
from affouage.pool.station import Metered

LOAD_LOOK_MS = 1_000
LOAD_MAX_US = 900_000_000
"""A model that is not in memory by then is not awaited any longer."""
BUSY_MESSAGES = 100
"""Messages of one node in :data:`PAUSE_S` above which it sends several tokens at once."""
PAUSE_S = 0.03
VECTORS_AT_ONCE = 64


class Pace:
    """How fast all runs of this node send. ``hold_s``: how long the next message waits for company; 0 normally."""

    def __init__(self) -> None:
        self._since_s = 0.0
        self._sent = 0

    def hold_s(self, now_s: float) -> float:
        if now_s - self._since_s > PAUSE_S:
            self._since_s, self._sent = now_s, 0
        self._sent += 1
        return PAUSE_S if self._sent > BUSY_MESSAGES else 0.0


class RunAtWork:
    """``placed`` is set once it holds a place of its engine. Times are the node's own monotonic microseconds."""

    def __init__(
        self,
        run: Run,
        request: ChatRequest,
        engine: Engine,
        *,
        outbox: Outbox,
        pace: Pace,
        metering: Metered,
        clock: Clock,
    ) -> None:
        self.run = run
        self.engine = engine
        self.placed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.stopped_for = ""
        self.settling = False
        """The engine works for it no more; what it came to is being found out."""
        self._begun = False
        self.usage: Usage | None = None
        self.timings = Timings()
        self.began_us = self.renewed_us = self.told_us = self.heard_us = clock.monotonic_us()
        self.speaking = False
        """The engine has said something: from then on its silence means something."""
        self.metered = False
        self._request = request
        self._outbox = outbox
        self._pace = pace
        self._metering = metering
        self._clock = clock
        self._seq = 0
        self._digest = hashlib.sha256()
        self._pending: list[Event] = []
        self._flushing: asyncio.Handle | None = None
        self._progress: PromptProgress | None = None
        self._deltas = 0
        self._spent_uj = 0
        self._over = False

    @property
    def key(self) -> RunKey:
        return self.run.rid, self.run.attempt

    def begin(self) -> None:
        """From its own task, which :meth:`stop` may end from now on. Raises CancelledError when it was stopped before:
        a task cancelled before its first step would never tell its end."""
        self._begun = True
        if self.stopped_for:
            raise asyncio.CancelledError

    def stop(self, why: str) -> None:
        """Work for it no more; its end is told with ``why``, unless it has ended by itself."""
        if self.stopped_for or self.settling:
            return
        self.stopped_for = why
        if self._begun and self.task is not None:
            self.task.cancel()

    # --- the work ---------------------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Raises what the engine raises."""
        if self.run.work == "render":
            await self._load()
            self.put(Exact(await self.engine.render(self._request)))
            return
        await self.placed.wait()
        await self._load()
        self._metering.start(self.run.rid, self.run.model_id)
        self.metered = True
        try:
            await (self._embed() if self.run.work == "embed" else self._generate())
        finally:
            self._metering.stop(self.run.rid)

    async def _load(self) -> None:
        deadline_us = self._clock.monotonic_us() + LOAD_MAX_US
        while True:
            try:
                await self.engine.ensure_ready(LOAD_LOOK_MS)
            except EngineLoading:
                if self._clock.monotonic_us() > deadline_us:
                    raise
                await asyncio.sleep(LOAD_LOOK_MS / 4000)
            else:
                return

    async def _generate(self) -> None:
        async with aclosing(self.engine.generate(self._request)) as events:
            async for event in events:
                self.heard_us = self._clock.monotonic_us()
                self._note(event)
                self._metering.count(self.run.rid, **self.done())
                said = event_of(event)
                if said is not None:
                    self.put(said)
        if self.usage is None:
            raise EngineFailed("The engine stopped in the middle of its answer.", remedy="Try again.")

    async def _embed(self) -> None:
        vectors, prompt_tokens = await self.engine.embed(self._request.inputs)
        self.usage = Usage(prompt=prompt_tokens, cached=0, decoded=0)
        self._metering.count(self.run.rid, prompt_tokens=prompt_tokens)
        for first in range(0, len(vectors), VECTORS_AT_ONCE):
            self.put(Vectors(vectors[first : first + VECTORS_AT_ONCE]))
        self.put(Done(prompt=prompt_tokens, cached=0, decoded=0))

    def _note(self, event: Delta | PromptProgress | Final) -> None:
        if isinstance(event, Delta):
            self.speaking = True
            self._deltas += not event.finish
        elif isinstance(event, PromptProgress):
            self._progress = event
        else:
            self.usage, self.timings = event.usage, event.timings

    def done(self) -> dict[str, int | None]:
        """Tokens so far: computed from the prompt, decoded; None while the engine has not told."""
        if self.usage is not None:
            prompt, cached, decoded = self.usage.prompt, self.usage.cached, self.usage.decoded
            return {
                "prompt_tokens": None if prompt is None else max(0, prompt - (cached or 0)),
                "decoded_tokens": max(decoded or 0, self._deltas),
            }
        seen = self._progress
        return {
            "prompt_tokens": None if seen is None else max(0, seen.processed - seen.cached),
            "decoded_tokens": self._deltas,
        }

    # --- what is said of it -----------------------------------------------------------------------------------------

    def put(self, event: Event) -> None:
        """Send it at the end of this turn of the loop, with whatever else came meanwhile."""
        if isinstance(event, Piece) and event.text is not None:
            self._digest.update(event.text.encode())
        self._pending.append(event)
        if self._flushing is None:
            loop = asyncio.get_running_loop()
            hold_s = self._pace.hold_s(loop.time())
            self._flushing = loop.call_later(hold_s, self._flush) if hold_s else loop.call_soon(self._flush)

    def breathe(self) -> None:
        """An empty chunk: loading, reading or waiting for its place, but alive."""
        if self._flushing is None and not self._over:
            self._send(())

    def _flush(self) -> None:
        """On the loop's own call: what no message holds ends the run."""
        try:
            self._send_pending()
        except TooLarge:
            self.stop("engine_failed")

    def _send_pending(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if self._pending:
            events, self._pending = tuple(self._pending), []
            self._send(events)

    def _send(self, events: tuple[Event, ...]) -> None:
        if self.metered and not self._over:
            self._spent_uj = max(0, self._metering.spent_uj(self.run.rid))
        rid, attempt = self.key
        chunk = Chunk(rid=rid, attempt=attempt, seq=self._seq, events=events, spent_uj=self._spent_uj)
        self._seq = self._outbox.chunk(chunk)
        self.told_us = self._clock.monotonic_us()

    async def energy(self) -> Energy:
        """Its part of the meter, once the window it ended in is closed. Once."""
        if not self.metered:
            return Energy()
        finished = await self._metering.finished(self.run.rid)
        self.metered = False
        return finished

    def end(self, problem: str, numbers: dict[str, int], energy: Energy, blocks: tuple[SignedBlock, ...]) -> None:
        """The last message of it."""
        try:
            self._send_pending()
        except TooLarge:
            problem = problem or "engine_failed"
        self._over = True
        self._outbox.fin(
            Fin(
                rid=self.run.rid,
                attempt=self.run.attempt,
                seq=self._seq,
                count=self._seq,
                sha256=self._digest.hexdigest(),
                problem=problem,
                numbers=numbers,
                energy=energy,
                blocks=blocks,
            ),
            self._clock.monotonic_us(),
        )


def refusal(run_key: RunKey, problem: str) -> Fin:
    """The end of a run that never began."""
    rid, attempt = run_key
    return Fin(rid=rid, attempt=attempt, seq=0, count=0, sha256=hashlib.sha256().hexdigest(), problem=problem)
