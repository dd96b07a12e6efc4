"""Reports, decisions, seats and sanctions as they are kept, and how they are found. Functions of a connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from affouage.assembly.refused_uses.decide import Parties, Past, State
from affouage.errors import NotFound
from affouage.storage.tables import panel_seat, report, report_decision, sanction

MODERATOR, PANEL = 1, 2
"""Steps of a decision."""


@dataclass(frozen=True)
class Decision:
    """``decided_by``: a member's id, "panel", or "time" when nobody decided in time."""

    step: int
    decided_by: str
    outcome: str
    reason: str
    at_ms: int
    leaf_seq: int


@dataclass(frozen=True)
class Seat:
    member_id: str
    opinion: str | None
    reason: str = field(repr=False)


@dataclass(frozen=True)
class Sanction:
    """``percent``: weight of what is asked meanwhile (slower). ``until_ms``: it always ends."""

    id: str
    report_id: str
    member_id: str
    kind: str
    percent: int
    from_ms: int
    until_ms: int
    lifted_ms: int | None

    def active(self, now_ms: int) -> bool:
        return self.lifted_ms is None and self.from_ms <= now_ms < self.until_ms


@dataclass(frozen=True)
class Report:
    """One report. ``words`` and ``content`` are for whoever gave a reason to read them."""

    id: str
    created_ms: int
    reporter_id: str | None
    subject_id: str | None
    receipt_id: str | None
    place: str
    charter_line: str
    words: str = field(repr=False)
    content: str = field(repr=False)
    flagged_by: str
    state: State
    due_ms: int
    appeal: str = field(repr=False)
    draw_seq: int | None
    purge_ms: int

    @property
    def about(self) -> str:
        """Whose text it holds: the person concerned, else the member who reported their own answer; "" unknown."""
        return self.subject_id or (self.reporter_id if self.place == "answer" else None) or ""


def find(connection: Connection, report_id: str) -> Report:
    """Raises NotFound, code ``report_not_found``."""
    row = connection.execute(select(report).where(report.c.id == report_id)).first()
    if row is None:
        raise NotFound(
            "There is no such report.", remedy="See the list of reports; old ones are deleted.", code="report_not_found"
        )
    return _report(row)


def in_state(connection: Connection, *states: State) -> list[Report]:
    """Oldest first."""
    query = select(report).where(report.c.state.in_(list(states))).order_by(report.c.created_ms, report.c.id)
    return [_report(row) for row in connection.execute(query)]


def everything(connection: Connection, limit: int) -> list[Report]:
    """Newest first."""
    query = select(report).order_by(report.c.created_ms.desc(), report.c.id).limit(limit)
    return [_report(row) for row in connection.execute(query)]


def due(connection: Connection, now_ms: int) -> list[Report]:
    """Those whose state is over, oldest first."""
    query = select(report).where(report.c.state != State.CLOSED, report.c.due_ms <= now_ms)
    return [_report(row) for row in connection.execute(query.order_by(report.c.due_ms, report.c.id))]


def of_member(connection: Connection, member_id: str) -> list[Report]:
    """Those a member made, is concerned by, or hears on a panel; newest first."""
    seats = select(panel_seat.c.report_id).where(panel_seat.c.member_id == member_id)
    mine = or_(report.c.reporter_id == member_id, report.c.subject_id == member_id, report.c.id.in_(seats))
    query = select(report).where(mine).order_by(report.c.created_ms.desc(), report.c.id)
    return [_report(row) for row in connection.execute(query)]


def decisions(connection: Connection, report_id: str) -> list[Decision]:
    """The moderator's, then the panel's."""
    query = select(report_decision).where(report_decision.c.report_id == report_id).order_by(report_decision.c.step)
    return [
        Decision(row.step, row.decided_by, row.outcome, row.reason, row.at_ms, row.leaf_seq)
        for row in connection.execute(query)
    ]


def seats(connection: Connection, report_id: str) -> list[Seat]:
    query = select(panel_seat).where(panel_seat.c.report_id == report_id).order_by(panel_seat.c.member_id)
    return [Seat(row.member_id, row.opinion, row.reason) for row in connection.execute(query)]


def sanction_of(connection: Connection, report_id: str) -> Sanction | None:
    row = connection.execute(select(sanction).where(sanction.c.report_id == report_id)).first()
    return None if row is None else _sanction(row)


def sanctions(connection: Connection, member_id: str) -> list[Sanction]:
    """All that is kept of them, newest first."""
    query = select(sanction).where(sanction.c.member_id == member_id).order_by(sanction.c.from_ms.desc(), sanction.c.id)
    return [_sanction(row) for row in connection.execute(query)]


def history(connection: Connection, member_id: str) -> list[Past]:
    return [Past(one.kind, one.from_ms, one.lifted_ms is not None) for one in sanctions(connection, member_id)]


def parties(connection: Connection, one: Report) -> Parties:
    first = next((made for made in decisions(connection, one.id) if made.step == MODERATOR), None)
    return Parties(one.reporter_id, one.subject_id, None if first is None else first.decided_by)


def _report(row: Row[Any]) -> Report:
    return Report(**{**row._mapping, "state": State(row.state)})


def _sanction(row: Row[Any]) -> Sanction:
    return Sanction(**row._mapping)
