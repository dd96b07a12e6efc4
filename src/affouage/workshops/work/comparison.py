"""With a draft, or without: what the randomised share tells of the time that a task takes. Pure.

Which task gets a draft is drawn at random, so the two groups differ by chance and by the draft alone. Times of work are
spread out to the right (a few tasks take very long), so their logarithms are compared: Welch's interval for the
difference of two means of unequal variance (Welch, 1947, "The generalization of Student's problem when several
different population variances are involved", Biometrika 34), which is an interval for the *ratio* of typical times.
It says nothing of people or tasks other than these, and nothing of the quality of the answers.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from affouage.units import Interval
from affouage.workshops.work.student import quantile
from affouage.workshops.work.times import Times

FEWEST_TASKS = 20
"""On each side; below, nothing is compared."""
LEVEL = 0.95
"""Of the interval: drawn anew, 19 in 20 would enclose the true ratio."""

Verdict = Literal["heavier", "lighter", "undecided", "not_enough"]
"""``undecided``: the interval holds both more time and less."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """``ratio``: typical time with a draft / without one, with its interval; None when there is not enough."""

    draft: Times = Times()
    blind: Times = Times()
    ratio: Interval | None = None
    freedom: float | None = None

    @property
    def fewest(self) -> int:
        """Tasks of the smaller group."""
        return min(self.draft.tasks, self.blind.tasks)

    @property
    def verdict(self) -> Verdict:
        if self.ratio is None:
            return "not_enough"
        return "heavier" if self.ratio.low > 1 else "lighter" if self.ratio.high < 1 else "undecided"


def compare(draft: Times, blind: Times) -> Compared:
    """Both groups, and the ratio of their typical times where each has ``FEWEST_TASKS``."""
    if min(draft.tasks, blind.tasks) < FEWEST_TASKS:
        return Compared(draft=draft, blind=blind)
    apart, freedom = difference(draft, blind)
    ratio = Interval(math.exp(apart.low), math.exp(apart.central), math.exp(apart.high))
    return Compared(draft=draft, blind=blind, ratio=ratio, freedom=freedom)


def difference(one: Times, other: Times) -> tuple[Interval, float]:
    """Of the means of logarithms, with its interval; and the degrees of freedom (Welch and Satterthwaite's; those of
    equal variances when nothing varies). Each group has at least two tasks."""
    parts = [each.log_m2 / (each.tasks - 1) / each.tasks for each in (one, other)]
    whole = sum(parts)
    freedom = float(one.tasks + other.tasks - 2)
    if whole > 0:
        shares = [(part / whole) ** 2 / (each.tasks - 1) for part, each in zip(parts, (one, other), strict=True)]
        freedom = 1 / sum(shares)
    apart = one.log_mean - other.log_mean
    half = quantile((1 + LEVEL) / 2, freedom) * math.sqrt(whole)
    return Interval(apart - half, apart, apart + half), freedom
