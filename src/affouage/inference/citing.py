"""How a rule is named to whoever it concerns: its version, the day it was decided, the proposal that was voted."""

from __future__ import annotations

from collections.abc import Callable

from affouage.assembly.charter import Charter
from affouage.assembly.decided import decided_ms
from affouage.inference.refusal import Cited
from affouage.storage import Database


class Citing:
    """Call it with an area and the version a request ran under: see ``refusal.Cite``. ``day``: of an instant, local.

    What it finds in the database of a version never changes, so it is looked up once.
    """

    def __init__(self, db: Database, charter: Charter, day: Callable[[int], str]) -> None:
        self._db = db
        self._charter = charter
        self._day = day
        self._days: dict[tuple[str, int], str] = {}

    def __call__(self, area: str, version: int) -> Cited:
        """As it stands now; an emergency measure is named while it suspends this version."""
        found = self._charter.in_force(area)
        emergency = found.suspended[-1] if found.suspended and found.version == version else None
        return self._cited(area, version, emergency)

    def read(self, stamp: str) -> Cited:
        """Of what a receipt says: ``hours@3``, ``models@3+emergency:4``; anything else as it is."""
        area, _, rest = stamp.partition("@")
        number, *measures = rest.split("+")
        if area not in self._charter.areas or not (number.isascii() and number.isdigit()):
            return Cited(stamp)
        told = [one.removeprefix("emergency:") for one in measures if one.startswith("emergency:")]
        emergency = int(told[-1]) if told and told[-1].isascii() and told[-1].isdigit() else None
        return self._cited(area, int(number), emergency)

    def _cited(self, area: str, version: int, emergency: int | None) -> Cited:
        decision = self._charter.version(area, version)
        if decision is None:
            return Cited(f"{area}@{version}", emergency=emergency)
        key = area, version
        if key not in self._days:
            self._days[key] = self._day(self._db.read_now(lambda connection: decided_ms(connection, decision)))
        return Cited(f"{area}@{version}", self._days[key], decision.proposal_id, emergency)
