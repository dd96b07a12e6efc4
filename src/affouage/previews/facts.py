"""What previews are counted on, read from the books and the roll. Functions of a connection, for a reader's thread.

Each area asks only for what it needs: most of them never read the ledger. The ledger is found by its sequence, not by
its dates, so that what is older than the window is not read at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from affouage.assembly.decisions.proposal import Proposal
from affouage.assembly.decisions.state import AssemblyState, Poll
from affouage.assembly.event_book import state_of
from affouage.ledger.receipt import TRAINING, UNCLAIMED
from affouage.previews.shapes import DAY_MS, WINDOW_DAYS, Asked, Facts, Held, Lent, Pending, Person, Recount
from affouage.storage.tables import (
    conversation,
    desk_item,
    invitation,
    ledger_entry,
    machine_day,
    member,
    member_standing,
    node,
    node_invitation,
    reading_block,
    receipt_salt,
    report,
    session,
    usage_day,
    vote,
)

_STRENGTH = ("ordinary", "persons", "reinforced", "entrenched")


def first_day(calendar: Any, now_ms: int) -> str:
    """The first local day of the window: today is its thirtieth."""
    today = date.fromisoformat(calendar.day(now_ms))
    return (today - timedelta(days=WINDOW_DAYS - 1)).isoformat()


# -- requests ------------------------------------------------------------------------------------------------------


class _Model(msgspec.Struct, frozen=True):
    id: str
    file_sha256: str | None = None
    openness: dict[str, str] = {}


class _Tokens(msgspec.Struct, frozen=True):
    prompt: int | None = None
    decoded: int | None = None


class _Waited(msgspec.Struct, frozen=True):
    wait_reason: str = ""


class _Energy(msgspec.Struct, frozen=True):
    static_uj: int | None = None
    dynamic_uj: int | None = None
    at_least: bool = False


class _Prefix(msgspec.Struct, frozen=True):
    language: str = ""


class _Lean(msgspec.Struct, frozen=True):
    """What of a receipt previews look at; the rest is not even decoded."""

    member_id: str
    door: str
    kind: str
    created_ms: int
    model: _Model
    tokens: _Tokens = _Tokens()
    durations: _Waited = _Waited()
    energy: _Energy = _Energy()
    node_id: str = ""
    reach: str = ""
    workshop: str = ""
    use: str = ""
    prefix: _Prefix | None = None


class _Body(msgspec.Struct, frozen=True):
    content: _Lean


_decode = msgspec.json.Decoder(_Body).decode


def requests(connection: Connection, facts: Facts) -> None:
    """Every answered request of the window, in the order they were asked."""
    trusts = {row.id: row.trust for row in connection.execute(select(node.c.id, node.c.trust))}
    facts.asked = sorted(_asked(connection, facts.first_ms, trusts), key=lambda one: one.at_ms)


def _asked(connection: Connection, first_ms: int, trusts: Mapping[str, int]) -> Iterator[Asked]:
    query = select(ledger_entry.c.body).where(
        ledger_entry.c.seq >= _first_seq(connection, first_ms), ledger_entry.c.kind == "settled"
    )
    rows = connection.execution_options(yield_per=2000).execute(query)
    told: dict[tuple[str, str | None], dict[str, str]] = {}  # one for each model, not for each request
    for (body,) in rows:
        one = _decode(body).content
        if one.kind in (TRAINING, UNCLAIMED) or one.created_ms < first_ms:
            continue
        energy = one.energy
        known = energy.static_uj is not None and energy.dynamic_uj is not None and not energy.at_least
        yield Asked(
            one.created_ms,
            one.member_id,
            one.workshop or one.door,
            one.use,
            one.model.id,
            one.model.file_sha256,
            told.setdefault((one.model.id, one.model.file_sha256), one.model.openness),
            one.reach,
            trusts.get(one.node_id) if one.node_id else 0,
            (energy.static_uj or 0) + (energy.dynamic_uj or 0) if known else None,
            one.tokens.prompt or 0,
            one.tokens.decoded or 0,
            one.durations.wait_reason == "turn",
            one.prefix.language if one.prefix else "",
        )


def _first_seq(connection: Connection, first_ms: int) -> int:
    """The first entry written at that moment or later: entries follow one another without a gap, and nearly in time."""
    low, high = 1, (connection.scalar(select(func.max(ledger_entry.c.seq))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        at_ms = connection.scalar(select(ledger_entry.c.created_ms).where(ledger_entry.c.seq == middle))
        if at_ms is not None and at_ms < first_ms:
            low = middle + 1
        else:
            high = middle
    return low


def keeping_on(connection: Connection, facts: Facts) -> None:
    """What kept the machines on, by day."""
    facts.keeping_on_uj = dict(_kept(connection, facts.calendar.day(facts.first_ms), "9"))


def _kept(connection: Connection, first: str, before: str) -> Iterator[tuple[str, int]]:
    of = machine_day.c
    amount = func.sum(of.idle_uj + of.unattributed_uj + of.contended_uj)
    query = select(of.day, amount).where(of.day >= first, of.day < before).group_by(of.day)
    for day, energy_uj in connection.execute(query):
        yield day, energy_uj or 0


_SCOPES = {
    "total": "commons",
    "assumed": "commons",
    "member": "member",
    "assumed_member": "member",
    "workshop": "workshop",
    "assumed_workshop": "workshop",
}


def used_before(connection: Connection, facts: Facts) -> None:
    """What was used before the window, in the month and the year during which it begins."""
    first, of = facts.calendar.day(facts.first_ms), usage_day.c
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for period in (first[:7], first[:4]):
        query = (
            select(of.dimension, of.key, func.sum(of.static_uj + of.dynamic_uj))
            .where(of.dimension.in_(_SCOPES), of.day >= period, of.day < first)
            .group_by(of.dimension, of.key)
        )
        for dimension, key, energy_uj in connection.execute(query):
            found[_SCOPES[dimension], key, period] += energy_uj or 0
        found["commons", "", period] += sum(energy_uj for _, energy_uj in _kept(connection, period, first))
    facts.before_uj = dict(found)


# -- people, machines, mandates --------------------------------------------------------------------------------------


def people(connection: Connection, facts: Facts) -> None:
    """Everybody on the roll."""
    standing = {row.member_id: row for row in connection.execute(select(member_standing))}
    found = []
    for row in connection.execute(select(member.c.id, member.c.role, member.c.created_ms, member.c.deactivated_ms)):
        told = standing.get(row.id)
        college, votes = (told.college, bool(told.votes)) if told else ("", True)
        found.append(Person(row.id, row.role, row.deactivated_ms is None, row.created_ms, college, votes))
    facts.people = tuple(found)


def lent(connection: Connection, facts: Facts) -> None:
    """Machines that serve or wait, and links to join that can still be used."""
    rows = connection.execute(
        select(node.c.owner_id, node.c.state, node.c.trust).where(node.c.state.in_(("pending", "approved")))
    )
    facts.lent = tuple(Lent(*row) for row in rows)
    of = node_invitation.c
    pending = select(member.c.role).select_from(node_invitation.outerjoin(member, member.c.id == of.created_by))
    pending = pending.where(of.used_ms.is_(None), of.expires_ms > facts.now_ms)
    facts.machine_invitations = tuple(Pending(role or "") for role in connection.scalars(pending))


def invitations(connection: Connection, facts: Facts) -> None:
    """Links by which somebody new may join, by the role of who made them."""
    of = invitation.c
    query = (
        select(member.c.role)
        .select_from(invitation.outerjoin(member, member.c.id == of.created_by))
        .where(of.used_ms.is_(None), of.revoked_ms.is_(None), of.expires_ms > facts.now_ms, of.member_id.is_(None))
    )
    facts.invitations = tuple(Pending(role or "") for role in connection.scalars(query))


def held(connection: Connection, facts: Facts) -> None:
    """Mandates that somebody holds now, with how long they were given for."""
    mandates = state_of(connection).mandates.values()
    facts.held = tuple(
        Held(one.scope, round((one.until_ms - one.from_ms) / DAY_MS)) for one in mandates if one.holds(facts.now_ms)
    )


def reports(connection: Connection, facts: Facts) -> None:
    """Reports still kept, by the line of the charter they speak of: how many, nothing of what they say."""
    query = select(report.c.charter_line, func.count()).group_by(report.c.charter_line)
    facts.reports = {row[0]: row[1] for row in connection.execute(query)}


def desk(connection: Connection, facts: Facts) -> None:
    """How many questions came to the desk in the window, of those still kept."""
    query = select(func.count()).select_from(desk_item).where(desk_item.c.created_ms >= facts.first_ms)
    facts.desk_questions = connection.scalar(query) or 0


# -- what is kept ----------------------------------------------------------------------------------------------------


def ages(connection: Connection, facts: Facts) -> None:
    """How many pieces of each class of data there are, by their age in whole days."""
    now_ms, table = facts.now_ms, conversation.c
    rows = connection.execute(select(table.created_ms, table.member_id).where(table.expires_ms > now_ms)).all()
    owners: dict[int, set[str]] = defaultdict(set)
    for created_ms, owner in rows:
        owners[_age(now_ms, created_ms)].add(owner)
    facts.conversation_owners = dict(owners)
    open_ = session.c.revoked_ms.is_(None) & (session.c.expires_ms > now_ms)
    closed_ms = func.coalesce(invitation.c.used_ms, invitation.c.revoked_ms, invitation.c.expires_ms)
    salts = select(ledger_entry.c.created_ms).join(
        receipt_salt,
        (receipt_salt.c.request_id == ledger_entry.c.request_id)
        & (ledger_entry.c.attempt == 1)
        & (ledger_entry.c.kind == "settled"),
    )
    queries: dict[str, Any] = {
        "sessions": select(session.c.created_ms).where(open_),
        "idle_sessions": select(session.c.seen_ms).where(open_),
        "invitations": select(closed_ms).where(closed_ms <= now_ms),
        "reports": select(report.c.created_ms).where(report.c.state.in_(("decided", "closed"))),
        "meter_readings": select(reading_block.c.t1_ms),
        "receipt_salts": salts,
        "desk": select(desk_item.c.touched_ms),
    }
    facts.ages = {name: _by_age(now_ms, connection.scalars(query)) for name, query in queries.items()}
    facts.ages["conversations"] = _by_age(now_ms, (created_ms for created_ms, _ in rows))
    facts.ages["ballots"] = _ballots(connection, now_ms)


def _ballots(connection: Connection, now_ms: int) -> dict[int, int]:
    closed = {one.id: one.closed_ms for one in state_of(connection).polls.values() if one.closed_ms is not None}
    found: Counter[int] = Counter()
    for poll_id, number in connection.execute(select(vote.c.poll_id, func.count()).group_by(vote.c.poll_id)):
        if poll_id in closed:
            found[_age(now_ms, closed[poll_id] or now_ms)] += number
    return dict(found)


def _by_age(now_ms: int, moments: Any) -> dict[int, int]:
    return dict(Counter(_age(now_ms, at_ms) for at_ms in moments))


def _age(now_ms: int, at_ms: int) -> int:
    return max(0, now_ms - at_ms) // DAY_MS


# -- votes ---------------------------------------------------------------------------------------------------------


def recounts(connection: Connection, facts: Facts) -> None:
    """Every vote that is over, with its count."""
    state = state_of(connection)
    facts.recounts = tuple(_recount(state, one) for one in state.polls.values() if one.closed is not None)


def _recount(state: AssemblyState, poll: Poll) -> Recount:
    about: list[Proposal] = [state.proposals[number] for number in poll.opened.proposals]
    assert poll.closed is not None
    return Recount(
        poll=poll.id,
        proposal=about[0].id,
        profile=max((one.profile for one in about), key=_STRENGTH.index),
        method=poll.opened.method,
        several=poll.opened.method == "majority_judgment",
        outcome=poll.closed.outcome,
        counted=poll.closed.count,
        electors=dict(poll.opened.electors),
        colleges=dict(poll.opened.colleges),
    )


Reader = Callable[[Connection, Facts], None]

NEEDS: Mapping[str, tuple[Reader, ...]] = {
    "budget": (requests, people, keeping_on, used_before),
    "hours": (requests, people),
    "pot": (people, keeping_on),
    "share": (requests, people, lent),
    "confidentiality": (requests, people),
    "models": (requests, people),
    "prefixes": (requests,),
    "retention": (ages,),
    "machines": (lent,),
    "membership": (people, invitations),
    "mandates": (people, held),
    "uses": (reports, held),
    "desk": (people, held, desk),
    "training": (people,),
    "governance": (recounts,),
}
"""By area, what is read for its preview."""
