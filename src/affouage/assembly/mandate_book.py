"""Mandates as they stand: a projection of events of the assembly. Functions of a connection.

A mandate has a beginning and an end, and counts only between the two. That of steward or of operator gives the role of
the same name; when the last such mandate is over, the role falls back to member. The commons never loses its last
operator to the calendar: the role of whoever would leave it without one is kept until another operator is there, which
:func:`overdue` tells.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from affouage.assembly import mandates, roll, ruled
from affouage.assembly.decisions import events as ev
from affouage.assembly.event_book import record
from affouage.assembly.member import Role
from affouage.assembly.rules.mandates import ROLES, days_of
from affouage.errors import Conflict, NotFound
from affouage.storage.tables import assembly_event, member

DAY_MS = 24 * 3_600_000


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """``end_ms``: excluded; earlier than voted when it was revoked or laid down. ``proposal_id`` None: of the founding.

    ``why``: expired | revoked | resigned | left | renewed; "" while it runs.
    """

    id: int
    member_id: str
    scope: str
    from_ms: int
    end_ms: int
    proposal_id: int | None
    ended: bool = False
    why: str = ""

    def holds(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms < self.end_ms


# -- reading ---------------------------------------------------------------------------------------------------------


def everything(connection: Connection) -> dict[int, Mandate]:
    """Every mandate ever given, by number."""
    kinds = (ev.MandateGranted.kind, ev.MandateEnded.kind)
    query = select(assembly_event.c.kind, assembly_event.c.body).where(assembly_event.c.kind.in_(kinds))
    found: dict[int, Mandate] = {}
    for kind, body in connection.execute(query.order_by(assembly_event.c.seq)):
        event = ev.read(kind, body)
        if isinstance(event, ev.MandateGranted):
            found[event.id] = Mandate(
                id=event.id,
                member_id=event.member_id,
                scope=event.scope,
                from_ms=event.from_ms,
                end_ms=event.until_ms,
                proposal_id=event.proposal_id,
            )
        elif isinstance(event, ev.MandateEnded) and event.id in found and not found[event.id].ended:
            known = found[event.id]
            found[event.id] = msgspec.structs.replace(
                known, end_ms=min(known.end_ms, event.at_ms), ended=True, why=event.why
            )
    return found


def current(connection: Connection, now_ms: int, scope: str | None = None) -> list[Mandate]:
    """Those that hold at a moment, oldest first; ``scope`` None: of every kind. Closed accounts hold none."""
    away = set(connection.scalars(select(member.c.id).where(member.c.deactivated_ms.is_not(None))))
    return [
        one
        for one in everything(connection).values()
        if one.holds(now_ms) and one.member_id not in away and scope in (None, one.scope)
    ]


def holds(connection: Connection, member_id: str, scope: str, now_ms: int) -> bool:
    """Whether this member holds that mandate now."""
    return any(one.member_id == member_id for one in current(connection, now_ms, scope))


def of_member(connection: Connection, member_id: str) -> list[Mandate]:
    """All they ever held, oldest first."""
    return [one for one in everything(connection).values() if one.member_id == member_id]


def overdue(connection: Connection, now_ms: int) -> list[Mandate]:
    """Mandates that are over and whose role is kept, so that somebody can look after the commons: to be announced."""
    found = {}
    for one in everything(connection).values():
        if one.scope in ROLES and one.end_ms <= now_ms and _keeps(connection, one, now_ms):
            found[one.member_id] = one
    return list(found.values())


# -- writing ---------------------------------------------------------------------------------------------------------


def grant(
    connection: Connection,
    member_id: str,
    scope: str,
    from_ms: int,
    until_ms: int,
    now_ms: int,
    *,
    proposal_id: int | None = None,
) -> int:
    """Enter a mandate that was voted (``proposal_id`` None: of the founding), and give its role; its number.

    A mandate of the same kind that the member still holds ends with it: one at a time. Raises NotFound, Conflict
    ``member_deactivated``, RuleRefused beyond the days of the rule.
    """
    who = roll.by_id(connection, member_id)
    if not who.active:
        raise Conflict("This account is deactivated.", remedy="Reactivate it first.", code="member_deactivated")
    most_ms = days_of(ruled.mandates(connection, now_ms), scope) * DAY_MS
    known = everything(connection)
    for one in known.values():
        if one.member_id == member_id and one.scope == scope and not one.ended:
            record(connection, ev.MandateEnded(id=one.id, at_ms=now_ms, why="renewed"), now_ms)
    number = max(known, default=0) + 1
    event = ev.MandateGranted(
        id=number,
        member_id=member_id,
        scope=scope,
        from_ms=from_ms,
        until_ms=min(until_ms, from_ms + most_ms),
        proposal_id=proposal_id,
    )
    record(connection, event, now_ms)
    if scope in ROLES and not who.role.at_least(Role(scope)):
        _set_role(connection, member_id, Role(scope), now_ms)
    settle_roles(connection, now_ms)
    return number


def end(connection: Connection, number: int, now_ms: int, why: str) -> None:
    """End a mandate: expired, revoked, resigned, left. Its role falls back. Nothing for one that is over already.

    Raises NotFound.
    """
    known = everything(connection).get(number)
    if known is None:
        raise NotFound("There is no such mandate.", remedy="See who holds one.", code="mandate_not_found")
    if not known.ended:
        record(connection, ev.MandateEnded(id=number, at_ms=min(now_ms, known.end_ms), why=why), now_ms)
    settle_roles(connection, now_ms)


def expire(connection: Connection, now_ms: int) -> list[int]:
    """End the mandates whose time has come, and the roles they gave; their numbers. Idempotent."""
    over = [one for one in everything(connection).values() if not one.ended and one.end_ms <= now_ms]
    for one in over:
        record(connection, ev.MandateEnded(id=one.id, at_ms=one.end_ms, why="expired"), now_ms)
    settle_roles(connection, now_ms)
    return [one.id for one in over]


def found(connection: Connection, now_ms: int) -> list[int]:
    """At the founding: whoever is steward or operator holds a mandate of the longest duration from then on, and no
    more. Their numbers."""
    rules = ruled.mandates(connection, now_ms)
    made = []
    for one in roll.everybody(connection):
        if one.active and one.role.value in ROLES:
            until_ms = now_ms + days_of(rules, one.role.value) * DAY_MS
            made.append(grant(connection, one.id, one.role.value, now_ms, until_ms, now_ms))
    return made


def settle_roles(connection: Connection, now_ms: int) -> list[str]:
    """Roles whose mandates are all over fall back; ids of the members concerned. The last operator keeps theirs."""
    granted: dict[str, list[Mandate]] = {}
    for one in everything(connection).values():
        if one.scope in ROLES:
            granted.setdefault(one.member_id, []).append(one)
    fallen = []
    for member_id, theirs in granted.items():
        who = roll.by_id(connection, member_id)
        if who.role.value not in {one.scope for one in theirs}:
            continue
        held = [Role(one.scope) for one in theirs if one.holds(now_ms)]
        rightful = max(held, key=lambda role: role.rank, default=Role.MEMBER)
        if rightful.at_least(who.role) or (who.role is Role.OPERATOR and _last_operator(connection, member_id)):
            continue
        _set_role(connection, member_id, rightful, now_ms)
        fallen.append(member_id)
    return fallen


def _set_role(connection: Connection, member_id: str, role: Role, now_ms: int) -> None:
    roll.change(connection, member_id, role=role.value)
    mandates.cut_off(connection, member_id, now_ms)


def _keeps(connection: Connection, one: Mandate, now_ms: int) -> bool:
    who = roll.by_id(connection, one.member_id)
    return who.active and who.role.value == one.scope and not holds(connection, one.member_id, one.scope, now_ms)


def _last_operator(connection: Connection, member_id: str) -> bool:
    try:
        roll.keep_an_operator(connection, roll.by_id(connection, member_id))
    except Conflict:
        return True
    return False
