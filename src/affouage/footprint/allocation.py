"""PC-1, the conservative share: who used a window's energy. Pure, in integer microjoules, exact.

For a window of length D with energy E on a machine of static power P0:

- static part S = min(E, P0 x D): at every instant shared equally among the requests being served, idle with none;
- dynamic part E - S: in proportion to the work done in the window, ``weight x (kappa x prompt tokens computed + tokens
  decoded)``; ``unattributed`` when nobody worked. Of it, what a foreign process did goes to ``contended`` first.

Law: sum of the requests' parts + idle + unattributed + contended = E. Largest remainder, ties to the lowest request id.
For a fixed cost plus additive work this is the exact Shapley value. Source: docs/reference/footprint.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import lcm

import msgspec

from affouage.units import split_exactly

MILLION = 1_000_000


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """A request in a window. ``prompt_tokens``: computed in this window, cached ones excluded; ``decoded_tokens``:
    decoded in it, kept or thrown away. ``kappa``: energy of a prompt token / energy of a decoded token, for this
    machine and model. ``weight``: energy of a decoded token relative to that of the other models here (1 if alone).
    """

    request_id: str
    start_us: int
    end_us: int
    prompt_tokens: int = 0
    decoded_tokens: int = 0
    kappa: float = 1.0
    weight: float = 1.0
    again_us: tuple[tuple[int, int], ...] = ()
    """Further times it was served in the same window, after a pause: (start, end)."""

    @property
    def spans_us(self) -> tuple[tuple[int, int], ...]:
        return ((self.start_us, self.end_us), *self.again_us)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """``t0_us < t1_us``; ``p0_uw``: static power in microwatts, None when nobody knows it yet (then the time without
    any request is static, the rest dynamic); ``foreign_ppm``: share of the work that was not ours.
    """

    t0_us: int
    t1_us: int
    energy_uj: int
    p0_uw: int | None = None
    foreign_ppm: int = 0
    requests: tuple[Presence, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A request's part. ``machine_share_us``: the machine's time, each instant shared equally among those served."""

    static_uj: int = 0
    dynamic_uj: int = 0
    machine_share_us: int = 0

    def __add__(self, other: Part) -> Part:
        return Part(
            static_uj=self.static_uj + other.static_uj,
            dynamic_uj=self.dynamic_uj + other.dynamic_uj,
            machine_share_us=self.machine_share_us + other.machine_share_us,
        )

    @property
    def energy_uj(self) -> int:
        return self.static_uj + self.dynamic_uj


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """A window shared out: microjoules; ``idle_us`` is the time nobody was served."""

    parts: dict[str, Part]
    idle_uj: int
    unattributed_uj: int
    contended_uj: int
    idle_us: int

    @property
    def energy_uj(self) -> int:
        """Equal to the window's, by law."""
        return sum(p.energy_uj for p in self.parts.values()) + self.idle_uj + self.unattributed_uj + self.contended_uj


def allocate(window: Window) -> Allocation:
    """Share a window. Raises ``ValueError`` for a window or a request that cannot be (negative, empty, twice)."""
    _check(window)
    requests = sorted(window.requests, key=lambda one: one.request_id)
    length_us = window.t1_us - window.t0_us
    presence, unit = _presence(window, requests)
    idle_time = length_us * unit - sum(presence)
    static = _static_uj(window, Fraction(idle_time, unit))
    # Static power unknown: what is static is the energy of the time without any request, so it is nobody's.
    statics = _split(static, [*presence, idle_time]) if window.p0_uw is not None else [0] * len(requests) + [static]
    times = _split(length_us, [*presence, idle_time])
    dynamic = window.energy_uj - static
    contended = dynamic * window.foreign_ppm // MILLION
    work = _work(requests)
    dynamics = _split(dynamic - contended, work)
    return Allocation(
        parts={
            one.request_id: Part(static_uj=statics[i], dynamic_uj=dynamics[i], machine_share_us=times[i])
            for i, one in enumerate(requests)
        },
        idle_uj=statics[-1],
        unattributed_uj=0 if any(work) else dynamic - contended,
        contended_uj=contended,
        idle_us=times[-1],
    )


