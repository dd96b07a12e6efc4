"""The desk in the database: items read as cases, events appended, what leaves written. Functions of a connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from affouage.assembly import credentials
from affouage.errors import NotFound
from affouage.storage.tables import desk_count, desk_draft, desk_event, desk_focus, desk_item, desk_sent
from affouage.workshops.desk import switch, texts
from affouage.workshops.desk.careful import flags_of
from affouage.workshops.desk.cases import ANSWERS, HELD, HOUR_MS, REVIEWS, Case, Event, Kind, State, evolve
from affouage.workshops.desk.shapes import Draft, DraftState, Flag, Letter, Sent, SentKind

encode = msgspec.json.Encoder(order="deterministic").encode
_names = msgspec.json.Decoder(tuple[str, ...]).decode
_flags = msgspec.json.Decoder(tuple[Flag, ...]).decode
_draft = msgspec.json.Decoder(Draft).decode
_letter = msgspec.json.Decoder(Letter).decode


class EventBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of an event has no column. The letter of a review stands in ``desk_sent``."""

    detail: str = ""
    words: str = ""
    quick: bool = False
    review_ms: int | None = None
    edit_words: int | None = None
    sent_words: int | None = None
    receipt_id: str | None = None
    drafted: bool = False


read_body = msgspec.json.Decoder(EventBody).decode


# -- reading -----------------------------------------------------------------------------------------------------------


def find(connection: Connection, item_id: str) -> Row[Any]:
    """The row of an item. Raises NotFound, code ``desk_item_not_found``."""
    row = None
    if item_id.startswith("dsk_") and credentials.is_id(item_id.removeprefix("dsk_")):
        row = connection.execute(select(desk_item).where(desk_item.c.id == item_id)).first()
    if row is None:
        raise NotFound(
            "There is no such question at the desk.",
            remedy="It may have been deleted with age: see the queue.",
            code="desk_item_not_found",
        )
    return row


def events(connection: Connection, item_id: str) -> list[Row[Any]]:
    """In order."""
    query = select(desk_event).where(desk_event.c.item_id == item_id).order_by(desk_event.c.seq)
    return list(connection.execute(query))


def draft_row(connection: Connection, item_id: str) -> Row[Any]:
    return connection.execute(select(desk_draft).where(desk_draft.c.item_id == item_id)).one()


def case_of(connection: Connection, row: Row[Any]) -> Case:
    """An item folded from its events."""
    drafting = draft_row(connection, row.id)
    case = Case(
        arm=row.arm,
        held_ms=row.created_ms,
        found=None if drafting.found is None else _draft(drafting.found),
        draft=None if drafting.draft is None else _draft(drafting.draft),
        flags=frozenset(_flags(row.flags)),
        reachable=bool(row.contact),
        stopped=switch.read(connection).stopped,
    )
    for one in events(connection, row.id):
        if one.kind != Kind.RECEIVED:
            case = evolve(case, Event(Kind(one.kind), one.at_ms, one.actor_id, detail=read_body(one.body).detail))
    held_ms = max(case.held_ms, row.held_ms or 0)  # a page in focus keeps it, without an event
    return replace(case, draft_state=drafting.state, held_ms=held_ms)


def sent(connection: Connection, item_id: str) -> tuple[Sent, ...]:
    """What left of an item, newest first: the one reading of it, for clerks and for the public alike.

    A letter that is not the one that was reviewed (its digest tells) is not given: as if it had not left.
    """
    query = select(desk_sent).where(desk_sent.c.item_id == item_id).order_by(desk_sent.c.review_seq.desc())
    return tuple(
        Sent(kind=msgspec.convert(row.review_kind, SentKind), at_ms=row.at_ms, letter=_letter(row.body))
        for row in connection.execute(query)
        if texts.digest(row.body) == row.text_sha256
    )


def answered_ms(connection: Connection, actor_id: str, now_ms: int) -> Sequence[int]:
    """When the answers that somebody sent in the last hour left, oldest first."""
    kinds = [one.value for one in ANSWERS]
    query = select(desk_event.c.at_ms).where(
        desk_event.c.actor_id == actor_id, desk_event.c.at_ms > now_ms - HOUR_MS, desk_event.c.kind.in_(kinds)
    )
    return sorted(connection.scalars(query))


def flags(row: Row[Any]) -> tuple[Flag, ...]:
    return _flags(row.flags)


def masked(row: Row[Any]) -> tuple[str, ...]:
    return _names(row.masked)


# -- writing -----------------------------------------------------------------------------------------------------------


def enter(connection: Connection, row: dict[str, Any], draft_state: DraftState) -> None:
    """Write an item that came. ``row``: what is known of it by then."""
    rest: dict[str, Any] = {"state": State.WAITING.value, "outcome": "", "holder_id": None, "held_ms": None}
    rest |= {"to_call": 0, "errors": 0, "written": "", "touched_ms": row["created_ms"]}
    connection.execute(insert(desk_item).values(**rest, **row))
    connection.execute(
        insert(desk_draft).values(item_id=row["id"], state=draft_state, problem="", tries=0, next_ms=row["created_ms"])
    )


