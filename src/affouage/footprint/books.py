"""The books of the footprint: reports read from sums by day, months closed once, restatements beside them.

A report never reads the ledger's entries, whose number then does not matter. A closed month gives for ever the figures
it was closed with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection

from affouage.clock import Clock
from affouage.errors import BadRequest, Conflict, SettingsError
from affouage.footprint import books_rows as rows
from affouage.footprint import closing
from affouage.footprint.balance import Prices, Rates
from affouage.footprint.budget import BudgetRules, LimitState, PotRules
from affouage.footprint.factors import GridFactors, Site, named_factors
from affouage.footprint.figures import Gathered, machine_us, mine_of, report_of
from affouage.footprint.making import Served, embodied
from affouage.footprint.period import Calendar, ClosedPeriod, days, kind_of, months, refuse_open, share_pot
from affouage.footprint.public import public
from affouage.footprint.report import Report, Restated
from affouage.footprint.restatement import Booked, Restatement, restate
from affouage.ledger.posting import append
from affouage.ledger.receipt import Energy, Impacts, Receipt
from affouage.settings import Settings
from affouage.storage import Database
from affouage.units import Interval

Limits = Callable[..., Awaitable[Sequence[LimitState]]]
"""``inference.allowance.Allowance.states``: where the limits stand now; called with ``member_id``."""

SETTLING_MS = 10 * 60_000
"""A month is closed by itself so long after its end: what was counted before midnight has then been written."""


async def _no_limits(**_whose: Any) -> Sequence[LimitState]:
    return ()


class Books:
    """Reading and closing. ``limits``: for running periods; None: reports tell none."""

    def __init__(
        self, db: Database, clock: Clock, calendar: Calendar, rates: Rates, *, limits: Limits | None = None
    ) -> None:
        self.calendar = calendar
        self.rates = rates
        self._db = db
        self._clock = clock
        self._limits = limits or _no_limits

    async def report(self, period: str, member_id: str | None = None) -> Report:
        """One day, month or year; with the member's own when told who asks. Raises BadRequest for no period."""
        found = await self._db.read(lambda connection: self.read(connection, period, member_id))
        if found.closed or self.calendar.over(period, self._clock.now_ms()):
            return found
        return msgspec.structs.replace(found, limits=tuple(await self._limits(member_id=member_id)))

    async def public_report(self, period: str) -> Report | None:
        """A month for everybody: nothing in it tells of fewer than five people, even by subtraction; None when fewer
        than five used the commons in it. Raises BadRequest for what is no month, Conflict for one that is not over: a
        running month told twice would tell who asked in between."""
        return await self._db.read(lambda connection: self.read_public(connection, period))

    async def making_of(self, receipt: Receipt) -> Impacts | None:
        """What an answer carries of its machine's making; None until the day is over, when all its users are known."""
        day = self.calendar.day(receipt.created_ms + receipt.durations.total_ms)
        if not self.calendar.over(day, self._clock.now_ms()):
            return None
        gathered = await self._db.read(lambda connection: self._gather(connection, day, None, lean=True))
        served = [one for one in gathered.served if one.machine_id == receipt.machine_id]
        own_us = {(receipt.machine_id, day): receipt.energy.machine_share_us or 0}
        return embodied(served, machine_us(gathered.used), own_us)[1]

    async def close(self, period: str, bill_kwh: float | None = None) -> tuple[ClosedPeriod, bool]:
        """Close a month: its entry, and whether it is new. See :meth:`write_closing`."""
        return await self._db.write(lambda connection: self.write_closing(connection, period, bill_kwh))

    async def close_finished(self, now_ms: int) -> list[str]:
        """Close every month that is over and still open, from the first there is anything of; which ones were.

        Raises Conflict for one that does not close, once the others are.
        """
        open_months = await self._db.read(lambda connection: self._finished(connection, now_ms))
        closed: list[str] = []
        problem: Conflict | None = None
        for month in open_months:  # each in its own turn of the writer: answers are settled in between
            try:
                await self.close(month)
                closed.append(month)
            except Conflict as refused:
                problem = problem or refused
        if problem is not None:
            raise problem
        return closed

    async def restate(self, period: str, new: GridFactors, reason: str) -> list[Restatement]:
        """Count closed months again with another set. See :meth:`write_restatements`."""
        return await self._db.write(lambda connection: self.write_restatements(connection, period, new, reason))

    def read(self, connection: Connection, period: str, member_id: str | None = None) -> Report:
        """The same as :meth:`report` on a connection, without the limits of a running period."""
        row = rows.closing(connection, period)
        gathered = self._gather(connection, period, member_id, lean=row is not None)
        share_uj = None
        if row is None:
            report, rates = report_of(gathered, self.rates), self.rates
        else:
            entry = rows.content(connection, row.entry_seq, ClosedPeriod)
            report, rates = closing.figures(row, entry), closing.rates(entry, self.rates)
            gathered = msgspec.structs.replace(gathered, pot=PotRules(sharing=report.pot_sharing))  # type: ignore[arg-type]
            share_uj = closing.share(row, entry, member_id)
        if member_id is not None:
            report = msgspec.structs.replace(report, mine=mine_of(gathered, report, rates, share_uj))
        return msgspec.structs.replace(report, restated=_restated(connection, period))

    def read_public(self, connection: Connection, period: str) -> Report | None:
        """See :meth:`public_report`. None too in the minutes while the end of the month is still being written."""
        now_ms = self._clock.now_ms()
        refuse_open(self.calendar, period, now_ms)
        if rows.closing(connection, period) is None and not self.calendar.over(period, now_ms - SETTLING_MS):
            return None
        return public(self.read(connection, period), rows.people(connection, period))

    def write_closing(
        self, connection: Connection, period: str, bill_kwh: float | None = None
    ) -> tuple[ClosedPeriod, bool]:
        """In the caller's transaction. The same again writes nothing and returns the entry there is, with False.

        Raises BadRequest (no month, no bill), Conflict (not over; closed with other figures; sums that do not close).
        """
        refuse_open(self.calendar, period, self._clock.now_ms())
        row = rows.closing(connection, period)
        before = None if row is None else rows.content(connection, row.entry_seq, ClosedPeriod)
        salt = closing.new_salt() if row is None or row.salt is None else row.salt
        rates = self.rates if before is None else closing.rates(before, self.rates)
        if bill_kwh is None and before is not None and before.bill is not None:
            bill_kwh = before.bill.bill_kwh
        made = self._closing(connection, period, rates, salt, bill_kwh)
        if before is not None:
            closing.refuse_other(before, made.entry, forgotten=row.salt is None)
            return before, False
        append(connection, "period", made.entry, self._clock.now_ms())
        closing.keep(connection, made)
        told = public(self.read(connection, period), rows.people(connection, period))
        closing.tell(connection, made.entry, told, self._clock.now_ms())
        return made.entry, True

    def write_restatements(
        self, connection: Connection, period: str, new: GridFactors, reason: str
    ) -> list[Restatement]:
        """In the caller's transaction: one entry for each closed month of the period (a month or a year).

        Raises BadRequest without a reason or when nothing changes, Conflict for months that are not closed or were
        restated with this set already.
        """
        if kind_of(period) == "day":
            raise BadRequest(
                f"{period} is a day: months are restated.",
                remedy="Write a month or a year.",
                param="period",
                code="restatement_day",
                period=period,
            )
        closed = [month for month in sorted(rows.closed_months(connection)) if month.startswith(period)]
        if not closed:
            raise Conflict(
                f"No month of {period} is closed.",
                remedy="Close it first: affouage footprint close 2026-11",
                code="period_not_closed",
                period=period,
            )
        written = [self._restatement(connection, month, new, reason) for month in closed]
        for one in written:
            if not append(connection, "restatement", one, self._clock.now_ms()):
                raise Conflict(
                    f"{one.periods[0]} was already restated with {new.name}.",
                    remedy="It stands in the report of that period.",
                    code="already_restated",
                    period=one.periods[0],
                    set=new.name,
                )
        return written

    def _closing(
        self, connection: Connection, period: str, rates: Rates, salt: bytes, bill_kwh: float | None
    ) -> closing.Closing:
        gathered = self._gather(connection, period, None)
        t1_ms = gathered.t1_ms
        _, pot_rule = rows.rule(connection, "pot", PotRules, t1_ms - 1)
        budget, budget_rule = rows.rule(connection, "budget", BudgetRules, t1_ms - 1)
        dynamic = dict.fromkeys(gathered.roll, 0)
        for use in rows.uses(connection, _ends(gathered), ("member",), ("key",)):
            if use.key in dynamic:
                dynamic[use.key] += use.dynamic_uj - use.lost_dynamic_uj
        return closing.close(
            gathered,
            rates,
            time_zone=self.calendar.zone,
            shares=share_pot(gathered.sums.pot_uj, gathered.pot.sharing, dynamic),
            salt=salt,
            pot_rule=pot_rule,
            budget=budget,
            budget_rule=budget_rule,
            bill_kwh=bill_kwh,
        )

    def _restatement(self, connection: Connection, month: str, new: GridFactors, reason: str) -> Restatement:
        row = rows.closing(connection, month)
        entry = rows.content(connection, row.entry_seq, ClosedPeriod)
        span = days(month)
        booked = [
            Booked(
                day=one.day,
                machine_id=one.machine_id,
                factor_set=one.factor_set,
                energy=Energy(
                    interval_uj=Interval(one.low_uj, one.energy_uj, one.high_uj),
                    quality=one.quality,
                    at_least=one.gap_us > 0,
                ),
            )
            for one in rows.counted(connection, (span[0], span[-1]))
        ]
        old: Mapping[str, GridFactors] = {
            name: grid for name in entry.factor_sets if (grid := self.rates.grid_of(name)) is not None
        }
        return restate(
            booked,
            id=f"restatement:{month}:{new.name}",
            periods=(month,),
            old=old,
            new=new,
            reason=reason,
            site=entry.site,
        )

    def _gather(self, connection: Connection, period: str, member_id: str | None, *, lean: bool = False) -> Gathered:
        """``lean``: only what a member's own figures need, for a period whose others are already known."""
        t0_ms, t1_ms = self.calendar.bounds(period)
        today = self.calendar.day(self._clock.now_ms())
        elapsed = tuple(day for day in days(period) if day <= today)
        ends = (elapsed[0], elapsed[-1]) if elapsed else (period, "")
        by_day = ("day", "machine_id")
        counted = tuple(rows.counted(connection, ends))
        used = tuple(rows.uses(connection, ends, ("total",), by_day, ""))
        commons = rows.commons_id(connection)
        pot, _ = rows.rule(connection, "pot", PotRules, min(t1_ms - 1, self._clock.now_ms()))
        ids = {row.machine_id for row in counted} | {row.machine_id for row in used}
        dimensions = () if lean else ("model", "workshop", "use")
        return Gathered(
            period=period,
            t0_ms=t0_ms,
            t1_ms=t1_ms,
            days=self._opened(connection, elapsed),
            counted=counted,
            used=used,
            lines=tuple(rows.uses(connection, ends, dimensions, ("dimension", "key"))) if dimensions else (),
            overhead=() if commons is None else tuple(rows.uses(connection, ends, ("member",), by_day, commons)),
            own=() if member_id is None else tuple(rows.uses(connection, ends, ("member",), by_day, member_id)),
            roll=tuple(rows.roll(connection, t0_ms, t1_ms)),
            pot=pot,
            served=self._served(connection, elapsed, ids),
        )

    def _opened(self, connection: Connection, elapsed: tuple[str, ...]) -> tuple[str, ...]:
        """The days since the commons has books."""
        first = rows.first_day(connection)
        return tuple(day for day in elapsed if first is not None and day >= first)

    def _served(self, connection: Connection, elapsed: tuple[str, ...], counted: set[str]) -> tuple[Served, ...]:
        """Machines of the period: those described and those counted, from the first day either was."""
        described = rows.machines(connection)
        ids = sorted(described.keys() | counted)
        first = rows.first_days(connection, ids)
        found = []
        for one in ids:
            versions = tuple((self.calendar.day(at_ms), machine) for at_ms, machine in described.get(one, ()))
            since = min([first[one]] if one in first else [], default=None) or (versions[0][0] if versions else "")
            own_days = tuple(day for day in elapsed if day >= since)
            if own_days:
                found.append(Served(machine_id=one, days=own_days, described=versions))
        return tuple(found)

    def _finished(self, connection: Connection, now_ms: int) -> list[str]:
        first = rows.first_day(connection)
        if first is None:
            return []
        closed = rows.closed_months(connection)
        return [
            month
            for month in months(first[:7], self.calendar.month(now_ms))
            if month not in closed and self.calendar.over(month, now_ms - SETTLING_MS)
        ]


