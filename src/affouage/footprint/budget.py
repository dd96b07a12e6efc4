"""The energy allowance ("la coupe"): limits that bind, and what happens at 80 and 100 %. Pure.

All sums are integer microjoules. A limit in grams or euros is turned into microjoules by the central factor or price of
the day it is looked at: what the whole span used is valued by it, so the limit stays one number. What is promised to
running requests (held) counts as if it were used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Literal, Protocol

import msgspec

from affouage.errors import RuleRefused

Scope = Literal["commons", "member", "workshop"]
Span = Literal["day", "month", "year"]
LimitUnit = Literal["kwh", "g", "eur"]

MICROJOULES_PER_KWH = 3_600_000_000_000
_USE = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """At most ``amount`` (> 0) per ``span`` for the whole commons, for each member, or for each workshop.

    ``key``: one workshop only ("" for each). Grams and euros count what the commons can save: the electricity used,
    by its central factor or price, idle included for the commons.
    """

    scope: Scope
    span: Span
    unit: LimitUnit
    amount: float
    key: str = ""


class BudgetRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rule area ``budget``. ``at_full``: refuse, or answer with ``sober_model`` while the commons' limit is reached.

    ``exempt_uses``: declared uses never refused (accessibility, emergency); they are counted in public all the same.
    """

    limits: tuple[Limit, ...] = ()
    notice_percent: int = 80
    at_full: Literal["refuse", "sober"] = "refuse"
    sober_model: str = ""
    exempt_uses: tuple[str, ...] = ("accessibility", "emergency")


class HoursRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rule area ``hours``: closed from ``closed_from`` to ``closed_until`` (HH:MM, local), every day; "" for never."""

    closed_from: str = ""
    closed_until: str = ""


class PotRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rule area ``pot``: who bears idle, unattributed and lost energy when a period is closed.

    ``kept``: the common pot; ``pro_rata``: in proportion to each member's own use; ``equal``: the same for each member.
    """

    sharing: Literal["kept", "pro_rata", "equal"] = "kept"


class LimitState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a limit stands, in its own unit. ``held``: promised to requests still running."""

    limit: Limit
    key: str
    used: float
    held: float
    resets_ms: int

    @property
    def fraction(self) -> float:
        return (self.used + self.held) / self.limit.amount


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """What a kilowatt-hour of the machine is worth: g CO2e and euros per kWh at the wall, None when not known.

    ``pue``: electricity of the place / electricity of the machine; in grams and not in euros, as in the reports.
    """

    gwp_g_per_kwh: float | None = None
    price_eur_per_kwh: float | None = None
    pue: float = 1.0


class Days(Protocol):
    """``footprint.period.Calendar``."""

    def day(self, at_ms: int, /) -> str: ...

    def bounds(self, period: str, /) -> tuple[int, int]: ...


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a limit stands, in integer microjoules. ``key``: member id or workshop; "" for the commons."""

    limit: Limit
    key: str
    limit_uj: int
    used_uj: int
    held_uj: int
    resets_ms: int

    def refuses(self, more_uj: int) -> bool:
        """Promising ``more_uj`` would pass the limit; reaching it exactly would not."""
        return self.used_uj + self.held_uj + more_uj > self.limit_uj

    def noticed(self, more_uj: int, percent: int) -> bool:
        """With ``more_uj`` promised, ``percent`` of the limit is reached."""
        return 100 * (self.used_uj + self.held_uj + more_uj) >= percent * self.limit_uj

    @property
    def left_uj(self) -> int:
        return max(0, self.limit_uj - self.used_uj - self.held_uj)

    def state(self) -> LimitState:
        """The same in the limit's own unit."""
        per_uj = self.limit.amount / self.limit_uj
        return LimitState(
            limit=self.limit,
            key=self.key,
            used=self.used_uj * per_uj,
            held=self.held_uj * per_uj,
            resets_ms=self.resets_ms,
        )


Sums = Callable[[Scope, str, str, str], tuple[int, int]]
"""(scope, key, first day, last day) -> (used_uj, held_uj)."""


def limit_uj(limit: Limit, rates: Rates) -> int | None:
    """The limit in microjoules, rounded down; None when its factor or price is not known."""
    amount = Fraction(repr(limit.amount)) * MICROJOULES_PER_KWH
    if limit.unit == "kwh":
        return math.floor(amount)
    rate = rates.gwp_g_per_kwh if limit.unit == "g" else rates.price_eur_per_kwh
    if not rate:
        return None
    pue = Fraction(repr(rates.pue)) if limit.unit == "g" else 1
    return math.floor(amount / (Fraction(repr(rate)) * pue))


