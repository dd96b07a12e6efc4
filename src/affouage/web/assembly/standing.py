"""Who votes, and in which college: recorded by a steward, each change in the public log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.errors import BadRequest, NotFound
from affouage.web import sentences
from affouage.web.assembly.names import names
from affouage.web.assembly.overview import me
from affouage.web.assembly.subject_form import MEMBERS_LISTED
from affouage.web.door import Door, Visit
from affouage.web.pages import Page
from affouage.web.site import see_other


@dataclass(frozen=True)
class StandingRow:
    """``college`` "": none."""

    who: str
    college: str
    votes: bool


@dataclass(frozen=True)
class Standings(Page):
    """``colleges``: (name, weight in percent); ``rows``: those of whom something is recorded; ``silent``: how many,
    where there are colleges, are in none and so do not vote."""

    template: ClassVar[str] = "assembly_standing.html"
    colleges: tuple[tuple[str, int], ...]
    rows: tuple[StandingRow, ...]
    silent: int
    members: tuple[str, ...]
    member: str
    notice: str
    problem: str


def open_door(door: Door) -> None:
    door.page("/assembly/standing", everybody, Policy.STEWARD)
    door.page("/assembly/standing", record, Policy.STEWARD, post=True)


async def everybody(visit: Visit) -> Response:
    done = visit.language.gettext("It is recorded, and in the public log.") if visit.query("done") else ""
    return await _shown(visit, notice=done)


async def _shown(visit: Visit, *, notice: str = "", member: str = "", problem: str = "") -> Response:
    known = await names(visit.commons, visit.language)
    standing = await visit.commons.assembly.look(lambda house: house.standing())
    colleges = visit.commons.charter.in_force("governance").value.colleges
    people = [one for one in known.active() if one.role.value != "commons"]
    in_none = [one for one in people if standing.get(one.id, ("", True))[0] not in colleges]
    page = Standings(
        colleges=tuple(colleges.items()),
        rows=tuple(StandingRow(one.name, *standing[one.id]) for one in people if one.id in standing),
        silent=len(in_none) if colleges else 0,
        members=tuple(one.name for one in people) if len(people) <= MEMBERS_LISTED else (),
        member=member,
        notice=notice,
        problem=problem,
    )
    return visit.site.page(visit.request.scope, page, status=400 if problem else 200)


async def record(visit: Visit) -> Response:
    form = await visit.form()
    try:
        member = await visit.commons.accounts.find(form.one("member"))
        await visit.commons.assembly.set_standing(me(visit), member.id, form.one("college"), form.one("votes") != "no")
    except (BadRequest, NotFound) as refused:
        problem = " ".join(sentences.explain(refused, visit.language))
        return await _shown(visit, member=form.one("member"), problem=problem)
    return see_other("/assembly/standing?done=1")
