"""Near-duplicates: MinHash signatures of word sequences, compared in bands, then by the share of equal hashes. Pure.

datatrove does the same in pure Python (14 bands of 8); its word splitter for French asks for spaCy, and it compares by
bands alone. Here a pair that meets in a band is kept as two unless the signatures agree as much as the recipe says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from affouage.training.corpus.steps.words import Hashes, Words

BANDS, ROWS = 14, 8
HASHES = BANDS * ROWS
Signatures = NDArray[np.uint32]
_RUNS_AT_ONCE = 1_000


def _parameters() -> tuple[Hashes, Hashes]:
    drawn = np.random.Generator(np.random.PCG64(20_221_130))
    odd = drawn.integers(0, 1 << 63, HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    return odd[:, None], drawn.integers(0, 1 << 63, HASHES, dtype=np.uint64)[:, None]


_FACTORS, _TERMS = _parameters()


def signature(words: Words, size: int) -> Signatures:
    """112 numbers: of each hash function, the least over the runs of ``size`` words (all of them if there are fewer).

    Two texts agree in each with the probability of their similarity (shared runs over all runs).
    """
    runs = np.unique(words.sequences(min(size, max(len(words.lower), 1))))
    least = np.full(HASHES, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(runs), _RUNS_AT_ONCE):
        hashed = runs[start : start + _RUNS_AT_ONCE] * _FACTORS
        hashed += _TERMS
        np.minimum(least, hashed.min(axis=1), out=least)
    return (least >> np.uint64(32)).astype(np.uint32)


def originals(signatures: Signatures, similarity: float) -> NDArray[np.int64]:
    """For each document, in order, the earlier one that it is nearly a copy of; itself when it is none.

    A copy of a copy is told as one of the first.
    """
    count = len(signatures)
    first = np.arange(count, dtype=np.int64)
    for band in range(BANDS):
        rows = np.ascontiguousarray(signatures[:, band * ROWS : (band + 1) * ROWS])
        keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * ROWS))).ravel()
        _, group = np.unique(keys, return_inverse=True)
        order = np.argsort(group, kind="stable")
        _, starts, sizes = np.unique(group[order], return_index=True, return_counts=True)
        for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
            _within(order[start : start + size], signatures, similarity, first)
    return np.fromiter((_root(first, one) for one in range(count)), dtype=np.int64, count=count)


def _within(members: NDArray[np.int64], signatures: Signatures, similarity: float, first: NDArray[np.int64]) -> None:
    """Each member of a band's group against the ones that began a cluster there; there are few of those."""
    heads: list[int] = []
    for one in map(int, members):
        for head in heads[:_MOST_HEADS]:
            if np.count_nonzero(signatures[one] == signatures[head]) >= similarity * HASHES:
                a, b = _root(first, one), _root(first, head)
                first[max(a, b)] = min(a, b)
                break
        else:
            heads.append(one)


_MOST_HEADS = 50


def _root(first: NDArray[np.int64], one: int) -> int:
    while first[one] != one:
        first[one] = first[first[one]]
        one = int(first[one])
    return int(one)
