"""How long a wait should still take: a range, from how long recent answers of that model held a slot. Pure.

Slots end one after the other, so that ``n`` people before somebody take about ``n * mean / slots``; the range is wide
when answers differ much, or when few were seen. It is what can be told honestly, and it never promises.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

_SPREAD = 1.5
"""Standard deviations on each side: about six waits of seven end within the range."""

REACHES = 4
Range = tuple[int, int] | None


class ServiceTimes:
    """How long the last answers of one model held their slot, and how many tokens they wrote."""

    def __init__(self, most: int = 64) -> None:
        """``most``: answers remembered, at least 1."""
        self._ms: deque[int] = deque(maxlen=most)
        self._decoded: deque[int] = deque(maxlen=most)

    def note(self, held_ms: int, decoded_tokens: int) -> None:
        self._ms.append(held_ms)
        self._decoded.append(decoded_tokens)

    def kept(self) -> tuple[list[int], list[int]]:
        """(ms held, tokens written) of those remembered, the oldest first: what :meth:`take_up` goes on from."""
        return list(self._ms), list(self._decoded)

    def take_up(self, kept: tuple[list[int], list[int]]) -> None:
        for held_ms, decoded_tokens in zip(*kept, strict=True):
            self.note(held_ms, decoded_tokens)

    @property
    def seen(self) -> int:
        return len(self._ms)

    @property
    def decoded_tokens(self) -> int | None:
        """Tokens of a usual answer; None while nothing is known."""
        return sum(self._decoded) // len(self._decoded) if self._decoded else None

    @property
    def mean_ms(self) -> float:
        return sum(self._ms) / len(self._ms)

    @property
    def variance(self) -> float:
        """Of one answer's time, in ms²; as if one more had been seen, as far from the mean as the mean from nothing."""
        mean = self.mean_ms
        return (sum((ms - mean) ** 2 for ms in self._ms) + mean**2) / len(self._ms)

    def left_ms(self, elapsed_ms: int) -> float:
        """What remains of an answer that has held its slot for ``elapsed_ms``; longer than all seen: as long again."""
        longer = [ms - elapsed_ms for ms in self._ms if ms > elapsed_ms]
        return sum(longer) / len(longer) if longer else max(math.sqrt(self.variance), elapsed_ms)


class Served(msgspec.Struct, frozen=True):
    """A running request: whose machine (``trust``) answers it, and for how long already."""

    trust: int
    elapsed_ms: int


def ranges(
    order: Iterable[int], running: Sequence[Served], slots: Sequence[int], times: ServiceTimes
) -> Iterator[Range]:
    """For each who waits, its range in ms, rounded outwards; None where nothing is known, or no machine is open.

    ``order``: their reaches (0..3), in the order of their turns. ``slots``: open slots of machines of each trust 0..3.
    """
    open_slots = [sum(slots[: reach + 1]) for reach in range(REACHES)]
    if not times.seen:
        yield from (None for _ in order)
        return
    mean, variance = times.mean_ms, times.variance
    first = [_first_free(running, open_slots[reach], reach, times) for reach in range(REACHES)]
    ahead = [0] * REACHES
    for reach in order:
        if not open_slots[reach]:
            yield None
        else:
            # Whoever can be read by more machines than this one is served by more of them.
            shares = [(ahead[other], open_slots[max(other, reach)]) for other in range(REACHES)]
            turns = sum(count / width for count, width in shares)
            spread = sum(count / width**2 for count, width in shares) + turns**2 / times.seen
            begins, doubt = first[reach]
            yield _range(begins + turns * mean, math.sqrt(doubt + spread * variance))
        ahead[reach] += 1


def _first_free(running: Sequence[Served], slots: int, reach: int, times: ServiceTimes) -> tuple[float, float]:
    """(ms until a slot is free, its variance). Answers of one length end when they should; very unequal ones at any
    time, and the first of several much before its own."""
    left = [times.left_ms(one.elapsed_ms) for one in running if one.trust <= reach]
    over = len(left) - slots
    if over < 0 or not left:
        return 0.0, 0.0
    unequal = min(1.0, times.variance / times.mean_ms**2) if times.mean_ms else 0.0
    soonest = min(left)
    at_any_time = 1 / sum(1 / max(1.0, one) for one in left)
    begins = unequal * at_any_time + (1 - unequal) * soonest
    more = over * times.mean_ms / slots if slots else 0.0
    return begins + more, unequal * begins**2


def _range(central_ms: float, spread_ms: float) -> Range:
    low, high = central_ms - _SPREAD * spread_ms, central_ms + _SPREAD * spread_ms
    return _stepped(max(0.0, low), math.floor), _stepped(high, math.ceil)


def _stepped(ms: float, whole: Callable[[float], int]) -> int:
    """To what people say: whole seconds, then fives, half minutes, minutes, quarters of an hour."""
    step_ms = next(step for most, step in _STEPS if ms < most)
    return whole(ms / step_ms) * step_ms


_STEPS = ((20_000, 1_000), (120_000, 5_000), (600_000, 30_000), (7_200_000, 60_000), (math.inf, 900_000))
