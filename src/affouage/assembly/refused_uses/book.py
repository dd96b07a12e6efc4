"""Reports written down, decided, appealed, closed. Functions of a connection, each inside the writer's transaction.

A decision is a leaf of the public log first, then it takes effect, in the same transaction: neither without the other.
The leaf tells the report's number, the line of the charter and the outcome; who and why it only commits to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from affouage.assembly import credentials
from affouage.assembly.refused_uses import decide as rules
from affouage.assembly.refused_uses import lot, rows
from affouage.assembly.refused_uses.decide import Event, Opinion, Parties, State
from affouage.assembly.refused_uses.rows import MODERATOR, PANEL, Report
from affouage.assembly.refused_uses.terms import Terms
from affouage.assembly.rules.uses import SanctionStep
from affouage.errors import BadRequest, Conflict, NotAllowed
from affouage.journal import log
from affouage.storage.tables import journal_checkpoint, panel_seat, report, report_decision, sanction

BY_PANEL, BY_TIME = "panel", "time"
LEAF = "moderation_decision"
DRAW_LEAF = "panel_draw"


def file(
    connection: Connection,
    *,
    line: str,
    words: str,
    content: str,
    reporter_id: str | None,
    owner_id: str | None,
    receipt_id: str | None,
    terms: Terms,
    now_ms: int,
    flagged_by: str = "",
) -> str:
    """Write a report down; its number. ``owner_id``: the member whose answer it is, None when nobody knows.

    Somebody who reports their own answer is concerned by no sanction. Raises BadRequest (line, words, content).
    """
    if terms.line(line) is None:
        raise BadRequest(
            "This is no line of the charter.", remedy="Choose one from the list.", param="line", code="report_line"
        )
    words, content = rules.check_words(words, content)
    own = owner_id is not None and owner_id == reporter_id
    report_id = f"rpt_{credentials.new_id()}"
    ends_ms = rules.due_ms(State.OPEN, now_ms, terms)
    connection.execute(
        insert(report).values(
            id=report_id,
            created_ms=now_ms,
            reporter_id=reporter_id,
            subject_id=None if own else owner_id,
            receipt_id=receipt_id,
            place="answer" if own or flagged_by else "public",
            charter_line=line,
            words=words,
            content=content,
            flagged_by=flagged_by,
            state=State.OPEN.value,
            due_ms=ends_ms,
            appeal="",
            draw_seq=None,
            purge_ms=rules.due_ms(State.CLOSED, ends_ms, terms),
        )
    )
    return report_id


def decide(
    connection: Connection,
    report_id: str,
    moderator_id: str,
    outcome: str,
    reason: str,
    *,
    mandated: bool,
    terms: Terms,
    now_ms: int,
) -> None:
    """A moderator decides. Raises NotFound, NotAllowed, BadRequest (reason, outcome), Conflict (not open)."""
    one = rows.find(connection, report_id)
    rules.check_moderator(moderator_id, Parties(one.reporter_id, one.subject_id), mandated=mandated)
    reason = rules.check_reason(reason)
    past = rows.history(connection, one.subject_id) if one.subject_id else []
    next_step = rules.proposed(past, terms, now_ms)
    step = rules.sanction_for(outcome, next_step, terms, somebody=one.subject_id is not None)
    state = rules.after(one.state, Event.NO_SANCTION if step is None else Event.SANCTION)
    _decision(connection, one, MODERATOR, moderator_id, outcome, reason, terms, now_ms, step)
    if step is not None and one.subject_id is not None:
        _sanction(connection, one, one.subject_id, step, now_ms)
    _enter(connection, one, state, terms, now_ms)


def appeal(
    connection: Connection,
    report_id: str,
    member_id: str,
    words: str,
    members: Iterable[str],
    terms: Terms,
    now_ms: int,
) -> tuple[str, ...]:
    """The person concerned appeals, and the panel is drawn among ``members``; who sits.

    The sanction goes on meanwhile. Where nobody is left to sit, it is lifted. Raises NotFound, NotAllowed, BadRequest
    (words), Conflict (too late, or nothing to appeal).
    """
    one = rows.find(connection, report_id)
    parties = rows.parties(connection, one)
    rules.check_appellant(member_id, parties)
    words = rules.check_reason(words)
    state = rules.after(one.state, Event.APPEAL)
    if now_ms >= one.due_ms:
        raise Conflict("The time to appeal is over.", remedy="The decision stands.", code="report_state")
    eligible = lot.eligible_of(members, rules.excluded_from_panel(parties))
    size, root = _published(connection)
    drawn = lot.panel(root, one.id, eligible, terms.rules.panel_size)
    seq = log.append(
        connection,
        DRAW_LEAF,
        {
            "report": one.id,
            "log_size": size,
            "log_root": root.hex(),
            "eligible": len(eligible),
            "places": [eligible.index(seat) for seat in drawn],
            "rule": terms.stamp,
        },
        now_ms,
        private={"eligible": list(eligible), "panel": list(drawn), "appeal": words},
        persons=[*drawn, member_id],  # the others are only ids that may sit: opaque ones
    )
    connection.execute(update(report).where(report.c.id == one.id).values(appeal=words, draw_seq=seq))
    for seat in drawn:
        connection.execute(insert(panel_seat).values(report_id=one.id, member_id=seat, opinion=None, reason=""))
    _enter(connection, one, state, terms, now_ms)
    if not drawn:
        _close_appeal(connection, one, "overturn", BY_TIME, terms, now_ms)
    return drawn


def give_opinion(
    connection: Connection, report_id: str, member_id: str, opinion: str, reason: str, terms: Terms, now_ms: int
) -> State:
    """A member of the panel says what they think; the last one needed decides. The state that follows.

    Raises NotFound, NotAllowed (no seat), BadRequest (reason, opinion), Conflict (closed, or already given).
    """
    one = rows.find(connection, report_id)
    there = {seat.member_id: seat for seat in rows.seats(connection, report_id)}
    if member_id not in there:
        raise NotAllowed("You have no seat on this panel.", remedy="Only who was drawn decides.", code="no_seat")
    if one.state is not State.APPEALED or now_ms >= one.due_ms:
        raise Conflict(
            "The panel has ended.", remedy="See what was decided.", code="report_state", state=str(one.state)
        )
    if there[member_id].opinion is not None:
        raise Conflict("You gave your opinion already.", remedy="It cannot be changed.", code="opinion_given")
    if opinion not in ("uphold", "overturn"):
        raise BadRequest(
            "Choose one of the two opinions.", remedy="uphold or overturn.", param="opinion", code="opinion_refused"
        )
    reason = rules.check_reason(reason)
    seat = (panel_seat.c.report_id == report_id) & (panel_seat.c.member_id == member_id)
    connection.execute(update(panel_seat).where(seat).values(opinion=opinion, reason=reason))
    found = rules.verdict(opinions(connection, report_id))
    if found is None:
        return State.APPEALED
    return _close_appeal(connection, one, found, BY_PANEL, terms, now_ms)


def opinions(connection: Connection, report_id: str) -> list[Opinion | None]:
    return [_opinion(seat.opinion) for seat in rows.seats(connection, report_id)]


def keep_up(connection: Connection, terms: Terms, now_ms: int) -> int:
    """Close what time has ended; how many. Idempotent, and the same whenever it is done."""
    ended = rows.due(connection, now_ms)
    for one in ended:
        event = rules.lapse(one.state, opinions(connection, one.id))
        if event is Event.NOBODY_DECIDED:
            _decision(connection, one, MODERATOR, BY_TIME, rules.UNDECIDED, "", terms, now_ms, None)
            _enter(connection, one, rules.after(one.state, event), terms, now_ms)
        elif event is Event.NOT_APPEALED:
            _enter(connection, one, rules.after(one.state, event), terms, now_ms)
        else:
            _close_appeal(connection, one, "uphold" if event is Event.UPHELD else "overturn", BY_TIME, terms, now_ms)
    return len(ended)


# -- inside --------------------------------------------------------------------------------------------------------


def _close_appeal(connection: Connection, one: Report, found: Opinion, by: str, terms: Terms, now_ms: int) -> State:
    """``by``: the panel, or the time that was over."""
    given = rows.sanction_of(connection, one.id)
    outcome = given.kind if found == "uphold" and given is not None else rules.OVERTURNED
    reason = "\n\n".join(seat.reason for seat in rows.seats(connection, one.id) if seat.opinion == found)
    _decision(connection, one, PANEL, by, outcome, reason, terms, now_ms, None)
    if found == "overturn":
        connection.execute(update(sanction).where(sanction.c.report_id == one.id).values(lifted_ms=now_ms))
    state = rules.after(State.APPEALED, Event.UPHELD if found == "uphold" else Event.OVERTURNED)
    _enter(connection, one, state, terms, now_ms)
    return state


def _decision(
    connection: Connection,
    one: Report,
    number: int,
    by: str,
    outcome: str,
    reason: str,
    terms: Terms,
    now_ms: int,
    step: SanctionStep | None,
) -> None:
    public: dict[str, Any] = {
        "report": one.id,
        "step": number,
        "line": one.charter_line,
        "outcome": outcome,
        "rule": terms.stamp,
    }
    if step is not None:
        public["days"] = step.days
    persons = {one.reporter_id, one.subject_id, by} - {None, BY_PANEL, BY_TIME}
    persons |= {seat.member_id for seat in rows.seats(connection, one.id)} if number == PANEL else set()
    seq = log.append(
        connection,
        LEAF,
        public,
        now_ms,
        private={"by": by, "subject": one.subject_id or "", "reporter": one.reporter_id or "", "reason": reason},
        persons=sorted(person for person in persons if person),
    )
    connection.execute(
        insert(report_decision).values(
            report_id=one.id,
            step=number,
            decided_by=by,
            outcome=outcome,
            reason=reason,
            at_ms=now_ms,
            leaf_seq=seq,
        )
    )


def _sanction(connection: Connection, one: Report, member_id: str, step: SanctionStep, now_ms: int) -> None:
    connection.execute(
        insert(sanction).values(
            id=f"san_{credentials.new_id()}",
            report_id=one.id,
            member_id=member_id,
            kind=step.kind,
            percent=step.percent,
            from_ms=now_ms,
            until_ms=rules.ends_ms(step, now_ms),
            lifted_ms=None,
        )
    )


def _enter(connection: Connection, one: Report, state: State, terms: Terms, now_ms: int) -> None:
    """Begin a state; what was shown of the content goes when the report is closed."""
    ends_ms = rules.due_ms(state, now_ms, terms)
    kept_ms = ends_ms if state is State.CLOSED else rules.due_ms(State.CLOSED, ends_ms, terms)
    values: dict[str, Any] = {"state": state.value, "due_ms": ends_ms, "purge_ms": kept_ms}
    if state is State.CLOSED:
        values["content"] = ""
    connection.execute(update(report).where(report.c.id == one.id).values(**values))


def _published(connection: Connection) -> tuple[int, bytes]:
    """Size and root of the log as it was last signed, which others may hold already; of the whole log before that."""
    signed = connection.scalar(select(func.max(journal_checkpoint.c.size)))
    size = log.size(connection) if signed is None else int(signed)
    return size, log.root(connection, size)


def _opinion(text: str | None) -> Opinion | None:
    return "uphold" if text == "uphold" else "overturn" if text == "overturn" else None
