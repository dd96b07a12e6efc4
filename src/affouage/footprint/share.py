"""Who used the engine's processor time: pure, in integer microseconds, and exact.

Between two looks at the counter, the time that passed is split equally among the requests being served; with none it is
``idle_us``. So the requests' parts and the idle part always add up to the counter. (Sharing by tokens really computed,
PC-1, replaces the equal split with the footprint's meters; the law stays the same.)
"""

from __future__ import annotations

from affouage.units import split_exactly


class ProcessorShare:
    """One engine process. Call :meth:`look` with its cumulative counter at each start and end of a request."""

    def __init__(self) -> None:
        self._seen_us: int | None = None
        self._parts_us: dict[str, int] = {}
        self.idle_us = 0
        self.total_us = 0
        self._blind: set[str] = set()

    def start(self, request_id: str, counter_us: int | None) -> None:
        self.look(counter_us)
        self._parts_us[request_id] = 0
        if counter_us is None:
            self._blind.add(request_id)

    def finish(self, request_id: str, counter_us: int | None) -> int | None:
        """The request's part in microseconds; None when the counter could not be read meanwhile."""
        self.look(counter_us)
        part_us = self._parts_us.pop(request_id)
        blind = request_id in self._blind
        self._blind.discard(request_id)
        return None if blind else part_us

    def look(self, counter_us: int | None) -> None:
        """Attribute what the counter advanced by. A counter that went back belongs to a restarted process."""
        if counter_us is None:
            self._seen_us = None
            self._blind.update(self._parts_us)
            return
        if self._seen_us is None or counter_us < self._seen_us:
            passed_us = counter_us if self._seen_us is not None else 0
        else:
            passed_us = counter_us - self._seen_us
        self._seen_us = counter_us
        self.total_us += passed_us
        if not self._parts_us:
            self.idle_us += passed_us
            return
        active = sorted(self._parts_us)
        for request_id, part_us in zip(active, split_exactly(passed_us, [1] * len(active)), strict=True):
            self._parts_us[request_id] += part_us
