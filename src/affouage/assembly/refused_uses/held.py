"""What is held about a member in reports and sanctions: given to them, forgotten with them, deleted in time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, select, update

from affouage.assembly.refused_uses import rows
from affouage.assembly.refused_uses.rows import Report
from affouage.assembly.refused_uses.terms import DAY_MS
from affouage.storage.tables import panel_seat, report, report_decision, sanction


def export(connection: Connection, member_id: str) -> dict[str, Any]:
    """Reports they made or that concern them, decisions and sanctions, opinions they gave. Never who the others are."""
    mine = rows.of_member(connection, member_id)
    return {
        "reports_made": [_made(one) for one in mine if one.reporter_id == member_id],
        "reports_about_me": [_about(connection, one) for one in mine if one.subject_id == member_id],
        "sanctions": [
            {"id": one.id, "report": one.report_id, "kind": one.kind, "percent": one.percent}
            | {"from_ms": one.from_ms, "until_ms": one.until_ms, "lifted_ms": one.lifted_ms}
            for one in rows.sanctions(connection, member_id)
        ],
        "panels": [
            {"report": row.report_id, "opinion": row.opinion, "reason": row.reason}
            for row in connection.execute(select(panel_seat).where(panel_seat.c.member_id == member_id))
        ],
        "decisions_taken": [
            {"report": row.report_id, "outcome": row.outcome, "reason": row.reason, "at_ms": row.at_ms}
            for row in connection.execute(select(report_decision).where(report_decision.c.decided_by == member_id))
        ],
    }


def forget(connection: Connection, member_id: str) -> None:
    """Erase somebody who leaves: what concerns them goes whole; what they reported stays, without their name.

    A panel they sat on loses their seat, a decision they took keeps its reason and no longer says whose it was.
    """
    about = select(report.c.id).where(report.c.subject_id == member_id)
    own = select(report.c.id).where(report.c.reporter_id == member_id, report.c.place == "answer")
    _delete(connection, [*connection.scalars(about), *connection.scalars(own)])
    connection.execute(delete(sanction).where(sanction.c.member_id == member_id))
    connection.execute(update(report).where(report.c.reporter_id == member_id).values(reporter_id=None))
    connection.execute(delete(panel_seat).where(panel_seat.c.member_id == member_id))
    taken = report_decision.c.decided_by == member_id
    connection.execute(update(report_decision).where(taken).values(decided_by="moderator"))


def purge(connection: Connection, memory_days: int, now_ms: int) -> int:
    """Delete closed reports whose time has passed; how many. Idempotent.

    A report stays while its sanction goes on. Of a sanction that is over, only its kind and dates stay, as long as it
    counts for the next one.
    """
    ids = list(connection.scalars(_old(now_ms)))
    _delete(connection, ids)
    connection.execute(delete(sanction).where(_forgettable(memory_days, now_ms)))
    return len(ids)


def anything_old(connection: Connection, memory_days: int, now_ms: int) -> bool:
    """Whether ``purge`` would delete something."""
    forgettable = select(sanction.c.id).where(_forgettable(memory_days, now_ms))
    return any(connection.execute(query.limit(1)).first() is not None for query in (_old(now_ms), forgettable))


def _old(now_ms: int) -> Select[str]:
    going_on = select(sanction.c.report_id).where(sanction.c.until_ms > now_ms, sanction.c.lifted_ms.is_(None))
    return select(report.c.id).where(
        report.c.state == "closed", report.c.purge_ms <= now_ms, report.c.id.not_in(going_on)
    )


def _forgettable(memory_days: int, now_ms: int) -> ColumnElement[bool]:
    over = (sanction.c.until_ms <= now_ms) & (sanction.c.from_ms <= now_ms - memory_days * DAY_MS)
    return over & sanction.c.report_id.not_in(select(report.c.id))


def _delete(connection: Connection, ids: list[str]) -> None:
    for one in ids:
        for table in (report_decision, panel_seat):
            connection.execute(delete(table).where(table.c.report_id == one))
        connection.execute(delete(report).where(report.c.id == one))


def _made(one: Report) -> dict[str, Any]:
    return {
        "id": one.id,
        "created_ms": one.created_ms,
        "receipt": one.receipt_id,
        "line": one.charter_line,
        "words": one.words,
        "content": one.content,
        "state": one.state.value,
    }


def _about(connection: Connection, one: Report) -> dict[str, Any]:
    return {
        "id": one.id,
        "created_ms": one.created_ms,
        "receipt": one.receipt_id,
        "line": one.charter_line,
        "state": one.state.value,
        "appeal": one.appeal,
        "decisions": [
            {
                "step": made.step,
                "outcome": made.outcome,
                "reason": made.reason,
                "at_ms": made.at_ms,
                "leaf": made.leaf_seq,
            }
            for made in rows.decisions(connection, one.id)
        ],
    }
