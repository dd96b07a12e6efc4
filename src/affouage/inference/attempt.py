"""One attempt at an answer: who asked what, and what is learnt while the answer is being made."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from affouage import chat
from affouage.chat import ChatRequest, Delta, Outcome, PromptProgress, Timings, Usage
from affouage.errors import AffouageError, ContextExceeded
from affouage.footprint.weights import TokenWeights
from affouage.inference.allowance import Considered
from affouage.inference.answer import Answer
from affouage.inference.elsewhere import Shown
from affouage.inference.prompt import Prefix
from affouage.ledger.receipt import (
    Door,
    Durations,
    Energy,
    EngineStamp,
    ModelStamp,
    Receipt,
    Reservation,
    TokenCounts,
    VoiceStamp,
    part_name,
)
from affouage.pool.engine import Engine
from affouage.pool.station import REACHES, Station
from affouage.pool.ticket import Ticket
from affouage.pool.voice import VoiceEngine, worker_id


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, by which door, in which language (fr | en: which of the two prefixes stands first).

    ``reach``: whose machines may read the question (``pool.station.REACHES``), "" for the rule's default. ``no_hurry``:
    it may wait for an idle machine or cheap hours. ``max_wait_ms``: rather refused than served later than that.
    ``waking_since_us``: monotonic time when this question first met EngineLoading, if its caller asked again by itself;
    the wait on the receipt counts from there. ``workshop``: "" for what comes by none. ``use``: declared use that the
    allowance may exempt.
    """

    member_id: str
    door: Door
    language: str = "fr"
    workshop: str = ""
    use: str = ""
    reach: str = ""
    no_hurry: bool = False
    max_wait_ms: int | None = None
    waking_since_us: int | None = None


