"""The sanction in force against a member: what the gate of requests asks. A function of a connection."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, Row, bindparam, select

from affouage.assembly.refused_uses.rows import MODERATOR
from affouage.assembly.rules.uses import KINDS
from affouage.storage import Database
from affouage.storage.look import Look
from affouage.storage.tables import report, report_decision, sanction


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """A sanction that has an effect now. ``percent``: weight of what is asked meanwhile; ``line``: of the charter;
    ``reason``: the decision's, for the person concerned alone; ``leaf_seq``: the decision in the public log;
    ``page``: where to read it all and to appeal; ``appeal_until_ms``: None when it can no longer be appealed."""

    id: str
    kind: str
    percent: int
    from_ms: int
    until_ms: int
    report_id: str
    line: str
    reason: str
    leaf_seq: int
    appeal_until_ms: int | None

    @property
    def page(self) -> str:
        return f"/reports/{self.report_id}"


_QUERY = (
    select(
        sanction,
        report.c.charter_line,
        report.c.state,
        report.c.due_ms,
        report_decision.c.reason,
        report_decision.c.leaf_seq,
    )
    .join(report, report.c.id == sanction.c.report_id)
    .join(
        report_decision,
        (report_decision.c.report_id == sanction.c.report_id) & (report_decision.c.step == MODERATOR),
    )
    .where(
        sanction.c.lifted_ms.is_(None),
        sanction.c.member_id == bindparam("who"),
        sanction.c.from_ms <= bindparam("now"),
        sanction.c.until_ms > bindparam("now"),
    )
)
_ANY = Look(
    select(sanction.c.member_id)
    .where(sanction.c.member_id == bindparam("who"), sanction.c.until_ms > bindparam("now"))
    .limit(1)
)
"""Asked before every question, and nearly always of somebody without any."""


async def find_active(db: Database, member_id: str, now_ms: int) -> Active | None:
    """See :func:`active_sanction`."""
    if await _ANY.first(db, who=member_id, now=now_ms) is None:
        return None
    return await db.read(lambda connection: active_sanction(connection, member_id, now_ms))


def active_sanction(connection: Connection, member_id: str, now_ms: int) -> Active | None:
    """The gravest sanction in force, of those the one that ends last; None: none.

    A warning changes nothing to what is answered, but is told where nothing graver is in force.
    """
    rows = connection.execute(_QUERY, {"who": member_id, "now": now_ms})
    found = sorted(rows, key=lambda row: (_gravity(row.kind), row.until_ms), reverse=True)
    return _active(found[0], now_ms) if found else None


def _gravity(kind: str) -> int:
    return next((place for place, one in enumerate(KINDS) if one == kind), -1)


def _active(row: Row[tuple[object, ...]], now_ms: int) -> Active:
    open_to_appeal = row.state == "decided" and now_ms < row.due_ms
    return Active(
        id=row.id,
        kind=row.kind,
        percent=row.percent,
        from_ms=row.from_ms,
        until_ms=row.until_ms,
        report_id=row.report_id,
        line=row.charter_line,
        reason=row.reason,
        leaf_seq=row.leaf_seq,
        appeal_until_ms=row.due_ms if open_to_appeal else None,
    )
