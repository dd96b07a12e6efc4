"""Rule area ``share``: how a scarce machine is shared out. Voted by the collective, applied by ``fair_share``. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NoReturn

import msgspec

from affouage.errors import RuleRefused
from affouage.footprint.budget import HoursRules
from affouage.footprint.hours import WallClock, is_open, next_opening_ms, read_time

Unit = Literal["tokens", "engine_seconds", "joules"]

FLOORS_MOST_PERCENT = 80
"""Promised to groups in all: the rest goes by turns, so that nobody else is shut out."""
_WEIGHT_MOST_PERCENT = 10_000
_TOKEN_MOST = 1_000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_PERIODS_MOST = 8
_WEEK_H = 7 * 24
_YEAR_DAYS = 366


class ShareRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rule area ``share``. Weights are percentages: 200 is served twice as much as 100 when both want more."""

    unit: Unit = "tokens"
    """What is charged."""
    prompt_weight: int = 1
    """What a token read costs (those found in the engine's cache cost nothing), when tokens are charged."""
    decode_weight: int = 2
    """What a token written costs."""
    class_percent: dict[str, int] = msgspec.field(default_factory=dict)
    """Weight of members by role; 100 when absent."""
    use_percent: dict[str, int] = msgspec.field(default_factory=dict)
    """Weight of what is asked for a declared use, or in a workshop; 100 when absent."""
    floors: dict[str, int] = msgspec.field(default_factory=dict)
    """Percentage of the service that a workshop or use is guaranteed while it has requests waiting."""
    batch_hours: tuple[tuple[str, str], ...] = (("22:00", "06:00"),)
    """Cheap hours (HH:MM, local, every day), when what does not press is served; otherwise only by idle machines."""
    batch_latest_h: int = 24
    """After so many hours, what did not press does."""
    contribution_days: int = 28
    """The machine lent counts over so many days, and is then forgotten: no hoard."""
    contribution_most_percent: int = 100
    """Added to the weight of who lends a machine, at most."""
    contribution_full_h: int = 20
    """Hours of machine served for others in that time that bring all of it; fewer bring their part."""


def weight_percent(rules: ShareRules, role: str, use: str = "", workshop: str = "", contribution_h: float = 0.0) -> int:
    """The weight of a request, 1 or more: role, times use (or workshop, when the use has none), plus the contribution.

    ``contribution_h``: hours its member's machines served for others in the last ``contribution_days``.
    """
    by_class = rules.class_percent.get(role, 100)
    by_use = rules.use_percent.get(use) or rules.use_percent.get(workshop, 100)
    bonus = int(rules.contribution_most_percent * min(1.0, max(0.0, contribution_h) / rules.contribution_full_h))
    return max(1, by_class * by_use * (100 + bonus) // 10_000)


def group_of(rules: ShareRules, use: str = "", workshop: str = "") -> str:
    """The floor a request counts for: that of its use, else of its workshop, else none ("")."""
    return use if use in rules.floors else workshop if workshop in rules.floors else ""


def in_cheap_hours(rules: ShareRules, wall: WallClock, at_ms: int) -> bool:
    """Whether what does not press is served at ``at_ms`` even though the machine is not idle."""
    return any(is_open(_cheap(period), wall, at_ms) for period in rules.batch_hours)


def next_cheap_ms(rules: ShareRules, wall: WallClock, at_ms: int) -> int | None:
    """When cheap hours begin next (``at_ms`` within them); None when there are none."""
    return min((next_opening_ms(_cheap(period), wall, at_ms) for period in rules.batch_hours), default=None)


def check_share(rules: ShareRules) -> None:
    """Raises RuleRefused for rules that could not be applied; its code says which and why."""
    _between("prompt_weight", rules.prompt_weight, 1, _TOKEN_MOST)
    _between("decode_weight", rules.decode_weight, 1, _TOKEN_MOST)
    _check_percents("class_percent", rules.class_percent)
    _check_percents("use_percent", rules.use_percent)
    _check_floors(rules.floors)
    _check_hours(rules.batch_hours)
    _between("batch_latest_h", rules.batch_latest_h, 1, _WEEK_H)
    _between("contribution_days", rules.contribution_days, 1, _YEAR_DAYS)
    _between("contribution_most_percent", rules.contribution_most_percent, 0, 1_000)
    _between("contribution_full_h", rules.contribution_full_h, 1, 24 * rules.contribution_days)


def _cheap(period: tuple[str, str]) -> HoursRules:
    start, end = period
    return HoursRules(closed_from=end, closed_until=start)


def _check_percents(field: str, percents: Mapping[str, int]) -> None:
    for name, percent in percents.items():
        _check_name(field, name)
        if percent < 1:
            _refuse(
                "weight",
                f"A weight of {percent} % for {name} would never be served.",
                "Give 1 or more (100 is the ordinary weight); to refuse a use, write it in the charter.",
                field,
            )
        _between(f"{field}.{name}", percent, 1, _WEIGHT_MOST_PERCENT)


def _check_floors(floors: Mapping[str, int]) -> None:
    for name, percent in floors.items():
        _check_name("floors", name)
        _between(f"floors.{name}", percent, 1, FLOORS_MOST_PERCENT)
    promised = sum(floors.values())
    if promised > FLOORS_MOST_PERCENT:
        _refuse(
            "floors",
            f"The floors promise {promised} % of the service in all.",
            f"Keep them at {FLOORS_MOST_PERCENT} % together, so that something is left for everybody else.",
            "floors",
            promised=promised,
            most=FLOORS_MOST_PERCENT,
        )


def _check_hours(periods: tuple[tuple[str, str], ...]) -> None:
    if len(periods) > _PERIODS_MOST:
        _refuse("hours_many", f"{len(periods)} periods are too many.", f"Give {_PERIODS_MOST} at most.", "batch_hours")
    for start, end in periods:
        if read_time(start) == read_time(end):
            _refuse(
                "hours_same",
                f"Cheap hours from {start} to {end} would never begin, or never end.",
                "Give two different times, for instance 22:00 and 06:00; none at all to serve only idle machines.",
                "batch_hours",
            )


def _check_name(field: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        _refuse("name", f"{name!r:.50} names nothing here.", "Small letters, digits, - and _: member, desk.", field)


def _between(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        _refuse(
            "amount",
            f"{field} cannot be {value}.",
            f"Give a whole number from {least} to {most}.",
            field,
            value=value,
            least=least,
            most=most,
        )


def _refuse(code: str, message: str, remedy: str, field: str, **details: int) -> NoReturn:
    raise RuleRefused(message, remedy=remedy, code=f"share_{code}", param="share", field=field, **details)
