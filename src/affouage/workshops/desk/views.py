"""What a clerk sees of the queue and of an item. Functions of a connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, Select, case, func, select

from affouage.errors import BadRequest
from affouage.storage.tables import desk_draft, desk_item
from affouage.workshops.desk import decide, rows, texts
from affouage.workshops.desk.cases import HELD, HOUR_MS, MINUTE_MS, Case, Kind, State
from affouage.workshops.desk.decide import Situation
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.desk.shapes import Arm, Draft, DraftState, Happened, Queued, Seen, Waiting

LISTED = 200
"""Items of a list at most."""

Which = Literal["open", "mine", "to_call", "closed"]
OPEN = (State.WAITING.value, State.TAKEN.value, State.DISPUTED.value, State.RETAKEN.value)
DISPUTED = (State.DISPUTED.value, State.RETAKEN.value)


def listed(connection: Connection, which: str, who_id: str, rules: DeskRules, now_ms: int) -> list[Queued]:
    """Those of a list: what somebody found wrong first, then oldest first; closed ones newest first.

    Raises BadRequest for a list there is not.
    """
    return [queued(row, who_id, rules, now_ms) for row in connection.execute(_query(which, who_id).limit(LISTED))]


def _query(which: str, who_id: str) -> Select[Any]:
    of = desk_item.c
    query = select(desk_item, desk_draft.c.state.label("draft_state")).join(
        desk_draft, desk_draft.c.item_id == desk_item.c.id
    )
    if which == "closed":
        return query.where(of.state == State.CLOSED.value).order_by(of.touched_ms.desc(), of.id)
    wanted = {"open": of.state.in_(OPEN), "mine": of.holder_id == who_id, "to_call": of.to_call == 1}
    if which not in wanted:
        raise BadRequest("There is no such list.", remedy=f"Use one of: {', '.join(wanted)}, closed.", param="which")
    wrong_first = case((of.state.in_(DISPUTED), 0), else_=1)
    return query.where(wanted[which]).order_by(wrong_first, of.created_ms, of.id)


def queued(row: Row[Any], who_id: str, rules: DeskRules, now_ms: int) -> Queued:
    return Queued(
        id=row.id,
        created_ms=row.created_ms,
        origin=row.origin,
        state=row.state,
        question=row.question,
        arm=msgspec.convert(row.arm, Arm),
        draft_state=msgspec.convert(row.draft_state, DraftState),
        flags=rows.flags(row),
        late=_late(row, rules, now_ms),
        mine=row.holder_id == who_id,
        holder_id=row.holder_id,
        has_contact=bool(row.contact),
        to_call=bool(row.to_call),
        errors=row.errors,
        outcome=row.outcome,
    )


def _late(row: Row[Any], rules: DeskRules, now_ms: int) -> bool:
    """Since it came, or since somebody said that what left is wrong."""
    since_ms = row.touched_ms if row.state in DISPUTED else row.created_ms
    return row.state in OPEN and now_ms - since_ms >= rules.alarm_hours * HOUR_MS


def seen(connection: Connection, item_id: str, here: Situation, who_id: str) -> Seen:
    """One item, whole, but for a draft that may not be seen yet. Raises NotFound."""
    row = rows.find(connection, item_id)
    case_ = rows.case_of(connection, row)
    drafting = rows.draft_row(connection, item_id)
    with_state = connection.execute(_query_one(item_id)).one()
    happened = rows.events(connection, item_id)
    holds = case_.holder_id == who_id and case_.state in HELD
    draft = _draft(case_, holds=holds)
    item = queued(with_state, who_id, here.rules, here.now_ms)
    if case_.stopped and item.draft_state in ("wanted", "made"):
        item = msgspec.structs.replace(item, draft_state="stopped")
    return Seen(
        item=item,
        language=row.language,
        contact=row.contact,
        masked=rows.masked(row),
        found=case_.found,
        draft=draft,
        draft_sha256="" if draft is None else texts.draft_digest(draft),
        draft_problem=drafting.problem,
        written=row.written,
        opened=tuple(sorted(case_.opened)) if holds else (),
        must_open=holds and case_.must_open(Kind.SENT_OWN if draft is None else Kind.SENT_AS_IS),
        acts=decide.acts(case_, here),
        sent=rows.sent(connection, item_id),
        events=tuple(_happened(one) for one in happened),
        complaints=_complaints(happened),
        reading_ms=0 if draft is None else texts.reading_ms(draft.text),
        held_until_ms=case_.held_ms + here.rules.release_minutes * MINUTE_MS if holds else None,
    )


def _draft(case_: Case, *, holds: bool) -> Draft | None:
    """The draft that may be seen: by who holds the item, or by anybody at the desk once something has left."""
    if holds:
        return case_.visible
    return case_.draft if case_.state in (State.CLOSED, State.DISPUTED) and not case_.stopped else None


def _query_one(item_id: str) -> Select[Any]:
    return (
        select(desk_item, desk_draft.c.state.label("draft_state"))
        .join(desk_draft, desk_draft.c.item_id == desk_item.c.id)
        .where(desk_item.c.id == item_id)
    )


def _happened(row: Row[Any]) -> Happened:
    return Happened(
        seq=row.seq, kind=row.kind, at_ms=row.at_ms, actor_id=row.actor_id, detail=rows.read_body(row.body).detail
    )


def _complaints(happened: Sequence[Row[Any]]) -> tuple[str, ...]:
    said = (rows.read_body(one.body).words for one in happened if one.kind == Kind.COMPLAINT)
    return tuple(one for one in said if one)


def waiting(connection: Connection, rules: DeskRules, now_ms: int) -> Waiting:
    """How the queue stands."""
    of = desk_item.c
    per_state = select(of.state, func.count(), func.min(of.created_ms)).where(of.state.in_(OPEN)).group_by(of.state)
    found = {state: (number, oldest) for state, number, oldest in connection.execute(per_state)}
    since_ms = case((of.state.in_(DISPUTED), of.touched_ms), else_=of.created_ms)
    late = select(func.count()).where(of.state.in_(OPEN), since_ms <= now_ms - rules.alarm_hours * HOUR_MS)
    return Waiting(
        waiting=found.get("waiting", (0, None))[0],
        taken=found.get("taken", (0, None))[0] + found.get("retaken", (0, None))[0],
        disputed=found.get("disputed", (0, None))[0],
        late=connection.scalar(late) or 0,
        oldest_ms=min((oldest for _, oldest in found.values()), default=None),
    )
