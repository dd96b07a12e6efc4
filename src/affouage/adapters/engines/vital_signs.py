"""What can be told of a child program from outside, and what follows from it. The decisions are pure."""

from __future__ import annotations

import sys
import time

import psutil

_HEALTHY_US = 60_000_000
_SILENCE_US = 10_000_000
_STILL_US = 10_000
"""Less processor time than this between two looks is housekeeping, not work."""


def back_off_ms(failures: int) -> int:
    """Milliseconds to wait after so many crashes or failed loads in a row: 500, 1000, 2000 ... 60000; none for 0."""
    return min(500 << min(failures - 1, 10), 60_000) if failures > 0 else 0


def failures_after_crash(failures: int, healthy_us: int) -> int:
    """Failures in a row, this crash included; a minute in good health wipes out the earlier ones."""
    return 1 if healthy_us > _HEALTHY_US else failures + 1


def load_progress(resident_bytes: int | None, expected_bytes: int | None) -> float | None:
    """Share of the load done, 0..0.99, from the memory the child holds; None when either is unknown."""
    if resident_bytes is None or not expected_bytes:
        return None
    return min(resident_bytes / expected_bytes, 0.99)


def hangs(silence_us: int, cpu_before_us: int | None, cpu_now_us: int | None) -> bool:
    """Whether a child that owes an answer is stuck: long silent, and not even working. A slow one works."""
    if silence_us < _SILENCE_US or cpu_before_us is None or cpu_now_us is None:
        return False
    return cpu_now_us - cpu_before_us < _STILL_US


def resident_bytes(pid: int) -> int | None:
    """All the memory of a process, files it maps included; None when it cannot be seen."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def private_bytes(pid: int) -> int | None:
    """Memory of a process that no file backs; None when it cannot be seen."""
    try:
        seen = psutil.Process(pid).memory_info()
    except psutil.Error:
        return None
    return max(0, int(seen.rss) - int(getattr(seen, "shared", 0)))


def cpu_us(pid: int) -> int | None:
    """Processor time a process has used; None when it cannot be seen.

    On Linux from the process's own clock, in microseconds: the usual counters tick every 10 ms only, and a short piece
    of work would look like none at all.
    """
    try:
        if sys.platform == "linux":
            return time.clock_gettime_ns(~pid << 3 | 2) // 1000  # what clock_getcpuclockid(3) gives
        times = psutil.Process(pid).cpu_times()
    except (OSError, psutil.Error):
        return None
    return int((times.user + times.system) * 1e6)
