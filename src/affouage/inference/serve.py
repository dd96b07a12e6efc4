"""THE path of a request. API, pages, command line and workshops all call :meth:`Inference.ask`.

    allowed? -> engine ready? -> reserve -> wait for a turn -> compose, show the prompt -> generate -> meter -> settle

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
from affouage.chat import ChatRequest, Final, Usage
from affouage.clock import Clock
from affouage.errors import (
    AffouageError,
    AllowanceSpent,
    BadRequest,
    EngineFailed,
    LedgerUnavailable,
    TooMuch,
    Unavailable,
)
from affouage.inference.allowance import Allowance
from affouage.inference.answer import Answer, ExactPrompt, Settled, Vectors
from affouage.inference.attempt import Asking, Attempt
from affouage.inference.prompt import Prefix, commitment, compose
from affouage.ledger.ledger import Assess, Ledger
from affouage.ledger.receipt import (
    Energy,
    ModelStamp,
)
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.scheduler import Scheduler, Turn

_log = logging.getLogger("affouage.inference")

StampModel = Callable[[str], ModelStamp]


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
        metering: Metering,
        assess: Assess,
        allowance: Allowance,
        on_question: Callable[[], None] = lambda: None,
        load_wait_ms: int,
    ) -> None:
        self.node = node
        self.scheduler = scheduler
        self.prefixes = prefixes
        self.clock = clock
        self._ledger = ledger
        self._stamp_model = stamp_model
        self._metering = metering
        self._assess = assess
        self._allowance = allowance
        self._on_question = on_question
        self._load_wait_ms = load_wait_ms
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

        Raises Closed, AllowanceSpent, UnknownModel, EngineLoading, EngineFailed, LedgerUnavailable: nothing was then
        used.
        """
        if not self._open:
            raise Unavailable("The server is stopping.", remedy="Ask again in a moment.")
        since_us = asking.waking_since_us
        began_us = self.clock.monotonic_us() if since_us is None else since_us
        self._on_question()
        self.node.engine(request.model)  # an unknown model is said to be so, whatever the hour
        considered = await self._allowance.consider(asking, request)
        request = msgspec.structs.replace(request, model=considered.model)
        engine = self.node.engine(request.model)
        was_ready = since_us is None and engine.state().status == "ready"
        await engine.ensure_ready(self._load_wait_ms)
        answer = Answer(f"rcp_{secrets.token_hex(12)}")
        attempt = Attempt(
            asking,
            request,
            considered,
            engine,
            answer,
            began_us,
            self.clock.now_ms(),
            "none" if was_ready else "loading",
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

    async def _run(self, attempt: Attempt) -> None:
        problem: BaseException | None = None
        attempt.answer.begin()
        try:
            await self._reserve(attempt)
            await self._generate(attempt)
            attempt.outcome = "completed"
        except asyncio.CancelledError:
            attempt.outcome = "cancelled"
        except _TurnedAway as away:
            attempt.answer.turn_away(away.reason)
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

    async def _reserve(self, attempt: Attempt) -> None:
        """Into the books, with the promise of energy, or turned away with nothing used."""
        try:
            also = attempt.considered.holding(attempt.answer.receipt_id)
            await self._ledger.reserve(attempt.reservation(), also=also)
        except (LedgerUnavailable, AllowanceSpent) as refused:
            raise _TurnedAway(refused) from refused
        attempt.answer.note_reserved()

    async def _generate(self, attempt: Attempt) -> None:
        engine, answer = attempt.engine, attempt.answer

        def on_turn(turn: Turn) -> None:
            attempt.wait_reason = "turn"
            answer.put(turn)

        async with self.scheduler.lease(engine.model_id, engine.slots, on_turn):
            await engine.ensure_ready(self._load_wait_ms)
            attempt.started_us = self.clock.monotonic_us()
            self._metering.start(answer.receipt_id, engine.model_id)
            try:
                await self._use_engine(attempt)
            finally:
                self._metering.stop(answer.receipt_id)

    async def _use_engine(self, attempt: Attempt) -> None:
        engine, answer = attempt.engine, attempt.answer
        if attempt.request.kind == "embedding":
            vectors, prompt_tokens = await engine.embed(attempt.request.inputs)
            attempt.usage = Usage(prompt=prompt_tokens, cached=0, decoded=0)
            self._metering.count(answer.receipt_id, prompt_tokens=prompt_tokens)
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
                self._metering.count(answer.receipt_id, **attempt.work())
                if not isinstance(event, Final):
                    answer.put(event)
                if not (attempt.finish_reason or await self._may_go_on(attempt)):
                    self._cut_short(attempt)
                    return

    async def _may_go_on(self, attempt: Attempt) -> bool:
        done, spent_uj = attempt.work(), self._metering.spent_uj(attempt.answer.receipt_id)
        return await attempt.considered.extend(
            spent_uj, prompt_tokens=done["prompt_tokens"] or 0, decoded_tokens=done["decoded_tokens"] or 0
        )

    def _cut_short(self, attempt: Attempt) -> None:
        """The allowance leaves no more: the answer ends here, as at its greatest length, and its notice says why."""
        asked = attempt.request
        end = chat.cut_short(attempt.last, asked.kind, asked.model, self.clock.now_ms() // 1000)
        attempt.note(end)
        attempt.answer.put(end)

    def _compose(self, attempt: Attempt) -> ChatRequest:
        if attempt.request.kind != "chat":
            return attempt.request
        attempt.prefix = self.prefixes.get(attempt.asking.language) or self.prefixes["fr"]
        return compose(attempt.request, attempt.prefix)

    async def _settle(self, attempt: Attempt, problem: BaseException | None) -> None:
        energy = await self._metering.finished(attempt.answer.receipt_id) if attempt.started_us else Energy()
        receipt = attempt.receipt(
            model=attempt.stamped(self._stamp_model(attempt.request.model)),
            energy=energy,
            impacts=self._assess(energy),
            machine_id=self._metering.machine_id,
            total_ms=(self.clock.monotonic_us() - attempt.began_us) // 1000,
            problem=problem.code if isinstance(problem, AffouageError) else None,
        )
        blocks = self._metering.blocks()
        await self._ledger.settle(receipt, attempt.salt, blocks, assumed_uj=attempt.considered.assumed_uj(receipt))
        self._metering.kept(blocks)
        self._allowance.learn(receipt)
        attempt.note_weights(self._metering.weights)
        attempt.answer.receipt = receipt
        attempt.answer.put(Settled(receipt))


class _TurnedAway(Exception):
    """Nothing was reserved, so there is nothing to settle."""

    def __init__(self, reason: AffouageError) -> None:
        super().__init__()
        self.reason = reason
