"""All the runs of a node: which are taken, in which order they get a place, which are stopped, how each one ends."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import OrderedDict
from collections.abc import Callable, Collection

import msgspec

from affouage.clock import Clock
from affouage.errors import AffouageError, BadRequest
from affouage.ledger.receipt import Energy
from affouage.ledger.run_names import gateway_of
from affouage.pool.engine import Engine
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.nodes.agent_run import Pace, RunAtWork, refusal
from affouage.pool.nodes.floor import Floor
from affouage.pool.nodes.learnt import Learnt
from affouage.pool.nodes.node_state import Ended
from affouage.pool.nodes.options import request_of
from affouage.pool.nodes.outbox import Outbox, RunKey
from affouage.pool.nodes.policy import lends, shared_slots
from affouage.pool.nodes.spool import Spool
from affouage.pool.nodes.wire import Blocks, Closed, Policy, Run, SignedBlock

_log = logging.getLogger("affouage.node")

LEASE_US = 6_000_000
"""Three renewals missed: nobody wants it any more."""
BREATH_US = 750_000
"""The commons hears of each run at least so often, and at the next tick."""
ENGINE_SILENCE_US = 60_000_000
"""An engine that has begun its answer and says nothing for so long has failed."""
REMEMBERED_RUNS = 65_536
RENDERS_AT_ONCE = 64


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine lends at this moment. ``draining``: not even its owner's questions are taken."""

    policy: Policy
    closed: Closed
    draining: bool = False


