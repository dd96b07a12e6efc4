"""A written answer put into its page: the sheets stand there already, then comes what a model wrote, once checked.

What the model writes is never shown as it comes: a sentence is seen when the sheets were found to say it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec
from starlette.types import Receive, Scope

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.errors import AffouageError, EngineLoading, NotFound
from affouage.inference.answer import ExactPrompt
from affouage.inference.attempt import Asking
from affouage.ledger.receipt import Receipt
from affouage.pool.ticket import Turn
from affouage.web import sentences
from affouage.web.explain import views
from affouage.web.explain.pages import Explained
from affouage.web.forms import Form
from affouage.web.language import Language
from affouage.web.site import Site
from affouage.web.stream import PageStream
from affouage.web.teller import Teller, stop_form, while_read
from affouage.workshops.explain.shapes import Begun, Explanation, Look

LOADING_AT_MOST_MS = 10 * 60_000
"""How long a page waits for a model to wake up before it gives the question back."""

MARK = "<!-- the answer -->"
"""Where the page is cut; nothing a member, a sheet or a model writes can hold it, since ``<`` is escaped."""

Event = Begun | Turn | ExactPrompt | str | Explanation


@dataclass
class _Come:
    """What has come so far."""

    receipt_id: str = ""
    exact: ExactPrompt | None = None
    explanation: Explanation | None = None
    problem: AffouageError | None = None
    writing: bool = False
    left: bool = field(default=False)


class WrittenAnswer:
    """One page with one written answer, from its first byte to its last."""

    def __init__(self, site: Site, commons: Commons, scope: Scope, language: Language) -> None:
        self._site = site
        self._commons = commons
        self._scope = scope
        self._language = language
        self._member = identity_of(scope).member
        self._come = _Come()

    async def write(self, frame: str, look: Look, form: Form, stream: PageStream, receive: Receive) -> None:
        """``frame``: the whole page with the sheets found, and a mark where the answer goes."""
        head, tail = frame.split(MARK)
        teller = Teller(stream, self._language)
        await stream.start(200, self._site.page_headers(self._scope))
        async with while_read(teller, receive, self._leave):
            await stream.write(head)
            await self._converse(self._asked(form), look, form.one("model"), stream, teller)
            if not self._come.left:
                await stream.write("</div></div>" + self._site.render(self._scope, await self._ending()) + tail)
                await stream.end()

    def _asked(self, form: Form) -> Asking:
        return Asking(
            member_id=self._member.id,
            door="web",
            language=self._language.code,
            no_hurry=form.ticked("no_hurry"),
            reach=form.one("reach")[:40],
        )

    # -- while it comes ----------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        self._come.left = True
        if self._come.receipt_id:
            self._commons.inference.stop(self._come.receipt_id, self._member.id)

    async def _converse(self, asking: Asking, look: Look, model: str, stream: PageStream, teller: Teller) -> None:
        come = self._come
        try:
            async with aclosing(self._events(asking, look, model, teller)) as events:
                async for event in events:
                    if come.left:
                        return
                    if isinstance(event, Turn):
                        await teller.waits(event)
                        continue
                    teller.called()
                    if isinstance(event, Begun):
                        come.receipt_id = event.receipt_id
                        await stream.write(stop_form(event.receipt_id, self._scope.get("affouage.csrf", "")))
                    elif isinstance(event, ExactPrompt):
                        come.exact = event
                        await teller.say(self._language.gettext("The model is reading the passages…"))
                    elif isinstance(event, Explanation):
                        come.explanation = event
                    elif not come.writing:
                        come.writing = True
                        await teller.say(self._language.gettext("The answer is being written, then it is checked…"))
        except AffouageError as problem:
            come.problem = problem
        teller.called()

    async def _events(self, asking: Asking, look: Look, model: str, teller: Teller) -> AsyncGenerator[Event, None]:
        """What the workshop says; while the model wakes up, tell how far it is and ask again."""
        clock = self._commons.clock
        began_us = clock.monotonic_us()
        while not self._come.left:
            try:
                async with aclosing(self._commons.explain.answer(look, asking, model)) as events:
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

    async def _ending(self) -> Explained:
        come = self._come
        receipt, exact = await self._receipt(), come.exact
        message, remedy = sentences.explain(come.problem, self._language) if come.problem else ("", "")
        return views.explained(
            come.explanation,
            self._language,
            receipt=receipt,
            exact=exact.text if exact else None,
            salt=exact.salt.hex() if exact and exact.salt else "",
            problem=message,
            remedy=remedy,
        )

    async def _receipt(self) -> Receipt | None:
        """Of what was generated, None where nothing was."""
        explanation = self._come.explanation
        number = (explanation.receipt_id if explanation else None) or self._come.receipt_id
        try:
            return await self._commons.ledger.receipt(number, self._member.id) if number else None
        except NotFound:
            return None
