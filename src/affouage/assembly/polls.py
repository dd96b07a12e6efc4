"""Votes: opened with the roll of the moment, cast, closed and counted. Functions of a connection."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from affouage.assembly import roll
from affouage.assembly.decisions import agenda, electorate
from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions.events import RuleChange
from affouage.assembly.decisions.proposal import Proposal, text_of
from affouage.assembly.decisions.state import AssemblyState, Happened, Poll
from affouage.assembly.event_book import record
from affouage.assembly.house import House
from affouage.assembly.poll_count import Cast, judged
from affouage.assembly.rules.governance import FEWEST_SECRET, Profile, profile
from affouage.errors import AffouageError, BadRequest, Conflict, NotAllowed, NotFound
from affouage.journal import log
from affouage.storage.tables import detached_ballot, elector, roll_entry, vote
from affouage.storage.unordered import mix

MS_PER_MIN = 60_000
REASON_MOST = 1000
_STRENGTH = ("ordinary", "persons", "reinforced", "entrenched")


def open_poll(house: House, state: AssemblyState, first: Proposal, now_ms: int) -> None:
    """Open the vote on a frozen proposal (its rivals with it), or its second convocation.

    A rule that changed meanwhile in the same place, an empty roll, a roll too small for the secret asked: the proposal
    passes to what that means instead.
    """
    connection = house.connection
    rules, version = house.governance(now_ms)
    last = state.poll_of(first)
    second = first.state == "no_quorum" and last is not None
    together = [state.proposals[n] for n in last.opened.proposals] if second and last else agenda.rivals(state, first)
    if second and last:
        asked = last.opened.profile
    else:
        asked = profile(rules, max((one.profile for one in together), key=_STRENGTH.index))
    electors = house.electors(first.about, now_ms)
    trouble = _trouble(house, together, asked, electors)
    if trouble is not None:
        number, to, cause = trouble
        record(connection, ev.Advanced(id=number, to=to, cause=cause), now_ms)
        return
    method, options = agenda.question(together, asked, len(electors), rules.consent_most_members)
    poll_id = state.next_id(state.polls)
    rows = [{"poll_id": poll_id, "member_id": one.member_id, "college": one.college} for one in electors]
    connection.execute(insert(elector), rows)
    opened = ev.PollOpened(
        id=poll_id,
        proposals=tuple(one.id for one in together),
        method=method,
        options=options,
        profile=asked,
        governance_version=last.opened.governance_version if second and last else version,
        electors=electorate.by_college(electors),
        electorate_sha256=electorate.digest(electors),
        opens_ms=now_ms,
        closes_ms=now_ms + asked.voting_min * MS_PER_MIN,
        secrecy=asked.secrecy,
        round=2 if second else 1,
        quorum_percent=max(0, asked.second_quorum_percent) if second else asked.quorum_percent,
        colleges=last.opened.colleges if second and last else rules.colleges,
    )
    record(connection, opened, now_ms)


def _trouble(
    house: House, together: list[Proposal], asked: Profile, electors: tuple[electorate.Elector, ...]
) -> tuple[int, str, str] | None:
    """(proposal, state it passes to, cause): why this vote cannot be opened; None when it can."""
    first = together[0]
    for one in together:
        if isinstance(one.about, RuleChange):
            try:
                house.changed(one.about)
            except AffouageError as refused:
                cause = "needs_rebase" if refused.code == "needs_rebase" else f"refused:{refused.code}"
                return one.id, "needs_rebase", cause
    if not electors:
        return first.id, "rejected", "no_electors"
    smallest = min(electorate.by_college(electors).values())
    if asked.secrecy == "detached" and smallest < FEWEST_SECRET:
        return first.id, "rejected", "too_few_for_secrecy"
    return None


def frozen(one: Proposal, cause: str) -> ev.Advanced:
    """The passage that freezes a text. Texts about persons stay out of the public log."""
    text = text_of(one)
    about_persons = not isinstance(one.about, RuleChange | ev.Ratification | ev.Choice)
    if about_persons:
        return ev.Advanced(id=one.id, to="frozen", cause=cause)
    body = msgspec.json.Encoder(order="deterministic").encode(text)
    return ev.Advanced(id=one.id, to="frozen", cause=cause, text_sha256=hashlib.sha256(body).hexdigest(), text=text)


# -- casting -----------------------------------------------------------------------------------------------------


def cast(
    connection: Connection,
    state: AssemblyState,
    poll_id: int,
    voter_id: str,
    cast_by: str,
    choice: Any,
    reason: str,
    now_ms: int,
) -> str:
    """Write a ballot; the receipt of a detached one (its random id), "" for an open one.

    Raises NotFound, Conflict (not open, voted already), NotAllowed (no elector, no proxy), BadRequest (no such choice).
    """
    poll = open_one(state, poll_id, now_ms)
    college = connection.scalar(
        select(elector.c.college).where(elector.c.poll_id == poll_id, elector.c.member_id == voter_id)
    )
    if college is None:
        raise NotAllowed(
            "Only those who were on the roll when this vote opened may vote.",
            remedy="You can vote in those that open from now on.",
            code="not_elector",
        )
    _check_active(connection, cast_by)
    if voter_id != cast_by:
        _check_proxy(connection, state, poll, voter_id, cast_by, now_ms)
    _check_choice(poll, choice, reason)
    if poll.opened.secrecy == "detached":
        return _cast_detached(connection, poll_id, voter_id, college, choice)
    if poll.opened.secrecy == "belenios":
        raise Conflict("This vote is held in Belenios.", remedy="Use the link you were sent.", code="vote_elsewhere")
    connection.execute(delete(vote).where(vote.c.poll_id == poll_id, vote.c.voter_id == voter_id))
    row = {"poll_id": poll_id, "voter_id": voter_id, "cast_by": cast_by, "at_ms": now_ms}
    connection.execute(insert(vote), {**row, "choice": _text(choice), "reason": " ".join(reason.split())})
    return ""


def open_one(state: AssemblyState, poll_id: int, now_ms: int) -> Poll:
    """Raises NotFound; Conflict for a vote that is over."""
    poll = state.polls.get(poll_id)
    if poll is None:
        raise NotFound("There is no such vote.", remedy="See the assembly's page.", code="poll_not_found")
    if poll.closed is not None or now_ms >= poll.opened.closes_ms:
        raise Conflict("This vote is over.", remedy="Its result is on the proposal's page.", code="poll_closed")
    return poll


def _check_active(connection: Connection, member_id: str) -> None:
    if not roll.by_id(connection, member_id).active:
        raise NotAllowed("This account is deactivated.", remedy="Ask a steward.", code="member_deactivated")


def _check_proxy(
    connection: Connection, state: AssemblyState, poll: Poll, giver: str, holder: str, now_ms: int
) -> None:
    held = [one for one in state.proxies_of(holder, now_ms) if one.giver == giver and one.poll_id in (None, poll.id)]
    if not held:
        raise NotAllowed(
            "You hold no proxy of that member for this vote.", remedy="They can give you one.", code="no_proxy"
        )
    own = connection.scalar(
        select(vote.c.voter_id).where(vote.c.poll_id == poll.id, vote.c.voter_id == giver, vote.c.cast_by == giver)
    )
    if own is not None:
        raise Conflict("That member voted in person.", remedy="Their own vote counts.", code="voted_in_person")


def _check_choice(poll: Poll, choice: Any, reason: str) -> None:
    opened = poll.opened
    if len(reason) > REASON_MOST:
        raise _bad(f"A reason has at most {REASON_MOST} characters.", "Shorten it.")
    if opened.method != "majority_judgment":
        if choice not in opened.options:
            raise _bad("That is no choice of this vote.", f"Choose among: {', '.join(opened.options)}.")
        if choice == "object" and not reason.strip():
            raise _bad("An objection needs its reason.", "Say what would go wrong.", param="reason")
        return
    graded = set(choice) if isinstance(choice, dict) else {None}
    wanted = {*opened.options, NONE_OPTION}
    if graded != wanted or any(type(one) is not int or not 0 <= one < GRADES for one in choice.values()):
        raise _bad("Give each option a grade.", f"One of {GRADES} grades for each of: {', '.join(sorted(wanted))}.")


NONE_OPTION = "none"
"""Graded with the others in a vote on several: none of these."""

GRADES = 6
"""0 to reject, 1 insufficient, 2 passable, 3 fairly good, 4 good, 5 very good."""


def _cast_detached(connection: Connection, poll_id: int, voter_id: str, college: str, choice: Any) -> str:
    """Once and for all: nothing links the ballot to its voter, so it cannot be found again to be changed."""
    known = select(roll_entry.c.voter_id).where(roll_entry.c.poll_id == poll_id, roll_entry.c.voter_id == voter_id)
    if connection.scalar(known) is not None:
        raise Conflict(
            "You have voted already.",
            remedy="A secret ballot cannot be found again to be changed.",
            code="voted_already",
        )
    connection.execute(insert(roll_entry), {"poll_id": poll_id, "voter_id": voter_id})
    ballot_id = secrets.token_hex(16)
    row = {"poll_id": poll_id, "id": ballot_id, "college": college, "choice": _text(choice)}
    connection.execute(insert(detached_ballot), row)
    _mixed(connection, poll_id)
    return ballot_id


def _mixed(connection: Connection, poll_id: int, *, now: bool = False) -> None:
    for table in (roll_entry, detached_ballot):
        mix(connection, table, table.c.poll_id == poll_id, now=now)


def voted(connection: Connection, poll: Poll) -> int:
    """How many have voted."""
    table = roll_entry if poll.opened.secrecy == "detached" else vote
    return connection.execute(select(func.count()).select_from(table).where(table.c.poll_id == poll.id)).scalar_one()


# -- closing -----------------------------------------------------------------------------------------------------


def close(connection: Connection, state: AssemblyState, poll: Poll, now_ms: int) -> Happened:
    """Count, and write the result with each open ballot's own leaf, names only committed to."""
    ballots = cast_ballots(connection, poll)
    kept_secret = poll.opened.secrecy == "detached"
    if kept_secret:
        _mixed(connection, poll.id, now=True)
    if kept_secret and _too_few(ballots, poll):
        # Published, they would tell who voted what; kept, somebody could look.
        connection.execute(delete(detached_ballot).where(detached_ballot.c.poll_id == poll.id))
        closed = _closed(poll, "too_few_for_secrecy", None, {}, [])
    else:
        found = judged(poll.opened, ballots)
        closed = _closed(poll, found.outcome, found.winner, found.told, ballots if kept_secret else None)
        if not kept_secret:
            _write_leaves(connection, poll, ballots, now_ms)
    happened = record(connection, msgspec.structs.replace(closed, ballots_sha256=ballots_digest(ballots)), now_ms)
    _proposals_after(connection, state, poll, closed, now_ms)
    return happened