def open_books(
    db: Database,
    clock: Clock,
    settings: Settings,
    *,
    limits: Limits | None = None,
    own_sets: Mapping[str, str] | None = None,
) -> Books:
    """The books as the settings say: time zone, country, place, prices. ``own_sets``: see ``factors.factor_set``.

    Raises SettingsError for a time zone this machine does not know.
    """
    asked = settings.footprint

    @lru_cache
    def grid_of(name: str) -> GridFactors | None:
        try:
            return named_factors(name, own_sets, country=asked.country)
        except SettingsError:  # a set that is not here any more, a country it has not: unknown, and shown so
            return None

    litres, pue = asked.water_on_site_l_per_kwh, asked.pue
    site = Site(Interval(pue, pue, pue), Interval(litres, litres, litres))
    prices = Prices(asked.price_eur_per_kwh or None, asked.hosting_eur_per_month or None)
    return Books(db, clock, Calendar(settings.commons.time_zone), Rates(grid_of, site, prices), limits=limits)


def _ends(gathered: Gathered) -> tuple[str, str]:
    span = days(gathered.period)
    return span[0], span[-1]


def _restated(connection: Connection, period: str) -> tuple[Restated, ...]:
    if kind_of(period) == "day":
        return ()
    prefix = f"restatement:{period}" + (":" if kind_of(period) == "month" else "-")
    return tuple(
        Restated(
            entry_seq=seq,
            old_sets=tuple(one.old_set.split(" + ")) if one.old_set else (),
            new_set=one.new_set,
            reason=one.reason,
            at_ms=at_ms,
            old=one.old,
            new=one.new,
        )
        for seq, at_ms, one in rows.entries_named(connection, prefix, Restatement)
    )
