"""Two answers put into one page: told how far it is while they are made, shown together, without names, at the end.

They are asked in an order that says nothing of the side they come to stand on, and no word is shown as it comes: how
fast a model writes would tell which it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import msgspec
from markupsafe import Markup
from starlette.types import Receive, Scope

from affouage.asgi.commons import Commons
from affouage.errors import AffouageError, EngineLoading
from affouage.inference.answer import AnswerEvent, ExactPrompt
from affouage.inference.attempt import Asking
from affouage.pool.ticket import Turn
from affouage.web import sentences
from affouage.web.blind import views, words
from affouage.web.blind.pages import PairEnd
from affouage.web.language import Language
from affouage.web.site import Site
from affouage.web.stream import PageStream
from affouage.web.teller import Teller, while_read
from affouage.workshops.blind.held import Comparison, Side

LOADING_AT_MOST_MS = 10 * 60_000
"""How long a page waits for a model to wake up before it gives the question back."""

MARK = "<!-- the answers -->"
"""Where the page is cut; nothing a member or a model writes can hold it, since ``<`` is escaped."""


@dataclass
class _Come:
    problem: AffouageError | None = None
    left: bool = False


class Comparing:
    """One page with two answers, from its first byte to its last."""

    def __init__(
        self, site: Site, commons: Commons, scope: Scope, language: Language, comparison: Comparison, reach: str
    ) -> None:
        self._site = site
        self._commons = commons
        self._scope = scope
        self._language = language
        self._comparison = comparison
        self._reach = reach
        self._come = _Come()

    async def write(self, frame: str, stream: PageStream, receive: Receive) -> None:
        """``frame``: the whole page, with a mark where the answers go."""
        head, tail = frame.split(MARK)
        teller = Teller(stream, self._language)
        await stream.start(200, self._site.page_headers(self._scope))
        try:
            async with while_read(teller, receive, self._leave):
                await stream.write(head + self._stop_form())
                await self._both(teller)
                if not self._come.left:
                    await stream.write("</div></div>" + self._site.render(self._scope, self._ending()) + tail)
                    await stream.end()
        finally:
            if not self._comparison.answered:
                self._commons.blind.give_up(self._comparison)

    def _stop_form(self) -> str:
        """Its answer (204) goes to a hidden frame. By the comparison's own token: a receipt would tell the model."""
        form = Markup(
            '<form id="stop" method="post" action="/blind/pair/{}/stop" target="aside">'
            '<input type="hidden" name="csrf" value="{}"></form>\n'
        )
        return str(form.format(self._comparison.token, self._scope.get("affouage.csrf", "")))

    # -- while they come ---------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        self._come.left = True
        if self._comparison.running:
            self._commons.inference.stop(self._comparison.running, self._comparison.member_id)

    async def _both(self, teller: Teller) -> None:
        _ = self._language.gettext
        writes = (
            _("A first model is writing its answer. Both are shown together…"),
            _("The other model is writing its answer…"),
        )
        try:
            for side, telling in zip(self._comparison.order, writes, strict=True):
                async with aclosing(self._events(side, teller)) as events:
                    async for event in events:
                        if self._come.left:
                            return
                        if isinstance(event, Turn):
                            await teller.waits(event)
                            continue
                        teller.called()
                        if isinstance(event, ExactPrompt):
                            await teller.say(telling)
        except AffouageError as problem:
            self._come.problem = problem
        teller.called()

    async def _events(self, side: Side, teller: Teller) -> AsyncGenerator[AnswerEvent, None]:
        """What the workshop says; while the model wakes up, tell how far it is and ask again."""
        clock = self._commons.clock
        asking = Asking(
            member_id=self._comparison.member_id, door="web", language=self._language.code, reach=self._reach
        )
        began_us = clock.monotonic_us()
        while not self._come.left:
            try:
                async with aclosing(self._commons.blind.answer(self._comparison, side, asking)) as events:
                    async for event in events:
                        yield event
                return
            except EngineLoading as loading:
                if clock.monotonic_us() - began_us > LOADING_AT_MOST_MS * 1000:
                    raise
                asking = msgspec.structs.replace(asking, waking_since_us=began_us)
                await teller.wakes_up(loading)
                await asyncio.sleep(0.5)  # the engine itself waits too: see engine.load_wait_ms

    # -- the end -----------------------------------------------------------------------------------------------------

    def _ending(self) -> PairEnd:
        comparison, problem = self._comparison, self._come.problem
        message, remedy = sentences.explain(problem, self._language) if problem else ("", "")
        there = comparison.answered and not problem
        return PairEnd(
            token=comparison.token,
            buttons=words.buttons(self._language),
            shown=views.shown(comparison, self._commons.cards(), self._language) if there else (),
            problem=message,
            remedy=remedy,
            receipts=() if there else tuple(comparison.spent),
        )
