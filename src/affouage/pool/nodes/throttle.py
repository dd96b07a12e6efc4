"""How much one node may say. Pure: times are given. What is beyond is dropped unread, and asked for again.

Generous for whoever works (a hundred answers at fifty tokens a second), a small part of one processor for whoever
floods.
"""

from __future__ import annotations

BEATS_PER_S = 5
MESSAGES_PER_S = 4000
MESSAGES_PER_RUN_PER_S = 300
BYTES_PER_S = 8_000_000
BURST_S = 2.0


class _Bucket:
    def __init__(self, now_us: int) -> None:
        self._left: float | None = None
        self._at_us = now_us

    def take(self, amount: float, per_s: float, now_us: int) -> bool:
        most = per_s * BURST_S
        left = most if self._left is None else self._left + per_s * max(0, now_us - self._at_us) / 1e6
        self._left = min(most, left)
        self._at_us = max(self._at_us, now_us)
        if amount > self._left:
            return False
        self._left -= amount
        return True


class Throttle:
    """Of one node."""

    def __init__(self, now_us: int) -> None:
        self._beats = _Bucket(now_us)
        self._messages = _Bucket(now_us)
        self._bytes = _Bucket(now_us)

    def admit(self, size_bytes: int, now_us: int, *, runs: int, beat: bool = False) -> bool:
        """May this message be read? ``runs``: answers it is giving. ``beat``: it is a heartbeat."""
        if beat:
            return self._beats.take(1, BEATS_PER_S, now_us) and self._bytes.take(size_bytes, BYTES_PER_S, now_us)
        rate = MESSAGES_PER_S + MESSAGES_PER_RUN_PER_S * runs
        return self._messages.take(1, rate, now_us) and self._bytes.take(size_bytes, BYTES_PER_S, now_us)
