"""How much a queue keeps in memory."""

from __future__ import annotations

from collections.abc import Sized

from affouage.pool.fair_share import FairShare


def entries(share: FairShare) -> int:
    """All that it keeps, entries of heaps that hold no more included."""
    lines = share._lines.values()
    heaps = [*share._present, share._away, *(line._members for line in lines)]
    kept: list[Sized] = [share._members, share._places, share._running, share._batch, *(line._queues for line in lines)]
    return sum(len(one) for one in kept) + sum(len(heap._heap) + len(heap._entries) for heap in heaps)
