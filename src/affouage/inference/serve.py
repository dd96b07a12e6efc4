"""THE path of a request. API, pages, command line and workshops all call :meth:`Inference.ask`.

    admitted? -> allowed? -> engine ready? -> reserve -> wait for a turn -> compose, show the prompt -> generate
    -> meter -> settle

Whatever happens after the reservation, the attempt is settled: a member who leaves pays what was burned, a machine that
fails is written down as failed. An answer without a ledger entry cannot exist.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec

from affouage import chat
from affouage.chat import ChatRequest, Delta, Final, Usage
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
from affouage.inference import elsewhere
from affouage.inference.admission import Admission
from affouage.inference.allowance import Allowance
from affouage.inference.answer import Answer, ExactPrompt, Resumed, Settled, Vectors
from affouage.inference.attempt import Asking, Attempt
from affouage.inference.prompt import Prefixes, commitment, compose
from affouage.inference.turns import Turns
from affouage.ledger.ledger import Assess, Ledger
from affouage.ledger.receipt import (
    Energy,
    ModelStamp,
    Receipt,
)
from affouage.pool.pool import Pool
from affouage.pool.scheduler import Held, Scheduler
from affouage.pool.station import REACHES, Station
from affouage.pool.ticket import Ticket, Turn
from affouage.pool.voice import worker_id

_log = logging.getLogger("affouage.inference")

_REFUSED_WAITING = ("wait_exceeded", "no_machine")
"""Nothing was begun: it was told that its turn would not come in time, or could not come."""

CHARGED_EVERY = 8
"""Tokens after which an answer under way is charged to its member's counter; whatever it wrote is, at its end."""

StampModel = Callable[[str], ModelStamp]