class Runs:
    """Owns their tasks: :meth:`finish` waits for all of them."""

    def __init__(
        self,
        *,
        node: Node,
        metering: Metering,
        outbox: Outbox,
        spool: Spool,
        clock: Clock,
        standing: Callable[[], Standing],
        tell: Callable[[Ended], None],
    ) -> None:
        self.learnt = Learnt()
        self._node = node
        self._metering = metering
        self._outbox = outbox
        self._spool = spool
        self._clock = clock
        self._standing = standing
        self._tell = tell
        self._floor = Floor()
        self._pace = Pace()
        self._at_work: dict[RunKey, RunAtWork] = {}
        self._seen: OrderedDict[RunKey, None] = OrderedDict()

    @property
    def rids(self) -> tuple[str, ...]:
        return tuple(run.run.rid for run in self._at_work.values())

    @property
    def owner_waits(self) -> bool:
        return self._floor.owner_waits

    def used(self, model_id: str) -> int:
        return self._floor.used(model_id)

    # --- what the commons says ----------------------------------------------------------------------------------------

    def take(self, run: Run) -> bool:
        """Begin it, or answer why not. False for one that was here before, or is older than one that was."""
        key = (run.rid, run.attempt)
        older = [one for one in self._at_work.values() if one.run.rid == run.rid]
        if key in self._seen or any(one.run.attempt > run.attempt for one in older):
            return False
        self._remember(key)
        for one in older:
            one.stop("superseded")
        try:
            request = request_of(run)
            at_work = RunAtWork(
                run,
                request,
                self._engine(run),
                outbox=self._outbox,
                pace=self._pace,
                metering=self._metering,
                clock=self._clock,
            )
            self._place(at_work)
        except (BadRequest, _Refused) as refused:
            why = refused.why if isinstance(refused, _Refused) else BadRequest.code
            self._outbox.fin(refusal(key, f"refused:{why}"), self._clock.monotonic_us())
            return True
        self._at_work[key] = at_work
        at_work.task = asyncio.create_task(self._serve(at_work, [one.task for one in older if one.task]), name=run.rid)
        return True

    def renew(self, rids: Collection[str]) -> None:
        now_us, wanted = self._clock.monotonic_us(), frozenset(rids)
        for one in self._at_work.values():
            if one.run.rid in wanted:
                one.renewed_us = now_us

    def cancel(self, key: RunKey) -> None:
        """Stop it. One that is not known, or came to its end and was acknowledged, is said to be so."""
        if key in self._at_work:
            self._at_work[key].stop("cancelled")
        elif key not in self._outbox:
            self._unknown(key)

    def resend(self, key: RunKey, seq: int) -> None:
        if self._outbox.resend(key, seq):
            return
        if key in self._at_work:  # what it asks for is forgotten: the rest is of no use to it
            self._at_work[key].stop("node_forgot")
        elif key not in self._outbox:
            self._unknown(key)

    def _unknown(self, key: RunKey) -> None:
        self._remember(key)  # should it still be on its way: it is too late
        self._outbox.say(key[0], refusal(key, "refused:unknown_run"))

    def _remember(self, key: RunKey) -> None:
        self._seen[key] = None
        if len(self._seen) > REMEMBERED_RUNS:
            self._seen.popitem(last=False)

    # --- what is taken ------------------------------------------------------------------------------------------------

    def _engine(self, run: Run) -> Engine:
        standing = self._standing()
        if standing.draining:
            raise _Refused("node_closed")
        engine = self._node.find(run.model_id)
        if engine is None or not (run.own or lends(standing.policy, run.model_id)):
            raise _Refused("unknown_model")
        if standing.closed and not run.own and run.work != "render":
            raise _Refused("node_busy" if standing.closed == "owner" else "node_closed")
        return engine

    def _place(self, one: RunAtWork) -> None:
        """A place of its engine, or the next one for the owner's. Raises _Refused when there is none."""
        run, slots, policy = one.run, one.engine.slots, self._standing().policy
        if run.work == "render":  # reads a template: it takes no place
            if sum(other.run.work == "render" for other in self._at_work.values()) >= RENDERS_AT_ONCE:
                raise _Refused("node_busy")
            return
        if run.own:
            answer = self._floor.ask_own(_name(one), run.model_id, slots, owner_first=policy.owner_first)
        else:
            answer = self._floor.ask_other(run.model_id, slots, shared_slots(slots, policy.max_share_percent))
        if answer == "busy":
            raise _Refused("node_busy")
        if answer == "taken":
            one.placed.set()

    def _leave(self, one: RunAtWork) -> None:
        if not one.placed.is_set():
            self._floor.give_up(_name(one))
            return
        name = self._floor.leave(one.run.model_id, own=one.run.own)
        for other in self._at_work.values():
            if _name(other) == name:
                other.placed.set()

    # --- the work -----------------------------------------------------------------------------------------------------

    async def _serve(self, one: RunAtWork, before: Collection[asyncio.Task[None]]) -> None:
        problem, numbers = "", dict[str, int]()
        try:
            one.begin()
            if before:  # an older attempt: its part of the meter has the same name
                await asyncio.wait(before)
            await one.work()
        except asyncio.CancelledError:
            problem = one.stopped_for or "node_stopped"
        except AffouageError as failed:
            problem, numbers = failed.code, _numbers(failed)
        except Exception as unforeseen:
            # Its place and kind, never its message: that could quote the prompt.
            where = traceback.extract_tb(unforeseen.__traceback__)[-1]
            _log.error("unforeseen %s at %s:%s", type(unforeseen).__name__, where.filename, where.lineno)
            problem = "engine_failed"
        one.settling = True
        try:
            self._leave(one)
            await self._settle(one, problem, numbers)
        finally:
            self._at_work.pop(one.key, None)

    async def _settle(self, one: RunAtWork, problem: str, numbers: dict[str, int]) -> None:
        metered, energy = one.metered, await one.energy()
        now_us = self._clock.monotonic_us()
        if metered:
            await self.keep_readings()
            self._learn(one, energy)
        one.end(problem, numbers, energy, self._told_with(one, now_us) if metered else ())
        if one.run.work != "render":
            self._tell(_ended(one, problem, energy, now_us))

    def _told_with(self, one: RunAtWork, now_us: int) -> tuple[SignedBlock, ...]:
        """The readings that its end carries. Where there are several gateways they are told to all: the same block
        holds what each one's runs used."""
        blocks = self._spool.to_offer(now_us, newest_first=True)
        if not blocks or not gateway_of(one.run.rid):
            return blocks
        self._outbox.say("blocks", Blocks(blocks=blocks))
        return ()

    async def keep_readings(self) -> None:
        """All that was metered so far, signed and written down."""
        blocks = self._metering.blocks()
        await self._spool.keep(blocks)
        self._metering.kept(blocks)

    def _learn(self, one: RunAtWork, energy: Energy) -> None:
        done, timings, model_id = one.done(), one.timings, one.run.model_id
        prompt, decoded = done["prompt_tokens"] or 0, done["decoded_tokens"] or 0
        self._metering.weights.note(
            model_id,
            prompt_tokens=prompt,
            prompt_ms=timings.prompt_ms,
            decoded_tokens=decoded,
            decode_ms=timings.decode_ms,
        )
        self.learnt.note(
            model_id,
            energy_uj=_central_uj(energy),
            prompt_tokens=prompt,
            decoded_tokens=decoded,
            kappa=self._metering.weights.of(model_id).kappa,
            decode_ms=timings.decode_ms,
        )

    def look(self) -> None:
        """At each tick: stop what nobody renews, give a sign of life for the others."""
        now_us = self._clock.monotonic_us()
        for one in list(self._at_work.values()):
            if now_us - one.renewed_us >= LEASE_US:
                one.stop("lease_lost")
            elif one.speaking and not one.settling and now_us - one.heard_us >= ENGINE_SILENCE_US:
                one.stop("engine_failed")
            elif now_us - one.told_us >= BREATH_US:
                one.breathe()

    async def finish(self, limit_s: float) -> None:
        """Wait for all of them for so long, then stop those that are left; each tells its end."""
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=limit_s)
        for one in self._at_work.values():
            one.stop("node_stopped")
        if tasks := self._tasks():
            await asyncio.wait(tasks)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [one.task for one in self._at_work.values() if one.task is not None]


class _Refused(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _name(one: RunAtWork) -> str:
    return f"{one.run.rid}.{one.run.attempt}"


def _numbers(failed: AffouageError) -> dict[str, int]:
    """The figures of an error, for its sentence."""
    told = {**failed.details, "retry_after_s": getattr(failed, "retry_after_s", None)}
    return {name: value for name, value in told.items() if isinstance(value, int) and not isinstance(value, bool)}


def _central_uj(energy: Energy) -> int | None:
    return None if energy.static_uj is None or energy.dynamic_uj is None else energy.static_uj + energy.dynamic_uj


def _ended(one: RunAtWork, problem: str, energy: Energy, now_us: int) -> Ended:
    done = one.done()
    return Ended(
        model_id=one.run.model_id,
        own=one.run.own,
        problem=problem,
        prompt_tokens=None if one.usage is None else one.usage.prompt,
        decoded_tokens=done["decoded_tokens"],
        energy_uj=_central_uj(energy),
        total_ms=(now_us - one.began_us) // 1000,
    )
