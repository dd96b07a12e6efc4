"""Readings of sensitive records: why, by whom, of whom; in the public log before anything is shown.

A record about somebody, read by another member because of a mandate or because they run the machine, demands a written
reason. The person concerned sees it on their account page. Functions of a connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, or_, select

from affouage.assembly import credentials
from affouage.assembly.roll import not_erased
from affouage.errors import BadRequest
from affouage.journal import log
from affouage.storage.tables import member, sensitive_reading

REASON_MIN, REASON_MAX = 20, 500
"""Characters of the reason."""

COMMAND_LINE = "the command line"
"""The reader, when somebody who may run commands on the machine did not say who they are."""

AGAIN_MS = 3_600_000
"""A record may be read again for an hour under the same reason."""


@dataclass(frozen=True)
class Reading:
    """``reader``: a name, None once that account is erased; ``what``: report | receipt | receipts | keys | use."""

    id: str
    reader: str | None
    what: str
    record: str
    reason: str
    at_ms: int
    leaf_seq: int


def check_reason(text: str) -> str:
    """The reason, spaces made single. Raises BadRequest, code ``reading_reason``."""
    text = " ".join(text.split())
    if not REASON_MIN <= len(text) <= REASON_MAX:
        raise BadRequest(
            f"Reading what is about somebody demands a reason, of {REASON_MIN} to {REASON_MAX} characters.",
            remedy="Say why you need it: the person concerned will read it.",
            param="reason",
            code="reading_reason",
            least=REASON_MIN,
            most=REASON_MAX,
        )
    return text


def note(connection: Connection, reader_id: str, subject_id: str | None, what: str, reason: str, now_ms: int) -> str:
    """Write down a reading before it happens; its id. ``what``: ``report:<id>``, ``receipt:<id>``, ``receipts`` ...

    The leaf tells the kind of record alone; who, whom and why it only commits to. Raises BadRequest.
    """
    reason = check_reason(reason)
    reading_id = credentials.new_id()
    kind = what.partition(":")[0]
    persons = [one for one in (reader_id, subject_id) if one and one != COMMAND_LINE]
    seq = log.append(
        connection,
        "sensitive_reading",
        {"reading": reading_id, "what": kind},
        now_ms,
        private={"reader": reader_id, "subject": subject_id or "", "what": what, "reason": reason},
        persons=persons,
    )
    connection.execute(
        sensitive_reading.insert().values(
            id=reading_id,
            reader_id=reader_id,
            subject_id=subject_id or "",
            what=what,
            reason=reason,
            at_ms=now_ms,
            leaf_seq=seq,
        )
    )
    return reading_id


def noted(connection: Connection, reader_id: str, what: str) -> bool:
    """Whether this reader ever gave a reason for this record."""
    return connection.execute(_notes(reader_id, what).limit(1)).first() is not None


def noted_lately(connection: Connection, reader_id: str, what: str, now_ms: int) -> bool:
    """Whether they did within the hour."""
    at_ms = sensitive_reading.c.at_ms
    lately = _notes(reader_id, what).where(at_ms > now_ms - AGAIN_MS, at_ms <= now_ms)
    return connection.execute(lately.limit(1)).first() is not None


def _notes(reader_id: str, what: str) -> Select[str]:
    return select(sensitive_reading.c.id).where(
        sensitive_reading.c.reader_id == reader_id, sensitive_reading.c.what == what
    )


def of_subject(connection: Connection, member_id: str) -> list[Reading]:
    """Who read what about this member and why, newest first."""
    query = (
        select(sensitive_reading, member.c.name)
        .outerjoin(member, (member.c.id == sensitive_reading.c.reader_id) & not_erased())
        .where(sensitive_reading.c.subject_id == member_id)
        .order_by(sensitive_reading.c.at_ms.desc(), sensitive_reading.c.id)
    )
    return [_read(row) for row in connection.execute(query)]


def export(connection: Connection, member_id: str) -> list[dict[str, Any]]:
    """What is held of readings about and by this member, oldest first; the other person is not named."""
    query = (
        select(sensitive_reading)
        .where(or_(sensitive_reading.c.subject_id == member_id, sensitive_reading.c.reader_id == member_id))
        .order_by(sensitive_reading.c.at_ms, sensitive_reading.c.id)
    )
    return [
        {
            "id": row.id,
            "by_me": row.reader_id == member_id,
            "about_me": row.subject_id == member_id,
            "what": row.what,
            "reason": row.reason,
            "at_ms": row.at_ms,
            "leaf": row.leaf_seq,
        }
        for row in connection.execute(query)
    ]


def forget(connection: Connection, member_id: str) -> None:
    """Delete readings about somebody who leaves. Those they made stay for whom they concern, under their bare id."""
    connection.execute(delete(sensitive_reading).where(sensitive_reading.c.subject_id == member_id))


def _read(row: Any) -> Reading:
    what, _, record = row.what.partition(":")
    known = row.reader_id if row.reader_id == COMMAND_LINE else row.name
    return Reading(row.id, known, what, record, row.reason, row.at_ms, row.leaf_seq)
