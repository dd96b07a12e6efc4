"""The roll of members, for stewards and operators: invite, give roles, close accounts. Never what anybody asked."""

from __future__ import annotations

from starlette.responses import Response

from affouage.asgi.guard import identity_of
from affouage.assembly.access import Policy, permit_governing
from affouage.assembly.invitations import InvitationLink
from affouage.assembly.member import PERSONS, Member, Role, read_role
from affouage.errors import NotAllowed
from affouage.web.door import Door, Room, Visit
from affouage.web.language import Language
from affouage.web.pages import LinkMade, Members, Row
from affouage.web.site import see_other


def open_door(door: Door) -> None:
    def post(path: str, room: Room, policy: Policy = Policy.STEWARD) -> None:
        door.page(path, room, policy, post=True)

    door.page("/members", roll, Policy.STEWARD)
    post("/members/invite", invite)
    post("/members/invitations/{id}/revoke", revoke_invitation)
    post("/members/{id}/role", set_role)
    post("/members/{id}/deactivate", deactivate)
    post("/members/{id}/reactivate", reactivate)
    post("/members/{id}/reset", reset, Policy.OPERATOR)


def _me(visit: Visit) -> Member:
    return identity_of(visit.request.scope).member


async def roll(visit: Visit) -> Response:
    me, charter = _me(visit), visit.commons.charter
    rows = tuple(
        Row(
            member=one,
            may_govern=one.id != me.id and may(me, one.role),
            may_reset=one.id != me.id and one.active and may(me, Role.OPERATOR),
            me=one.id == me.id,
        )
        for one in await visit.commons.accounts.members()
    )
    page = Members(
        rows=rows,
        pending=tuple(await visit.commons.accounts.pending_invitations()),
        roles=tuple(role.value for role in PERSONS if may(me, Role.MEMBER, role)),
        exclusion_by_vote=charter.founded and charter.in_force("membership").value.exclusion_by_vote,
        notice=_notice(visit.query("done"), visit.language),
    )
    return visit.site.page(visit.request.scope, page)


def may(by: Member, target: Role, wanted: Role | None = None) -> bool:
    """Whether to offer it; the change itself asks the same rule again. Pure."""
    try:
        permit_governing(by, target, wanted=wanted)
    except NotAllowed:
        return False
    return True


def _notice(done: str, language: Language) -> str:
    _ = language.gettext
    return {
        "role": _("The role is changed. That person signs in again."),
        "deactivated": _("The account is closed: its keys and its machines serve no more. Nothing was deleted."),
        "reactivated": _("The account is open again."),
        "withdrawn": _("The invitation is withdrawn."),
    }.get(done, "")


async def invite(visit: Visit) -> Response:
    form = await visit.form()
    link = await visit.commons.accounts.invite(read_role(form.one("role") or Role.MEMBER.value), _me(visit))
    return _link_page(visit, link, "")


async def reset(visit: Visit) -> Response:
    await visit.form()
    who = await visit.commons.accounts.member(visit.part("id"))
    return _link_page(visit, await visit.commons.accounts.reset_link(_me(visit), who.id), who.name)


def _link_page(visit: Visit, link: InvitationLink, member_name: str) -> Response:
    scope = visit.request.scope
    page = LinkMade(visit.site.base_url(scope) + link.path, link.expires_ms, link.role.value, member_name)
    return visit.site.page(scope, page)


async def revoke_invitation(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.accounts.revoke_invitation(_me(visit), visit.part("id"))
    return see_other("/members?done=withdrawn")


async def set_role(visit: Visit) -> Response:
    form = await visit.form()
    await visit.commons.accounts.set_role(_me(visit), visit.part("id"), read_role(form.one("role")))
    return see_other("/members?done=role")


async def deactivate(visit: Visit) -> Response:
    form = await visit.form()
    await visit.commons.accounts.deactivate(_me(visit), visit.part("id"), asked=form.ticked("asked"))
    return see_other("/members?done=deactivated")


async def reactivate(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.accounts.reactivate(_me(visit), visit.part("id"))
    return see_other("/members?done=reactivated")
