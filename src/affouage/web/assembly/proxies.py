"""Proxies: who votes in my place, and in whose place I vote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.assembly.assembly import PROXY_DAYS_MOST
from affouage.errors import AffouageError, BadRequest, Conflict, NotAllowed, NotFound
from affouage.footprint.period import kind_of
from affouage.web import sentences
from affouage.web.assembly.names import names
from affouage.web.assembly.overview import me, number_of, open_polls
from affouage.web.assembly.subject_form import MEMBERS_LISTED
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.pages import Page
from affouage.web.site import see_other


@dataclass(frozen=True)
class ProxyRow:
    """``poll`` 0: for every vote until then."""

    who: str
    until_ms: int
    poll: int


@dataclass(frozen=True)
class Proxies(Page):
    """``members``: names to choose among, none: a name is typed; ``polls``: open votes, (number, title)."""

    template: ClassVar[str] = "assembly_proxies.html"
    given: tuple[ProxyRow, ...]
    held: tuple[ProxyRow, ...]
    most: int
    days_most: int
    members: tuple[str, ...]
    polls: tuple[tuple[int, str], ...]
    member: str
    until: str
    poll: str
    notice: str
    problems: dict[str, str] = field(default_factory=dict)


def open_door(door: Door) -> None:
    door.page("/assembly/proxies", mine, Policy.MEMBER)
    door.page("/assembly/proxies", give, Policy.MEMBER, post=True)
    door.page("/assembly/proxies/revoke", revoke, Policy.MEMBER, post=True)


async def mine(visit: Visit) -> Response:
    return await _shown(visit, notice=_notice(visit.query("done"), visit.language))


def _notice(done: str, language: Language) -> str:
    _ = language.gettext
    return {
        "given": _("The proxy is given. You can still vote yourself: your own vote counts then."),
        "revoked": _("The proxy is revoked."),
    }.get(done, "")


async def _shown(
    visit: Visit,
    *,
    typed: tuple[str, str, str] = ("", "", ""),
    problems: dict[str, str] | None = None,
    notice: str = "",
) -> Response:
    commons, who = visit.commons, me(visit)
    state, now_ms = await commons.assembly.state(), commons.clock.now_ms()
    known = await names(commons, visit.language)
    rules = commons.charter.in_force("governance").value
    people = tuple(one.name for one in known.active() if one.id != who.id)
    given = [one for one in state.proxies if one.giver == who.id and one.active(now_ms)]
    page = Proxies(
        given=tuple(ProxyRow(known.of(one.holder), one.until_ms, one.poll_id or 0) for one in given),
        held=tuple(
            ProxyRow(known.of(one.giver), one.until_ms, one.poll_id or 0) for one in state.proxies_of(who.id, now_ms)
        ),
        most=rules.proxies_most,
        days_most=PROXY_DAYS_MOST,
        members=people if len(people) <= MEMBERS_LISTED else (),
        polls=tuple((one.id, one.title) for one in await open_polls(visit, state, set(), now_ms)),
        member=typed[0],
        until=typed[1],
        poll=typed[2],
        notice=notice,
        problems=problems or {},
    )
    return visit.site.page(visit.request.scope, page, status=400 if problems else 200)


async def give(visit: Visit) -> Response:
    form = await visit.form()
    typed = (form.one("member"), form.one("until"), form.one("poll"))
    try:
        holder = await visit.commons.accounts.find(typed[0])
        until_ms = _until(visit, typed[1])
        poll = number_of(typed[2]) if typed[2] else None
        await visit.commons.assembly.give_proxy(me(visit), holder.id, until_ms, poll)
    except (BadRequest, Conflict, NotFound, NotAllowed) as refused:
        return await _shown(visit, typed=typed, problems=_beside(refused, visit.language))
    return see_other("/assembly/proxies?done=given")


def _beside(refused: AffouageError, language: Language) -> dict[str, str]:
    param = getattr(refused, "param", "")
    where = "until" if param == "until" else "member"
    return {where: " ".join(sentences.explain(refused, language))}


def _until(visit: Visit, day: str) -> int:
    """The end of that day, here. Raises BadRequest for what is no day."""
    if kind_of(day.strip()) != "day":
        raise BadRequest("A proxy has an end, within a year.", remedy="Give a day to come.", param="until")
    return visit.commons.calendar.bounds(day.strip())[1]


async def revoke(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.assembly.revoke_proxy(me(visit))
    return see_other("/assembly/proxies?done=revoked")
