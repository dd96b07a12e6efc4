"""Times of a group of tasks, in a form that can be added up without keeping the times themselves. Pure.

Mean and sum of squared deviations of the logarithms, joined as Chan, Golub and LeVeque do (1983, "Algorithms for
computing the sample variance", The American Statistician 37): any set of groups gives the very figures that the times
taken together would give. So a published block is enough, and no time of anybody is kept for the comparison.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import reduce

import msgspec

LEAST_MS = 1_000
"""Shorter counts as this: nobody reads in less, and a logarithm wants more than 0."""


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """``total_ms``: as they were told. ``log_mean``, ``log_m2``: of natural logarithms of milliseconds; 0 for none."""

    tasks: int = 0
    total_ms: int = 0
    log_mean: float = 0.0
    log_m2: float = 0.0

    def __add__(self, other: Times) -> Times:
        if not self.tasks or not other.tasks:
            return self if other.tasks == 0 else other
        tasks = self.tasks + other.tasks
        apart = other.log_mean - self.log_mean
        return Times(
            tasks=tasks,
            total_ms=self.total_ms + other.total_ms,
            log_mean=self.log_mean + apart * other.tasks / tasks,
            log_m2=self.log_m2 + other.log_m2 + apart * apart * self.tasks * other.tasks / tasks,
        )

    @property
    def mean_ms(self) -> float | None:
        """What one took on average; None for none."""
        return self.total_ms / self.tasks if self.tasks else None

    @property
    def typical_ms(self) -> float | None:
        """The geometric mean: long ones weigh less than in the average. None for none."""
        return math.exp(self.log_mean) if self.tasks else None


def times(all_ms: Iterable[int]) -> Times:
    """Of these durations in milliseconds, not negative."""
    return reduce(
        Times.__add__,
        (Times(tasks=1, total_ms=ms, log_mean=math.log(max(ms, LEAST_MS))) for ms in all_ms),
        Times(),
    )
