"""The energy allowance ("la coupe"): limits that bind, and what happens at 80 and 100 %. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

Scope = Literal["commons", "member", "workshop"]
Span = Literal["day", "month", "year"]
LimitUnit = Literal["kwh", "g", "eur"]


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
