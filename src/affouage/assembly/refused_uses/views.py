"""What each person sees of a report. Functions of a connection.

A moderator and a member of a panel see neither what was written, nor what was shown, nor whom it concerns, until they
have given a reason. The person concerned sees the decision and its reasons, never who reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection

from affouage.assembly import readings
from affouage.assembly.refused_uses import decide as rules
from affouage.assembly.refused_uses import people, rows
from affouage.assembly.refused_uses.decide import State
from affouage.assembly.refused_uses.rows import Decision, Report, Sanction, Seat
from affouage.assembly.refused_uses.terms import Terms
from affouage.assembly.rules.uses import SanctionStep
from affouage.errors import NotFound

Part = Literal["concerned", "reporter", "panel"]


@dataclass(frozen=True)
class Queued:
    """A report in the list of moderators. ``party``: the reader made it or is concerned: somebody else decides."""

    id: str
    created_ms: int
    line: str
    place: str
    state: str
    due_ms: int
    shows_text: bool
    flagged_by: str
    party: bool


@dataclass(frozen=True)
class Opened:
    """What is read with a reason. ``subject``: a name, None when there is nobody, or nobody known."""

    words: str = field(repr=False)
    content: str = field(repr=False)
    subject: str | None
    receipt_id: str | None


@dataclass(frozen=True)
class Case:
    """A report as a moderator or a panel has it before them. ``opened`` None: no reason was given lately."""

    queued: Queued
    opened: Opened | None
    past: int
    proposed: SanctionStep | None
    choices: tuple[str, ...]
    decisions: tuple[Decision, ...]
    sanction: Sanction | None
    appeal: str = field(repr=False)
    somebody: bool


@dataclass(frozen=True)
class Mine:
    """A report as somebody with a part in it sees it. ``seat``: theirs, on the panel; ``seats``: opinions given, of
    how many; ``may_appeal_until_ms`` None: they may not."""

    queued: Queued
    part: Part
    words: str = field(repr=False)
    decisions: tuple[Decision, ...]
    sanction: Sanction | None
    appeal: str = field(repr=False)
    may_appeal_until_ms: int | None
    seat: Seat | None
    seats: tuple[int, int]
    draw_seq: int | None

    @property
    def hears(self) -> bool:
        """They sit on a panel that has not ended, and have not given their opinion."""
        return self.queued.state == "appealed" and self.seat is not None and self.seat.opinion is None

    @property
    def waits(self) -> bool:
        """Something is asked of them."""
        return self.may_appeal_until_ms is not None or self.hears


def queued(one: Report, reader_id: str) -> Queued:
    return Queued(
        id=one.id,
        created_ms=one.created_ms,
        line=one.charter_line,
        place=one.place,
        state=one.state.value,
        due_ms=one.due_ms,
        shows_text=bool(one.content),
        flagged_by=one.flagged_by,
        party=reader_id in (one.reporter_id, one.subject_id),
    )


def record(report_id: str) -> str:
    """How a reading of it is named."""
    return f"report:{report_id}"


def opened(connection: Connection, one: Report, reader_id: str, now_ms: int) -> Opened | None:
    """None until a reason was given, within the hour."""
    if not readings.noted_lately(connection, reader_id, record(one.id), now_ms):
        return None
    return Opened(one.words, one.content, people.name_of(connection, one.subject_id), one.receipt_id)


def case(connection: Connection, one: Report, reader_id: str, terms: Terms, now_ms: int) -> Case:
    past = rows.history(connection, one.subject_id) if one.subject_id else []
    next_step = rules.proposed(past, terms, now_ms) if one.subject_id else None
    seen = opened(connection, one, reader_id, now_ms)
    return Case(
        queued=queued(one, reader_id),
        opened=seen,
        past=len(past) if seen is not None else 0,
        proposed=next_step if seen is not None else None,
        choices=rules.choices(next_step, terms, somebody=one.subject_id is not None) if seen is not None else (),
        decisions=tuple(rows.decisions(connection, one.id)),
        sanction=rows.sanction_of(connection, one.id),
        appeal=one.appeal if seen is not None else "",
        somebody=one.subject_id is not None,
    )


def mine(connection: Connection, one: Report, member_id: str, now_ms: int) -> Mine:
    """Raises NotFound for a report this member has no part in: it says nothing, not even that it exists."""
    there = rows.seats(connection, one.id)
    seat = next((held for held in there if held.member_id == member_id), None)
    part = _part(one, member_id, seat)
    appealable = part == "concerned" and one.state is State.DECIDED and now_ms < one.due_ms
    made = rows.decisions(connection, one.id)
    given = sum(1 for held in there if held.opinion is not None)
    return Mine(
        queued=queued(one, member_id),
        part=part,
        words=one.words if part == "reporter" else "",
        decisions=tuple(made) if part != "reporter" else tuple(_outcome_only(step) for step in made),
        sanction=rows.sanction_of(connection, one.id) if part != "reporter" else None,
        appeal=one.appeal if part != "reporter" else "",
        may_appeal_until_ms=one.due_ms if appealable else None,
        seat=seat,
        seats=(given, len(there)),
        draw_seq=one.draw_seq,
    )


def _part(one: Report, member_id: str, seat: Seat | None) -> Part:
    if one.subject_id == member_id:
        return "concerned"
    if seat is not None:
        return "panel"
    if one.reporter_id == member_id:
        return "reporter"
    raise NotFound("There is no such report.", remedy="See your own reports: /reports.", code="report_not_found")


def _outcome_only(made: Decision) -> Decision:
    """For the reporter: what was decided; the reasons are for the person concerned."""
    return Decision(made.step, "", made.outcome, "", made.at_ms, made.leaf_seq)
