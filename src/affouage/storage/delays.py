"""How long writes wait for the disk: counts in classes of duration, as watchers of a server read them."""

from __future__ import annotations

from bisect import bisect_left

BOUNDS_MS = (5, 20, 100, 500, 2000)
"""Upper ends of the classes; the last one has none."""


class Delays:
    """Written by one thread. Another may read at any moment: at worst it misses the newest."""

    def __init__(self) -> None:
        self._classes = [0] * (len(BOUNDS_MS) + 1)
        self.count = 0
        self.sum_us = 0

    def add(self, delay_us: int) -> None:
        self._classes[bisect_left(BOUNDS_MS, delay_us / 1000)] += 1
        self.count += 1
        self.sum_us += delay_us

    def up_to(self) -> list[tuple[int, int]]:
        """For each bound, in milliseconds: how many waited no longer."""
        told, total = [], 0
        for bound_ms, count in zip(BOUNDS_MS, self._classes, strict=False):
            total += count
            told.append((bound_ms, total))
        return told
