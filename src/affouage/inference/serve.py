"""THE path of a request. API, pages, command line and workshops all call :meth:`Inference.ask`.

    engine ready? -> reserve -> wait for a turn -> compose and show the exact prompt -> generate -> meter -> settle

Whatever happens after the reservation, the attempt is settled: a member who leaves pays what was burned, a machine that
fails is written down as failed. An answer without a ledger entry cannot exist.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager

import msgspec

from affouage import chat
from affouage.chat import ChatRequest, Delta, Final, Outcome, PromptProgress, Timings, Usage
from affouage.clock import Clock
from affouage.errors import (
    AffouageError,
    BadRequest,
    ContextExceeded,
    EngineFailed,
    LedgerUnavailable,
    TooMuch,
    Unavailable,
)
from affouage.footprint.impact import GridFactor, assess
from affouage.footprint.share import ProcessorShare
from affouage.inference.answer import Answer, ExactPrompt, Settled, Vectors
from affouage.inference.prompt import Prefix, commitment, compose
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import (
    Door,
    Durations,
    Energy,
    EngineStamp,
    ModelStamp,
    Receipt,
    Reservation,
    TokenCounts,
)
from affouage.pool.engine import Engine
from affouage.pool.node import Node
from affouage.pool.scheduler import Scheduler, Turn

_log = logging.getLogger("affouage.inference")

EstimateEnergy = Callable[[int | None], Energy]
StampModel = Callable[[str], ModelStamp]


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, by which door, in which language (fr | en: which of the two prefixes stands first).

    ``waking_since_us``: monotonic time when this question first met EngineLoading, if its caller asked again by itself;
    the wait on the receipt counts from there.
    """

    member_id: str
    door: Door
    language: str = "fr"
    waking_since_us: int | None = None


