"""A heap of names whose keys change."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any


class LowFirst:
    """Names, the one with the smallest key first. Keys mostly rise, so an entry is set right only when it comes on top;
    when one falls the name is added again."""

    def __init__(self, key: Callable[[str], Any]) -> None:
        self._key = key
        self._entries: dict[str, tuple[Any, str]] = {}
        self._heap: list[tuple[Any, str]] = []
        """With entries that hold no more; fewer than half of it, or a few."""

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def add(self, name: str) -> None:
        entry = (self._key(name), name)
        known = self._entries.get(name)
        if known is None or entry < known:
            self._entries[name] = entry
            heapq.heappush(self._heap, entry)
            self._sweep()

    def discard(self, name: str) -> None:
        if self._entries.pop(name, None) is not None:
            self._sweep()

    def first(self) -> str | None:
        while self._heap:
            entry = self._heap[0]
            name = entry[1]
            if self._entries.get(name) is not entry:
                heapq.heappop(self._heap)
                continue
            key = self._key(name)
            if key == entry[0]:
                return name
            self._entries[name] = (key, name)
            heapq.heapreplace(self._heap, self._entries[name])
        return None

    def _sweep(self) -> None:
        if len(self._heap) > 2 * len(self._entries) + 32:
            self._heap = list(self._entries.values())
            heapq.heapify(self._heap)