def uncountable(rules: BudgetRules, rates: Rates) -> Limit | None:
    """The first limit that cannot be applied, its factor or price being unknown."""
    return next((one for one in rules.limits if limit_uj(one, rates) is None), None)


def applying(rules: BudgetRules, *, member_id: str | None, workshop: str | None) -> list[tuple[Limit, str]]:
    """The limits a request of this member in this workshop falls under, each with the key it is summed by.

    None leaves out the limits of that scope.
    """
    keys = {"commons": "", "member": member_id, "workshop": workshop}
    found = [(one, keys[one.scope]) for one in rules.limits]
    return [(one, key) for one, key in found if key is not None and one.key in ("", key)]


def standings(
    limits: Iterable[tuple[Limit, str]], sums: Sums, calendar: Days, rates: Rates, now_ms: int
) -> list[Standing]:
    """Where each limit stands now. A limit that cannot be counted (:func:`uncountable`) is left out."""
    today = calendar.day(now_ms)
    found = []
    for limit, key in limits:
        most_uj = limit_uj(limit, rates)
        if most_uj is None:
            continue
        period = {"day": today, "month": today[:7], "year": today[:4]}[limit.span]
        start_ms, end_ms = calendar.bounds(period)
        used_uj, held_uj = sums(limit.scope, key, calendar.day(start_ms), calendar.day(end_ms - 1))
        found.append(
            Standing(limit=limit, key=key, limit_uj=most_uj, used_uj=used_uj, held_uj=held_uj, resets_ms=end_ms)
        )
    return found


def decide(states: Sequence[Standing], hold_uj: int) -> Standing | None:
    """The limit that refuses ``hold_uj`` more, the last to reset of them; None when all of them allow it."""
    refusing = [one for one in states if one.refuses(hold_uj)]
    return max(refusing, key=lambda one: one.resets_ms, default=None)


def notices(states: Iterable[Standing], hold_uj: int, percent: int) -> tuple[str, ...]:
    """``budget:commons:day:80`` for each limit of which ``percent`` is reached with this request; or ``...:100``."""
    told = []
    for one in states:
        reached = next((level for level in (100, percent) if one.noticed(hold_uj, level)), None)
        if reached is not None:
            told.append(f"budget:{one.limit.scope}:{one.limit.span}:{reached}")
    return tuple(dict.fromkeys(told))


def check_budget(rules: BudgetRules, rates: Rates) -> None:
    """Raises RuleRefused for rules that could not be applied; its code says which and why."""
    if not 1 <= rules.notice_percent <= 99:
        _refuse("notice", f"A notice at {rules.notice_percent} % would come never, or always.", "Give 1 to 99 %.")
    if rules.at_full == "sober" and not rules.sober_model:
        _refuse("sober_model", "No sober model is named.", "Name one that is installed: --sober-model NAME.")
    for use in rules.exempt_uses:
        if not _USE.fullmatch(use):
            _refuse(
                "use", f"{use!r:.50} cannot name a use.", "Small letters, digits, - and _: accessibility, emergency."
            )
    for limit in rules.limits:
        _check_limit(limit, rates)
    told = [(one.scope, one.span, one.unit, one.key) for one in rules.limits]
    if len(set(told)) != len(told):
        _refuse("twice", "The same limit is given twice.", "Give each limit once.")


def _check_limit(limit: Limit, rates: Rates) -> None:
    if limit.key and limit.scope != "workshop":
        _refuse("key", "Only workshops are given limits of their own.", "Leave the name out: it is the same for each.")
    if not math.isfinite(limit.amount):
        _refuse("amount", f"{limit.amount} is no amount.", "Give a number, for instance 2.5.")
    if limit.amount < 0:
        _refuse("amount", "An allowance is not negative.", "Give a number above zero, for instance 2.5.")
    most_uj = limit_uj(limit, rates)
    if most_uj is None and limit.unit == "g":
        _refuse(
            "factor",
            "A limit in grams cannot be applied here: the carbon of the electricity is not known.",
            "Set footprint.country in settings.toml (FRA for France), or give the limit in kWh.",
        )
    if most_uj is None:
        _refuse(
            "price",
            "A limit in euros cannot be applied here: the price of a kWh was not told.",
            "Set footprint.price_eur_per_kwh in settings.toml, or give the limit in kWh.",
        )
    if not most_uj:
        _refuse(
            "zero",
            "An allowance of zero would refuse every question without saying when it opens again.",
            "To take no questions, close the hours instead (`affouage footprint budget hours 0:00 23:59`); "
            "to have no limit, remove it.",
        )


def _refuse(code: str, message: str, remedy: str) -> None:
    raise RuleRefused(message, remedy=remedy, code=f"budget_{code}", param="budget")
