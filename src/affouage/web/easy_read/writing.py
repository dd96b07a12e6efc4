"""A rewriting under way, in one long page: how far it is, sentence after sentence; then the form to choose in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec
from markupsafe import Markup
from starlette.types import Receive, Scope

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.errors import AffouageError, EngineLoading
from affouage.inference.answer import ExactPrompt
from affouage.inference.attempt import Asking
from affouage.pool.ticket import Turn
from affouage.web import sentences
from affouage.web.easy_read import views
from affouage.web.easy_read.pages import Choosing
from affouage.web.forms import Form
from affouage.web.language import Language
from affouage.web.site import Site
from affouage.web.stream import PageStream
from affouage.web.teller import Teller, while_read
from affouage.workshops.easy_read.check import Report
from affouage.workshops.easy_read.easy_read import REWRITTEN_MOST, Begun
from affouage.workshops.easy_read.rewriting import Proposal

LOADING_AT_MOST_MS = 10 * 60_000
"""How long a page waits for a model to wake up before it gives the text back."""

MARK = "<!-- the choice -->"
"""Where the page is cut; nothing a member or a model writes can hold it, since ``<`` is escaped."""

Event = Begun | Turn | ExactPrompt | Proposal


@dataclass(frozen=True)
class Work:
    """What is to be rewritten, and by which model. ``original``: carried along for the comparison at the end."""

    report: Report
    plan: tuple[Proposal, ...] = field(repr=False)
    original: str = field(repr=False)
    model: str


class Rewriting:
    """One page, from its first byte to its last."""

    def __init__(self, site: Site, commons: Commons, scope: Scope, language: Language, work: Work) -> None:
        self._site = site
        self._commons = commons
        self._scope = scope
        self._language = language
        self._work = work
        self._member_id = identity_of(scope).member.id
        self._receipt_id = ""
        self._exact: str | None = None
        self._left = False

    async def write(self, frame: str, form: Form, stream: PageStream, receive: Receive) -> None:
        """``frame``: the whole page, with a mark where what comes goes."""
        head, tail = frame.split(MARK)
        teller = Teller(stream, self._language)
        asked = Asking(
            member_id=self._member_id, door="web", no_hurry=form.ticked("no_hurry"), reach=form.one("reach")[:40]
        )
        await stream.start(200, self._site.page_headers(self._scope))
        async with while_read(teller, receive, self._leave):
            await stream.write(head)
            choosing = await self._rewrite(asked, stream, teller)
            if not self._left:
                await stream.write(self._site.render(self._scope, choosing) + tail)
                await stream.end()

    def _leave(self) -> None:
        self._left = True
        if self._receipt_id:
            self._commons.inference.stop(self._receipt_id, self._member_id)

    async def _rewrite(self, asked: Asking, stream: PageStream, teller: Teller) -> Choosing:
        """Every sentence in order. What stops one stops the rest; what was proposed so far is kept."""
        work = self._work
        proposals, problem = list(work.plan), ""
        wanted = [place for place, one in enumerate(proposals) if one.status == "not_asked"][:REWRITTEN_MOST]
        for done, place in enumerate(wanted, 1):
            try:
                proposals[place] = await self._one(proposals[place], (done, len(wanted)), asked, stream, teller)
            except AffouageError as refused:
                problem = " ".join(sentences.explain(refused, self._language))
            if problem or self._left or proposals[place].status == "stopped":
                break
        rows = tuple(views.proposed(work.report, place, one, self._language) for place, one in enumerate(proposals))
        return Choosing(work.report.language, rows, work.original, with_model=True, problem=problem, exact=self._exact)

    async def _one(
        self, planned: Proposal, place: tuple[int, int], asked: Asking, stream: PageStream, teller: Teller
    ) -> Proposal:
        proposal = planned
        async with aclosing(self._events(planned, asked, teller)) as events:
            async for event in events:
                if isinstance(event, Turn):
                    await teller.waits(event)
                    continue
                teller.called()
                if isinstance(event, Begun):
                    self._receipt_id = event.receipt_id
                    await stream.write(self._progress(place, event.receipt_id))
                elif isinstance(event, ExactPrompt):
                    self._exact = self._exact or event.text
                elif isinstance(event, Proposal):
                    proposal = event
        teller.called()
        return proposal

    async def _events(self, planned: Proposal, asked: Asking, teller: Teller) -> AsyncGenerator[Event, None]:
        """What the workshop says; while the model wakes up, tell how far it is and ask again."""
        clock, easy_read = self._commons.clock, self._commons.easy_read
        began_us = clock.monotonic_us()
        while not self._left:
            try:
                language = self._work.report.language
                async with aclosing(easy_read.propose(planned, asked, self._work.model, language)) as events:
                    async for event in events:
                        yield event
                return
            except EngineLoading as loading:
                if clock.monotonic_us() - began_us > LOADING_AT_MOST_MS * 1000:
                    raise
                asked = msgspec.structs.replace(asked, waking_since_us=began_us)
                await teller.wakes_up(loading)
                await asyncio.sleep(0.5)  # the engine itself waits too: see engine.load_wait_ms

    def _progress(self, place: tuple[int, int], receipt_id: str) -> str:
        """How far it is, with a button that stops there. Its answer (204) goes to a hidden frame."""
        _ = self._language.gettext
        told = _("Sentence {number} of {count}: the model is writing…").format(number=place[0], count=place[1])
        form = Markup(
            '<form class="step" method="post" action="/chat/stop/{}" target="aside">'
            '<input type="hidden" name="csrf" value="{}"><p>{}</p><button class="button stop">{}</button></form>\n'
        )
        csrf = self._scope.get("affouage.csrf", "")
        return form.format(receipt_id, csrf, self._language.typeset(told), _("Stop there"))
