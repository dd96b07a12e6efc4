"""*Expliquer*: a question, the sheets that speak of it at once; then, for whoever wants it, a written answer."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.asgi.readers import tags_of
from affouage.assembly import access
from affouage.assembly.access import Policy
from affouage.errors import BadRequest
from affouage.pool.reach import lowered
from affouage.web import asking, sentences
from affouage.web.door import Door, Visit
from affouage.web.explain import views
from affouage.web.explain.pages import ExplainPage, WriteForm
from affouage.web.explain.writing import MARK, WrittenAnswer
from affouage.web.forms import Form, read_form
from affouage.web.language import Language
from affouage.web.machine_now import other_servers, readers
from affouage.web.reach import reach_field
from affouage.web.site import Site
from affouage.web.stream import PageStream


def open_door(door: Door) -> None:
    door.page("/explain", begin, Policy.MEMBER, scope=access.Scope.INFERENCE)
    door.raw("/explain", Explained(door.site, door.commons), Policy.MEMBER, scope=access.Scope.INFERENCE)


async def begin(visit: Visit) -> Response:
    tags = await tags_of(visit.commons.db, identity_of(visit.request.scope).member)
    page = ExplainPage(collections=len(await visit.commons.library.collections(tags)))
    return visit.site.page(visit.request.scope, page)


class Explained:
    """POST /explain, a raw ASGI application."""

    def __init__(self, site: Site, commons: Commons) -> None:
        self._site = site
        self._commons = commons

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        language, member = self._site.language(scope), identity_of(scope).member
        form = await read_form(scope, receive, self._commons.settings.server)
        question = form.one("question").strip()
        tags = await tags_of(self._commons.db, member)
        collections = len(await self._commons.library.collections(tags))
        try:
            look = await self._commons.explain.look(question, language=language.code, tags=tags)
            if look.verdict.scope == "empty":
                raise BadRequest("Nothing was asked.", remedy="Type a question.", code="question_empty")
        except BadRequest as no:
            told = " ".join(sentences.explain(no, language))
            page = ExplainPage(collections, form.one("question"), told)
            await self._site.refusal(scope, page, no)(scope, receive, send)
            return
        wanted = form.ticked("write") and look.verdict.answer
        write = None if wanted else await write_form(self._commons, form, language)
        page = ExplainPage(collections, looked=views.looked(look, write, language), mark=MARK if wanted else "")
        if not wanted:
            await self._site.page(scope, page)(scope, receive, send)
            return
        stream = PageStream(send, stall_timeout_ms=self._commons.settings.server.stall_timeout_ms)
        answer = WrittenAnswer(self._site, self._commons, scope, language)
        await answer.write(self._site.render(scope, page), look, form, stream, receive)


async def write_form(commons: Commons, form: Form, language: Language) -> WriteForm:
    """The models that may write, and whose machines may read the question."""
    there = await asking.choices(commons, language)
    wished = form.one("model")
    return WriteForm(
        choices=there,
        model=wished if any(one.id == wished for one in there) else there[0].id if there else "",
        reach=reach_field(
            lowered(commons.charter.in_force("confidentiality").value, commons.settings.safety.reach_most),
            readers(commons, language),
            form.one("reach")[:40],
            language,
            other_servers(commons),
        ),
        no_hurry=form.ticked("no_hurry"),
        shut=not there and bool(asking.served(commons)),
    )