def close_with_belenios(
    connection: Connection,
    state: AssemblyState,
    poll_id: int,
    outcome: str,
    winner: str | None,
    told: dict[str, Any],
    now_ms: int,
) -> None:
    """The result of a vote held in Belenios. Raises NotFound, Conflict for one that is not, or is over."""
    poll = state.polls.get(poll_id)
    if poll is None:
        raise NotFound("There is no such vote.", remedy="See the assembly's page.", code="poll_not_found")
    if poll.closed is not None or poll.opened.secrecy != "belenios":
        raise Conflict("This vote takes no result from Belenios.", remedy="See its page.", code="poll_closed")
    closed = ev.PollClosed(
        id=poll_id,
        outcome=outcome,
        winner=winner,
        count={},
        ballots_sha256=str(told["archive_sha256"]),
        belenios=told,
    )
    record(connection, closed, now_ms)
    _proposals_after(connection, state, poll, closed, now_ms)


def cast_ballots(connection: Connection, poll: Poll) -> list[Cast]:
    """The ballots of a poll as they are stored, by voter, or by the random id of a detached one."""
    if poll.opened.secrecy == "detached":
        rows = connection.execute(
            select(detached_ballot).where(detached_ballot.c.poll_id == poll.id).order_by(detached_ballot.c.id)
        )
        return [Cast(row.id, row.college, msgspec.json.decode(row.choice)) for row in rows]
    query = (
        select(vote, elector.c.college)
        .join(elector, (elector.c.poll_id == vote.c.poll_id) & (elector.c.member_id == vote.c.voter_id))
        .where(vote.c.poll_id == poll.id)
        .order_by(vote.c.voter_id)
    )
    return [
        Cast(row.voter_id, row.college, msgspec.json.decode(row.choice), row.reason)
        for row in connection.execute(query)
    ]


