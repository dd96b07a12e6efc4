"""Rule area ``training``: who may ask for a run, and how much one may use without a vote. Pure."""

from __future__ import annotations

import math
import re
from typing import Literal

import msgspec

from affouage.assembly.area import Area, Field, choices_of
from affouage.errors import RuleRefused

Askers = Literal["operators", "stewards", "members"]
"""Who may ask, each including those before it."""

_LEAST_ROLE: dict[Askers, str] = {"operators": "operator", "stewards": "steward", "members": "member"}
_WIDTH: dict[Askers, int] = {"operators": 0, "stewards": 1, "members": 2}
KWH_MOST = 10_000.0
AT_ONCE_MOST = 8
NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,39}\Z")


class TrainingRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``training``."""

    ask: Askers = "stewards"
    without_vote_kwh: float = 1.0
    """A run whose plan says at most this much, at the top of its range, starts without a vote of its own."""
    at_once: int = 1
    """Runs at work at the same time."""
    admitted: dict[str, float] = msgspec.field(default_factory=dict)
    """Runs admitted by a vote, by name, each with the kilowatt-hours it may use."""


def check_training(rules: TrainingRules) -> None:
    """Raises RuleRefused, code ``training_amount`` or ``training_name``."""
    _between("without_vote_kwh", rules.without_vote_kwh, 0.0, KWH_MOST)
    _between("at_once", rules.at_once, 1, AT_ONCE_MOST)
    for name, kwh in rules.admitted.items():
        if not NAME.match(name):
            raise RuleRefused(
                f"{name!r:.60} is no name of a run.",
                remedy="Small letters, digits and hyphens, 40 at most: affouage train list shows the names.",
                code="training_name",
                param="training",
            )
        _between(f"admitted.{name}", kwh, 0.0, KWH_MOST)


def _between(field: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:  # NaN is not between anything
        raise RuleRefused(
            f"{field} cannot be {value}.",
            remedy=f"Give a number from {least:g} to {most:g}.",
            code="training_amount",
            param="training",
            field=field,
            value=value,
            least=least,
            most=most,
        )


def loosens(before: TrainingRules, after: TrainingRules) -> bool:
    """Whether a safeguard is taken away: more people ask, more is used without a vote. Admitting one run is neither."""
    return _WIDTH[after.ask] > _WIDTH[before.ask] or after.without_vote_kwh > before.without_vote_kwh


def least_role(rules: TrainingRules) -> str:
    """The role that may ask: operator, steward or member."""
    return _LEAST_ROLE[rules.ask]


def kwh_allowed(rules: TrainingRules, name: str) -> float:
    """What a run of this name may use: what a vote gave it, or what needs none."""
    return max(rules.without_vote_kwh, rules.admitted.get(name, 0.0))


def needs_vote(rules: TrainingRules, name: str, kwh_high: float | None) -> bool:
    """Whether a run waits for a vote. Energy that nobody knows is below no limit: only a vote on that run admits it."""
    return name not in rules.admitted if kwh_high is None else kwh_high > kwh_allowed(rules, name)


def rounded_up(kwh: float | None) -> float:
    """What to propose for so much: two digits, never less than asked; 1 for what nobody knows."""
    if not kwh or not math.isfinite(kwh):
        return 1.0
    step = 10.0 ** (math.floor(math.log10(kwh)) - 1)
    return float(f"{math.ceil(kwh / step) * step:.6g}")


TRAINING = Area(
    name="training",
    kind=TrainingRules,
    check=check_training,
    lowering=loosens,
    fields=(
        Field(path="ask", kind="choice", choices=choices_of(TrainingRules, "ask")),
        Field(path="without_vote_kwh", kind="number", least=0, most=KWH_MOST, unit="kwh"),
        Field(path="at_once", kind="whole", least=1, most=AT_ONCE_MOST),
        Field(path="admitted/*", kind="number", least=0, most=KWH_MOST, unit="kwh"),
    ),
)
"""Applied in the transaction that starts a run."""
