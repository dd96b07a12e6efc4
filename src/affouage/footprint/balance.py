"""From sums by day to the figures of a report: energies x factors of their own set, the worst quality. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce

import msgspec

from affouage.footprint.factors import GridFactors, Site
from affouage.footprint.impact import INDICATORS, MICROJOULES_PER_KWH, assess, scaled, times, total
from affouage.footprint.period import Sums
from affouage.footprint.report import Day, Line, Sum
from affouage.ledger.receipt import Energy, Impacts
from affouage.units import Interval, Quality, worst

NOTHING = Interval(0, 0, 0)


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """Requests added up: some rows of ``usage_day``. Amounts as in the table."""

    dimension: str = ""
    key: str = ""
    day: str = ""
    machine_id: str = ""
    factor_set: str
    quality: Quality
    requests: int
    lost: int
    unknown: int
    decoded_tokens: int
    static_uj: int
    dynamic_uj: int
    lost_uj: int
    lost_dynamic_uj: int
    low_uj: int
    high_uj: int
    machine_share_us: int

    @property
    def energy_uj(self) -> int:
        return self.static_uj + self.dynamic_uj


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Blocks added up: a row of ``machine_day``."""

    day: str
    machine_id: str
    factor_set: str
    quality: Quality
    energy_uj: int
    requests_uj: int
    idle_uj: int
    unattributed_uj: int
    contended_uj: int
    low_uj: int
    high_uj: int
    known_us: int
    gap_us: int


class Portion(msgspec.Struct, frozen=True):
    """An amount of energy, its range, how it is known, and the factors that were in force for it."""

    factor_set: str
    quality: Quality
    uj: Interval


class Prices(msgspec.Struct, frozen=True):
    """Euros; None: not told. What machines cost stands in their own descriptions."""

    eur_per_kwh: float | None = None
    hosting_eur_per_month: float | None = None


class Rates(msgspec.Struct, frozen=True):
    """What energies are multiplied by. ``grid_of``: the factors of a set, None for an unknown one."""

    grid_of: Callable[[str], GridFactors | None]
    site: Site
    prices: Prices

    def weigh(self, portions: Sequence[Portion], *, at_least: bool = False) -> Sum:
        """Add portions up. None at all: not known, rather than 0."""
        if not portions:
            return Sum(at_least=at_least)
        by_set: dict[str, list[Portion]] = {}
        for one in [some for some in portions if some.uj.high] or portions:  # nothing used adds nothing unknown
            by_set.setdefault(one.factor_set, []).append(one)
        whole = _added(one.uj for one in portions)
        return Sum(
            energy_uj=int(whole.central),
            interval_uj=whole,
            quality=worst({one.quality for one in portions}),
            at_least=at_least,
            use=add_impacts([self._impacts(name, those) for name, those in by_set.items()], at_least=at_least),
            cost_eur=self._electricity_eur(whole),
        )

    def _impacts(self, factor_set: str, portions: Sequence[Portion]) -> Impacts:
        quality = worst({one.quality for one in portions})
        energy = Energy(interval_uj=_added(one.uj for one in portions), quality=quality)
        return assess(energy, self.grid_of(factor_set) if factor_set else None, self.site)

    def _electricity_eur(self, energy_uj: Interval) -> Interval | None:
        price = self.prices.eur_per_kwh
        return None if price is None else times(energy_uj.scaled(price / MICROJOULES_PER_KWH), self.site.pue)


def add_impacts(parts: Iterable[Impacts], *, at_least: bool = False) -> Impacts:
    """``impact.total``, a lower bound when something besides is not known."""
    whole = total(parts)
    known = any(getattr(whole, name) is not None for name in INDICATORS)
    return msgspec.structs.replace(whole, at_least=known and (at_least or whole.at_least))


def portion_of_sum(whole: Sum, part_uj: int) -> Sum:
    """``part_uj`` of a sum, its range and impacts in proportion."""
    if not whole.energy_uj or whole.interval_uj is None:
        return whole
    fraction = part_uj / whole.energy_uj
    low, high = (whole.interval_uj.low * fraction, whole.interval_uj.high * fraction)
    return Sum(
        energy_uj=part_uj,
        interval_uj=Interval(min(low, part_uj), part_uj, max(high, part_uj)).outwards(),
        quality=whole.quality,
        at_least=whole.at_least,
        use=scaled(whole.use, fraction),
        cost_eur=None if whole.cost_eur is None else whole.cost_eur.scaled(fraction),
    )