class Attempt:
    """What is learnt while one answer is being made."""

    def __init__(
        self,
        asking: Asking,
        request: ChatRequest,
        considered: Considered,
        ticket: Ticket,
        station: Station,
        answer: Answer,
        began_us: int,
        created_ms: int,
        wait_reason: str,
    ) -> None:
        """``station``: the likely one, until a turn gives one."""
        self.asking = asking
        self.request = request
        self.considered = considered
        self.ticket = ticket
        self.answer = answer
        self.began_us = began_us
        self.created_ms = created_ms
        self.wait_reason = wait_reason
        self.number = 1
        self.tried: frozenset[str] = frozenset()
        self.avoid = ticket.avoid
        """Machines that the rule of models keeps away, whatever happens."""
        self.shown = Shown()
        self.last: Delta | None = None
        self.in_force: Prefix | None = None
        """The prefix of when it was asked; ``prefix`` once it was put there."""
        self.prefix: Prefix | None = None
        self.salt: bytes | None = None
        self.exact: str | None = None
        self.decoded_before = 0
        """Tokens of the answer that machines since lost made."""
        self.notices: tuple[str, ...] = ()
        self.rules: tuple[str, ...] = ()
        self._begin(station)

    def _begin(self, station: Station) -> None:
        """What is learnt on one machine."""
        self.station = station
        self.started_us = 0
        self.prompt_sha256: str | None = None
        self.usage: Usage | None = None
        self.timings = Timings()
        self.progress: PromptProgress | None = None
        self.deltas = 0
        self.finish_reason: str | None = None
        self.outcome: Outcome = "failed"
        self.energy: Energy | None = None
        """Once the meter has told it: it tells it once."""
        self.settled: Receipt | None = None
        """Once it is in the books: whatever ends the request then, it is not written twice."""

    def begin_again(self, ticket: Ticket) -> None:
        """On another machine, once this one's receipt is in the books."""
        self.number += 1
        self.ticket = ticket
        self.decoded_before += self.work()["decoded_tokens"] or 0
        self._begin(self.station)

    @property
    def engine(self) -> Engine:
        return self.station.engine

    @property
    def key(self) -> str:
        """Its name for the meter: each attempt has its own part."""
        return part_name(self.answer.receipt_id, self.number)

    @property
    def continuing(self) -> bool:
        """Does it go on from what another machine began?"""
        return self.number > 1 and self.shown.anything

    def note(self, event: chat.EngineEvent) -> None:
        if isinstance(event, Delta):
            if event.finish:
                self.finish_reason = chat.finish_reason(event)
            else:
                self.deltas += 1
                self.last = event
                if self.station.node_id:  # a machine that may be lost
                    self.shown.text += chat.delta_text(event)
                    self.shown.more = self.shown.more or not chat.only_text(event)
        elif isinstance(event, PromptProgress):
            self.progress = event
        else:
            self.usage, self.timings = event.usage, event.timings

    def work(self) -> dict[str, int | None]:
        """Tokens the engine has worked for so far: computed from the prompt, decoded; None while it has not told."""
        if self.usage is not None:
            prompt, cached, decoded = self.usage.prompt, self.usage.cached, self.usage.decoded
            return {
                "prompt_tokens": None if prompt is None else prompt - (cached or 0),
                "decoded_tokens": max(decoded or 0, self.deltas),
            }
        seen = self.progress
        return {
            "prompt_tokens": seen.processed - seen.cached if seen else None,
            "decoded_tokens": self.deltas,
        }

    def note_weights(self, weights: TokenWeights) -> None:
        """The engine's own timings: how dear a token read is against a token written, here."""
        done, timings = self.work(), self.timings
        weights.note(
            worker_id(self.engine),
            prompt_tokens=done["prompt_tokens"] or 0,
            prompt_ms=timings.prompt_ms,
            decoded_tokens=done["decoded_tokens"] or 0,
            decode_ms=timings.decode_ms,
        )

    def stamped(self, stamp: Callable[[str], ModelStamp]) -> ModelStamp:
        """With the file the engine really loaded, whatever lies on the disk by now; its base's too, for a voice."""
        engine, told = self.engine, self.engine.identity()
        voice: VoiceStamp | None = None
        if isinstance(engine, VoiceEngine):
            base = engine.base.identity()
            voice = VoiceStamp(
                base=engine.base.model_id,
                base_name=stamp(engine.base.model_id).name,
                base_file=base.file_name,
                base_file_sha256=base.file_sha256,
                scale=engine.scale if self.request.voice_scale is None else self.request.voice_scale,
            )
        model = stamp(self.request.model)
        return msgspec.structs.replace(model, file=told.file_name, file_sha256=told.file_sha256, voice=voice)

    def note_refusal(self, refused: AffouageError) -> None:
        """A prompt over the context was counted, then nothing was computed."""
        if isinstance(refused, ContextExceeded):
            self.usage = Usage(prompt=refused.details["prompt_tokens"], cached=0, decoded=0)

    def reservation(self) -> Reservation:
        return Reservation(
            id=self.answer.receipt_id,
            attempt=self.number,
            member_id=self.asking.member_id,
            door=self.asking.door,
            kind=self.request.kind,
            model_id=self.request.model,
            created_ms=self.created_ms,
            tokens=self.request.max_tokens,
            workshop=self.asking.workshop or self.asking.door,
            use=self.asking.use,
            energy_uj=self.considered.hold_uj,
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
            attempt=self.number,
            member_id=self.asking.member_id,
            door=self.asking.door,
            kind=self.request.kind,
            created_ms=self.created_ms,
            node_id=self.station.node_id if self.started_us else "",
            reach=REACHES[self.ticket.reach],
            workshop=self.asking.workshop or self.asking.door,
            use=self.asking.use,
            outcome=self.outcome,
            finish_reason=self.finish_reason,
            problem=problem,
            engine=EngineStamp(engine.name, engine.version, self.station.node_name or engine.machine),
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
            rules=(*self.considered.rules, *self.rules),
            notices=(*self.considered.notices, *self.notices),
            **parts,  # type: ignore[arg-type]  # model, energy, impacts: named at the one call above
        )


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)