def append(connection: Connection, item_id: str, new: Iterable[Event], month: str) -> None:
    """Write what happened, with what leaves; then what stands. ``month``: in which it is counted.

    Raises Conflict, code ``desk_state``, for what cannot happen to the item.
    """
    row = find(connection, item_id)
    before = case = case_of(connection, row)
    for one in new:
        _append(connection, item_id, one)
        if one.kind is not Kind.RECEIVED:
            case = evolve(case, one)
        for name in _counted(one):
            count(connection, month, name)
    if case.draft_state != before.draft_state:
        set_drafting(connection, item_id, state=case.draft_state, tries=0, next_ms=0)
    _project(connection, row, case)


def _append(connection: Connection, item_id: str, event: Event) -> None:
    last = connection.scalar(select(func.max(desk_event.c.seq)).where(desk_event.c.item_id == item_id)) or 0
    letter = None if event.letter is None else texts.letter_body(event.letter)
    sha256 = None if letter is None else texts.digest(letter)
    body = EventBody(
        detail=event.detail,
        words=event.words,
        quick=event.quick,
        review_ms=event.review_ms,
        edit_words=event.edit_words,
        sent_words=None if event.letter is None else texts.words(event.letter.text),
        receipt_id=event.receipt_id,
        drafted=event.drafted,
    )
    connection.execute(
        insert(desk_event).values(
            item_id=item_id,
            seq=last + 1,
            kind=event.kind.value,
            at_ms=event.at_ms,
            actor_id=event.actor_id,
            text_sha256=sha256,
            active_ms=_active_ms(connection, item_id, event.actor_id),
            body=encode(body).decode(),
        )
    )
    if event.kind in REVIEWS:
        connection.execute(
            insert(desk_sent).values(
                item_id=item_id,
                review_seq=last + 1,
                review_kind=event.kind.value,
                text_sha256=sha256,
                body=letter,
                at_ms=event.at_ms,
            )
        )


def _active_ms(connection: Connection, item_id: str, actor_id: str | None) -> int | None:
    mine = (desk_focus.c.item_id == item_id) & (desk_focus.c.member_id == actor_id)
    return connection.scalar(select(desk_focus.c.active_ms).where(mine))


def _project(connection: Connection, row: Row[Any], case: Case) -> None:
    """What stands, beside the item: the fold of its events, and nothing else."""
    last = connection.scalar(select(func.max(desk_event.c.at_ms)).where(desk_event.c.item_id == row.id))
    values: dict[str, Any] = {
        "state": case.state.value,
        "outcome": case.outcome,
        "holder_id": case.holder_id,
        "held_ms": case.held_ms if case.state in HELD else None,
        "to_call": int(case.to_call),
        "errors": case.errors,
        "touched_ms": max(row.touched_ms, last or 0),
    }
    if case.state is State.CLOSED:
        values["written"] = ""
    connection.execute(update(desk_item).where(desk_item.c.id == row.id).values(**values))


def set_drafting(connection: Connection, item_id: str, **values: Any) -> None:
    connection.execute(update(desk_draft).where(desk_draft.c.item_id == item_id).values(**values))


def note_flags(connection: Connection, row: Row[Any], draft: Draft) -> None:
    """What a clerk should be careful about, of the best that is known."""
    found = sorted(flags_of(draft, masked=bool(masked(row))))
    connection.execute(update(desk_item).where(desk_item.c.id == row.id).values(flags=encode(found).decode()))


# -- counts ------------------------------------------------------------------------------------------------------------


def _counted(event: Event) -> list[str]:
    """Names under which an event is counted for ever."""
    if event.kind is Kind.COMPLAINT:
        return ["errors_clerk" if event.actor_id else "errors_public"]
    if event.kind is Kind.RECEIVED:
        return ["received_clerk" if event.actor_id else "received_public"]
    if event.kind in REVIEWS:
        return [event.kind.value, *(["quick"] if event.quick else [])]
    return [event.kind.value] if event.kind is Kind.DRAFTED else []


COUNTED = (
    *("received_clerk", "received_public", "drafted"),
    *(one.value for one in REVIEWS),
    *("quick", "errors_clerk", "errors_public"),
)
"""Every name there may be."""


def count(connection: Connection, month: str, name: str) -> None:
    here = (desk_count.c.month == month) & (desk_count.c.name == name)
    one_more = update(desk_count).where(here).values(count=desk_count.c.count + 1)
    if not connection.execute(one_more).rowcount:
        connection.execute(insert(desk_count).values(month=month, name=name, count=1))


def counts(connection: Connection, month: str | None) -> dict[str, int]:
    """How many of each, in a month or (None) since ever; 0 where nothing happened."""
    query = select(desk_count.c.name, func.sum(desk_count.c.count)).group_by(desk_count.c.name)
    if month is not None:
        query = query.where(desk_count.c.month == month)
    there = {name: int(number) for name, number in connection.execute(query)}
    return {name: there.get(name, 0) for name in COUNTED}