def _check(window: Window) -> None:
    if window.t1_us <= window.t0_us or window.energy_uj < 0 or (window.p0_uw or 0) < 0:
        raise ValueError("a window has a length, and its energy and static power are not negative")
    if not 0 <= window.foreign_ppm <= MILLION:
        raise ValueError("foreign_ppm is between 0 and 1000000")
    if len({one.request_id for one in window.requests}) != len(window.requests):
        raise ValueError("a request is in a window once")
    for one in window.requests:
        if any(end < start for start, end in one.spans_us) or min(one.prompt_tokens, one.decoded_tokens) < 0:
            raise ValueError(f"{one.request_id}: times out of order, or a negative count of tokens")
        if not (0 <= one.kappa < float("inf") and 0 <= one.weight < float("inf")):
            raise ValueError(f"{one.request_id}: kappa and weight are finite and not negative")


def _static_uj(window: Window, idle_time: Fraction) -> int:
    length_us = window.t1_us - window.t0_us
    if window.p0_uw is None:
        return round(window.energy_uj * idle_time / length_us)
    return min(window.energy_uj, window.p0_uw * length_us // MILLION)


def _presence(window: Window, requests: Sequence[Presence]) -> tuple[list[int], int]:
    """Time of the window that falls to each request, every instant shared equally among those present.

    In parts of a microsecond, and how many make one. What falls to somebody who is there all the time is summed up
    along the window; each span takes the difference between its ends, so the cost grows as the number of spans.
    """
    spans = [
        (i, start, end) for i, one in enumerate(requests) for start, end in _apart(one, window.t0_us, window.t1_us)
    ]
    comers: Counter[int] = Counter()
    for _, start, end in spans:
        comers[start] += 1
        comers[end] -= 1
    edges = sorted(comers)
    crowds = list(accumulate(comers[edge] for edge in edges))
    unit = lcm(*(crowd for crowd in crowds if crowd))
    each, sums = 0, {}
    for left, right, crowd in zip(edges, [*edges[1:], *edges[-1:]], crowds, strict=True):
        sums[left] = each
        if crowd:
            each += (right - left) * (unit // crowd)
    shares = [0] * len(requests)
    for i, start, end in spans:
        shares[i] += sums[end] - sums[start]
    return shares, unit


def _apart(one: Presence, t0_us: int, t1_us: int) -> list[tuple[int, int]]:
    """Its times within the window; those that overlap are one."""
    found: list[tuple[int, int]] = []
    for given_start, given_end in sorted(one.spans_us) if one.again_us else one.spans_us:
        start, end = max(given_start, t0_us), min(given_end, t1_us)
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif end > start:
            found.append((start, end))
    return found


def _work(requests: Sequence[Presence]) -> list[int]:
    """Of each, in parts that are the same for all: weight x (kappa x computed + decoded), exactly."""
    costs = {(one.weight, one.kappa): _costs(one.weight, one.kappa) for one in requests}
    unit = lcm(*(cost.denominator for pair in costs.values() for cost in pair))
    whole = {key: (int(prompt * unit), int(decoded * unit)) for key, (prompt, decoded) in costs.items()}
    return [
        prompt * one.prompt_tokens + decoded * one.decoded_tokens
        for one in requests
        for prompt, decoded in (whole[one.weight, one.kappa],)
    ]


def _costs(weight: float, kappa: float) -> tuple[Fraction, Fraction]:
    """Of a token computed, of one decoded."""
    # Through the decimal writing: 0.1 is a tenth here, for everybody who replays it.
    decoded = Fraction(repr(weight))
    return decoded * Fraction(repr(kappa)), decoded


def _split(total: int, weights: list[int]) -> list[int]:
    return split_exactly(total, weights) if any(weights) else [0] * len(weights)