def ballots_digest(ballots: list[Cast]) -> str:
    """Hex SHA-256 of the choices alone, sorted: who voted is not in it."""
    told = sorted(msgspec.json.encode([one.college, one.choice]) for one in ballots)
    return hashlib.sha256(b"\n".join(told)).hexdigest()


def _too_few(ballots: list[Cast], poll: Poll) -> bool:
    groups = dict.fromkeys(poll.opened.electors, 0)
    for one in ballots:
        groups[one.college] = groups.get(one.college, 0) + 1
    return any(number < FEWEST_SECRET for number in groups.values())


def _closed(
    poll: Poll, outcome: str, winner: str | None, told: dict[str, Any], ballots: list[Cast] | None
) -> ev.PollClosed:
    return ev.PollClosed(
        id=poll.id,
        outcome=outcome,
        winner=winner,
        count=told,
        ballots_sha256="",
        ballots=None if ballots is None else tuple((one.id, one.choice) for one in ballots),
    )


def _write_leaves(connection: Connection, poll: Poll, ballots: list[Cast], now_ms: int) -> None:
    for one in ballots:
        private = {"voter": one.id, "choice": one.choice, "reason": one.reason}
        log.append(connection, "ballot", {"poll": poll.id}, now_ms, private=private, persons=(one.id,))


