"""Bringing about what is due: a passage, a vote opened or closed, an enactment. Functions of a connection."""

from __future__ import annotations

from sqlalchemy import Connection

from affouage.assembly import mandate_book, mandates, polls, roll
from affouage.assembly.charter import Warrant
from affouage.assembly.decisions import agenda
from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions.agenda import Due
from affouage.assembly.decisions.events import RuleChange
from affouage.assembly.decisions.proposal import Proposal
from affouage.assembly.decisions.state import AssemblyState
from affouage.assembly.event_book import record, state_of
from affouage.assembly.house import House
from affouage.errors import AffouageError, NotFound, RuleRefused

STEPS_MOST = 10_000
"""At one go: beyond, something goes round in circles."""
MS_PER_DAY = 86_400_000


def bring_up_to_date(house: House, known: AssemblyState | None, now_ms: int) -> int:
    """Bring about all that is due, one thing after the other, in this one transaction; how many things."""
    connection = house.connection
    state = state_of(connection, known)
    if not state.founded:
        return 0
    for done in range(STEPS_MOST):
        rules, _ = house.governance(now_ms)
        next_one = agenda.due(state, rules, now_ms)
        if next_one is None:
            return done
        _apply(house, state, next_one, now_ms)
        state = state_of(connection, state)
    raise RuntimeError("the assembly's steps do not come to an end")


def _apply(house: House, state: AssemblyState, one: Due, now_ms: int) -> None:
    connection = house.connection
    match one.kind:
        case "pass" if one.to == "frozen":
            record(connection, polls.frozen(state.proposals[one.number], one.cause), now_ms)
        case "pass":
            record(connection, ev.Advanced(id=one.number, to=one.to, cause=one.cause), now_ms)
            if one.to == "rejected":
                _lift_rejected(connection, state, state.proposals[one.number], now_ms)
        case "open":
            polls.open_poll(house, state, state.proposals[one.number], now_ms)
        case "close":
            close_poll(connection, state, one.number, now_ms)
        case "enact":
            _enact(house, state, state.proposals[one.number], now_ms)
        case "in_force":
            record(connection, ev.Advanced(id=one.number, to="in_force", cause="its_day"), now_ms)
        case "end_mandate":
            mandate_book.end(connection, one.number, now_ms, one.cause)


def close_poll(connection: Connection, state: AssemblyState, poll_id: int, now_ms: int) -> None:
    """Count a vote and let its proposals pass to what follows."""
    polls.close(connection, state, state.polls[poll_id], now_ms)
    after = state_of(connection, state)
    for number in state.polls[poll_id].opened.proposals:
        if after.proposals[number].state == "rejected":
            _lift_rejected(connection, after, after.proposals[number], now_ms)


def _lift_rejected(connection: Connection, state: AssemblyState, one: Proposal, now_ms: int) -> None:
    """An emergency measure that the members reject ends at once."""
    if isinstance(one.about, ev.Ratification):
        measure = state.emergencies[one.about.emergency]
        if measure.active(now_ms):
            record(connection, ev.EmergencyLifted(id=one.about.emergency, at_ms=now_ms, why="rejected"), now_ms)


def _enact(house: House, state: AssemblyState, one: Proposal, now_ms: int) -> None:
    about, connection = one.about, house.connection
    if isinstance(about, RuleChange | ev.Ratification):
        _enact_rule(house, state, one, about, now_ms)
        return
    try:
        _take_effect(connection, state, one, now_ms)
    except AffouageError as refused:  # the person left meanwhile, the last operator ...
        record(connection, ev.Advanced(id=one.id, to="rejected", cause=f"refused:{refused.code}"), now_ms)
        return
    record(connection, ev.Advanced(id=one.id, to="in_force", cause="enacted"), now_ms)


def _enact_rule(
    house: House,
    state: AssemblyState,
    one: Proposal,
    about: RuleChange | ev.Ratification,
    now_ms: int,
) -> None:
    connection = house.connection
    try:
        value = house.changed(about)
    except RuleRefused as refused:
        cause = "needs_rebase" if refused.code == "needs_rebase" else f"refused:{refused.code}"
        to = "needs_rebase" if isinstance(about, RuleChange) else "rejected"  # a measure is taken anew, if need be
        record(connection, ev.Advanced(id=one.id, to=to, cause=cause), now_ms)
        return
    if isinstance(about, ev.Ratification) and state.emergencies[about.emergency].active(now_ms):
        record(connection, ev.EmergencyLifted(id=about.emergency, at_ms=now_ms, why="ratified"), now_ms)
    repeals = isinstance(about, RuleChange) and about.repeals is not None
    version = house.charter.write_decided(
        connection,
        about.area,
        value,
        decided_by=f"proposal {one.id}",
        reason=one.title,
        in_force_ms=max(now_ms, one.effective_ms or 0),
        now_ms=now_ms,
        warrant=Warrant(kind="repeal" if repeals else "proposal", proposal_id=one.id),
    )
    enacted = ev.Enacted(
        id=one.id,
        area=about.area,
        version=version.version,
        in_force_ms=version.in_force_ms,
        content_sha256=version.content_sha256,
    )
    record(connection, enacted, now_ms)


def _take_effect(connection: Connection, state: AssemblyState, one: Proposal, now_ms: int) -> None:
    match one.about:
        case ev.MandateGiven(member_id=member_id, scope=scope, days=days):
            mandate_book.grant(
                connection, member_id, scope, now_ms, now_ms + days * MS_PER_DAY, now_ms, proposal_id=one.id
            )
        case ev.MandateTaken(mandate=number):
            if state.mandates[number].ended_ms is not None:
                raise NotFound("That mandate is over.", remedy="Nothing is left to end.", code="mandate_over")
            mandate_book.end(connection, number, now_ms, "revoked")
        case ev.Exclusion(member_id=member_id):
            mandates.close_account(connection, roll.by_id(connection, member_id), now_ms)
            for mandate in state.mandates.values():
                if mandate.member_id == member_id and mandate.holds(now_ms):
                    mandate_book.end(connection, mandate.id, now_ms, "left")
            record(connection, ev.Excluded(id=one.id), now_ms)
        case _:
            pass  # a choice is recorded; people do it
