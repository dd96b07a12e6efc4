"""Do the decisions follow from the votes? Everything is replayed and counted again, against the public log.

What whoever holds the database could write by hand is found here: an event without its leaf, a ballot altered, added
or taken away, a result that is not that of its ballots, an enactment without an adoption or before the time to contest
it, thresholds that were not those of the rule, a role that no mandate gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from affouage.assembly import event_book, polls
from affouage.assembly.area import Area
from affouage.assembly.charter import read_body
from affouage.assembly.decisions import electorate
from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions.agenda import MS_PER_MIN
from affouage.assembly.decisions.electorate import Elector
from affouage.assembly.decisions.state import AssemblyState, Happened, Poll, fold
from affouage.assembly.poll_count import Cast, judged
from affouage.assembly.rules.governance import PROFILES, GovernanceRules, profile
from affouage.errors import AffouageError
from affouage.journal import log
from affouage.journal.problem import Problem
from affouage.ledger import rule_rows
from affouage.storage.tables import assembly_event, elector, member

PLACE = "assembly"


class Replay:
    """A hook of ``journal.verify``. ``governance``: the area of the thresholds."""

    def __init__(self, governance: Area) -> None:
        self._governance = governance

    def __call__(self, connection: Connection) -> Iterator[Problem]:
        happened, broken = _events(connection)
        yield from broken
        yield from _leaves(connection, happened)
        try:
            state = fold(happened)
        except (KeyError, ValueError) as wrong:
            yield Problem(PLACE, None, f"the events do not follow from one another: {wrong}")
            return
        for problem in rule_rows.read(connection)[1]:
            yield Problem("rule", problem.version, f"{problem.area}@{problem.version}: {problem.what}")
        for poll in state.polls.values():
            yield from self._poll(connection, poll)
        yield from _enactments(state)
        yield from _roles(connection, state)

    def _poll(self, connection: Connection, poll: Poll) -> Iterator[Problem]:
        opened, closed = poll.opened, poll.closed
        listed = [
            Elector(row.member_id, row.college)
            for row in connection.execute(select(elector).where(elector.c.poll_id == poll.id))
        ]
        erased = any(one.member_id.startswith("erased_") for one in listed)
        if electorate.by_college(listed) != opened.electors or (
            not erased and electorate.digest(listed) != opened.electorate_sha256
        ):
            yield _wrong(poll, "the roll of electors is not the one it opened with")
        if not self._as_ruled(connection, opened):
            yield _wrong(poll, "its thresholds are not those of the rule in force when it opened")
        if closed is None or closed.belenios is not None or closed.outcome == "too_few_for_secrecy":
            return
        yield from _count(connection, poll, closed, poll.closed_ms or 0)

    def _as_ruled(self, connection: Connection, opened: ev.PollOpened) -> bool:
        if opened.governance_version == 0:
            rules: GovernanceRules = self._governance.default
        else:
            stored = [
                one
                for one in rule_rows.read(connection, self._governance.name)[0]
                if one.version == opened.governance_version
            ]
            if not stored:
                return False
            rules = read_body(self._governance, stored[0])
        same = any(profile(rules, name) == opened.profile for name in PROFILES)
        lasted = opened.closes_ms - opened.opens_ms == opened.profile.voting_min * MS_PER_MIN
        return same and lasted and opened.colleges == rules.colleges


def _events(connection: Connection) -> tuple[list[Happened], list[Problem]]:
    found, broken = [], []
    rows = connection.execute(select(assembly_event).order_by(assembly_event.c.seq)).all()
    for place, row in enumerate(rows, 1):
        if row.seq != place:
            broken.append(Problem(PLACE, row.seq, "an event is missing before this one"))
            break
        try:
            found.append(Happened(row.seq, row.at_ms, ev.read(row.kind, row.body)))
        except (KeyError, ValueError):
            broken.append(Problem(PLACE, row.seq, f"an event of kind {row.kind!r:.40} cannot be read"))
            break
    return found, broken


def _leaves(connection: Connection, happened: list[Happened]) -> Iterator[Problem]:
    """Each event has its leaf, which says the same, and each leaf its event."""
    where = {
        row.seq: row.leaf_seq for row in connection.execute(select(assembly_event.c.seq, assembly_event.c.leaf_seq))
    }
    used = []
    for one in happened:
        seq = where[one.seq]
        if seq is None or not _backed(connection, seq, one):
            yield Problem(PLACE, one.seq, f"the event {one.event.kind} is not what the public log says")
        else:
            used.append(seq)
    if used != sorted(set(used)):
        yield Problem(PLACE, None, "the events are not in the order of the log")
    kinds = {event_book.LEAF_PREFIX + kind for kind in ev.KINDS}
    for kind in sorted(kinds):
        for leaf in log.of_kind(connection, kind):
            if leaf.seq not in used:
                yield Problem(PLACE, leaf.seq, f"the log holds a {kind} that is among the events no more")


def _backed(connection: Connection, seq: int, one: Happened) -> bool:
    leaf = log.leaf(connection, seq)
    same = leaf.kind == event_book.LEAF_PREFIX + one.event.kind and leaf.created_ms == one.at_ms
    if not same or leaf.public != _plain(one.event.public()):
        return False
    record = log.opened(connection, seq)
    return record is None or record.private == _plain(one.event.private())


def _plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def _count(connection: Connection, poll: Poll, closed: ev.PollClosed, closed_ms: int) -> Iterator[Problem]:
    ballots = polls.cast_ballots(connection, poll)
    if len(ballots) > sum(poll.opened.electors.values()):
        yield _wrong(poll, "it has more ballots than electors")
    if polls.ballots_digest(ballots) != closed.ballots_sha256:
        yield _wrong(poll, "its ballots are not those that were counted")
        return
    try:
        again = judged(poll.opened, ballots)
    except AffouageError as refused:
        yield _wrong(poll, f"it cannot be counted again: {refused.code}")
        return
    if (again.outcome, again.winner, _plain(again.told)) != (closed.outcome, closed.winner, _plain(closed.count)):
        yield _wrong(poll, f"counted again it is not what the result says ({again.outcome}; {closed.outcome})")
    everybody = len(ballots) == sum(poll.opened.electors.values())
    if closed_ms < poll.opened.closes_ms and not everybody:
        yield _wrong(poll, "it was closed before its time")
    if poll.opened.secrecy == "open":
        yield from _ballot_leaves(connection, poll, ballots)


def _ballot_leaves(connection: Connection, poll: Poll, ballots: list[Cast]) -> Iterator[Problem]:
    """The leaf of each open ballot still says what the ballot says; of an erased voter nothing more is known."""
    held = {one.id: (one.choice, one.reason) for one in ballots}
    number = 0
    for leaf in log.of_kind(connection, "ballot"):
        if leaf.public != {"poll": poll.id}:
            continue
        number += 1
        record = log.opened(connection, leaf.seq)
        if record is None:
            continue
        said = record.private
        if held.get(said["voter"]) != (said["choice"], said["reason"]):
            yield _wrong(poll, "a ballot is not the one that the log commits to")
    if number != len(ballots):
        yield _wrong(poll, f"it has {len(ballots)} ballots; the log has {number}")


def _enactments(state: AssemblyState) -> Iterator[Problem]:
    for one in state.proposals.values():
        if one.state not in ("scheduled", "in_force", "superseded", "repealed"):
            continue
        poll = state.poll_of(one)
        adopted = [at_ms for to, at_ms, _ in one.history if to == "adopted"]
        done = [at_ms for to, at_ms, _ in one.history if to in ("scheduled", "in_force")]
        won = poll is not None and poll.closed is not None and poll.closed.outcome == "adopted"
        if not won or not adopted or poll is None:
            yield Problem(PLACE, one.id, f"proposal {one.id} has its effect and no vote adopted it")
            continue
        if len(poll.opened.proposals) > 1 and poll.closed and poll.closed.winner != str(one.id):
            yield Problem(PLACE, one.id, f"proposal {one.id} has its effect and another won")
        delay_min = 0 if isinstance(one.about, ev.Ratification) else poll.opened.profile.contest_min
        if min(done) - adopted[-1] < delay_min * MS_PER_MIN:
            yield Problem(PLACE, one.id, f"proposal {one.id} had its effect before the time to contest it was over")


def _roles(connection: Connection, state: AssemblyState) -> Iterator[Problem]:
    """Once the members decide, who looks after the commons does so by a mandate."""
    if not state.founded:
        return
    given = Counter((one.member_id, one.scope) for one in state.mandates.values())
    rows = connection.execute(select(member.c.id, member.c.role).where(member.c.role.in_(("steward", "operator"))))
    for row in rows:
        if not given[row.id, row.role]:
            yield Problem("roll", None, f"somebody has the role of {row.role} and no mandate ever gave it")
    for mandate in state.mandates.values():
        if mandate.proposal_id is None:
            if mandate.from_ms != state.founded_ms:
                yield Problem(PLACE, mandate.id, f"mandate {mandate.id} was given without a vote after the founding")
            continue
        by = state.proposals.get(mandate.proposal_id)
        about = None if by is None else by.about
        if not isinstance(about, ev.MandateGiven) or (about.member_id, about.scope) != (
            mandate.member_id,
            mandate.scope,
        ):
            yield Problem(PLACE, mandate.id, f"mandate {mandate.id} is not the one that was voted")


def _wrong(poll: Poll, what: str) -> Problem:
    return Problem("vote", poll.id, f"vote {poll.id}: {what}")
