"""*Inviter*: any member's own door for a person or a machine, as far as the rules in force open it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from starlette.responses import Response

from affouage.asgi.guard import identity_of
from affouage.assembly.access import Policy, Scope
from affouage.assembly.charter import stamp
from affouage.assembly.member import Member, Role
from affouage.pool.nodes.joining import write_token
from affouage.web.door import Door, Visit
from affouage.web.pages import LinkMade, Page
from affouage.web.rule_names import rule_named

_RANKED = ("member", "steward", "operator")


@dataclass(frozen=True)
class Invite(Page):
    """``person`` and ``machine``: whether the reader may invite one; the rule that says so, in words."""

    template: ClassVar[str] = "invite.html"
    person: bool
    person_rule: str
    machine: bool
    machine_rule: str
    approved_at_once: bool
    pool: bool


@dataclass(frozen=True)
class MachineInvited(Page):
    """An invitation for a machine of the reader's, shown once."""

    template: ClassVar[str] = "machine_invited.html"
    token: str = field(repr=False)
    expires_ms: int
    approved_at_once: bool


def open_door(door: Door) -> None:
    door.page("/invite", ask, Policy.MEMBER, scope=Scope.ACCOUNT)
    door.page("/invite/person", person, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)
    door.page("/invite/machine", machine, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)


def _me(visit: Visit) -> Member:
    return identity_of(visit.request.scope).member


def may_invite(who: Member, least: str) -> bool:
    """By the rule of membership. Pure; the act asks the rule again."""
    return least in _RANKED and who.role.at_least(Role(least))


def may_enrol(who: Member, enrol: str) -> bool:
    """Their own machine, by the rule of machines. Pure."""
    return enrol == "member" or (enrol == "steward" and who.role.at_least(Role.STEWARD))


async def ask(visit: Visit) -> Response:
    me, charter = _me(visit), visit.commons.charter
    people, machines = charter.in_force("membership"), charter.in_force("machines")
    page = Invite(
        person=may_invite(me, people.value.invite),
        person_rule=rule_named(stamp("membership", people), visit.language),
        machine=may_enrol(me, machines.value.enrol),
        machine_rule=rule_named(stamp("machines", machines), visit.language),
        approved_at_once=machines.value.approval == "none",
        pool=visit.commons.dispatcher is not None,
    )
    return visit.site.page(visit.request.scope, page)


async def person(visit: Visit) -> Response:
    await visit.form()
    link = await visit.commons.accounts.invite(Role.MEMBER, _me(visit))
    scope = visit.request.scope
    url = visit.site.base_url(scope) + link.path
    return visit.site.page(scope, LinkMade(url, link.expires_ms, link.role.value, back="/invite"))


async def machine(visit: Visit) -> Response:
    await visit.form()
    me = _me(visit)
    made = await visit.commons.enrolment.invite(me, me)
    scope = visit.request.scope
    page = MachineInvited(
        write_token(visit.site.base_url(scope), made.secret),
        made.expires_ms,
        visit.commons.charter.in_force("machines").value.approval == "none",
    )
    return visit.site.page(scope, page)