class Inference:
    """Everything one answer needs. Use as ``async with inference.running():`` — it owns the tasks of all attempts."""

    def __init__(
        self,
        *,
        pool: Pool,
        scheduler: Scheduler,
        turns: Turns,
        ledger: Ledger,
        clock: Clock,
        prefixes: Prefixes,
        stamp_model: StampModel,
        assess: Assess,
        allowance: Allowance,
        admission: Admission | None = None,
        on_question: Callable[[], None] = lambda: None,
        load_wait_ms: int,
        gateway_id: str = "",
    ) -> None:
        """``admission``: the gate; None lets everybody in, under the default rules. ``gateway_id``: of this process
        where there are several."""
        self.pool = pool
        self.scheduler = scheduler
        self.admission = admission or Admission(clock, prefixes=prefixes)
        self.prefixes = self.admission.prefixes
        self.clock = clock
        self._turns = turns
        self._ledger = ledger
        self._stamp_model = stamp_model
        self._assess = assess
        self._allowance = allowance
        self._on_question = on_question
        self._load_wait_ms = load_wait_ms
        self._gateway_id = gateway_id
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

        Raises NotAllowed (see ``Admission.consider``), Closed, AllowanceSpent, UnknownModel, EngineLoading,
        EngineFailed, LedgerUnavailable: nothing was then used.
        """
        if not self._open:
            raise Unavailable("The server is stopping.", remedy="Ask again in a moment.")
        since_us = asking.waking_since_us
        began_us = self.clock.monotonic_us() if since_us is None else since_us
        self._on_question()
        self.pool.known(request.model)  # an unknown model is said to be so, whatever the hour
        request = self.pool.voiced(request)
        admitted = await self.admission.consider(asking, request)
        considered = await self._allowance.consider(asking, request)
        if considered.model != request.model:  # the sober model stands in: the same gate, for that one
            request = self.pool.voiced(msgspec.structs.replace(request, model=considered.model, voice_scale=None))
            admitted = await self.admission.consider(asking, request)
        answer = Answer(self._new_receipt_id())
        ticket = self.pool.in_line(await self._turns.ticket(asking, request, answer.receipt_id, admitted))
        station, was_ready = await self._ready_one(ticket, request.model)
        attempt = Attempt(
            asking,
            request,
            considered,
            ticket,
            station,
            answer,
            began_us,
            self.clock.now_ms(),
            "none" if was_ready and since_us is None else "loading",
        )
        attempt.rules = (*self._turns.stamps(), *admitted.rules)
        attempt.in_force = admitted.prefix
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

    def _new_receipt_id(self) -> str:
        """Where there are several processes it begins with this one's id: who wants to stop the answer finds it."""
        return f"rcp_{self._gateway_id}{secrets.token_hex(12 - len(self._gateway_id) // 2)}"

    async def _ready_one(self, ticket: Ticket, model_id: str) -> tuple[Station, bool]:
        """The station that will likely answer, and whether it was ready; loading begins when none is.

        Raises Unavailable when no machine that may read it has the model, EngineLoading, EngineFailed.
        """
        known = self.pool.known(ticket.model_id)
        stations = [
            self.pool.speaking(one, model_id)
            for one in known
            if one.trust <= ticket.reach and one.node_id not in ticket.avoid
        ]
        if not stations:
            raise Unavailable(
                "No machine that may read this question has the model now.",
                remedy="Allow more machines to read it, choose another model, or ask later.",
                code="no_machine",
                retry_after_s=60,
                model=ticket.model_id,
                reach=REACHES[ticket.reach],
            )
        openly = [one for one in stations if one.slots] or stations
        likely = next((one for one in openly if one.loaded), openly[0])
        if likely.slots:  # one that is closed is waited for in the queue
            await likely.engine.ensure_ready(self._load_wait_ms)
        return likely, likely.loaded

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
            attempt.outcome = "refused" if failed.code in _REFUSED_WAITING else "failed"
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
        while True:
            try:
                return await self._take_turn(attempt)
            except EngineFailed as failed:
                ticket = self._elsewhere(attempt, failed)
                if ticket is None:
                    raise
                await self._begin_again(attempt, ticket, failed)

    async def _take_turn(self, attempt: Attempt) -> None:
        def on_turn(turn: Turn) -> None:
            attempt.wait_reason = turn.reason
            attempt.answer.put(turn)

        async with self.scheduler.lease(attempt.ticket, on_turn) as held:
            station = attempt.station = self.pool.speaking(held.station, attempt.request.model)
            await station.engine.ensure_ready(self._load_wait_ms)
            if attempt.number > 1:
                attempt.answer.put(Resumed(station.node_name, attempt.shown.anything))
            attempt.started_us = self.clock.monotonic_us()
            own = bool(station.owner_id) and station.owner_id == attempt.asking.member_id
            station.metering.start(attempt.key, worker_id(station.engine), own=own)
            try:
                await self._use_engine(attempt, held)
            except EngineFailed as failed:
                if elsewhere.lost(failed):  # the collective's loss: it costs the member no turn
                    held.charge(prompt_tokens=0, decoded_tokens=0, energy_uj=0)
                raise
            else:
                held.charge(**attempt.work(), energy_uj=station.metering.spent_uj(attempt.key))
            finally:
                station.metering.stop(attempt.key)

    def _elsewhere(self, attempt: Attempt, failed: EngineFailed) -> Ticket | None:
        """The ticket for another machine; None when nobody can take over."""
        if not elsewhere.lost(failed) or attempt.number >= elsewhere.MOST_TRIES:
            return None
        shown = attempt.shown
        if shown.anything and not elsewhere.may_continue(attempt.request, shown, attempt.exact):
            return None
        attempt.tried |= {attempt.station.node_id}
        stations = self.pool.stations(attempt.request.model)
        file_sha256 = attempt.engine.identity().file_sha256
        avoid = elsewhere.shut_out(stations, attempt.tried, file_sha256, same_file=shown.anything) | attempt.avoid
        fit = [one for one in stations if one.trust <= attempt.ticket.reach and one.node_id not in avoid]
        return msgspec.structs.replace(attempt.ticket, avoid=avoid, again=True) if fit else None

    async def _begin_again(self, attempt: Attempt, ticket: Ticket, failed: EngineFailed) -> None:
        """What the lost machine used is written down, as the collective's loss; then a new promise is made."""
        await _to_its_end(self._settle(attempt, failed, last=False))
        if attempt.shown.anything:
            attempt.notices += ("resumed",)
        attempt.begin_again(ticket)
        also = attempt.considered.holding(attempt.answer.receipt_id)
        await self._ledger.reserve(attempt.reservation(), also=also)

    async def _use_engine(self, attempt: Attempt, held: Held) -> None:
        engine, answer, metering = attempt.engine, attempt.answer, attempt.station.metering
        if attempt.request.kind == "embedding":
            vectors, prompt_tokens = await engine.embed(attempt.request.inputs)
            attempt.usage = Usage(prompt=prompt_tokens, cached=0, decoded=0)
            metering.count(attempt.key, prompt_tokens=prompt_tokens)
            answer.put(Vectors(vectors))
            return
        request = await self._exactly(attempt)
        key, limited = attempt.key, attempt.considered.hold_uj is not None
        as_chat = attempt.continuing and request.kind != attempt.request.kind
        try:
            async with aclosing(engine.generate(request)) as events:
                async for event in events:
                    if as_chat and isinstance(event, Delta):
                        event = chat.as_chat(event, request.model, self.clock.now_ms() // 1000, attempt.last)
                    attempt.note(event)
                    work = attempt.work()
                    metering.count(key, **work)
                    if attempt.deltas % CHARGED_EVERY == 0:
                        held.charge(**work, energy_uj=metering.spent_uj(key))
                    if not isinstance(event, Final):
                        answer.put(event)
                    if limited and not (attempt.finish_reason or await self._may_go_on(attempt)):
                        self._cut_short(attempt)
                        return
        finally:  # a reader who leaves pays for the last tokens too
            held.charge(**attempt.work(), energy_uj=metering.spent_uj(key))

    async def _exactly(self, attempt: Attempt) -> ChatRequest:
        """What the engine is asked, once the one who asked has been shown the exact text of it."""
        if attempt.continuing:
            assert attempt.exact is not None
            request = elsewhere.continued(attempt.request, attempt.exact, attempt.shown.text, attempt.decoded_before)
            exact: str | None = request.prompt
        else:
            request = self._compose(attempt)
            exact = attempt.exact = await attempt.engine.render(request)
        if exact is not None:
            attempt.salt = attempt.salt or secrets.token_bytes(16)
            attempt.prompt_sha256 = commitment(attempt.salt, exact)
        attempt.answer.put(ExactPrompt(exact, attempt.salt))
        return request

    async def _may_go_on(self, attempt: Attempt) -> bool:
        done, spent_uj = attempt.work(), attempt.station.metering.spent_uj(attempt.key)
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
        attempt.prefix = attempt.in_force
        assert attempt.prefix is not None, "the gate gives one to every conversation"
        return compose(attempt.request, attempt.prefix)

    async def _settle(self, attempt: Attempt, problem: BaseException | None, *, last: bool = True) -> None:
        """``last``: no other machine takes over, and the one who asked is given the receipt."""
        if attempt.settled is None:
            attempt.settled = await self._write(attempt, problem, last=last)
        if last:
            attempt.answer.receipt = attempt.settled
            attempt.answer.put(Settled(attempt.settled))

    async def _write(self, attempt: Attempt, problem: BaseException | None, *, last: bool) -> Receipt:
        metering = attempt.station.metering
        if attempt.energy is None:
            attempt.energy = await metering.finished(attempt.key) if attempt.started_us else Energy()
            lost = isinstance(problem, AffouageError) and elsewhere.lost(problem)
            if attempt.energy.interval_uj is not None and not lost:
                self.scheduler.owe(attempt.ticket, int(attempt.energy.interval_uj.central))
        run_id = metering.run_of(attempt.key) if attempt.started_us else ""
        receipt = attempt.receipt(
            model=attempt.stamped(self._stamp_model),
            energy=attempt.energy,
            impacts=self._assess(attempt.energy),
            machine_id=metering.machine_id,
            run_id="" if run_id == attempt.answer.receipt_id else run_id,
            total_ms=(self.clock.monotonic_us() - attempt.began_us) // 1000,
            problem=problem.code if isinstance(problem, AffouageError) else None,
        )
        blocks = metering.blocks()
        salt = attempt.salt if last else None
        await self._ledger.settle(receipt, salt, blocks, assumed_uj=attempt.considered.assumed_uj(receipt))
        metering.kept(blocks)
        self._allowance.learn(receipt)
        attempt.note_weights(metering.weights)
        return receipt


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Whoever leaves meanwhile waits for it: it would be done twice, or by halves."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class _TurnedAway(Exception):
    """Nothing was reserved, so there is nothing to settle."""

    def __init__(self, reason: AffouageError) -> None:
        super().__init__()
        self.reason = reason