def add_sums(sums: Sequence[Sum]) -> Sum:
    """Added up; a part that is not known makes it a lower bound."""
    known = [one.interval_uj for one in sums if one.interval_uj is not None]
    partial = len(known) < len(sums) or any(one.at_least for one in sums)
    return Sum(
        energy_uj=sum(one.energy_uj for one in sums),
        interval_uj=sum(known[1:], start=known[0]) if known else None,
        quality=worst({one.quality for one in sums if one.interval_uj is not None}),
        at_least=partial,
        use=add_impacts([one.use for one in sums], at_least=partial),
        cost_eur=add_eur(one.cost_eur for one in sums),
    )


def add_eur(parts: Iterable[Interval | None]) -> Interval | None:
    """The sum of what is known; None when nothing is."""
    return _added_or_none([one for one in parts if one is not None])


def use_portions(rows: Iterable[Use], *, losses: bool | None = None) -> list[Portion]:
    """Energy on receipts: all of it, only the losses (True), or all but the losses (False)."""
    portions = []
    for row in rows:
        if row.quality == "unknown" and not row.energy_uj:  # counted in ``unknown``; there is no energy in it
            continue
        part = row.energy_uj if losses is None else row.lost_uj if losses else row.energy_uj - row.lost_uj
        portions.append(_part(row, part, row.energy_uj))
    return portions


def counted_portions(rows: Iterable[Counted], part: str = "energy_uj") -> list[Portion]:
    """Energy in blocks: ``energy_uj``, or one of its parts by name."""
    return [_part(row, getattr(row, part), row.energy_uj) for row in rows]


def line(rates: Rates, key: str, rows: Sequence[Use]) -> Line:
    """A model, a workshop, a declared use."""
    unknown = sum(row.unknown for row in rows)
    return Line(
        key=key,
        requests=sum(row.requests for row in rows),
        tokens_decoded=sum(row.decoded_tokens for row in rows),
        sum=rates.weigh(use_portions(rows), at_least=unknown > 0),
    )


def machine_line(rates: Rates, machine_id: str, counted: Sequence[Counted], used: Sequence[Use]) -> Line:
    """All that a machine used, idle included; a machine without a meter: not known."""
    partial = any(row.gap_us for row in counted) or any(row.unknown for row in used)
    return Line(
        key=machine_id,
        requests=sum(row.requests for row in used),
        tokens_decoded=sum(row.decoded_tokens for row in used),
        sum=rates.weigh(counted_portions(counted), at_least=partial),
    )


def day_line(day: str, counted: Sequence[Counted], used: Sequence[Use]) -> Day:
    return Day(
        day=day,
        requests=sum(row.requests for row in used),
        energy_uj=sum(row.energy_uj for row in counted),
        requests_uj=sum(row.requests_uj for row in counted),
        idle_uj=sum(row.idle_uj for row in counted),
        unattributed_uj=sum(row.unattributed_uj for row in counted),
        contended_uj=sum(row.contended_uj for row in counted),
        gap_s=-(-sum(row.gap_us for row in counted) // 1_000_000),
        at_least=any(row.gap_us for row in counted) or any(row.unknown for row in used),
    )


def sums_of(counted: Sequence[Counted], used: Sequence[Use], overhead: Sequence[Use]) -> Sums:
    """``used``: the total's rows; ``overhead``: the commons' own among them."""
    return Sums(
        energy_uj=sum(row.energy_uj for row in counted),
        requests_uj=sum(row.requests_uj for row in counted),
        idle_uj=sum(row.idle_uj for row in counted),
        unattributed_uj=sum(row.unattributed_uj for row in counted),
        contended_uj=sum(row.contended_uj for row in counted),
        receipts_uj=sum(row.energy_uj for row in used),
        losses_uj=sum(row.lost_uj for row in used),
        overhead_uj=sum(row.energy_uj - row.lost_uj for row in overhead),
    )


def own_dynamic_uj(rows: Iterable[Use]) -> int:
    """The dynamic part of somebody's own use: what failed through no doing of theirs left out."""
    return sum(row.dynamic_uj - row.lost_dynamic_uj for row in rows)


def _part(row: Use | Counted, part_uj: int, whole_uj: int) -> Portion:
    if part_uj == whole_uj:
        return Portion(row.factor_set, row.quality, Interval(row.low_uj, whole_uj, row.high_uj))
    if not whole_uj:
        return Portion(row.factor_set, row.quality, NOTHING)
    low, high = part_uj * row.low_uj // whole_uj, -(-part_uj * row.high_uj // whole_uj)
    return Portion(row.factor_set, row.quality, Interval(low, part_uj, high))


def _added(intervals: Iterable[Interval]) -> Interval:
    return reduce(Interval.__add__, intervals, NOTHING)


def _added_or_none(intervals: Sequence[Interval]) -> Interval | None:
    return _added(intervals) if intervals else None
