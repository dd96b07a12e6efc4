"""How far a pull is, as events for a terminal, a page or a test."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

from affouage.clock import Clock

Stage = Literal["looking", "downloading", "waiting", "checking", "installed", "present"]


class PullProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a pull stands. ``None`` is unknown. ``note``: something to say to people, else empty.

    ``source``: ``hub``, ``registry``, ``disk`` or empty before one is chosen.
    """

    stage: Stage
    done_bytes: int
    total_bytes: int | None = None
    speed_bytes_per_s: float | None = None
    eta_s: float | None = None
    source: str = ""
    note: str = ""


OnProgress = Callable[[PullProgress], None]

_EVERY_US = 200_000
_WINDOW_US = 5_000_000


class Meter:
    """Turns byte counts into events: at most five a second, speed over the last five seconds."""

    def __init__(self, on_progress: OnProgress, clock: Clock) -> None:
        self._tell, self._clock = on_progress, clock
        self._stage: Stage = "looking"
        self._source = ""
        self.done_bytes = 0
        self.total_bytes: int | None = None
        self._seen: deque[tuple[int, int]] = deque()
        self._last_us = -_EVERY_US

    def begin(self, stage: Stage, *, source: str, done_bytes: int, total_bytes: int | None, note: str = "") -> None:
        """A new stage: always told."""
        self._stage, self._source = stage, source
        self.total_bytes = total_bytes
        self._seen.clear()
        self._last_us = -_EVERY_US
        self.at(done_bytes, note=note)

    def at(self, done_bytes: int, *, note: str = "") -> None:
        """Bytes done so far; told when there is something to say or enough time has passed."""
        now_us = self._clock.monotonic_us()
        self.done_bytes = done_bytes
        self._seen.append((now_us, done_bytes))
        while len(self._seen) > 2 and now_us - self._seen[0][0] > _WINDOW_US:
            self._seen.popleft()
        complete = self.total_bytes is not None and done_bytes >= self.total_bytes
        if not note and not complete and now_us - self._last_us < _EVERY_US:
            return
        self._last_us = now_us
        speed = self._speed()
        left = None if self.total_bytes is None else max(self.total_bytes - done_bytes, 0)
        self._tell(
            PullProgress(
                stage=self._stage,
                done_bytes=done_bytes,
                total_bytes=self.total_bytes,
                speed_bytes_per_s=speed,
                eta_s=left / speed if left is not None and speed else None,
                source=self._source,
                note=note,
            )
        )

    def say(self, note: str) -> None:
        """A sentence for people, in the present stage."""
        self.at(self.done_bytes, note=note)

    def _speed(self) -> float | None:
        (first_us, first_bytes), (last_us, last_bytes) = self._seen[0], self._seen[-1]
        if last_us <= first_us or last_bytes <= first_bytes:
            return None
        return (last_bytes - first_bytes) * 1e6 / (last_us - first_us)
