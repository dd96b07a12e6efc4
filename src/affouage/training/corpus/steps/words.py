"""Words of a text as numbers: hashes that are the same on every machine, so that sequences compare quickly.

The only module of the steps that holds something between documents: the hash of each word seen, up to a bound.
"""

from __future__ import annotations

import hashlib
import re
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

WORD = re.compile(r"[^\W_]+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, and its bits look drawn by lot (the golden ratio)
_MOST_KEPT = 2_000_000


class _Hashes(dict[str, int]):
    def __missing__(self, word: str) -> int:
        if len(self) >= _MOST_KEPT:
            self.clear()
        found = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
        self[word] = found
        return found


_hash_of = _Hashes().__getitem__


class Words:
    """Of one text, computed once however many steps ask."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lower(self) -> list[str]:
        """In their order, in lower case: letters and digits, cut at apostrophes and dashes."""
        return WORD.findall(self.text.lower())

    @cached_property
    def hashes(self) -> Hashes:
        return np.fromiter(map(_hash_of, self.lower), dtype=np.uint64, count=len(self.lower))

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        return np.fromiter(map(len, self.lower), dtype=np.int64, count=len(self.lower))

    @cached_property
    def sha(self) -> bytes:
        """Of the words in their order: the same for texts that differ in case, spaces and punctuation alone."""
        return hashlib.blake2b(self.hashes.astype("<u8").tobytes(), digest_size=16).digest()

    def sequences(self, size: int) -> Hashes:
        """One hash for each run of ``size`` words; none when there are fewer."""
        return sequences(self.hashes, size)


def sequences(hashes: Hashes, size: int) -> Hashes:
    """Polynomials of the hashes modulo 2^64: equal runs of words have equal ones."""
    count = len(hashes) - size + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    found = hashes[:count].copy()
    for place in range(1, size):
        found *= _MULTIPLIER
        found += hashes[place : place + count]
    return mixed(found)


def mixed(numbers: Hashes) -> Hashes:
    """Each number's bits spread over all of it: a polynomial's low bits depend on the low bits of its terms alone."""
    found: Hashes = numbers ^ (numbers >> np.uint64(31))
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(29)
    return found
