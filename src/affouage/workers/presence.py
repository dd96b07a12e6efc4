"""Which gateways live, which one keeps the house, whom one may give up. Pure: rows and times come in."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from affouage.storage.gateways import GONE_MS, Present

GONE_US = GONE_MS * 1000
BLIND_US = 6_000_000
"""A gateway that could not read the rows for so long has seen nothing of the others meanwhile, and gives them time: the
database may have been away for all of them."""


class Presence:
    """What one gateway saw of all, itself included. By its own monotonic clock: the one on the wall may jump."""

    def __init__(self, me: str) -> None:
        self._me = me
        self._rows: dict[str, Present] = {}
        self._changed_us: dict[str, int] = {}
        """When a row was last seen to have been renewed."""
        self._looked_us: int | None = None

    def look(self, rows: Iterable[Present], now_us: int) -> None:
        """The rows as they are now, one's own just renewed."""
        before, self._rows = self._rows, {one.id: one for one in rows}
        blind = self._looked_us is None or now_us - self._looked_us > BLIND_US
        self._looked_us = now_us
        self._changed_us = {
            one.id: self._changed_us[one.id]
            if not blind and one.id in before and before[one.id].heard_ms == one.heard_ms
            else now_us
            for one in self._rows.values()
        }

    def _alive(self, gateway_id: str, now_us: int) -> bool:
        return now_us - self._changed_us[gateway_id] < GONE_US

    def others(self, now_us: int) -> list[Present]:
        """Those that live besides this one."""
        return [one for one in self._rows.values() if one.id != self._me and self._alive(one.id, now_us)]

    def keeps(self, now_us: int) -> bool:
        """Is it for this one to do what is to be done once? For the longest at work, as long as others hear it."""
        if self._looked_us is None or now_us - self._looked_us >= GONE_US:
            return False
        there = [(one.started_ms, one.id) for one in self._rows.values() if self._alive(one.id, now_us)]
        return bool(there) and min(there)[1] == self._me

    def dead(self, owners: Collection[str], now_us: int) -> list[str]:
        """Ids to clear up after: rows not renewed, and ``owners`` of requests who have no row."""
        silent = [one for one in self._rows if not self._alive(one, now_us)]
        return [*silent, *sorted(set(owners) - self._rows.keys())]
