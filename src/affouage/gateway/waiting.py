"""Waiting, in the words of the wire: the member's own limit, and what a stream tells of a turn. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from affouage.pool.ticket import Turn

REASONS = {
    "turn": "all slots are busy",
    "lighter": "somebody who has used less passes before",
    "no_hurry": "it goes when nothing else is asked, or in cheap hours",
    "closed": "no machine that may read it is open now",
    "owner": "the owner of the machine passes before",
}
"""Why it waits, by code; never who."""

_WAIT = re.compile(r"\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(;.*)?", re.IGNORECASE | re.ASCII)


def limit_ms(headers: Iterable[bytes]) -> int | None:
    """The ``wait`` of the headers ``Prefer`` (RFC 7240): seconds its client accepts to wait for a turn; None: no limit.

    A preference that is not understood counts for nothing, as the RFC wants; of several, the first.
    """
    for header in headers:
        for preference in header.decode("latin-1").split(","):
            if (found := _WAIT.fullmatch(preference)) is not None:
                return int(found[1]) * 1000
    return None


def told(turn: Turn) -> str:
    """``turn 3 of 5, about 20-45 s``, and the reason when it is not simply that others are being served."""
    words = f"turn {turn.position} of {turn.waiting}"
    if turn.low_ms is not None and turn.high_ms is not None:
        words += f", about {_span(turn.low_ms, turn.high_ms)}"
    return words if turn.reason == "turn" else f"{words}; {REASONS[turn.reason]}"


def _span(low_ms: int, high_ms: int) -> str:
    unit, size_ms = next((unit, size) for unit, size, below in _UNITS if high_ms < below)
    low, high = low_ms // size_ms, -(-high_ms // size_ms)
    return f"{high} {unit}" if low == high else f"{low}-{high} {unit}"


_UNITS = (("s", 1_000, 180_000), ("min", 60_000, 3 * 3_600_000), ("h", 3_600_000, 2**63))
