"""The areas of the energy allowance: limits, opening hours, the common pot."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any, get_args

from affouage.assembly.area import Area, Field, Plain, as_list, as_present, choices_of
from affouage.errors import RuleRefused
from affouage.footprint.budget import BudgetRules, HoursRules, LimitUnit, PotRules, Rates, Scope, Span, check_budget
from affouage.footprint.hours import check_hours

LIMITS = tuple("-".join(parts) for parts in product(get_args(Scope), get_args(Span), get_args(LimitUnit)))
"""``commons-day-kwh`` and so on: what a limit is called in the document, with ``=workshop`` for one workshop only."""


def areas(rates: Rates) -> tuple[Area, ...]:
    """``rates``: what a kilowatt-hour is worth here: a limit in grams needs a factor, one in euros a price."""
    return (
        Area(
            name="budget",
            kind=BudgetRules,
            check=partial(check_budget, rates=rates),
            fold=_named_limits,
            unfold=_listed_limits,
            fields=(
                Field(path="limits/*", kind="number", least=1e-9, most=1e9, names=LIMITS, keyed=True),
                Field(path="notice_percent", kind="percent", least=1, most=99, unit="%"),
                Field(path="at_full", kind="choice", choices=choices_of(BudgetRules, "at_full")),
                Field(path="sober_model", kind="text", most=80),
                Field(path="exempt_uses/*", kind="present"),
            ),
        ),
        Area(
            name="hours",
            kind=HoursRules,
            check=check_hours,
            fields=(Field(path="closed_from", kind="time"), Field(path="closed_until", kind="time")),
        ),
        Area(
            name="pot",
            kind=PotRules,
            fields=(Field(path="sharing", kind="choice", choices=choices_of(PotRules, "sharing")),),
        ),
    )


def _named_limits(plain: Plain) -> Plain:
    """Each limit under its own name: two proposals about two limits do not collide."""
    limits = {}
    for one in plain["limits"]:
        name = "-".join(one[part] for part in ("scope", "span", "unit"))
        limits[f"{name}={one['key']}" if one["key"] else name] = one["amount"]
    return as_present({**plain, "limits": limits}, "exempt_uses")


def _listed_limits(document: Plain) -> Plain:
    limits = [_limit(name, amount) for name, amount in sorted(document.get("limits", {}).items())]
    return as_list({**document, "limits": limits}, "exempt_uses")


def _limit(name: str, amount: Any) -> Plain:
    parts, _, key = name.partition("=")
    if parts not in LIMITS:
        raise RuleRefused(
            f"{name!r:.80} is no limit.",
            remedy="Write it as commons-day-kwh, member-month-eur or workshop-month-kwh=explain.",
            code="budget_no_such_limit",
            param="budget",
            name=name[:80],
            known="commons-day-kwh",
        )
    scope, span, unit = parts.split("-")
    return {"scope": scope, "span": span, "unit": unit, "amount": amount, "key": key}
