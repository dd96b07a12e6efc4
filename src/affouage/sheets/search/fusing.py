"""Scores by words and by meaning made one, and what they tell of whether anything was found. Pure.

    score = WORDS * sqrt(BM25) + MEANING * mean over encoders, by their weights, of (cosine - middle) / spread

Nothing in it depends on the other sheets found: the same sheet and question always have the same score, whatever else
may be read. The square root keeps a rare word from outweighing everything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from affouage.sheets.finding import Signals
from affouage.sheets.search.encoder import Matrix, Traits

Scores = NDArray[np.float32]
"""One number per sheet, in the order of the sheets searched."""

WORDS = 1.5
MEANING = 1.75
_TOP = 3


def against(rows: Matrix, row: Matrix) -> Scores:
    """Cosines of rows of length 1 with one. Not by BLAS: its threads wait by spinning, and streams go through here."""
    return np.asarray(np.einsum("ij,j->i", rows, row), dtype=np.float32)


def standard(cosines: Scores, traits: Traits) -> Scores:
    """Cosines in the encoder's standard deviations; 0, the middle, for a sheet that has no vector yet (NaN)."""
    return np.asarray(np.nan_to_num((cosines - traits.middle) / traits.spread), dtype=np.float32)


def meaning(cosines: Sequence[tuple[Scores, Traits]]) -> Scores | None:
    """By meaning alone, every encoder by its weight; None without any."""
    if not cosines:
        return None
    whole = sum(traits.weight for _, traits in cosines)
    total = sum(traits.weight / whole * standard(one, traits) for one, traits in cosines)
    return np.asarray(total, dtype=np.float32)


def weighed_mean(differences: Sequence[tuple[float, Traits]]) -> float | None:
    """Differences of cosines in standard deviations, every encoder by its weight; None without any."""
    whole = sum(traits.weight for _, traits in differences)
    return sum(traits.weight * one / traits.spread for one, traits in differences) / whole if whole else None


def top_mean(cosines: Scores) -> float:
    """Mean of the 3 highest."""
    return float(np.sort(cosines)[-_TOP:].mean())


def fused(words: Scores, by_meaning: Scores | None) -> Scores:
    """``words``: BM25, 0 for a sheet that holds none of the terms."""
    by_words = WORDS * np.sqrt(words)
    total = by_words if by_meaning is None else by_words + MEANING * by_meaning
    return np.asarray(total, dtype=np.float32)


def best(scores: Scores, most: int) -> list[int]:
    """Places of the best, best first; of equals, the first."""
    return [int(place) for place in np.argsort(-scores, kind="stable")[:most]]


def signals(
    words: Scores,
    by_meaning: Scores | None,
    covered: float | None,
    beside: float | None = None,
    unheard: int | None = None,
) -> Signals:
    """``covered``, ``beside`` and ``unheard``: as :class:`Signals` tells."""
    if not words.size:
        return Signals()
    nearest = None if by_meaning is None else int(np.argmax(by_meaning))
    return Signals(
        words=float(words.max()),
        words_margin=_margin(words),
        meaning=None if by_meaning is None else float(by_meaning.max()),
        meaning_margin=None if by_meaning is None else _margin(by_meaning),
        agree=None if nearest is None or not words[nearest] else 1 + int((words > words[nearest]).sum()),
        covered=covered,
        beside=beside,
        unheard=unheard,
    )


def _margin(scores: Scores) -> float | None:
    """From the best to the second, in standard deviations of the sheets; None with fewer than two, or all alike."""
    spread = float(scores.std())
    if scores.size < 2 or not spread:
        return None
    second, first = np.partition(scores, -2)[-2:]
    return float(first - second) / spread
