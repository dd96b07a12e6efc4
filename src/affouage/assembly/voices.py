"""What the assembly holds about one member: shown to them, and forgotten when they go. Functions of a connection."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from affouage.assembly import polls
from affouage.assembly.decisions import events as ev
from affouage.assembly.event_book import record, since, state_of
from affouage.storage.tables import assembly_event, member_standing, roll_entry, vote


def of_member(connection: Connection, member_id: str) -> dict[str, Any]:
    """Ready for JSON: proposals, arguments, votes, proxies, mandates. Of a secret ballot, only that it was cast."""
    state = state_of(connection)
    proposals = list(state.proposals.values())
    theirs = {
        "proposals": [one.id for one in proposals if one.author == member_id],
        "cosigned": [one.id for one in proposals if member_id in one.cosigners],
        "contested": [one.id for one in proposals if any(who == member_id for who, _ in one.contests)],
        "arguments": [
            {"proposal": one.id, "side": said.side, "text": said.text}
            for one in proposals
            for said in one.arguments
            if said.member_id == member_id
        ],
        "mandates": [
            {"scope": one.scope, "from_ms": one.from_ms, "until_ms": one.until_ms, "proposal": one.proposal_id}
            for one in state.mandates.values()
            if one.member_id == member_id
        ],
        "proxies_given": [
            {"holder": one.holder, "until_ms": one.until_ms} for one in state.proxies if one.giver == member_id
        ],
        "proxies_held": [
            {"giver": one.giver, "until_ms": one.until_ms} for one in state.proxies if one.holder == member_id
        ],
    }
    cast = connection.execute(select(vote).where(vote.c.voter_id == member_id).order_by(vote.c.poll_id))
    secret = connection.scalars(select(roll_entry.c.poll_id).where(roll_entry.c.voter_id == member_id))
    return {
        **theirs,
        "votes": [
            {"vote": row.poll_id, "choice": msgspec.json.decode(row.choice), "reason": row.reason} for row in cast
        ],
        "secret_ballots_cast": sorted(secret),
    }


def forget(connection: Connection, member_id: str, now_ms: int) -> None:
    """Their ballots are nobody's any more, their words go; their mandates and proxies end.

    Proposals stay: what was voted is the collective's.
    """
    state = state_of(connection)
    for mandate in state.mandates.values():
        if mandate.member_id == member_id and mandate.holds(now_ms):
            record(connection, ev.MandateEnded(id=mandate.id, at_ms=now_ms, why="left"), now_ms)
    for proxy in state.proxies:
        if member_id in (proxy.giver, proxy.holder) and proxy.active(now_ms):
            record(connection, ev.ProxyRevoked(giver=proxy.giver, holder=proxy.holder), now_ms)
    polls.forget(connection, member_id)
    connection.execute(delete(member_standing).where(member_standing.c.member_id == member_id))
    for one in since(connection, 0):
        silent = _without_words(one.event, member_id)
        if silent is not None:
            row = update(assembly_event).where(assembly_event.c.seq == one.seq)
            connection.execute(row.values(body=ev.write(silent)))
    if state.founded:
        record(connection, ev.Forgotten(member_id=member_id), now_ms)


def _without_words(event: ev.Event, member_id: str) -> ev.Event | None:
    """The event as it stays; None when it holds no words of theirs."""
    if isinstance(event, ev.Argued) and event.member_id == member_id:
        return msgspec.structs.replace(event, text="")
    if isinstance(event, ev.Amended | ev.Contested) and event.member_id == member_id:
        return msgspec.structs.replace(event, reason="")
    return None
