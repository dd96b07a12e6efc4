"""Who used the engine's processor time: pure, in integer microseconds, and exact.

Between two looks at the counter, the time that passed is split equally among the requests being served; with none it is
``idle_us`` (a model being loaded is idle time). What passed while the counter could not be read is ``untold_us``:
nobody is charged for a guess. The law: requests' parts + idle + untold = what the counter counted, exactly.
(Sharing by tokens really computed, PC-1, replaces the equal split with the footprint's meters; the law stays the same.)
"""

from __future__ import annotations

from affouage.units import split_exactly


class ProcessorShare:
    """One engine process. Call :meth:`look` with its cumulative counter at each start and end of a request."""

    def __init__(self) -> None:
        self._seen_us = 0
        self._lost_sight = False
        self._parts_us: dict[str, int] = {}
        self._blind: set[str] = set()
        self.idle_us = 0
        self.untold_us = 0
        self.total_us = 0

    def start(self, request_id: str, counter_us: int | None) -> None:
        self.look(counter_us)
        self._parts_us[request_id] = 0
        if counter_us is None:
            self._blind.add(request_id)

    def finish(self, request_id: str, counter_us: int | None) -> int | None:
        """The request's part in microseconds; None when the counter could not be read meanwhile."""
        self.look(counter_us)
        part_us = self._parts_us.pop(request_id)
        if request_id not in self._blind:
            return part_us
        self._blind.discard(request_id)
        self.untold_us += part_us
        return None

    def look(self, counter_us: int | None) -> None:
        """Attribute what the counter advanced by. A counter that went back belongs to a restarted process."""
        if counter_us is None:
            self._lost_sight = True
            self._blind.update(self._parts_us)
            return
        restarted = counter_us < self._seen_us
        passed_us = counter_us if restarted else counter_us - self._seen_us
        self._seen_us = counter_us
        self.total_us += passed_us
        if self._lost_sight:
            self._lost_sight = False
            self.untold_us += passed_us
        elif self._parts_us:
            self._split(passed_us)
        else:
            self.idle_us += passed_us

    def _split(self, passed_us: int) -> None:
        active = sorted(self._parts_us)
        for request_id, part_us in zip(active, split_exactly(passed_us, [1] * len(active)), strict=True):
            self._parts_us[request_id] += part_us