def _proposals_after(
    connection: Connection, state: AssemblyState, poll: Poll, closed: ev.PollClosed, now_ms: int
) -> None:
    for number in poll.opened.proposals:
        won = closed.winner == str(number) or len(poll.opened.proposals) == 1
        to, cause = _AFTER.get(closed.outcome, ("rejected", closed.outcome))
        if to == "adopted" and not won:
            to, cause = "rejected", "another_won"
        one = state.proposals[number]
        event = frozen(one, cause) if to == "frozen" else ev.Advanced(id=number, to=to, cause=cause)
        record(connection, event, now_ms)


_AFTER = {
    "adopted": ("adopted", "adopted"),
    "no_quorum": ("no_quorum", "no_quorum"),
    "too_few_for_secrecy": ("no_quorum", "too_few_for_secrecy"),
    "objection": ("frozen", "objection"),
}


def forget(connection: Connection, member_id: str) -> None:
    """Erasing a person: their ballots stay in the count, under a name that says nothing, without their reasons."""
    for row in connection.execute(select(vote.c.poll_id).where(vote.c.voter_id == member_id)).scalars().all():
        nobody = f"erased_{secrets.token_hex(8)}"
        mine = (vote.c.poll_id == row) & (vote.c.voter_id == member_id)
        listed = (elector.c.poll_id == row) & (elector.c.member_id == member_id)
        connection.execute(update(vote).where(mine).values(voter_id=nobody, cast_by=nobody, reason=""))
        connection.execute(update(elector).where(listed).values(member_id=nobody))


def _text(choice: Any) -> str:
    return msgspec.json.encode(choice, order="deterministic").decode()


def _bad(message: str, remedy: str, *, param: str = "choice") -> BadRequest:
    return BadRequest(message, remedy=remedy, param=param, code="invalid_ballot")