class Inference:
    """Everything one answer needs. Use as ``async with inference.running():`` — it owns the tasks of all attempts."""

    def __init__(
        self,
        *,
        node: Node,
        scheduler: Scheduler,
        ledger: Ledger,
        clock: Clock,
        prefixes: Mapping[str, Prefix],
        stamp_model: StampModel,
        estimate_energy: EstimateEnergy,
        grid: GridFactor | None,
        load_wait_ms: int,
    ) -> None:
        self.node = node
        self.scheduler = scheduler
        self.prefixes = prefixes
        self.clock = clock
        self._ledger = ledger
        self._stamp_model = stamp_model
        self._estimate_energy = estimate_energy
        self._grid = grid
        self._load_wait_ms = load_wait_ms
        self._shares: dict[str, ProcessorShare] = {}
        self._open = False
        # A set rather than a TaskGroup: a failure of whoever holds us open must reach them as it is, not in a group.
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: dict[str, tuple[str, Answer]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While open, questions are taken. On leaving, running answers are cancelled and settled."""
        self._open = True
        try:
            yield
        finally:
            self._open = False
            self.cancel_all()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def ask(self, asking: Asking, request: ChatRequest) -> Answer:
        """Take a question. Returns once it is in the books; the answer then comes as events.

        Raises UnknownModel, EngineLoading, EngineFailed, LedgerUnavailable: nothing was then used.
        """
        if not self._open:
            raise Unavailable("The server is stopping.", remedy="Ask again in a moment.")
        since_us = asking.waking_since_us
        began_us = self.clock.monotonic_us() if since_us is None else since_us
        engine = self.node.engine(request.model)
        was_ready = since_us is None and engine.state().status == "ready"
        await engine.ensure_ready(self._load_wait_ms)
        answer = Answer(f"rcp_{secrets.token_hex(12)}")
        attempt = _Attempt(
            asking, request, engine, answer, began_us, self.clock.now_ms(), "none" if was_ready else "loading"
        )
        self._running[answer.receipt_id] = (asking.member_id, answer)
        task = asyncio.create_task(self._run(attempt), name=answer.receipt_id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        answer.attach(task)
        try:
            await answer.reserved()
        except asyncio.CancelledError:
            answer.cancel()  # the one who asked left before the answer began
            raise
        return answer

    def stop(self, receipt_id: str, member_id: str) -> bool:
        """Stop a member's own running answer; False when there is none of that number."""
        owner, answer = self._running.get(receipt_id, (None, None))
        if answer is None or owner != member_id:
            return False
        answer.cancel()
        return True

    def cancel_all(self) -> None:
        """Stop every running answer; each settles what it burned."""
        for _, answer in list(self._running.values()):
            answer.cancel()

    async def _run(self, attempt: _Attempt) -> None:
        problem: BaseException | None = None
        attempt.answer.begin()
        try:
            await self._ledger.reserve(attempt.reservation())
            attempt.answer.note_reserved()
            await self._generate(attempt)
            attempt.outcome = "completed"
        except asyncio.CancelledError:
            attempt.outcome = "cancelled"
        except LedgerUnavailable as unwritten:
            attempt.answer.turn_away(unwritten)
        except (BadRequest, TooMuch) as refused:
            attempt.outcome, problem = "refused", refused
            attempt.note_refusal(refused)
        except AffouageError as failed:
            problem = failed
        except Exception as unforeseen:
            # Its place and kind, never its message: that could quote the prompt.
            where = traceback.extract_tb(unforeseen.__traceback__)[-1]
            _log.error("unforeseen %s at %s:%s", type(unforeseen).__name__, where.filename, where.lineno)
            problem = EngineFailed("The answer stopped on an unforeseen fault.", remedy="Ask again.")
        attempt.answer.begin_settling()
        try:
            if not attempt.answer.turned_away:
                await self._settle(attempt, problem)
        except LedgerUnavailable as unsettled:
            problem = problem or unsettled
        finally:
            self._running.pop(attempt.answer.receipt_id, None)
            attempt.answer.end(problem)

    async def _generate(self, attempt: _Attempt) -> None:
        engine, answer = attempt.engine, attempt.answer
        share = self._shares.setdefault(engine.model_id, ProcessorShare())

        def on_turn(turn: Turn) -> None:
            attempt.wait_reason = "turn"
            answer.put(turn)

        async with self.scheduler.lease(engine.model_id, engine.slots, on_turn):
            await engine.ensure_ready(self._load_wait_ms)
            attempt.started_us = self.clock.monotonic_us()
            share.start(answer.receipt_id, engine.work().cpu_us)
            try:
                await self._use_engine(attempt)
            finally:
                attempt.ended_us = self.clock.monotonic_us()
                attempt.cpu_us = share.finish(answer.receipt_id, engine.work().cpu_us)

    async def _use_engine(self, attempt: _Attempt) -> None:
        engine, answer = attempt.engine, attempt.answer
        if attempt.request.kind == "embedding":
            vectors, prompt_tokens = await engine.embed(attempt.request.inputs)
            attempt.usage = Usage(prompt=prompt_tokens, cached=0, decoded=0)
            answer.put(Vectors(vectors))
            return
        request = self._compose(attempt)
        exact = await engine.render(request)
        if exact is not None:
            attempt.salt = secrets.token_bytes(16)
            attempt.prompt_sha256 = commitment(attempt.salt, exact)
        answer.put(ExactPrompt(exact, attempt.salt))
        async with aclosing(engine.generate(request)) as events:
            async for event in events:
                attempt.note(event)
                if not isinstance(event, Final):
                    answer.put(event)

    def _compose(self, attempt: _Attempt) -> ChatRequest:
        if attempt.request.kind != "chat":
            return attempt.request
        attempt.prefix = self.prefixes.get(attempt.asking.language) or self.prefixes["fr"]
        return compose(attempt.request, attempt.prefix)

    async def _settle(self, attempt: _Attempt, problem: BaseException | None) -> None:
        energy = self._estimate_energy(attempt.cpu_us) if attempt.ended_us else Energy()
        receipt = attempt.receipt(
            model=attempt.stamped(self._stamp_model(attempt.request.model)),
            energy=energy,
            impacts=assess(energy, self._grid),
            total_ms=(self.clock.monotonic_us() - attempt.began_us) // 1000,
            problem=problem.code if isinstance(problem, AffouageError) else None,
        )
        await self._ledger.settle(receipt, attempt.salt)
        attempt.answer.receipt = receipt
        attempt.answer.put(Settled(receipt))


class _Attempt:
    """What is learnt while one answer is being made."""

    def __init__(
        self,
        asking: Asking,
        request: ChatRequest,
        engine: Engine,
        answer: Answer,
        began_us: int,
        created_ms: int,
        wait_reason: str,
    ) -> None:
        self.asking = asking
        self.request = request
        self.engine = engine
        self.answer = answer
        self.began_us = began_us
        self.created_ms = created_ms
        self.wait_reason = wait_reason
        self.started_us = 0
        self.ended_us = 0
        self.cpu_us: int | None = None
        self.prefix: Prefix | None = None
        self.salt: bytes | None = None
        self.prompt_sha256: str | None = None
        self.usage: Usage | None = None
        self.timings = Timings()
        self.progress: PromptProgress | None = None
        self.deltas = 0
        self.finish_reason: str | None = None
        self.outcome: Outcome = "failed"

    def note(self, event: chat.EngineEvent) -> None:
        if isinstance(event, Delta):
            if event.finish:
                self.finish_reason = chat.finish_reason(event)
            else:
                self.deltas += 1
        elif isinstance(event, PromptProgress):
            self.progress = event
        else:
            self.usage, self.timings = event.usage, event.timings

    def stamped(self, model: ModelStamp) -> ModelStamp:
        """With the file the engine really loaded, whatever lies on the disk by now."""
        engine = self.engine.identity()
        return msgspec.structs.replace(model, file=engine.file_name, file_sha256=engine.file_sha256)

    def note_refusal(self, refused: AffouageError) -> None:
        """A prompt over the context was counted, then nothing was computed."""
        if isinstance(refused, ContextExceeded):
            self.usage = Usage(prompt=refused.details["prompt_tokens"], cached=0, decoded=0)

    def reservation(self) -> Reservation:
        return Reservation(
            id=self.answer.receipt_id,
            member_id=self.asking.member_id,
            door=self.asking.door,
            kind=self.request.kind,
            model_id=self.request.model,
            created_ms=self.created_ms,
            tokens=self.request.max_tokens,
        )

    def tokens(self) -> TokenCounts:
        """The engine's own count; for an answer cut short, the chunks that came, one token each."""
        if self.usage is not None:
            used = self.usage
            return TokenCounts(prompt=used.prompt, cached=used.cached, decoded=used.decoded, discarded=0)
        if self.started_us == 0:
            return TokenCounts(prompt=0, cached=0, decoded=0, discarded=0)
        seen = self.progress
        return TokenCounts(
            prompt=seen.total if seen else None, cached=seen.cached if seen else None, decoded=self.deltas or None
        )

    def receipt(self, *, total_ms: int, problem: str | None, **parts: object) -> Receipt:
        engine = self.engine.identity()
        started_us = self.started_us or self.began_us + total_ms * 1000
        return Receipt(
            id=self.answer.receipt_id,
            member_id=self.asking.member_id,
            door=self.asking.door,
            kind=self.request.kind,
            created_ms=self.created_ms,
            outcome=self.outcome,
            finish_reason=self.finish_reason,
            problem=problem,
            engine=EngineStamp(engine.name, engine.version, engine.machine),
            tokens=self.tokens(),
            durations=Durations(
                wait_ms=(started_us - self.began_us) // 1000,
                wait_reason=self.wait_reason,
                prompt_ms=_rounded(self.timings.prompt_ms),
                decode_ms=_rounded(self.timings.decode_ms),
                total_ms=total_ms,
            ),
            prefix=self.prefix.stamp() if self.prefix else None,
            prompt_sha256=self.prompt_sha256,
            **parts,  # type: ignore[arg-type]  # model, energy, impacts: named at the one call above
        )


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)
