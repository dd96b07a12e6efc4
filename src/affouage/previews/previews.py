"""Previews of any rule, on the real data of this commons. Reading is in a reader's thread, never on the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from affouage.assembly.charter import Charter
from affouage.assembly.house import House
from affouage.catalogue.rules import Candidate
from affouage.clock import Clock
from affouage.footprint.budget import Rates
from affouage.previews import answering, energy, facts, house, sharing, votes, workshops
from affouage.previews.shapes import Asked, Facts, Preview
from affouage.storage import Database

KEPT_MS = 60_000
"""How long the requests of the month are kept in memory once read: somebody who tries a figure tries several."""

Function = Callable[[Any, Any, Facts], list[Preview]]

BY_AREA: Mapping[str, Function] = {
    "budget": energy.budget,
    "hours": energy.hours,
    "pot": energy.pot,
    "share": sharing.share,
    "machines": sharing.machines,
    "confidentiality": answering.confidentiality,
    "models": answering.models,
    "prefixes": answering.prefixes,
    "retention": house.retention,
    "membership": house.membership,
    "mandates": house.mandates,
    "uses": house.uses,
    "desk": workshops.desk,
    "training": workshops.training,
    "governance": votes.governance,
}
"""(before, after, facts) -> what the change would have done. Each is pure."""


class Previews:
    """What a change of a rule would have done in the last thirty days.

    ``installed``: the models of this commons as far as they are known; None: nobody told. ``shipped``: the prefix of
    affouage by language, which stands where nothing was voted. All methods may be called concurrently.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        charter: Charter,
        calendar: Any,
        rates: Rates,
        *,
        installed: Callable[[], Iterable[Candidate]] | None = None,
        shipped: Mapping[str, str] | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._charter = charter
        self._calendar = calendar
        self._rates = rates
        self._installed = installed
        self._shipped = dict(shipped or {})
        self._month: tuple[int, list[Asked]] | None = None

    async def of(self, area: str, document: Mapping[str, Any]) -> list[Preview]:
        """``document``: the rule as it would be, as ``Area.shape`` writes it. Raises NotFound, RuleRefused."""
        now_ms = self._clock.now_ms()
        known = Facts(
            now_ms=now_ms,
            first_ms=self._calendar.bounds(facts.first_day(self._calendar, now_ms))[0],
            calendar=self._calendar,
            rates=self._rates,
            installed=None if self._installed is None else tuple(self._installed()),
            shipped=self._shipped,
        )
        if "budget" in self._charter.areas:
            known.exempt_uses = tuple(self._charter.in_force("budget").value.exempt_uses)

        def count(connection: Connection) -> list[Preview]:
            rules = House(self._charter, self._charter.areas, connection)
            described = rules.area(area)
            before, after = described.unshape(rules.newest(area)[0]), described.checked(document)
            if area not in BY_AREA:
                return []
            for read in facts.NEEDS[area]:
                self._read(connection, read, known)
            return BY_AREA[area](before, after, known)

        return await self._db.read(count)

    def _read(self, connection: Connection, read: facts.Reader, known: Facts) -> None:
        if read is not facts.requests:
            read(connection, known)
            return
        kept = self._month
        if kept is not None and 0 <= known.now_ms - kept[0] < KEPT_MS:
            known.asked = kept[1]
            return
        read(connection, known)
        self._month = (known.now_ms, known.asked)
