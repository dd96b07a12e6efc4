"""Counting past periods again with another set of factors: a new entry beside the old ones, which are never rewritten.

Pure. The energies stay what they were; only what a kilowatt-hour is held to cost the world changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from affouage.errors import BadRequest, SettingsError
from affouage.footprint.factors import GridFactors, Site
from affouage.footprint.impact import INDICATORS, assess, total
from affouage.ledger.receipt import Energy, Impacts
from affouage.units import Interval


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of one day and machine as the books hold it; ``factor_set``: counted with then, "" for none."""

    day: str
    machine_id: str
    factor_set: str
    energy: Energy


class Restatement(msgspec.Struct, frozen=True, kw_only=True):
    """Ledger entry of kind ``restatement``. ``old_set``: set, or sets joined by `` + ``, counted with until now.

    ``old`` and ``new``: use phase of the whole of ``periods``, the same energies with the old and the new factors.
    """

    id: str
    attempt: int = 1
    member_id: str = ""
    periods: tuple[str, ...]
    old_set: str
    new_set: str
    reason: str
    old: Impacts
    new: Impacts

    def change(self) -> dict[str, float | None]:
        """New central figure less the old one, by indicator; None where either is unknown."""
        return {name: _difference(getattr(self.old, name), getattr(self.new, name)) for name in INDICATORS}


def restate(
    booked: Iterable[Booked],
    *,
    id: str,
    periods: tuple[str, ...],
    old: Mapping[str, GridFactors],
    new: GridFactors,
    reason: str,
    member_id: str = "",
    site: Site | None = None,
) -> Restatement:
    """Old and new totals of ``booked``. ``old``: the factors by set id, as they still stand in this version.

    What was booked without any set was unknown, and counts in the new total alone: the old one is "at least".
    Raises BadRequest without a reason, or when nothing was counted with another set; SettingsError when an old set
    is not to be had any more.
    """
    rows = list(booked)
    sets = sorted({row.factor_set for row in rows})
    if not reason.strip():
        raise BadRequest("A restatement needs its reason.", remedy='Say why: --reason "…"', param="reason")
    if all(one == new.name for one in sets):
        raise BadRequest(
            f"Nothing in {', '.join(periods)} was counted with another set than {new.name}.",
            remedy="Name another period or another set: affouage footprint factors",
            param="factor_set",
        )
    missing = [one for one in sets if one and one not in old and one != new.name]
    if missing:
        raise SettingsError(
            f"The set {missing[0]} that was counted with then is not here any more.",
            remedy="Put its file back in the folder factors of the home.",
        )
    grids = {**old, new.name: new}
    before = [assess(row.energy, grids[row.factor_set] if row.factor_set else None, site) for row in rows]
    return Restatement(
        id=id,
        member_id=member_id,
        periods=periods,
        old_set=" + ".join(one for one in sets if one),
        new_set=new.name,
        reason=reason.strip(),
        old=total(before),
        new=total(assess(row.energy, new, site) for row in rows),
    )


def _difference(old: Interval | None, new: Interval | None) -> float | None:
    if old is None or new is None:
        return None
    return new.central - old.central
