"""Quantities that are never known exactly: an interval low <= central <= high.

Sums and products are those of interval arithmetic, so the true value stays enclosed whenever it was enclosed in the
operands. Unknown is ``None``, never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

Quality = Literal["measured", "declared", "estimated", "unknown"]
"""How a figure is known, best first. A sum takes the worst of its parts."""

_WORST_LAST: tuple[Quality, ...] = ("measured", "declared", "estimated", "unknown")


class Interval(msgspec.Struct, frozen=True):
    """``low <= central <= high``, all three in the unit of the field that holds them; integers stay integers.

    Raises ``ValueError`` when the three are not in order, or not finite (JSON could not keep an infinity).
    """

    low: int | float
    central: int | float
    high: int | float

    def __post_init__(self) -> None:
        if not (-math.inf < self.low <= self.central <= self.high < math.inf):
            raise ValueError(f"not an interval: {self.low} <= {self.central} <= {self.high}")

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.central + other.central, self.high + other.high)

    def outwards(self) -> Interval:
        """The smallest interval of integers around this one: for amounts kept in micro-units."""
        return Interval(math.floor(self.low), round(self.central), math.ceil(self.high))

    def scaled(self, factor: float) -> Interval:
        """Each bound times ``factor``, which must not be negative (``ValueError``)."""
        if factor < 0:
            raise ValueError("a negative factor would turn the interval round")
        return Interval(self.low * factor, self.central * factor, self.high * factor)


def worst(qualities: Iterable[Quality]) -> Quality:
    """The quality of a sum: that of its worst part; ``unknown`` for no part at all."""
    ranked = sorted(qualities, key=_WORST_LAST.index)
    return ranked[-1] if ranked else "unknown"


def split_exactly(total: int, weights: list[int]) -> list[int]:
    """Split an integer ``total >= 0`` in proportion to ``weights >= 0`` so that the parts sum to it exactly.

    Largest remainder, ties to the earliest position. Raises ``ValueError`` for no positive weight or a negative one.
    """
    base = sum(weights)
    if total < 0 or base <= 0 or min(weights) < 0:
        raise ValueError("nothing to share, or nobody to share it among")
    parts = [total * weight // base for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % base), i))
    for position in by_remainder[: total - sum(parts)]:
        parts[position] += 1
    return parts
