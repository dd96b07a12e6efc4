"""What is watched of a commons that lasts, and when a figure counts as growing. Pure.

The beginning of a run does not count: what is loaded and cached once is no leak. The rest, the *settled stretch*, is
compared with itself: the median of its last third with the median of its first. Medians, because a sample is taken
at any moment, in the middle of a backup too.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import combinations

import msgspec

Sample = dict[str, float]
"""Name of a figure -> what it was; and ``at_s``, seconds since the beginning. What could not be read is absent."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One figure. ``at_most`` and ``share``: how far its end may stand above its beginning (unit; part of it)."""

    name: str
    unit: str
    what: str
    at_most: float
    share: float = 0.0


WATCHED = (
    Watched(name="rss_mb", unit="MB", what="memory of the server", at_most=6, share=0.04),
    Watched(name="children_rss_mb", unit="MB", what="memory of its engine and broker", at_most=8, share=0.05),
    Watched(name="node_rss_mb", unit="MB", what="memory of the machine lent", at_most=8, share=0.05),
    Watched(name="descriptors", unit="", what="file descriptors", at_most=6),
    Watched(name="threads", unit="", what="threads", at_most=3),
    Watched(name="tasks", unit="", what="tasks of the event loop", at_most=6),
    Watched(name="children", unit="", what="programs it started", at_most=0),
    Watched(name="log_mb", unit="MB", what="write-ahead log", at_most=4, share=0.5),
    Watched(name="run_files", unit="", what="files in run/", at_most=2),
    Watched(name="bytes_per_answer", unit="B", what="the database grows, per answer", at_most=1000, share=0.5),
    Watched(name="first_word_ms", unit="ms", what="first word of an answer, median", at_most=50, share=1.0),
    Watched(name="page_ms", unit="ms", what="a page, median", at_most=30, share=1.0),
)
"""The delays may double: other programs run on the machine. A page that reads ever more of the ledger does worse."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``first``, ``last``: medians of both ends of the settled stretch. ``per_hour``: slope of the stretch."""

    name: str
    unit: str
    what: str
    first: float
    last: float
    per_hour: float
    most: float
    flat: bool


def settled(samples: Sequence[Sample], skip: float = 0.25) -> list[Sample]:
    """All but the first ``skip`` of the time. Raises ValueError when fewer than 6 samples are left."""
    begun, ended = samples[0]["at_s"], samples[-1]["at_s"]
    left = [one for one in samples if one["at_s"] >= begun + skip * (ended - begun)]
    if len(left) < 6:
        raise ValueError(f"{len(left)} samples are too few to say that something does not grow")
    return left


def judged(samples: Sequence[Sample], watched: Sequence[Watched] = WATCHED) -> list[Verdict]:
    """A verdict for each figure that was seen. Raises ValueError when there are too few samples."""
    stretch = settled(samples)
    verdicts = []
    for one in watched:
        seen = [(sample["at_s"], sample[one.name]) for sample in stretch if one.name in sample]
        if len(seen) >= 6:
            verdicts.append(_judge(one, seen))
    return verdicts


def _judge(one: Watched, seen: list[tuple[float, float]]) -> Verdict:
    third = len(seen) // 3
    first = statistics.median(value for _, value in seen[:third])
    last = statistics.median(value for _, value in seen[-third:])
    most = first + one.at_most + one.share * first
    return Verdict(
        **{"name": one.name, "unit": one.unit, "what": one.what, "first": first, "last": last, "most": most},
        per_hour=slope_per_s(seen) * 3600,
        flat=last <= most,
    )


def slope_per_s(seen: Sequence[tuple[float, float]]) -> float:
    """The median slope between any two samples (Theil and Sen): a few wild ones do not bend it."""
    thinned = seen[:: max(1, len(seen) // 150)]
    return statistics.median((b - a) / (t - s) for (s, a), (t, b) in combinations(thinned, 2) if t > s)


def table(verdicts: Sequence[Verdict]) -> str:
    """For people."""
    rows = [("figure", "first", "last", "per hour", "at most", "")]
    rows += [
        (one.what, _said(one.first, one.unit), _said(one.last, one.unit), f"{one.per_hour:+.2f}", _said(one.most, ""),
         "flat" if one.flat else "GROWS")
        for one in verdicts
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _said(value: float, unit: str) -> str:
    return f"{value:.1f} {unit}".strip()
