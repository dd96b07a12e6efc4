"""What the rules of membership and of mandates allow, asked inside the transaction that would do it.

``author`` is who acts, as they are now; None is the machine's own command line. What takes a vote takes it from there
too, once the assembly is founded. Each refusal names the rule and the proposal that was voted.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from affouage.assembly.access import permit_governing
from affouage.assembly.area import Area
from affouage.assembly.charter import founded, read_in_force, stamp
from affouage.assembly.decided import decided_ms
from affouage.assembly.member import Member, Role
from affouage.assembly.rules.areas import MANDATES, MEMBERSHIP
from affouage.assembly.rules.mandates import MandateRules
from affouage.assembly.rules.membership import MembershipRules
from affouage.errors import Conflict, NotAllowed
from affouage.journal import log
from affouage.ledger.ledger import utc_day
from affouage.storage.tables import assembly_event, member


def named(connection: Connection, area: Area, at_ms: int) -> tuple[Any, dict[str, Any], str]:
    """A rule in force, the facts that name it in an error, and the same in words.

    The day is that of UTC: whoever needs it by the calendar of the commons has ``decided_ms``."""
    rule, version = read_in_force(connection, area, at_ms)
    facts: dict[str, Any] = {"rule": stamp(area.name, rule)}
    words = f"rule {facts['rule']}"
    if version is not None:
        facts["decided_on"] = utc_day(decided_ms(connection, version))
        words += f", decided on {facts['decided_on']}"
        if version.proposal_id is not None:
            facts["proposal"] = version.proposal_id
            words += f", proposal {version.proposal_id}"
    if rule.suspended:
        facts["emergency"] = rule.suspended[-1]
        words += f", emergency measure {rule.suspended[-1]}"
    return rule.value, facts, words


def membership(connection: Connection, at_ms: int) -> MembershipRules:
    value: MembershipRules = read_in_force(connection, MEMBERSHIP, at_ms)[0].value
    return value


def permit_inviting(connection: Connection, author: Member | None, role: Role, now_ms: int) -> None:
    """Raises NotAllowed: ``invite_closed`` when the rule lets nobody in, ``invite_role`` for who may not invite,
    ``insufficient_role`` for who may not give that role, ``mandate_by_vote`` for one that only a vote gives.
    """
    rules, facts, words = named(connection, MEMBERSHIP, now_ms)
    if rules.invite == "nobody":
        raise NotAllowed(
            f"Nobody comes in at present: so the members decided ({words}).",
            remedy="The rule of membership says when; any member may propose to change it.",
            code="invite_closed",
            **facts,
        )
    permitted = author is None or (author.active and author.role.at_least(Role(rules.invite)))
    if not (permitted and rules.invite == "member" and role is Role.MEMBER):
        permit_governing(author, Role.MEMBER, wanted=role)
    if role is not Role.MEMBER:
        by_mandate(connection, role, now_ms)
    if permitted:
        return
    raise NotAllowed(
        f"Your role does not let you invite: so the members decided ({words}).",
        remedy=f"Ask a {rules.invite}.",
        code="invite_role",
        role=rules.invite,
        **facts,
    )


def room_for_one(connection: Connection, now_ms: int) -> None:
    """Raises Conflict ``members_full`` when the rule's greatest number is reached."""
    rules, facts, words = named(connection, MEMBERSHIP, now_ms)
    if not rules.members_most:
        return
    people = (member.c.role != Role.COMMONS.value) & member.c.deactivated_ms.is_(None)
    there = connection.scalar(select(func.count()).select_from(member).where(people)) or 0
    if there >= rules.members_most:
        raise Conflict(
            f"The collective has all the members it wants: {rules.members_most} ({words}).",
            remedy="Any member may propose to change the rule of membership.",
            code="members_full",
            most=rules.members_most,
            **facts,
        )


def still_open(connection: Connection, role: Role, now_ms: int) -> None:
    """An invitation made before the door was closed opens it no more. Raises NotAllowed, Conflict."""
    permit_inviting(connection, None, role, now_ms)
    room_for_one(connection, now_ms)


def exclusion(connection: Connection, author: Member | None, who: Member, now_ms: int, *, asked: bool) -> None:
    """Closing the account of another. Raises NotAllowed ``exclusion_by_vote``.

    ``asked``: whoever acts states that the person asked for it; that statement enters the public log, without a name.
    """
    if not founded(connection) or (author is not None and author.id == who.id):
        return
    rules, facts, words = named(connection, MEMBERSHIP, now_ms)
    if not rules.exclusion_by_vote:
        return
    if not asked:
        raise NotAllowed(
            f"Making somebody leave takes a vote, in which they are heard ({words}).",
            remedy="Propose it: /assembly/propose, or affouage assembly propose. If they asked to leave, say so.",
            code="exclusion_by_vote",
            **facts,
        )
    by = "" if author is None else author.id
    log.append(
        connection,
        "account_closed",
        {"asked": True, "rule": facts["rule"]},
        now_ms,
        private={"member_id": who.id, "by": by},
        persons=(who.id, by) if by else (who.id,),
    )


def reopening(connection: Connection, who: Member) -> None:
    """Raises NotAllowed ``excluded_by_vote`` for somebody whom a vote made leave."""
    if who.id in _excluded(connection):
        raise NotAllowed(
            "The members voted that this person leaves: nobody opens the account again alone.",
            remedy="They may come in again as the rule of membership says: by an invitation.",
            code="excluded_by_vote",
        )


def _excluded(connection: Connection) -> set[str]:
    kinds = ("excluded", "drafted")
    query = select(assembly_event.c.kind, assembly_event.c.body).where(assembly_event.c.kind.in_(kinds))
    about: dict[int, str] = {}
    gone: set[str] = set()
    for kind, body in connection.execute(query.order_by(assembly_event.c.seq)):
        said = msgspec.json.decode(body)
        if kind == "excluded":
            gone.add(about.get(said["id"], ""))
        else:
            about[said["id"]] = said["about"].get("member_id", "")
    return gone


def role_given(connection: Connection, who: Member, wanted: Role, now_ms: int) -> None:
    """Giving or taking a role outside a vote. Raises NotAllowed ``mandate_by_vote``.

    Laying one's own mandate down is the mandate's end, not a role given: see ``Assembly.resign``.
    """
    if wanted is who.role:
        return
    by_mandate(connection, wanted if wanted is not Role.MEMBER else who.role, now_ms)
    if who.role is not Role.MEMBER:
        by_mandate(connection, who.role, now_ms)


def by_mandate(connection: Connection, role: Role, now_ms: int) -> None:
    """Raises NotAllowed ``mandate_by_vote`` for a role that only a voted mandate gives or takes away."""
    if not founded(connection):
        return
    rules, facts, words = named(connection, MANDATES, now_ms)
    if role.value in rules.voted:
        raise NotAllowed(
            f"The members give and take back the mandate of {role.value} by a vote ({words}).",
            remedy="Propose it: /assembly/propose, or affouage assembly propose.",
            code="mandate_by_vote",
            role=role.value,
            **facts,
        )


def mandates(connection: Connection, at_ms: int) -> MandateRules:
    value: MandateRules = read_in_force(connection, MANDATES, at_ms)[0].value
    return value
