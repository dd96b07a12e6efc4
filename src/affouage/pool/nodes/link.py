"""What the commons holds of one node: when it was heard, what it says of itself, its runs, its engines, its meter."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress

from affouage.chat import ChatRequest
from affouage.clock import Clock
from affouage.errors import BadRequest, NodeLost
from affouage.ledger.run_names import new_run_name
from affouage.pool.engine import EngineIdentity, EngineState
from affouage.pool.nodes import wire
from affouage.pool.nodes.bus import MAX_PAYLOAD_BYTES, Bus, BusDown, control_subject, run_subject
from affouage.pool.nodes.policy import shared_slots
from affouage.pool.nodes.presence import DEAD_US, Presence
from affouage.pool.nodes.reading_check import shown
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.remote_engine import RemoteEngine
from affouage.pool.nodes.remote_meter import RemoteMeter
from affouage.pool.nodes.remote_run import Limits, Patience, RemoteRun, Work
from affouage.pool.nodes.sealing import Seal
from affouage.pool.station import Station

_log = logging.getLogger("affouage.pool")

FORGOTTEN = 20_000
RENEWED_MOST = 4096
UNKNOWN_TOKENS = 1_000_000
"""What an answer may hold when nobody knows the context of its model."""
CHARACTERS_PER_TOKEN = 64
POLICY_TOLD_TIMES = 5


class Link:
    """``owners``: which node each recent run is of, shared by all links. ``changed``: something to serve with changed.

    ``alone(model_id, node_id)``: does no other node that is here have the model? ``gateway_id``: of this process where
    there are several; ``of_another(rid)``: is that run another living one's?
    """

    def __init__(
        self,
        record: NodeRecord,
        box_private: bytes,
        bus: Bus,
        clock: Clock,
        *,
        max_watts: float,
        patience: Patience,
        owners: OrderedDict[str, str],
        changed: Callable[[], None],
        alone: Callable[[str, str], bool],
        gateway_id: str = "",
        of_another: Callable[[str], bool] = lambda _rid: False,
    ) -> None:
        self.record = record
        self.seal = Seal(box_private, record.box_key)
        self.presence = Presence()
        self.beat: wire.Heartbeat | None = None
        self.runs: dict[str, RemoteRun] = {}
        self.dropped: Counter[str] = Counter()
        """Messages of no use, by reason; told in the log once a minute, then counted anew: see ``dropped_before``."""
        self.dropped_before: Counter[str] = Counter()
        self.resends = 0
        self.refused: Counter[str] = Counter()
        """Claims not believed since the start, by reason."""
        self.lost_runs = 0
        self.seen_ms: int | None = record.seen_ms
        self._bus = bus
        self._clock = clock
        self._patience = patience
        self._owners = owners
        self._changed = changed
        self._alone = alone
        self._gateway_id = gateway_id
        self._of_another = of_another
        self._served: dict[str, wire.Served] = {}
        self._known: dict[str, wire.Served] = {}
        """As last told, of every model it ever had: a receipt names the engine of a machine that is gone."""
        self._engines: dict[str, RemoteEngine] = {}
        self._foreign: Counter[str] = Counter()
        """Places taken by nobody of ours, by model, at its last heartbeat."""
        self._policy: tuple[wire.SetPolicy, int] | None = None
        away_ms = max(0, clock.now_ms() - (record.seen_ms or record.created_ms))
        self.meter = RemoteMeter(
            record.machine_id,
            record.public_key,
            clock,
            max_watts=max_watts,
            away_us=min(away_ms, 31 * 86_400_000) * 1000,
            fin_wait_us=patience.fin_us,
            send=self.tell,
            ended=self.done,
            refused=self.note_refusal,
            known_elsewhere=lambda rid: owners.get(rid, record.id) != record.id,
            of_another=of_another,
        )

    # --- to the node ------------------------------------------------------------------------------------------------

    def tell(self, message: wire.ToNode) -> None:
        """Best effort: whatever is lost is told or asked again."""
        self.resends += isinstance(message, wire.Resend)
        with suppress(BusDown):
            self.send(message)

    def send(self, message: wire.ToNode) -> None:
        """Raises BusDown."""
        subject = run_subject if isinstance(message, wire.Run) else control_subject
        self._bus.publish(subject(self.record.id), self.seal.close(wire.encode(message)))

    def begin(self, work: Work, request: ChatRequest) -> RemoteRun:
        """Send work. Raises NodeLost when it cannot leave, BadRequest when no message can hold it."""
        now_us = self._clock.monotonic_us()
        rid = new_run_name(self._gateway_id)
        run = RemoteRun(
            rid,
            work=work,
            model_id=request.model,
            node_name=self.record.name,
            limits=self._limits(work, request),
            patience=self._patience,
            ask_from=lambda seq: self.tell(wire.Resend(rid=rid, attempt=1, seq=seq)),
            on_lie=lambda: self.note_refusal("answer"),
            now_us=now_us,
        )
        if self.presence.state(now_us) == "absent":
            raise run.lost("absent")
        own = self.meter.bind(run)
        message = self.seal.close(wire.encode(_message(run, request, own=own, at_ms=self._clock.now_ms())))
        if len(message) > MAX_PAYLOAD_BYTES:
            run.fail("too_large")
            raise BadRequest(
                "The text is too long to be sent to another machine.",
                remedy="Send a shorter text, or allow this machine only to read it.",
                code="request_too_large",
            )
        try:
            self._bus.publish(run_subject(self.record.id), message)
        except BusDown:
            run.fail("link")
            raise run.lost("link") from None
        self.runs[rid] = run
        self._owners[rid] = self.record.id
        while len(self._owners) > FORGOTTEN:
            self._owners.popitem(last=False)
        return run

    def _limits(self, work: Work, request: ChatRequest) -> Limits:
        if work == "embed":
            return Limits(len(request.inputs), 0)
        tokens = request.max_tokens or self.context_tokens(request.model) or UNKNOWN_TOKENS
        return Limits(4 * tokens + 64, CHARACTERS_PER_TOKEN * tokens + 4096)

    def leave(self, run: RemoteRun) -> None:
        """Its engine has done with it: stopped unless it has ended, and kept until what it used is told."""
        run.leave()
        if not (run.complete or run.over.is_set()):
            self.tell(wire.Cancel(rid=run.rid, attempt=run.attempt))
        if not self.meter.bound(run):
            self.done(run)

    def done(self, run: RemoteRun) -> None:
        """Nothing more is wanted of it, nor of its end."""
        if self.runs.pop(run.rid, None) is not None and run.fin is not None:
            self.tell(wire.Ack(rid=run.rid, attempt=run.attempt))

    # --- from the node ----------------------------------------------------------------------------------------------

    def heard(self, beat: wire.Heartbeat) -> None:
        """A heartbeat, well formed and sealed by this node."""
        now_us = self._clock.monotonic_us()
        if beat.machine_id != self.record.machine_id:
            self.dropped["another machine's name"] += 1
            return
        news = self.presence.heard(beat.run, now_us)
        if news == "straggler":
            return
        self.seen_ms = self._clock.now_ms()
        if news in ("restarted", "duplicate"):
            self.lose(news)
        before, self.beat = self._offer(), beat
        self._served = {one.model_id: one for one in beat.models}
        self._known |= self._served
        if len(self._known) > 1000:
            self._known = dict(self._served)
        self._count_foreign(beat)
        self._tell_policy(beat)
        if news != "same" or before != self._offer():
            self._changed()

    def _count_foreign(self, beat: wire.Heartbeat) -> None:
        named = frozenset(beat.running)
        ours: Counter[str] = Counter()
        self._foreign = Counter()
        for run in list(self.runs.values()):
            if run.rid in named:
                run.named()
                ours[run.model_id] += run.work != "render"
            else:
                run.unnamed()
        others = sum(self._of_another(rid) for rid in named)
        for one in beat.models:  # those of the other gateways are in the shared queue; which model they use is not told
            left = max(0, one.used - ours[one.model_id])
            known = min(left, others)
            others -= known
            self._foreign[one.model_id] = left - known

    def chunk(self, chunk: wire.Chunk, digest: int) -> None:
        run = self.runs.get(chunk.rid)
        if run is None:
            self.dropped["of no run here"] += 1
        elif not run.chunk(chunk, digest, self._clock.monotonic_us()):
            self.dropped["repeated or late"] += 1

    def fin(self, fin: wire.Fin) -> None:
        self.meter.take(fin.blocks)
        run = self.runs.get(fin.rid)
        if self._of_another(fin.rid):  # of a node too old to tell each gateway its own
            return
        if run is None:  # forgotten here: the node may forget it as well
            self.tell(wire.Ack(rid=fin.rid, attempt=fin.attempt))
        elif not run.end(fin, self._clock.monotonic_us()):
            self.dropped["repeated or late"] += 1

    def malformed(self, topic: str) -> None:
        """Something that is no message came under the name of a run."""
        self.dropped["malformed"] += 1
        run = self.runs.get(topic)
        if run is not None:
            run.lied("It sent something that is no answer.")

    # --- time -------------------------------------------------------------------------------------------------------

    def look(self, now_us: int) -> None:
        """Whom it left without a word is told so."""
        silent_us = self.presence.silent_us(now_us)
        if self.beat is not None and (silent_us is None or silent_us > self._dead_us(silent_us)):
            self.lose("silent")
        for run in list(self.runs.values()):
            over = run.over.is_set()
            run.look(now_us, alone=self._stands_alone)
            self.lost_runs += run.over.is_set() and not over

    def _dead_us(self, silent_us: int) -> int:
        """With nobody to take over what runs there, a link that comes back in time saves it."""
        if silent_us <= DEAD_US or not all(self._stands_alone(run) for run in self.runs.values()):
            return DEAD_US
        return max(DEAD_US, self._patience.alone_us)

    def _stands_alone(self, run: RemoteRun) -> bool:
        return self._alone(run.model_id, self.record.id)

    def lose(self, reason: str) -> None:
        """It went away: whatever ran there is lost, and it offers nothing until it is heard again."""
        if reason not in ("restarted", "duplicate"):
            self.presence.gone()
            self.beat, self._served = None, {}
        for run in list(self.runs.values()):
            if not run.over.is_set():
                self.lost_runs += 1
                run.fail(reason)
        self._changed()

    def forgive(self, by_us: int, now_us: int) -> None:
        """We could not listen for so long."""
        self.presence.forgive(by_us, now_us)
        for run in self.runs.values():
            run.forgive(now_us)

    def reconnected(self, now_us: int) -> None:
        for run in self.runs.values():
            run.reconnected(now_us)

    def renew(self) -> None:
        rids = [run.rid for run in self.runs.values() if not run.over.is_set()]
        for first in range(0, len(rids), RENEWED_MOST):
            self.tell(wire.Renew(runs=tuple(rids[first : first + RENEWED_MOST])))

    def set_policy(self, message: wire.SetPolicy) -> None:
        """Told now, and again with its next heartbeats until it says the same."""
        self._policy = (message, POLICY_TOLD_TIMES)
        self.tell(message)

    def _tell_policy(self, beat: wire.Heartbeat) -> None:
        if self._policy is None:
            return
        message, times = self._policy
        if beat.policy == message.policy or times == 0:
            self._policy = None
        else:
            self._policy = (message, times - 1)
            self.tell(message)

    # --- what it offers ---------------------------------------------------------------------------------------------

    def station(self, model_id: str) -> Station | None:
        """What it takes of this model now; None while it is away, or has it not."""
        now_us = self._clock.monotonic_us()
        beat, served, state = self.beat, self._served.get(model_id), self.presence.state(now_us)
        if beat is None or served is None or state == "absent":
            return None
        own_slots = max(0, served.slots - self._foreign[model_id])
        if state == "late" or self.presence.duplicate(now_us) or beat.closed == "draining":
            own_slots = 0
        lent = 0 if beat.closed else shared_slots(served.slots, beat.policy.max_share_percent)
        record = self.record
        owner_id = record.owner_id if record.owned_by == "member" else ""
        return Station(
            node_id=record.id,
            node_name=record.name,
            engine=self.engine(model_id),
            metering=self.meter,
            trust=record.trust,
            slots=min(own_slots, lent),
            own_slots=own_slots if owner_id else min(own_slots, lent),
            loaded=served.loaded,
            token_uj=served.token_uj,
            owner_id=owner_id,
            owner_first=bool(owner_id) and beat.policy.owner_first,
        )

    def engine(self, model_id: str) -> RemoteEngine:
        if model_id not in self._engines:
            self._engines[model_id] = RemoteEngine(self, model_id)
        return self._engines[model_id]

    def models(self) -> dict[str, wire.Served]:
        return self._served

    def foreign(self, model_id: str) -> int:
        return self._foreign[model_id]

    def _offer(self) -> object:
        """What a place in the queue depends on."""
        if self.beat is None:
            return None
        closed, policy = self.beat.closed, self.beat.policy
        return (
            closed,
            policy,
            tuple((one.model_id, one.slots, one.loaded) for one in self.beat.models),
            dict(self._foreign),
        )

    # --- asked by its engines ---------------------------------------------------------------------------------------

    def context_tokens(self, model_id: str) -> int | None:
        known = self._known.get(model_id)
        return None if known is None else known.context_tokens

    def slots(self, model_id: str) -> int:
        known = self._known.get(model_id)
        return 0 if known is None else known.slots

    def identity(self, model_id: str) -> EngineIdentity:
        known = self._known.get(model_id)
        if known is None:
            return EngineIdentity("unknown", machine=self.record.name)
        version = None if known.engine_version is None else shown(known.engine_version)
        name = shown(known.engine) or "unknown"
        return EngineIdentity(name, version, self.record.name, known.file_sha256)

    def state(self, model_id: str) -> EngineState:
        station = self.station(model_id)
        if station is None:
            return EngineState("failed", detail=f"{self.record.name} is not here.")
        return EngineState("ready", progress=1.0) if station.loaded else EngineState("stopped")

    def created_s(self) -> int:
        return self._clock.now_ms() // 1000

    def check_here(self, model_id: str) -> None:
        """Raises NodeLost when it cannot be asked now."""
        if self.station(model_id) is None:
            raise NodeLost(
                f"The machine {self.record.name} is not here now.",
                remedy="Ask again: another machine will answer, if there is one.",
                lost=True,
                shown=False,
                reason="absent",
                machine=self.record.name,
            )

    def note_refusal(self, code: str) -> None:
        self.refused[code] += 1
        self.dropped[f"claim refused: {code}"] += 1

    def complain(self) -> None:
        """Once a minute: what was dropped, never what it held."""
        if self.dropped:
            counts = ", ".join(f"{count} {why}" for why, count in sorted(self.dropped.items()))
            _log.warning("messages of the machine %s dropped: %s", self.record.id, counts)
            self.dropped_before += self.dropped
            self.dropped.clear()


def _message(run: RemoteRun, request: ChatRequest, *, own: bool, at_ms: int) -> wire.Run:
    return wire.Run(
        rid=run.rid,
        attempt=run.attempt,
        at_ms=at_ms,
        work=run.work,
        own=own,
        kind=request.kind,
        model_id=request.model,
        messages=tuple(wire.Turn(one.role, one.content, one.extra) for one in request.messages),
        prompt=request.prompt,
        suffix=request.suffix,
        inputs=request.inputs,
        max_tokens=request.max_tokens,
        options=request.options,
    )
