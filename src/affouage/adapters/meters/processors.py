"""What the processors of this machine did, and which part of it was ours."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil

from affouage.adapters.engines.vital_signs import cpu_us

CpuClock = Callable[[], int | None]
"""Cumulative microseconds of processor time; None when it cannot be seen."""

SHORTEST_US = 200_000
"""The system counts in ticks of 10 ms: over less than this, its ratio to our finer clock says nothing."""


def boot_id(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """This boot of the machine: hardware counters and the monotonic clock are comparable within it."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return f"boot-{psutil.boot_time():.0f}"


def processors() -> int:
    """Logical processors of the machine, at least 1."""
    return os.cpu_count() or 1


def busy_us() -> int | None:
    """Cumulative microseconds that all processors together were busy, for whatever program; None if not told.

    What another guest of the same host took from us (steal) is not ours; ``user`` holds what our own guests took.
    """
    try:
        seen = psutil.cpu_times()
    except (OSError, psutil.Error, ValueError):
        return None
    return round(sum(getattr(seen, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq")) * 1e6)


def own_programs_us() -> int | None:
    """Processor time of this program and the children it has now, for the command line."""
    children = psutil.Process().children(recursive=True)
    seen = [cpu_us(os.getpid()), *(cpu_us(one.pid) for one in children)]
    return sum(one for one in seen if one is not None) if seen[0] is not None else None


class ForeignWork:
    """Parts per million of the processors' work that was not ours, since the look before; 0 when it cannot be told."""

    def __init__(self, own_us: CpuClock | None, busy: CpuClock = busy_us) -> None:
        self._own_us = own_us
        self._busy_us = busy
        self._before: tuple[int, int, int] | None = None
        self._ppm = 0

    def ppm(self, at_us: int) -> int:
        own, busy = self._own_us() if self._own_us else None, self._busy_us()
        if own is None or busy is None:
            self._before = None
            return 0
        if self._before is None:
            self._before = (at_us, own, busy)
            return 0
        before_us, own_before, busy_before = self._before
        if at_us - before_us >= SHORTEST_US:
            self._ppm = share_ppm(own - own_before, busy - busy_before)
            self._before = (at_us, own, busy)
        return self._ppm


def share_ppm(own_us: int, busy_us: int) -> int:
    """``1 - own / busy`` in parts per million, between 0 and 1,000,000; 0 when nothing was busy or a clock went back.

    Pure.
    """
    if busy_us <= 0 or own_us < 0:
        return 0
    return max(0, 1_000_000 - own_us * 1_000_000 // busy_us)
