"""Opening hours: is the commons open at this moment, and when does it open next? Pure, by the clock on the wall.

"Closed from 23:00 to 06:00" is read on the wall: on the night the clocks change, it is one hour shorter or longer. An
hour that comes twice is closed twice; an opening hour that does not exist opens at the moment the clock jumps past it.
"""

from __future__ import annotations

import re
from typing import Protocol

from affouage.errors import RuleRefused
from affouage.footprint.budget import HoursRules

_WRITTEN = re.compile(r"([01]?[0-9]|2[0-3])(?:[:hH]([0-5][0-9])|[hH])", re.ASCII)
_DAY_MIN = 24 * 60
_LARGEST_SHIFT_MIN = 180
"""No clock has ever been moved by more at once, except where the date itself was."""
_MINUTE_MS = 60_000


class WallClock(Protocol):
    """``footprint.period.Calendar``."""

    def minute(self, at_ms: int, /) -> int:
        """Minutes since the local midnight, as clocks on the wall show it: 0..1439."""
        ...


def read_time(text: str) -> str:
    """``6:00``, ``06:00``, ``6h00`` or ``6h`` -> ``06:00``. Raises RuleRefused."""
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise RuleRefused(
            f"{text!r:.20} is no time of day.",
            remedy="Write it as 23:00 or 6:00 (from 0:00 to 23:59).",
            code="hours_time",
            param="hours",
            time=text[:20],
        )
    return f"{int(written[1]):02d}:{written[2] or '00'}"


def check_hours(rules: HoursRules) -> None:
    """Raises RuleRefused for a time that does not exist, a closing without an opening, or no opening at all."""
    if rules == HoursRules():
        return
    if not rules.closed_from or not rules.closed_until:
        raise RuleRefused(
            "Closing hours have a beginning and an end.",
            remedy="Give both, for instance from 23:00 to 6:00.",
            code="hours_half",
            param="hours",
        )
    if read_time(rules.closed_from) == read_time(rules.closed_until):
        raise RuleRefused(
            "These hours would never open, or never close.",
            remedy="Give two different times; to close for good, stop the server.",
            code="hours_same",
            param="hours",
        )


def is_open(rules: HoursRules, wall: WallClock, at_ms: int) -> bool:
    """Whether questions are taken at ``at_ms``. Closed from the first time included to the second one excluded."""
    return _closed_for_min(rules, wall.minute(at_ms)) == 0


def next_opening_ms(rules: HoursRules, wall: WallClock, at_ms: int) -> int:
    """The first whole minute from ``at_ms`` on at which it is open; ``at_ms`` itself when it is open already."""
    left_min = _closed_for_min(rules, wall.minute(at_ms))
    if left_min == 0:
        return at_ms
    now_ms = at_ms - at_ms % _MINUTE_MS
    while left_min:
        # Far from the end in one stride, near it minute by minute: the clock may be moved in between.
        now_ms += max(1, left_min - _LARGEST_SHIFT_MIN) * _MINUTE_MS
        left_min = _closed_for_min(rules, wall.minute(now_ms))
    return now_ms


def _closed_for_min(rules: HoursRules, minute: int) -> int:
    """Minutes until the wall shows the opening time; 0 when it is open."""
    if not rules.closed_from:
        return 0
    start, end = _minute(rules.closed_from), _minute(rules.closed_until)
    closed = start <= minute < end if start < end else (minute >= start or minute < end)
    return (end - minute) % _DAY_MIN if closed else 0


def _minute(time: str) -> int:
    hours, minutes = read_time(time).split(":")
    return int(hours) * 60 + int(minutes)
