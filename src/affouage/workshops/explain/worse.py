"""Whether an evaluation is worse than the one accepted before it: the check that may stop a release. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from affouage.workshops.explain.report import Report

Measure = Literal[
    "hit_at_5", "mrr_at_10", "right_share", "refused_share", "out_refused_share", "supported_share", "quotes_exact"
]


class Worse(msgspec.Struct, frozen=True, kw_only=True):
    """A measure that fell (or rose, where less is better) by more than it may. Shares from 0 to 1."""

    measure: Measure
    before: float
    now: float
    tolerance: float


_LESS_IS_BETTER = ("refused_share",)


def tolerance(total: int) -> float:
    """What a share of so many questions may lose: two of them, and never more than three in a hundred of many."""
    return max(2 / total, 0.03) if total else 0.0


def worse_than(before: Report, now: Report) -> tuple[Worse, ...]:
    """What got worse beyond its tolerance, over all the questions. A quote that is not exact is never tolerated."""
    return tuple(_found(before, now))


def _found(before: Report, now: Report) -> Iterator[Worse]:
    for measure, one, other, most in _pairs(before, now):
        if one is None or other is None:
            continue
        lost = other - one if measure in _LESS_IS_BETTER else one - other
        if lost > most + 1e-9:
            yield Worse(measure=measure, before=one, now=other, tolerance=most)
    if now.quotes_exact < now.quotes:
        yield Worse(measure="quotes_exact", before=1.0, now=now.quotes_exact / now.quotes, tolerance=0.0)


def _pairs(before: Report, now: Report) -> Iterator[tuple[Measure, float | None, float | None, float]]:
    one, other = before.half("all"), now.half("all")
    inside = tolerance(other.in_scope)
    yield "hit_at_5", one.hit_at_5, other.hit_at_5, inside
    yield "mrr_at_10", one.mrr_at_10, other.mrr_at_10, inside
    yield "right_share", one.right_share, other.right_share, inside
    yield "refused_share", one.refused_share, other.refused_share, inside
    yield "out_refused_share", one.out_refused_share, other.out_refused_share, tolerance(other.out_of_scope)
    yield "supported_share", before.supported_share, now.supported_share, tolerance(now.sentences)
