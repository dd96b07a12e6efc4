"""Who may vote in a poll: the roll as it stands when it opens, and is then kept, whatever happens meanwhile. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from affouage.assembly.member import Member

MS_PER_DAY = 86_400_000


class Elector(msgspec.Struct, frozen=True, order=True):
    """``college``: "" where there are none."""

    member_id: str
    college: str = ""


class Roll(msgspec.Struct, frozen=True, kw_only=True):
    """What the roll says for votes. ``standing``: member -> (college, votes); absent: no college, votes."""

    members: tuple[Member, ...]
    standing: Mapping[str, tuple[str, bool]] = {}
    days_before_voting: int = 0
    voters: tuple[str, ...] = ("member", "steward", "operator")
    """Roles that vote."""


def electors(roll: Roll, colleges: Mapping[str, int], at_ms: int, *, but: Iterable[str] = ()) -> tuple[Elector, ...]:
    """Active members who vote, sorted. With colleges, a member of none of them does not count.

    ``but``: members who do not vote on this, such as one whose exclusion it is.
    """
    left_out = set(but)
    found = []
    for one in roll.members:
        college, votes = roll.standing.get(one.id, ("", True))
        since_ms = at_ms - one.created_ms
        if not votes or not one.active or one.role.value not in roll.voters or one.id in left_out:
            continue
        if since_ms < roll.days_before_voting * MS_PER_DAY:
            continue
        if colleges and college not in colleges:
            continue
        found.append(Elector(one.id, college if colleges else ""))
    return tuple(sorted(found))


def by_college(snapshot: Iterable[Elector]) -> dict[str, int]:
    return dict(sorted(Counter(one.college for one in snapshot).items()))


def digest(snapshot: Iterable[Elector]) -> str:
    """Hex SHA-256 of the list: says later whether the list kept is the list of then."""
    told = msgspec.json.encode([(one.member_id, one.college) for one in sorted(snapshot)])
    return hashlib.sha256(told).hexdigest()
