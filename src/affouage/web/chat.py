"""The conversation: the page one asks from, what was kept, and the door of a question.

Works without scripts. Nothing of it is stored unless the member asked to keep it.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.assembly import access
from affouage.assembly.access import Policy
from affouage.assembly.conversations import Conversation
from affouage.errors import UnknownModel
from affouage.web import asking, sentences
from affouage.web.answer_page import MARK, AnswerPage
from affouage.web.asking import Ask, Thread
from affouage.web.door import Door, Visit
from affouage.web.forms import read_form
from affouage.web.language import Language
from affouage.web.pages import Chat, Choice, Composer
from affouage.web.pages import Conversations as ConversationsPage
from affouage.web.site import Site, see_other
from affouage.web.stream import PageStream


def open_door(door: Door) -> None:
    door.page("/chat", begin, Policy.MEMBER, scope=access.Scope.INFERENCE)
    door.raw("/chat", ChatAnswer(door.site, door.commons), Policy.MEMBER, scope=access.Scope.INFERENCE)
    door.page("/chat/stop/{receipt_id}", stop, Policy.MEMBER, scope=access.Scope.INFERENCE, post=True)
    door.page("/conversations", kept_list, Policy.MEMBER, scope=access.Scope.ACCOUNT)
    door.page("/conversations/{id}", kept_one, Policy.MEMBER, scope=access.Scope.ACCOUNT)
    door.page("/conversations/{id}/delete", delete, Policy.MEMBER, scope=access.Scope.ACCOUNT, post=True)


async def begin(visit: Visit) -> Response:
    there = await asking.choices(visit.commons, visit.language)
    ask = Ask("", visit.query("model") or visit.commons.default_model, False, Thread())
    return visit.site.page(visit.request.scope, Chat(asking.composer(visit.commons, there, ask, visit.language)))


async def stop(visit: Visit) -> Response:
    """204: the browser stays where it is, and the page being written ends properly."""
    await visit.form()
    visit.commons.inference.stop(visit.part("receipt_id"), identity_of(visit.request.scope).member.id)
    return Response(status_code=204)


async def kept_list(visit: Visit) -> Response:
    kept = await visit.commons.conversations.list_of(identity_of(visit.request.scope).member)
    notice = visit.language.gettext("The conversation is deleted.") if visit.query("done") == "deleted" else ""
    page = ConversationsPage(tuple(kept), visit.commons.keeping().conversations, notice)
    return visit.site.page(visit.request.scope, page)


async def kept_one(visit: Visit) -> Response:
    member = identity_of(visit.request.scope).member
    thread = await asking.read_thread(visit.commons, member, visit.part("id"), visit.language)
    there = await asking.choices(visit.commons, visit.language)
    composer = asking.composer(visit.commons, there, Ask("", visit.commons.default_model, True, thread), visit.language)
    return visit.site.page(visit.request.scope, chat_page(composer, thread.kept))


async def delete(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.conversations.delete(identity_of(visit.request.scope).member, visit.part("id"))
    return see_other("/conversations?done=deleted")


def chat_page(composer: Composer, kept: Conversation | None, asked: str | None = None) -> Chat:
    return Chat(
        composer,
        asked=asked,
        kept_title=kept.title if kept else "",
        kept_until_ms=kept.expires_ms if kept else None,
        mark=MARK if asked is not None else "",
    )


class ChatAnswer:
    """POST /chat, a raw ASGI application."""

    def __init__(self, site: Site, commons: Commons) -> None:
        self._site = site
        self._commons = commons

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        language = self._site.language(scope)
        member = identity_of(scope).member
        form = await read_form(scope, receive, self._commons.settings.server)
        ask = await asking.read_ask(self._commons, member, form, language)
        there = await asking.choices(self._commons, language)
        problem = await _unfit(ask, there, self._commons, language)
        if problem:
            composer = asking.composer(self._commons, there, ask, language, keep_question=True, problem=problem)
            refusal = self._site.page(scope, chat_page(composer, ask.thread.kept), status=400)
            await refusal(scope, receive, send)
            return
        stream = PageStream(send, stall_timeout_ms=self._commons.settings.server.stall_timeout_ms)
        frame = self._site.render(
            scope, chat_page(asking.composer(self._commons, there, ask, language), ask.thread.kept, ask.question)
        )
        await AnswerPage(self._site, self._commons, scope, language, ask, there).write(frame, stream, receive)


async def _unfit(ask: Ask, there: tuple[Choice, ...], commons: Commons, language: Language) -> str:
    """Why this cannot be asked, empty when it can."""
    if not ask.question:
        return language.gettext("Type your question first.")
    if all(one.id != ask.model for one in there):
        if not commons.inference.admission.may_answer(ask.model):
            refused = await commons.inference.admission.refusal_of(ask.model)
            return " ".join(sentences.explain(refused, language))
        return " ".join(sentences.explain(UnknownModel("not here"), language))
    return ""
