"""What one program drew of a machine's power: by its share of the processor time, while the meter tells the watts."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from affouage.clock import Clock

LONGEST_US = 60_000_000
"""Between two looks; longer, the machine slept and nothing is known of it."""


def busy_us() -> int:
    """Processor time of everything on this machine."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    return int((sum(times[:8]) - idle) * 1e6)


class Drawn:
    """``energy_uj``: None as soon as some of its work was not under the meter. ``whole``: it is seen from its start."""

    def __init__(
        self,
        watts: Callable[[], float | None],
        clock: Clock,
        *,
        busy: Callable[[], int] = busy_us,
        whole: bool = True,
    ) -> None:
        self._watts = watts
        self._clock = clock
        self._busy = busy
        self._whole = whole
        self._uj = 0.0
        self._unseen_us = 0
        self._last: tuple[int, int] | None = None
        self.cpu_us = 0

    @property
    def energy_uj(self) -> float | None:
        """What was seen, raised to all of the work when little of it was not: a twentieth, or a second."""
        seen_us = self.cpu_us - self._unseen_us
        if not self._whole or seen_us <= 0 or self._unseen_us > max(self.cpu_us // 20, 1_000_000):
            return None
        return self._uj * self.cpu_us / seen_us

    def look(self, cpu_us: int | None) -> None:
        """``cpu_us``: of the program, since it began."""
        now_us, busy = self._clock.monotonic_us(), self._busy()
        if cpu_us is None:
            return
        work_us = max(0, cpu_us - self.cpu_us)
        self.cpu_us += work_us
        last, self._last = self._last, (now_us, busy)
        watts = self._watts()
        if last is None or watts is None or now_us - last[0] > LONGEST_US:
            self._unseen_us += work_us
            return
        share = min(1.0, work_us / max(1, busy - last[1], work_us))
        self._uj += watts * (now_us - last[0]) * share
