"""Drawing a panel by lot so that anybody can draw it again. Pure.

Every place from 0 to ``eligible - 1`` gets the digest SHA-256("affouage panel" 0x00 root report 0x00 place), where
root is the 32-byte root of the public log at a size published before the draw, report the report's number in UTF-8,
and place eight bytes, big end first. The places with the smallest digests sit. Place n is the n-th of the eligible
members, in the order of their ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

_TAG = b"affouage panel\0"


def places(root: bytes, report_id: str, eligible: int, seats: int) -> tuple[int, ...]:
    """``seats`` different places below ``eligible``, smallest first; all of them when there are fewer."""
    ranked = sorted(range(eligible), key=lambda place: _digest(root, report_id, place))
    return tuple(sorted(ranked[:seats]))


def seats_for(wanted: int, eligible: int) -> int:
    """An odd number of seats, at most ``wanted``: 0 when nobody may sit. An even panel could be split in halves."""
    most = min(wanted, eligible)
    return most if most % 2 else max(0, most - 1)


def eligible_of(members: Iterable[str], excluded: Iterable[str | None]) -> tuple[str, ...]:
    """Who may sit, in the order that places are counted in: members but for those who have a part in it."""
    out = set(excluded)
    return tuple(sorted({one for one in members if one not in out}))


def panel(root: bytes, report_id: str, eligible: Sequence[str], wanted: int) -> tuple[str, ...]:
    """The members drawn. ``eligible``: sorted, as ``eligible_of`` gives them."""
    seats = seats_for(wanted, len(eligible))
    return tuple(eligible[place] for place in places(root, report_id, len(eligible), seats))


def _digest(root: bytes, report_id: str, place: int) -> bytes:
    return hashlib.sha256(_TAG + root + report_id.encode() + b"\0" + place.to_bytes(8, "big")).digest()
