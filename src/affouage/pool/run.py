"""A run of windows: who is served in it, what falls to each of them, and the block it ends in. No clock, no meter."""

from __future__ import annotations

import asyncio
import math
import secrets

import msgspec

from affouage.footprint.allocation import Part, Presence
from affouage.footprint.meter import MeterInfo, Reading, facts_of, stamp_of
from affouage.footprint.weights import Weight
from affouage.footprint.windows import Counted, Readings, Shared, pack, with_window
from affouage.ledger.receipt import Block, Energy, LastReading
from affouage.units import Interval


class KeptBlock(msgspec.Struct, frozen=True):
    """A block and the compressed readings it can be computed again from.

    ``unclaimed``: names of parts in it that no receipt to come will hold.
    """

    block: Block
    body: bytes
    unclaimed: tuple[str, ...] = ()


class Served:
    """A request while it is served, and until its last window is closed."""

    def __init__(self, model_id: str, start_us: int) -> None:
        self.model_id = model_id
        self.start_us = start_us
        self.end_us: int | None = None
        self.prompt_tokens = 0
        self.decoded_tokens = 0
        self.prompt_shared = 0
        self.decoded_shared = 0
        self.part = Part()
        """From blocks already closed."""
        self.partial = False
        self.departed = False
        """Settled, or about to be, without its last window."""
        self.folded = False
        """Settled so; it stands for those of its model that were settled so after it."""
        self.behind = False
        """Work behind the answers (training): it gives way, and nobody waits for it."""
        self.aside_us: list[tuple[int, int | None]] = []
        """Times it stood still, in order; the last may have no end yet."""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def silent(self) -> bool:
        return self.prompt_tokens == self.prompt_shared and self.decoded_tokens == self.decoded_shared

    def presence(self, request_id: str, weight: Weight, t0_us: int, t1_us: int, now_us: int) -> Presence | None:
        """Its part in the window from ``t0_us`` to ``t1_us``, whose tokens are then told; None when it has none."""
        prompt_tokens, decoded_tokens = self._take(t0_us, t1_us, now_us)
        if self.start_us >= t1_us and not (prompt_tokens or decoded_tokens):
            return None
        end_us = t1_us if self.end_us is None else min(self.end_us, t1_us)
        start_us = min(max(self.start_us, t0_us), end_us)
        spans = self._at_work(start_us, end_us)
        if not spans and not (prompt_tokens or decoded_tokens):
            return None
        first, *again = spans or [(end_us, end_us)]
        return Presence(
            request_id=request_id,
            start_us=first[0],
            end_us=first[1],
            again_us=tuple(again),
            prompt_tokens=prompt_tokens,
            decoded_tokens=decoded_tokens,
            kappa=weight.kappa,
            weight=weight.weight,
        )

    @property
    def aside(self) -> bool:
        """Does it stand still now?"""
        return bool(self.aside_us) and self.aside_us[-1][1] is None

    def _at_work(self, start_us: int, end_us: int) -> list[tuple[int, int]]:
        """The times within these that it did not stand still; the whole of them for what never does."""
        if not self.aside_us:
            return [(start_us, end_us)]
        found, since_us = [], start_us
        for left_us, back_us in self.aside_us:
            until_us = min(left_us, end_us)
            if until_us > since_us:
                found.append((since_us, until_us))
            since_us = max(since_us, end_us if back_us is None else min(back_us, end_us))
        if end_us > since_us:
            found.append((since_us, end_us))
        self.aside_us = [one for one in self.aside_us if one[1] is None or one[1] > end_us]
        return found

    def _take(self, t0_us: int, t1_us: int, now_us: int) -> tuple[int, int]:
        """Tokens (computed, decoded) that fall to the window, not told before. A reading may be older than the tokens
        told by now (a plug that publishes): they came at an even pace."""
        prompt, decoded = self.prompt_tokens - self.prompt_shared, self.decoded_tokens - self.decoded_shared
        since_us, until_us = max(self.start_us, t0_us), now_us if self.end_us is None else self.end_us
        if until_us > t1_us:
            part_us, whole_us = max(0, t1_us - since_us), until_us - min(since_us, t1_us)
            prompt, decoded = prompt * part_us // whole_us, decoded * part_us // whole_us
        self.prompt_shared += prompt
        self.decoded_shared += decoded
        return prompt, decoded

    def lose_sight(self) -> None:
        """What it did so far was seen by no meter."""
        self.partial = True
        self.prompt_shared, self.decoded_shared = self.prompt_tokens, self.decoded_tokens

    def depart(self) -> None:
        if not self.over.done():
            self.departed = True
            self.over.set_result(None)

    def absorb(self, other: Served) -> None:
        """Stand for another of the same model as well."""
        self.prompt_tokens += other.prompt_tokens - other.prompt_shared
        self.decoded_tokens += other.decoded_tokens - other.decoded_shared
        self.start_us = min(self.start_us, other.start_us)
        self.end_us = max(self.end_us or 0, other.end_us or 0)


