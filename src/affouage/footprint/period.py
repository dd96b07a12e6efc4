"""Days, months and years of a commons in its own time zone, and what closing a month decides. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from affouage.errors import BadRequest, Conflict, SettingsError
from affouage.footprint.budget import Limit
from affouage.footprint.factors import Site
from affouage.footprint.impact import MICROJOULES_PER_KWH, times
from affouage.footprint.report import Embodied
from affouage.ledger.receipt import Impacts
from affouage.units import Interval, Quality, split_exactly

PeriodKind = Literal["day", "month", "year"]
PotSharing = Literal["kept", "pro_rata", "equal"]

_WRITTEN = re.compile(r"(2[0-9]{3})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)


class Calendar:
    """Local dates of instants. ``zone``: an IANA name (Europe/Paris), or "" for the machine's own zone.

    Raises SettingsError for a zone this machine does not know.
    """

    def __init__(self, zone: str = "") -> None:
        self.zone = zone
        self._zone = _zone(zone)

    def day(self, at_ms: int) -> str:
        """``2026-11-22``, the local day of an instant in milliseconds UTC."""
        return self._local(at_ms).date().isoformat()

    def month(self, at_ms: int) -> str:
        """``2026-11``."""
        return self.day(at_ms)[:7]

    def year(self, at_ms: int) -> str:
        """``2026``."""
        return self.day(at_ms)[:4]

    def minute(self, at_ms: int) -> int:
        """Minutes since the local midnight, as clocks on the wall show it: 0..1439."""
        local = self._local(at_ms)
        return local.hour * 60 + local.minute

    def bounds(self, period: str) -> tuple[int, int]:
        """(first millisecond, first one after) of ``2026``, ``2026-11`` or ``2026-11-22``; days of 23 and 25 hours
        included. Raises BadRequest for anything else."""
        first, after = dates(period)
        return self._midnight_ms(first), self._midnight_ms(after)

    def over(self, period: str, now_ms: int) -> bool:
        """Whether the period has ended. Raises BadRequest."""
        return now_ms >= self.bounds(period)[1]

    def _local(self, at_ms: int) -> datetime:
        # Without a zone: the machine's rules, as its C library has them.
        return datetime.fromtimestamp(at_ms / 1000, self._zone)

    def _midnight_ms(self, day: date) -> int:
        return round(datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp() * 1000)


def kind_of(period: str) -> PeriodKind:
    """Raises BadRequest when the text is no period."""
    dates(period)
    kinds: dict[int, PeriodKind] = {4: "year", 7: "month", 10: "day"}
    return kinds[len(period)]


def dates(period: str) -> tuple[date, date]:
    """The first day of a period, and the first one after it. Raises BadRequest when the text is no period."""
    written = _WRITTEN.fullmatch(period)
    try:
        if written is None:
            raise ValueError
        year, month, day = (None if one is None else int(one) for one in written.groups())
        assert year is not None
        first = date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        raise BadRequest(
            f"{period!r:.40} is no period.",
            remedy="Write a year (2026), a month (2026-11) or a day (2026-11-22).",
            param="period",
            code="bad_period",
            period=period[:40],
        ) from None
    if day is not None:
        return first, first + timedelta(days=1)
    if month is not None:
        return first, (first + timedelta(days=31)).replace(day=1)
    return first, date(first.year + 1, 1, 1)


def days(period: str) -> list[str]:
    """Every local day of a period, in order. Raises BadRequest."""
    first, after = dates(period)
    return [(first + timedelta(days=i)).isoformat() for i in range((after - first).days)]


def months(first: str, last: str) -> Iterator[str]:
    """Months from ``first`` to ``last``, both included (``2026-11``); nothing when they are the other way round."""
    month = dates(first)[0]
    while (name := month.isoformat()[:7]) <= last:
        yield name
        month = dates(name)[1]


def _zone(name: str) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f"This machine knows no time zone {name!r}.",
            remedy="Write it as Europe/Paris or Indian/Reunion, or leave it empty for the machine's own.",
        ) from None


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """A period in microjoules, from the sums by day. ``requests_uj``: parts of requests in the meter's blocks;
    ``receipts_uj``: the same as settled on receipts of the period, of which ``losses_uj`` burned by attempts that a
    machine or the software failed, and ``overhead_uj`` used by the commons itself (losses excluded)."""

    energy_uj: int
    requests_uj: int
    idle_uj: int
    unattributed_uj: int
    contended_uj: int
    receipts_uj: int
    losses_uj: int = 0
    overhead_uj: int = 0

    @property
    def residual_uj(self) -> int:
        """Shared out - counted: 0 by law."""
        shared = self.requests_uj + self.idle_uj + self.unattributed_uj + self.contended_uj
        return shared - self.energy_uj

    @property
    def unsettled_uj(self) -> int:
        """In the blocks but on no receipt of this period: answers running as it began (negative) or ended."""
        return self.requests_uj - self.receipts_uj

    @property
    def pot_uj(self) -> int:
        return self.idle_uj + self.unattributed_uj + self.losses_uj + self.overhead_uj


def share_pot(pot_uj: int, sharing: PotSharing, dynamic_uj: Mapping[str, int]) -> dict[str, int]:
    """Microjoules of the pot that each member bears; they sum to it exactly, or nobody bears any (it is kept).

    ``dynamic_uj``: for everyone on the roll, the dynamic part of their own use (losses excluded): the weights of
    ``pro_rata``. With nobody on the roll, or nobody who used anything to share in proportion to, the pot is kept.
    Largest remainder, ties to the lowest id. Raises ``ValueError`` for a negative amount.
    """
    names = sorted(dynamic_uj)
    weights = [1] * len(names) if sharing == "equal" else [dynamic_uj[name] for name in names]
    if sharing == "kept" or not any(weights):
        return {}
    return dict(zip(names, split_exactly(pot_uj, weights), strict=True))


def share_of_one(
    pot_uj: int, sharing: PotSharing, own_dynamic_uj: int, all_dynamic_uj: int, members: int
) -> int | None:
    """The same for one member of a running period, to the microjoule below; None when the pot is kept."""
    if sharing == "equal" and members:
        return pot_uj // members
    if sharing == "pro_rata" and all_dynamic_uj:
        return pot_uj * own_dynamic_uj // all_dynamic_uj
    return None


class LimitUse(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of the allowance and what was used of it in the period, in its unit; ``used`` None: not known."""

    limit: Limit
    key: str
    used: float | None
    at_least: bool = False


class BillCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The meter against the bill. ``agrees``: the bill lies within the range of what was counted."""

    bill_kwh: float
    counted_kwh: Interval | None
    at_least: bool
    agrees: bool | None
    """None: nothing was counted, or only part of the time and the bill says more."""


def check_bill(bill_kwh: float, counted_uj: Interval | None, *, at_least: bool, pue: Interval) -> BillCheck:
    """``counted_uj`` at the machine, brought to the meter of the place through ``pue``. Raises BadRequest."""
    if not 0 < bill_kwh < math.inf:
        raise BadRequest(
            f"A bill of {bill_kwh:g} kWh is no bill.",
            remedy="Give the kWh of this machine on the bill, more than 0.",
            param="bill_kwh",
            code="bad_bill",
        )
    if counted_uj is None:
        return BillCheck(bill_kwh=bill_kwh, counted_kwh=None, at_least=at_least, agrees=None)
    counted = times(counted_uj.scaled(1 / MICROJOULES_PER_KWH), pue)
    agrees: bool | None = counted.low <= bill_kwh <= counted.high
    if at_least and bill_kwh > counted.high:
        agrees = None
    return BillCheck(bill_kwh=bill_kwh, counted_kwh=counted, at_least=at_least, agrees=agrees)


class ClosedPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """Content of a ledger entry of kind ``period``. It names nobody: anyone may read it.

    ``figures_sha256``: of the full report, kept beside; ``shares_sha256``: sha256(salt + who bears how many microjoules
    of the pot), kept beside too, so that a member can check their own and the names can be forgotten one day.
    ``embodied``, ``use``: low/central/high. ``price_eur_per_kwh`` ... ``site``: what the figures were made with.
    """

    id: str
    attempt: int = 1
    member_id: str = ""
    period: str
    time_zone: str
    t0_ms: int
    t1_ms: int
    sums: Sums
    residual_uj: int
    unsettled_uj: int
    interval_uj: Interval | None
    quality: Quality
    at_least: bool
    gap_s: int
    known_s: int
    use: Impacts
    embodied: Embodied
    cost_eur: Interval | None
    fixed_cost_eur: Interval | None
    factor_sets: tuple[str, ...]
    pot_rule: str
    pot_sharing: str
    pot_uj: int
    pot_shared_uj: int
    members: int
    shares_sha256: str
    figures_sha256: str
    budget_rule: str
    limits: tuple[LimitUse, ...]
    price_eur_per_kwh: float | None
    hosting_eur_per_month: float | None
    site: Site
    bill: BillCheck | None = None


def refuse_open(calendar: Calendar, period: str, now_ms: int) -> None:
    """Raises BadRequest for what is no month, Conflict for a month that is not over."""
    if kind_of(period) != "month":
        raise BadRequest(
            f"{period} is not a month: the books are closed month by month.",
            remedy="Write a month, for instance 2026-11.",
            param="period",
            code="not_a_month",
            period=period,
        )
    if not calendar.over(period, now_ms):
        raise Conflict(
            f"{period} is not over.",
            remedy="It can be closed from the first day after it.",
            code="period_open",
            period=period,
        )


def differences(before: ClosedPeriod, after: ClosedPeriod) -> list[str]:
    """Names of the fields in which two closings of a period differ."""
    return [name for name in ClosedPeriod.__struct_fields__ if getattr(before, name) != getattr(after, name)]
