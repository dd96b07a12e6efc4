"""How a limit is written on the command line: ``--commons-day-kwh 2``, ``--workshop-month-kwh explain=3``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, get_args

import click
import msgspec

from affouage.errors import RuleRefused
from affouage.footprint.budget import BudgetRules, Limit, LimitUnit, Scope, Span

F = TypeVar("F", bound=Callable[..., Any])

SCOPES: tuple[Scope, ...] = get_args(Scope)
SPANS: tuple[Span, ...] = get_args(Span)
UNITS: dict[str, tuple[LimitUnit, float]] = {
    "kwh": ("kwh", 1.0),
    "wh": ("kwh", 1000.0),
    "g": ("g", 1.0),
    "kg": ("g", 0.001),
    "eur": ("eur", 1.0),
}
"""By unit as written: the unit kept, and how many of the written one are one of the kept."""

NAMES = [f"{scope}-{span}-{unit}" for scope in SCOPES for span in SPANS for unit in UNITS]


def limit_options(command: F) -> F:
    """Give a command every option ``--SCOPE-SPAN-UNIT``; its help says the form once rather than 45 times."""
    for name in reversed(NAMES):
        option = click.option(f"--{name}", multiple=name.startswith("workshop"), metavar="AMOUNT", hidden=True)
        command = option(command)
    return command


def read_limits(given: dict[str, Any]) -> list[Limit]:
    """The limits among a command's options. Raises RuleRefused for what is no amount."""
    found = []
    for name in NAMES:
        value = given.get(name.replace("-", "_"))
        for written in value if isinstance(value, tuple) else [value]:
            if written is not None:
                found.append(_read(name, written))
    return found


def _read(name: str, written: str) -> Limit:
    scope, span, unit = name.split("-")
    key, equals, amount = written.rpartition("=") if scope == "workshop" else ("", "", written)
    kept, per_unit = UNITS[unit]
    if equals and not key.strip():
        raise RuleRefused(f"{written!r:.40} names no workshop.", remedy="Write explain=3.", code="budget_amount")
    return Limit(
        scope=_one_of(scope, SCOPES),
        span=_one_of(span, SPANS),
        unit=kept,
        amount=_number(amount) / per_unit,
        key=key.strip(),
    )


def _one_of(written: str, known: tuple[Any, ...]) -> Any:
    return next(one for one in known if one == written)


def _number(written: str) -> float:
    try:
        amount = float(written.strip().replace(",", "."))
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise RuleRefused(
            f"{written!r:.40} is no amount.",
            remedy="Give a number, for instance 2.5.",
            code="budget_amount",
            param="budget",
        )
    return amount


def name_of(limit: Limit) -> str:
    """``commons-day-kwh``, ``workshop-month-kwh=explain``: what ``remove`` takes."""
    return f"{limit.scope}-{limit.span}-{limit.unit}{'=' + limit.key if limit.key else ''}"


def with_limits(rules: BudgetRules, new: Iterable[Limit]) -> BudgetRules:
    """``rules`` with these limits, each in the place of the one of the same name, else at the end."""
    limits = {name_of(one): one for one in (*rules.limits, *new)}
    return msgspec.structs.replace(rules, limits=tuple(limits.values()))


def without_limits(rules: BudgetRules, names: Iterable[str]) -> BudgetRules:
    """``rules`` without the limits named, ``commons-day`` naming all its units. Raises RuleRefused for none of them."""
    limits = list(rules.limits)
    for name in names:
        kept = [one for one in limits if not _is_named(one, name)]
        if len(kept) == len(limits):
            there = ", ".join(name_of(one) for one in limits) or "–"
            raise RuleRefused(
                f"No limit is called {name!r:.40}.",
                remedy=f"Limits in force: {there}.",
                code="budget_no_such_limit",
                param="budget",
                name=name[:40],
                known=there,
            )
        limits = kept
    return msgspec.structs.replace(rules, limits=tuple(limits))


def _is_named(limit: Limit, name: str) -> bool:
    written, _, key = name.removeprefix("--").partition("=")
    scope, _, rest = written.partition("-")
    span, _, unit = rest.partition("-")
    kept = UNITS[unit][0] if unit in UNITS else unit
    return (limit.scope, limit.span, limit.key) == (scope, span, key) and kept in ("", limit.unit)
