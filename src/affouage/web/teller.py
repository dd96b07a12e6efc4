"""What somebody who waits is told meanwhile, one line after the other, in the one status of their page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from markupsafe import Markup
from starlette.types import Receive

from affouage.errors import EngineLoading
from affouage.pool.ticket import Turn
from affouage.web import waiting
from affouage.web.language import Language
from affouage.web.stream import PageStream, ReaderStalled, wait_until_gone

TELL_S = 3.0
"""The place in the queue is said again at most that often, when it changed; at once to whoever is next."""

QUIET_TELLS = 5
"""After so many of them without a word, a byte keeps the line alive: what does not press may wait for hours."""


class Teller:
    """Writes sentences into a page under way, each once."""

    def __init__(self, stream: PageStream, language: Language) -> None:
        self._stream = stream
        self._language = language
        self._turn: Turn | None = None
        """While it waits."""
        self._said = ""

    async def say(self, sentence: str) -> None:
        await self._stream.write(Markup("<p>{}</p>\n").format(sentence))

    async def waits(self, turn: Turn) -> None:
        """It has that place now: said at once if it is the first news, or the last before it is called."""
        first, self._turn = self._turn is None, turn
        if first or turn.position == 1:
            await self._place()

    def called(self) -> None:
        """It waits no more."""
        self._turn = None

    async def go_on(self) -> None:
        """For ever: say the place again when it changed. Raises ReaderStalled."""
        quiet = 0
        while True:
            await asyncio.sleep(TELL_S)
            quiet += 1
            if await self._place():
                quiet = 0
            elif self._turn is not None and quiet >= QUIET_TELLS:
                quiet = 0
                await self._stream.write("\n")

    async def _place(self) -> bool:
        """Say where it stands in the queue, unless that was said. Was there something to say?"""
        said = "" if self._turn is None else waiting.sentence(self._turn, self._language)
        if not said or said == self._said:
            return False
        self._said = said
        await self.say(said)
        return True

    async def wakes_up(self, loading: EngineLoading) -> None:
        """How far the model is."""
        _ = self._language.gettext
        progress = loading.details.get("progress")
        said = _("The model is waking up. Your question is kept; nothing to do.")
        if progress is not None:
            share = self._language.typeset(f"{round(progress * 100)} %")
            said = _("The model is waking up: {share}. Your question is kept; nothing to do.").format(share=share)
        if said != self._said:
            self._said = said
            await self.say(said)


@asynccontextmanager
async def while_read(teller: Teller, receive: Receive, leave: Callable[[], None]) -> AsyncIterator[None]:
    """What is written inside is for somebody who reads: places are told meanwhile, and ``leave`` is called when nobody
    reads any more. A reader who stalls ends it without an error: what was burned is settled by the books."""

    async def notice_leaving() -> None:
        await wait_until_gone(receive)
        leave()

    async def go_on() -> None:
        try:
            await teller.go_on()
        except ReaderStalled:
            leave()

    async with asyncio.TaskGroup() as tasks:
        meanwhile = [tasks.create_task(notice_leaving()), tasks.create_task(go_on())]
        try:
            yield
        except ReaderStalled:
            pass
        finally:
            for task in meanwhile:
                task.cancel()


def stop_form(receipt_id: str, csrf: str) -> str:
    """What the button Stop sends. Its answer (204) goes to a hidden frame: some browsers cut a page that navigates."""
    form = Markup('<form id="stop" method="post" action="/chat/stop/{}" target="aside">{}</form>\n')
    return form.format(receipt_id, Markup('<input type="hidden" name="csrf" value="{}">').format(csrf))
