"""How old a sheet is, by its own date. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

import msgspec

AgeUnit = Literal["day", "month", "year"]


class Age(msgspec.Struct, frozen=True):
    """``count`` of ``unit``, rounded down: what people say ("6 years ago")."""

    count: int
    unit: AgeUnit


def today_utc(now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def age_days(day: str | None, today: date) -> int | None:
    """Days since ``day`` (YYYY-MM-DD), 0 for one to come; None when there is no date, or none that exists."""
    try:
        return max(0, (today - date.fromisoformat(day or "")).days)
    except ValueError:
        return None


def age_words(days: int) -> Age:
    """``days`` in the unit people would use: days under two months, months under two years, then years."""
    if days < 61:
        return Age(days, "day")
    if days < 730:
        return Age(int(days / 30.44), "month")
    return Age(int(days / 365.25), "year")
