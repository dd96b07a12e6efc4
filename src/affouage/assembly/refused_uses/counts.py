"""How often what was decided, for everybody to read: never content, never fewer than five of a kind.

Counted from the leaves of the public log, which stay when reports are deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Connection, select

from affouage.assembly.refused_uses.book import LEAF
from affouage.errors import AffouageError
from affouage.journal import canonical, log
from affouage.storage.tables import journal_leaf

FEWEST = 5
OTHER = "others"
COUNTS_LEAF = "moderation_counts"


class Count(msgspec.Struct, frozen=True):
    """Decisions of a month on one line with one outcome; ``others``: small groups, together."""

    line: str
    outcome: str
    decisions: int


class Counts(msgspec.Struct, frozen=True):
    """A month. ``decisions`` None: fewer than five in all, so nothing more is told."""

    month: str
    decisions: int | None
    rows: tuple[Count, ...] = ()


def counts(connection: Connection, month: str, from_ms: int, until_ms: int) -> Counts:
    """Of the decisions of a month, moderators' and panels'; its bounds in the commons' time zone."""
    query = select(journal_leaf.c.body).where(
        journal_leaf.c.kind == LEAF, journal_leaf.c.created_ms >= from_ms, journal_leaf.c.created_ms < until_ms
    )
    return merged(month, Counter(_told(body) for body in connection.scalars(query)))


def merged(month: str, groups: Mapping[tuple[str, str], int]) -> Counts:
    """Groups of fewer than five together, with the next smallest where they are still fewer than five. Pure."""
    total = sum(groups.values())
    if total < FEWEST:
        return Counts(month, None if total else 0)
    ranked = sorted(groups.items(), key=lambda one: (-one[1], one[0]))
    told = [one for one in ranked if one[1] >= FEWEST]
    rest = total - sum(number for _, number in told)
    while 0 < rest < FEWEST and told:
        rest += told.pop()[1]
    rows = [Count(line, outcome, number) for (line, outcome), number in told]
    return Counts(month, total, (*rows, *([Count(OTHER, OTHER, rest)] if rest else [])))


def publish(connection: Connection, counted: Counts, now_ms: int) -> int | None:
    """Write a month that is over into the public log, once; its leaf, None when it is there already."""
    if counted.month in _published(connection):
        return None
    public = {
        "month": counted.month,
        "decisions": counted.decisions,
        "rows": [msgspec.to_builtins(one) for one in counted.rows],
    }
    return log.append(connection, COUNTS_LEAF, public, now_ms)


def months_to_publish(connection: Connection, months: Iterable[str]) -> list[str]:
    """Those of ``months`` that are not in the log yet, in order."""
    there = _published(connection)
    return sorted(month for month in set(months) if month not in there)


def first_decided_ms(connection: Connection) -> int | None:
    """When the first decision was logged."""
    query = select(journal_leaf.c.created_ms).where(journal_leaf.c.kind == LEAF).order_by(journal_leaf.c.seq).limit(1)
    return connection.scalar(query)


def _published(connection: Connection) -> set[str]:
    return {str(_public(leaf.body).get("month", "")) for leaf in log.of_kind(connection, COUNTS_LEAF)}


def _told(body: str) -> tuple[str, str]:
    public = _public(body)
    return str(public.get("line", "")), str(public.get("outcome", ""))


def _public(body: str) -> Mapping[str, object]:
    """Empty for a leaf somebody altered: the verification of the log says so, counting goes on."""
    try:
        said = canonical.read(body)["public"]
    except (AffouageError, KeyError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
