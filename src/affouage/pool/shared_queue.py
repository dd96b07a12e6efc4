"""One model's queue of several gateways, as one of them uses it: what its requests ask for, and what they are told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from affouage.errors import AffouageError, Unavailable
from affouage.pool.model_queue import Counts, Now
from affouage.pool.placement import Key
from affouage.pool.queue_steps import Arrive, Charge, Forget, Over, Owe, Seen, Step
from affouage.pool.ticket import Ticket, Turn
from affouage.pool.turn_rows import TurnRows
from affouage.pool.waiter import TELL_S, Limits, OnTurn, Waiter, refuse_the_lost

T = TypeVar("T")
POLL_S = 0.25
"""While somebody waits, what others did is seen at least so often, even when it is not heard of."""

_log = logging.getLogger("affouage.queue")


class Rows(Protocol):
    """The gateway's hold on the shared state."""

    gateway_id: str
    rows: TurnRows

    def now(self, model_id: str) -> Now: ...

    def named(self, prefix_sha256: str) -> str: ...

    def note(self, counts: Counts) -> None: ...

    async def ask(self, work: Callable[[], T]) -> T: ...


class SharedQueue:
    """What is asked while a step is being taken goes into the next one, so that many cost little more than one."""

    def __init__(self, model_id: str, shared: Rows, limits: Limits) -> None:
        self._model_id = model_id
        self._shared = shared
        self._limits = limits
        self._waiters: dict[str, Waiter] = {}
        self._entering: dict[str, asyncio.Future[None] | None] = {}
        """Their arrival is asked for, and not known to have been taken; None: they were in the line before."""
        self._mine: dict[str, Callable[[], None] | None] = {}
        """Requests that have a slot, and what is called should they lose it."""
        self._work: dict[str, dict[str, int]] = {}
        self._news: dict[str, None] = {}
        self._steps: list[Step] = []
        self._seen = Seen(Counts(model_id), {}, frozenset(), {})
        self._unit = ""
        self._look = False
        self._told_s = 0.0
        self._untold = False
        """Something changed since the places were told."""
        self._closing = False
        self._stepping = False
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._go_on(), name=f"turns of {model_id}")

    # -- what requests ask ---------------------------------------------------------------------------------------

    async def enter(self, ticket: Ticket, on_turn: OnTurn, now: Now) -> Waiter:
        """Raises Unavailable too, when the state cannot be reached."""
        ticket = msgspec.structs.replace(
            ticket, gateway_id=self._shared.gateway_id, prefix_sha256=self._shared.named(ticket.prefix_sha256)
        )
        waiter = self._waiters[ticket.request_id] = Waiter(ticket, on_turn, Turn(1, 1))
        entered = self._entering[ticket.request_id] = asyncio.get_running_loop().create_future()
        self._ask(Arrive(ticket))
        try:
            await entered
        except BaseException:
            self.leave(waiter)
            raise
        return waiter

    def tell_newcomer(self, waiter: Waiter) -> None:
        waiter.tell(waiter.told, first=True)

    def leave(self, waiter: Waiter) -> None:
        request_id = waiter.ticket.request_id
        if self._waiters.get(request_id) is waiter:
            del self._waiters[request_id]
            self._entering.pop(request_id, None)
            self._ask(Over(request_id))
        elif request_id in self._mine and _given(waiter):
            self.finish(request_id)

    def hold(self, request_id: str, lose: Callable[[], None]) -> None:
        if request_id in self._mine:
            self._mine[request_id] = lose
        else:
            lose()

    def charge(self, request_id: str, **work: int | None) -> None:
        if request_id in self._mine:
            known = self._work.setdefault(request_id, {})
            known |= {name: figure for name, figure in work.items() if figure is not None}
            self._news[request_id] = None

    def finish(self, request_id: str) -> None:
        self._news.pop(request_id, None)
        work = self._work.pop(request_id, {})
        if request_id in self._mine:
            del self._mine[request_id]
            self._ask(Over(request_id, work))

    def owe(self, request_id: str, energy_uj: int) -> None:
        if self._unit == "joules":
            self._ask(Owe(request_id, energy_uj))

    def forget(self, node_id: str) -> None:
        self._ask(Forget(node_id))

    def look(self) -> None:
        refuse_the_lost(list(self._waiters.values()), self._shared.now(self._model_id))
        counts = self._seen.counts
        if self._waiters or self._mine or counts.waiting or counts.running:
            self._look = True
            self._wake.set()

    def wake(self) -> None:
        """Something was given to one of ours."""
        self._wake.set()

    @property
    def asked(self) -> bool:
        """Is there something that was asked, and is not done or told yet?"""
        return bool(self._steps or self._look or self._stepping or self._entering)

    def in_use(self, node_id: str | None = None) -> int:
        used = self._seen.used
        return self._seen.counts.running if node_id is None else used.get((node_id, self._model_id), 0)

    def counts(self) -> Counts:
        return self._seen.counts

    async def close(self, most_s: float) -> None:
        """Once what was asked is done; given up after ``most_s``: the others then find that this gateway is gone."""
        for request_id in [*self._waiters, *self._mine]:
            self._ask(Over(request_id))
        self._closing = True
        self._wake.set()
        await asyncio.wait([self._task], timeout=most_s)
        self._task.cancel()
        await asyncio.wait([self._task])

    # -- step by step --------------------------------------------------------------------------------------------

    def _ask(self, step: Step) -> None:
        self._steps.append(step)
        self._wake.set()

    async def _go_on(self) -> None:
        while not self._closing or self._steps:
            await self._until_woken()
            self._stepping = True
            try:
                await self._once()
            except Exception as refused:  # those who wait go on being looked after
                if not isinstance(refused, AffouageError):
                    _log.error("a step of the queue failed: %s", type(refused).__name__)
                await asyncio.sleep(POLL_S)
                self._wake.set()
            finally:
                self._stepping = False

    async def _until_woken(self) -> None:
        try:
            async with asyncio.timeout(POLL_S if self._waiters else None):
                await self._wake.wait()
        except TimeoutError:
            pass
        await asyncio.sleep(0)  # what is asked in the same moment goes into the same step
        self._wake.clear()

    async def _once(self) -> None:
        now, rows = self._shared.now(self._model_id), self._shared.rows
        self._unit = now.rules.unit
        look, self._look = self._look, False
        steps, tell = self._taken(look), self._tell_now()
        try:
            if steps or look:
                found: Seen | None = await self._shared.ask(
                    lambda: rows.step(self._model_id, steps, now, self._limits, look=look, tell=tell)
                )
            else:
                untold = self._untold
                found = await self._shared.ask(lambda: rows.see(self._model_id, now, tell=tell, untold=untold))
        except Exception as refused:
            self._take_back(steps, refused)
            raise
        if found is not None:
            self._follow(found, {step.ticket.request_id for step in steps if isinstance(step, Arrive)})

    def _taken(self, look: bool) -> list[Step]:
        """What is to be done now. Work is told at each look, and before somebody who is compared with those served."""
        steps, self._steps = self._steps, []
        if look or any(isinstance(step, Arrive) for step in steps):
            steps = [*(Charge(one, dict(self._work[one])) for one in self._news), *steps]
            self._news = {}
        return steps

    def _tell_now(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if not self._waiters or now_s - self._told_s < TELL_S:
            return False
        self._told_s = now_s
        return True

    def _take_back(self, steps: Sequence[Step], refused: Exception) -> None:
        """Nothing of it was done, or all of it: newcomers are told so, the rest is asked again."""
        problem = refused if isinstance(refused, AffouageError) else Unavailable("The queue failed.", retry_after_s=5)
        again: list[Step] = []
        for step in steps:
            entering = self._entering.get(step.ticket.request_id) if isinstance(step, Arrive) else None
            if entering is None:
                again.append(step)
            elif not entering.done():
                entering.set_exception(problem)
        self._steps = again + self._steps

    # -- what was seen -------------------------------------------------------------------------------------------

    def _follow(self, found: Seen, arrived: set[str]) -> None:
        """``arrived``: requests whose arrival was among the steps just taken."""
        self._seen, self._untold = found, found.turns is None
        self._shared.note(found.counts)
        self._find_lost(found.running)
        for request_id, waiter in list(self._waiters.items()):
            if request_id in self._entering and request_id not in arrived:
                continue
            entering = self._entering.pop(request_id, None)
            problem = found.refused.get(request_id)
            if problem is not None:
                del self._waiters[request_id]
                if entering is None:
                    waiter.refuse(problem)
            elif request_id in found.running:
                self._give(waiter, found.running[request_id])
            elif request_id not in found.waiting:  # dropped with a gateway that was held for dead: this one
                self._stand_again(waiter.ticket)
            elif found.turns is not None:
                self._place(waiter, found.turns[request_id], first=entering is not None)
            elif entering is not None:
                waiter.told = Turn(found.counts.waiting, found.counts.waiting)
            if entering is not None and not entering.done():
                entering.set_result(None) if problem is None else entering.set_exception(problem)
        self._clear_away(found)

    def _place(self, waiter: Waiter, turn: Turn, *, first: bool) -> None:
        if first:
            waiter.told = turn  # told by whoever let it in
        else:
            waiter.tell(turn)

    def _give(self, waiter: Waiter, key: Key) -> None:
        request_id = waiter.ticket.request_id
        if waiter.turn.done():  # it left or was refused, and has not woken up yet
            return
        station = next((one for one in self._shared.now(self._model_id).stations if one.key == key), None)
        if station is None:  # whoever gave it does not know yet that this machine is gone
            self._ask(Over(request_id))
            avoid = waiter.ticket.avoid | {key[0]}
            waiter.ticket = msgspec.structs.replace(waiter.ticket, again=True, avoid=avoid)
            self._stand_again(waiter.ticket)
            return
        del self._waiters[request_id]
        self._mine[request_id] = None
        waiter.turn.set_result(station)

    def _stand_again(self, ticket: Ticket) -> None:
        self._entering[ticket.request_id] = None
        self._ask(Arrive(ticket))

    def _find_lost(self, running: Mapping[str, Key]) -> None:
        for request_id in [one for one in self._mine if one not in running]:
            lose = self._mine.pop(request_id)
            if lose is not None:
                lose()

    def _clear_away(self, found: Seen) -> None:
        """What stands there in our name and is nobody's here: a step that was lost, or done though it seemed not."""
        known = {*self._waiters, *self._mine, *(step.request_id for step in self._steps if isinstance(step, Over))}
        for request_id in {*found.running, *found.waiting} - known:
            self._ask(Over(request_id))


def _given(waiter: Waiter) -> bool:
    turn = waiter.turn
    return turn.done() and not turn.cancelled() and turn.exception() is None
