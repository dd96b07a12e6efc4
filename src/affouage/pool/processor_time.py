"""Processor time of the commons' own programs on this machine: the gateway and the engines it started."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from affouage.pool.engine import Engine


class ProcessorTime:
    """Call it: cumulative microseconds, never going down, though engines come and go with their counters.

    An engine whose process cannot be seen (stopped, or on another machine) adds nothing meanwhile. ``also``: the same
    count of other programs of ours (those that learn).
    """

    def __init__(self, engines: Callable[[], Iterable[Engine]], also: Callable[[], int] = lambda: 0) -> None:
        self._engines = engines
        self._also = also
        self._seen_us: dict[str, int] = {}
        self._total_us = 0

    def __call__(self) -> int:
        for engine in self._engines():
            now_us = engine.work().cpu_us
            if now_us is None:
                continue
            before_us = self._seen_us.get(engine.model_id, 0)
            # Less than before: another process, which began at nothing.
            self._total_us += now_us - before_us if now_us >= before_us else now_us
            self._seen_us[engine.model_id] = now_us
        return self._total_us + self._also() + time.process_time_ns() // 1000
