"""One answer written into its page as it is made: the page is one long HTML answer, without scripts.

head of the page, the question      at once
<p> lines in the status             while the model wakes up, while others have their turn
words, escaped                      as they come
the answer once more, made up       hides the raw words (CSS), with its receipt
form for the next question
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace

import msgspec
from markupsafe import Markup, escape
from starlette.types import Receive, Scope

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.assembly.conversations import Conversation
from affouage.chat import Delta, delta_text
from affouage.errors import AffouageError, EngineLoading
from affouage.inference.answer import Answer, ExactPrompt, Resumed
from affouage.inference.attempt import Asking
from affouage.pool.ticket import Turn as QueueTurn
from affouage.web import asking, sentences
from affouage.web.asking import Ask, Thread
from affouage.web.language import Language
from affouage.web.markdown import render
from affouage.web.pages import Answered, Choice, Turn
from affouage.web.site import Site
from affouage.web.stream import PageStream
from affouage.web.teller import Teller, stop_form, while_read

LOADING_AT_MOST_MS = 10 * 60_000
"""How long a page waits for a model to wake up before it gives the question back."""

MARK = "<!-- the answer -->"
"""Where the page is cut; nothing a member or a model writes can hold it, since ``<`` is escaped."""


class _NobodyReads(Exception):  # not an error: somebody left
    """The one who asked has left."""


@dataclass
class _Said:
    """What has come so far."""

    parts: list[str] = field(default_factory=list)
    exact: ExactPrompt | None = None
    problem: AffouageError | None = None
    begun: bool = False

    @property
    def text(self) -> str:
        return "".join(self.parts)


class AnswerPage:
    """One page with one answer, from its first byte to its last."""

    def __init__(
        self,
        site: Site,
        commons: Commons,
        scope: Scope,
        language: Language,
        ask: Ask,
        there: tuple[Choice, ...],
    ) -> None:
        self._site = site
        self._commons = commons
        self._scope = scope
        self._language = language
        self._ask = ask
        self._there = there
        self._member = identity_of(scope).member
        self._said = _Said()
        self._answer: Answer | None = None
        self._left = False

    async def write(self, frame: str, stream: PageStream, receive: Receive) -> None:
        """``frame``: the whole page with two marks, where the answer and the next form go."""
        head, middle, tail = frame.split(MARK)
        teller = Teller(stream, self._language)
        await stream.start(200, self._site.page_headers(self._scope))
        try:
            async with while_read(teller, receive, self._leave):
                with suppress(_NobodyReads):
                    await stream.write(head)
                    await self._converse(stream, teller)
                    final, composer = await self._ending()
                    await stream.write(final + middle + composer + tail)
                    await stream.end()
        finally:
            await self._stop()

    def _leave(self) -> None:
        self._left = True
        if self._answer is not None:
            self._answer.cancel()

    async def _stop(self) -> None:
        """No answer outlives its page; nothing happens to one that has ended."""
        if self._answer is not None:
            self._answer.cancel()
            await self._answer.done()

    async def _converse(self, stream: PageStream, teller: Teller) -> None:
        try:
            self._answer = await self._begin(teller)
            if self._left:
                raise _NobodyReads
            await stream.write(stop_form(self._answer.receipt_id, self._scope.get("affouage.csrf", "")))
            async for event in self._answer.events():
                if isinstance(event, QueueTurn):
                    await teller.waits(event)
                    continue
                teller.called()
                if isinstance(event, Delta):
                    await self._word(stream, delta_text(event))
                elif isinstance(event, ExactPrompt):
                    self._said.exact = event
                elif isinstance(event, Resumed):
                    await self._resumed(stream, teller, event)
        except AffouageError as problem:
            self._said.problem = problem
        teller.called()
        if self._left:
            raise _NobodyReads
        await stream.write("</div>" if self._said.begun else "</div></div>")

    async def _begin(self, teller: Teller) -> Answer:
        """Ask; while the model wakes up, say how far it is and ask again."""
        clock = self._commons.clock
        question = Asking(
            member_id=self._member.id,
            door="web",
            language=self._language.code,
            no_hurry=self._ask.no_hurry,
            reach=self._ask.reach,
        )
        began_us = clock.monotonic_us()
        while True:
            try:
                return await self._commons.inference.ask(question, self._ask.request())
            except EngineLoading as loading:
                question = msgspec.structs.replace(question, waking_since_us=began_us)
                if self._left:
                    raise _NobodyReads from None
                if clock.monotonic_us() - began_us > LOADING_AT_MOST_MS * 1000:
                    raise
                await teller.wakes_up(loading)
                await asyncio.sleep(0.5)  # the engine itself waits too: see engine.load_wait_ms

    async def _word(self, stream: PageStream, text: str) -> None:
        if not text:
            return
        self._said.parts.append(text)
        opening = "" if self._said.begun else self._opening()
        self._said.begun = True
        await stream.write(opening + escape(text))

    async def _resumed(self, stream: PageStream, teller: Teller, event: Resumed) -> None:
        """The reader sees where, and on which machine: a mark among the words, or one more line while they wait."""
        _ = self._language.gettext
        machine = event.machine or _("The machine of the commons")
        if self._said.begun:
            told = _("the machine was lost here; {machine} goes on").format(machine=machine)
            await stream.write(Markup('<span class="resumed">[{}]</span>').format(told))
        else:
            told = _("The machine was lost; {machine} begins again.").format(machine=machine)
            await teller.say(self._language.typeset(told))

    def _opening(self) -> str:
        """The end of the status, then the place where the words appear as they come."""
        said = self._language.gettext("Answer in progress…")
        return Markup('<p>{}</p></div></div><div class="raw" lang="{}">').format(said, self._language.code)

    # -- the end -------------------------------------------------------------------------------------------------

    async def _ending(self) -> tuple[str, str]:
        """The finished answer, and the form for the next question."""
        said, answer = self._said, self._answer
        receipt = answer.receipt if answer else None
        turn = asking.make_turn(
            self._ask.question, said.text, receipt.id if receipt else "", self._language.code, self._language
        )
        outcome = receipt.outcome if receipt else "failed"
        worth_keeping = bool(said.text) and outcome in ("completed", "cancelled")
        kept, keep_problem = await self._keep(turn) if worth_keeping and self._ask.keep else (self._ask.thread.kept, "")
        message, remedy = sentences.explain(said.problem, self._language) if said.problem else ("", "")
        answered = Answered(
            outcome=outcome,
            answer=render(said.text, table_label=self._language.gettext("Table")),
            lang=self._language.code,
            receipt=receipt,
            exact=said.exact.text if said.exact else None,
            salt=said.exact.salt.hex() if said.exact and said.exact.salt else "",
            problem=message,
            remedy=remedy,
            cut_short=receipt is not None and receipt.finish_reason == "length",
            kept_id=kept.id if kept else "",
            kept_until_ms=kept.expires_ms if kept else None,
            keep_problem=keep_problem,
        )
        turns = (*self._ask.thread.turns, turn) if worth_keeping else self._ask.thread.turns
        following = replace(self._ask, thread=Thread(turns, kept))
        form = asking.composer(self._commons, self._there, following, self._language, keep_question=not worth_keeping)
        return self._site.render(self._scope, answered), self._site.render(self._scope, form)

    async def _keep(self, turn: Turn) -> tuple[Conversation | None, str]:
        """Keep what was said, because the member asked: (where, why not)."""
        thread, conversations = self._ask.thread, self._commons.conversations
        try:
            if thread.kept is not None:
                kept_id = thread.kept.id
                await conversations.append(self._member, kept_id, asking.kept_turns((turn,)))
            else:
                turns = asking.kept_turns((*thread.turns, turn))
                kept_id = await conversations.keep(self._member, turns[0].text, turns)
            return await conversations.read(self._member, kept_id), ""
        except AffouageError as problem:
            return thread.kept, " ".join(sentences.explain(problem, self._language))
