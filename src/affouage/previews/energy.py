"""Previews of the energy allowance, the opening hours and the common pot. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from affouage.footprint.budget import (
    MICROJOULES_PER_KWH,
    BudgetRules,
    HoursRules,
    Limit,
    PotRules,
    applying,
    limit_uj,
    uncountable,
)
from affouage.footprint.hours import is_open
from affouage.previews.shapes import DAY_MS, Asked, Days, Facts, Preview, few, nothing_known, people


class Replay(NamedTuple):
    """What a budget would have done. ``days``: on how many days it would have refused something."""

    refused: int
    sober: int
    members: frozenset[str]
    days: int


def budget(before: BudgetRules, after: BudgetRules, facts: Facts) -> list[Preview]:
    """Requests beyond the limits, found by playing the month's answers again in their order.

    Each is taken to need what it really used; what would have been refused uses nothing.
    """
    lost = uncountable(after, facts.rates)
    if lost is not None:
        return [Preview("budget_uncountable", {"unit": lost.unit})]
    unknown = sum(1 for one in facts.asked if one.energy_uj is None)
    if nothing_known(facts) or unknown == len(facts.asked):
        return nothing_known(facts) or [Preview("budget_no_energy", {"requests": len(facts.asked)})]
    days, energies = Days(facts), _energies(facts)
    was, would = (replay(rules, facts, days, energies) for rules in (before, after))
    told = [
        Preview(
            "budget_refused",
            {
                "refused": would.refused,
                "before": was.refused,
                "requests": len(facts.asked),
                "members": people(would.members, facts),
                "days": would.days,
            },
        )
    ]
    if would.sober or was.sober:
        told.append(Preview("budget_sober", {"sober": would.sober, "before": was.sober, "model": after.sober_model}))
    told += [one for limit in after.limits if limit not in before.limits for one in _busiest(limit, facts, energies)]
    if unknown:
        told.append(Preview("budget_assumed", {"unknown": unknown}))
    return told


def replay(rules: BudgetRules, facts: Facts, days: Days, energies: list[int]) -> Replay:
    """``energies``: of each request, as it is counted."""
    limits = {one: limit_uj(one, facts.rates) or 0 for one in rules.limits}
    used: dict[tuple[Limit, str, str], int] = {}
    kept = _Kept(facts, days)
    refused, sober = 0, 0
    whose: set[str] = set()
    which_days: set[str] = set()
    cache: dict[tuple[str, str], list[tuple[Limit, str]]] = {}
    for one, energy_uj in zip(facts.asked, energies, strict=True):
        mine = cache.get((one.member_id, one.workshop))
        if mine is None:
            mine = applying(rules, member_id=one.member_id, workshop=one.workshop)
            cache[one.member_id, one.workshop] = mine
        day = days.names[days.place(one.at_ms)]
        keys = [(limit, key, _period(limit, day)) for limit, key in mine]
        over = {
            where[0].scope
            for where in keys
            if _used(used, where, facts, kept, one.at_ms) + energy_uj > limits[where[0]]
        }
        exempt = one.use in rules.exempt_uses
        if over and not exempt:
            if over == {"commons"} and rules.at_full == "sober":
                sober += 0 if one.model_id == rules.sober_model else 1
            else:
                refused += 1
                whose.add(one.member_id)
                which_days.add(day)
                continue
        for where in keys:
            used[where] += energy_uj
    return Replay(refused, sober, frozenset(whose), len(which_days))


def hours(before: HoursRules, after: HoursRules, facts: Facts) -> list[Preview]:
    """Requests that fell in the closed hours."""
    if nothing_known(facts):
        return nothing_known(facts)
    closed = [one for one in facts.asked if _closed(after, one, facts)]
    was = sum(1 for one in facts.asked if _closed(before, one, facts))
    members = people({one.member_id for one in closed}, facts)
    numbers = {"closed": len(closed), "before": was, "requests": len(facts.asked), "members": members}
    return [Preview("hours_closed" if after.closed_from else "hours_open", numbers)]


def pot(before: PotRules, after: PotRules, facts: Facts) -> list[Preview]:
    """What keeps the machines on, and what a member would bear of it."""
    kept_uj = sum(facts.keeping_on_uj.values())
    if not facts.keeping_on_uj:
        return [Preview("pot_unknown")]
    members = sum(1 for one in facts.people if one.active and one.role != "commons")
    kwh = kept_uj / MICROJOULES_PER_KWH
    each = kwh / members if members and after.sharing == "equal" else None
    return [Preview(f"pot_{after.sharing}", {"kwh": kwh, "members": few(members), "each_kwh": each})]


class _Kept:
    """What kept the machines on from the window's beginning to a moment; a day's energy is spread over the day."""

    def __init__(self, facts: Facts, days: Days) -> None:
        self._days = days
        self._day_uj = [facts.keeping_on_uj.get(name, 0) for name in days.names]
        self._before = [0, *accumulate(self._day_uj)]
        self._facts = facts
        self._starts: dict[str, int] = {}

    def since(self, period: str, at_ms: int) -> int:
        """From the beginning of a period, or of the window when that is later, to ``at_ms``."""
        if period not in self._starts:
            start_ms = self._facts.calendar.bounds(period)[0]
            self._starts[period] = self.until(max(self._facts.first_ms, start_ms))
        return self.until(at_ms) - self._starts[period]

    def until(self, at_ms: int) -> int:
        place = self._days.place(at_ms)
        part = min(DAY_MS, max(0, at_ms - self._days.starts[place]))
        return self._before[place] + self._day_uj[place] * part // DAY_MS


def _used(
    used: dict[tuple[Limit, str, str], int], where: tuple[Limit, str, str], facts: Facts, kept: _Kept, at_ms: int
) -> int:
    limit, key, period = where
    if where not in used:
        used[where] = facts.before_uj.get((limit.scope, key, period), 0)
    if limit.scope != "commons":
        return used[where]
    return used[where] + kept.since(period, at_ms)


def _period(limit: Limit, day: str) -> str:
    return {"day": day, "month": day[:7], "year": day[:4]}[limit.span]


def _energies(facts: Facts) -> list[int]:
    """Unknown energy is not free: it is taken to be the mean of the same model's, else of all."""
    known: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in facts.asked:
        if one.energy_uj is not None:
            for name in (one.model_id, "\0"):
                known[name][0] += one.energy_uj
                known[name][1] += 1
    means = {name: total // number for name, (total, number) in known.items()}
    return [means.get(o.model_id, means["\0"]) if o.energy_uj is None else o.energy_uj for o in facts.asked]


def _busiest(limit: Limit, facts: Facts, energies: list[int]) -> Iterator[Preview]:
    """The most the commons used in one period of a new limit: what its amount is to be compared with."""
    if limit.scope != "commons" or limit.span == "year":
        return
    days, sums = Days(facts), defaultdict[str, int](int)
    for one, energy_uj in zip(facts.asked, energies, strict=True):
        sums[_period(limit, days.names[days.place(one.at_ms)])] += energy_uj
    for name in days.names:
        sums[_period(limit, name)] += facts.keeping_on_uj.get(name, 0)
    for period in {_period(limit, name) for name in days.names}:
        sums[period] += facts.before_uj.get(("commons", "", period), 0)
    most_uj, limited_uj = max(sums.values(), default=0), limit_uj(limit, facts.rates)
    if most_uj and limited_uj:
        kwh = {"kwh": most_uj / MICROJOULES_PER_KWH, "limit_kwh": limited_uj / MICROJOULES_PER_KWH}
        yield Preview(f"budget_busiest_{limit.span}", {**kwh})


def _closed(rules: HoursRules, one: Asked, facts: Facts) -> bool:
    return one.use not in facts.exempt_uses and not is_open(rules, facts.calendar, one.at_ms)
