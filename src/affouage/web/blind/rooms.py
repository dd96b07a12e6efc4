"""*À l'aveugle*: the question, the two answers, the choice, what was behind them, what all choices say."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.assembly import access
from affouage.assembly.access import Policy
from affouage.errors import BadRequest
from affouage.pool.reach import lowered
from affouage.web import asking, sentences
from affouage.web.blind import views
from affouage.web.blind.pages import BlindPage, PairPage
from affouage.web.blind.words import buttons
from affouage.web.blind.writing import MARK, Comparing
from affouage.web.door import Door, Visit
from affouage.web.forms import Form, read_form
from affouage.web.language import Language
from affouage.web.machine_now import other_servers, readers
from affouage.web.reach import reach_field
from affouage.web.site import Site, see_other
from affouage.web.stream import PageStream


def open_door(door: Door) -> None:
    scope = access.Scope.INFERENCE
    door.page("/blind", begin, Policy.MEMBER, scope=scope)
    door.raw("/blind", Compared(door.site, door.commons), Policy.MEMBER, scope=scope)
    door.page("/blind/results", results, Policy.MEMBER, scope=scope)
    door.page("/blind/pair/{token}", pair, Policy.MEMBER, scope=scope)
    door.page("/blind/pair/{token}/choose", choose, Policy.MEMBER, scope=scope, post=True)
    door.page("/blind/pair/{token}/keep", keep, Policy.MEMBER, scope=scope, post=True)
    door.page("/blind/pair/{token}/stop", stop, Policy.MEMBER, scope=scope, post=True)


async def begin(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, await _begin_page(visit.commons, visit.language))


async def _begin_page(commons: Commons, language: Language, form: Form | None = None, problem: str = "") -> BlindPage:
    there = await asking.choices(commons, language)
    return BlindPage(
        choices=there,
        reach=reach_field(
            lowered(commons.charter.in_force("confidentiality").value, commons.settings.safety.reach_most),
            readers(commons, language),
            form.one("reach")[:40] if form else "",
            language,
            other_servers(commons),
        ),
        few=len(there) < 2,
        shut=len(there) < len(asking.served(commons)),
        question=form.one("question") if form else "",
        problem=problem,
    )


class Compared:
    """POST /blind, a raw ASGI application."""

    def __init__(self, site: Site, commons: Commons) -> None:
        self._site = site
        self._commons = commons

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        commons, language, member = self._commons, self._site.language(scope), identity_of(scope).member
        form = await read_form(scope, receive, commons.settings.server)
        there = [one.id for one in await asking.choices(commons, language)]
        try:
            chosen = (form.one("first"), form.one("second"))
            comparison = commons.blind.begin(member.id, form.one("question"), there, chosen)
        except BadRequest as no:
            told = " ".join(sentences.explain(no, language))
            page = await _begin_page(commons, language, form, told)
            await self._site.refusal(scope, page, no)(scope, receive, send)
            return
        frame = self._site.render(scope, PairPage(comparison.question, comparison.token, buttons(language), mark=MARK))
        stream = PageStream(send, stall_timeout_ms=commons.settings.server.stall_timeout_ms)
        comparing = Comparing(self._site, commons, scope, language, comparison, form.one("reach")[:40])
        await comparing.write(frame, stream, receive)


def _me(visit: Visit) -> str:
    return identity_of(visit.request.scope).member.id


async def pair(visit: Visit) -> Response:
    """The two answers once more; with their names when the choice is made."""
    comparison = visit.commons.blind.find(visit.part("token"), _me(visit))
    if not comparison.answered:
        return see_other("/blind")
    return visit.site.page(visit.request.scope, views.pair(comparison, visit.commons.cards(), visit.language))


async def choose(visit: Visit) -> Response:
    form = await visit.form()
    comparison = await visit.commons.blind.choose(visit.part("token"), _me(visit), form.one("choice"))
    return see_other(f"/blind/pair/{comparison.token}")


async def keep(visit: Visit) -> Response:
    form = await visit.form()
    comparison = await visit.commons.blind.keep(visit.part("token"), _me(visit), form.one("choice"))
    return see_other(f"/blind/pair/{comparison.token}#kept")


async def stop(visit: Visit) -> Response:
    """204: the browser stays where it is, and the page being written ends properly."""
    await visit.form()
    visit.commons.blind.stop(visit.part("token"), _me(visit))
    return Response(status_code=204)


async def results(visit: Visit) -> Response:
    report = await visit.commons.blind.report()
    return visit.site.page(visit.request.scope, views.results(report, visit.commons.cards(), visit.language))