class Run:
    """Windows from one block to the next, each shared out as it is counted. Nothing is counted before :meth:`begin`."""

    def __init__(self, info: MeterInfo, machine_id: str, opened_ms: int, first: Reading | None = None) -> None:
        self.last = first
        """The reading the next window starts from; None before the first one."""
        self._first = first
        self._info = info
        self._machine_id = machine_id
        self._opened_ms = opened_ms
        self._counted: list[Counted] = []
        self._shared = Shared()

    def begin(self, reading: Reading) -> None:
        self.last = self._first = reading

    def add(self, before: Reading, counted: Counted) -> None:
        """One more window, from the reading ``before``."""
        self._shared = with_window(self._shared, before, counted, self._info)
        self._counted.append(counted)
        self.last = counted.reading

    def part(self, request_id: str) -> Part:
        return self._shared.parts.get(request_id, Part())

    def lost_sight_of(self, request_id: str) -> bool:
        """Was it served in a window whose energy is not known?"""
        return request_id in self._shared.partial

    def next(self, opened_ms: int) -> Run:
        """The run that goes on where this one stands."""
        return Run(self._info, self._machine_id, opened_ms, self.last)

    def close(self, now_ms: int, *, clean: bool) -> KeptBlock | None:
        """The run as a block; None when there is nothing to tell. ``clean``: the commons stops in order after it."""
        if self.last is None or self._first is None or not (self._counted or clean):
            return None
        shared = self._shared
        body, digest = pack(Readings(info=self._info, first=self._first, counted=tuple(self._counted)))
        block = Block(
            id=f"blk_{secrets.token_hex(10)}",
            machine_id=self._machine_id,
            t0_ms=self._opened_ms,
            t1_ms=now_ms,
            meter=stamp_of(self._info),
            energy_uj=shared.energy_uj,
            idle_uj=shared.idle_uj,
            unattributed_uj=shared.unattributed_uj,
            contended_uj=shared.contended_uj,
            parts={key: (one.static_uj, one.dynamic_uj, one.machine_share_us) for key, one in shared.parts.items()},
            idle_us=shared.idle_us,
            known_us=shared.known_us,
            gap_us=shared.gap_us,
            flags=tuple(sorted(shared.flags)),
            windows=shared.windows,
            readings_sha256=digest,
            last=LastReading(at_us=self.last.at_us, epoch=self.last.epoch, counters_uj=self.last.counters_uj),
            clean=clean,
        )
        return KeptBlock(block, body)


def energy_of(part: Part, info: MeterInfo, *, partial: bool) -> Energy:
    """What a receipt says of a part. ``partial``: a lower bound, or unknown when nothing at all was counted."""
    share_us = part.machine_share_us
    if partial and not part.energy_uj:
        return Energy(method=info.method, facts=facts_of(info), at_least=True, machine_share_us=share_us or None)
    return Energy(
        interval_uj=_spread(part.energy_uj, info.low_factor, info.high_factor),
        static_uj=part.static_uj,
        dynamic_uj=part.dynamic_uj,
        quality="unknown" if partial else info.quality,
        method=info.method,
        facts=facts_of(info),
        at_least=partial,
        machine_share_us=share_us,
    )


def _spread(central_uj: int, low_factor: float, high_factor: float) -> Interval:
    """The range around an exact count, outwards to whole microjoules."""
    return Interval(math.floor(central_uj * low_factor), central_uj, math.ceil(central_uj * high_factor))
