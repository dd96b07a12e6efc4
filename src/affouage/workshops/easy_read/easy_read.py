"""The service: a text is checked; for whoever wants it, a model then proposes, sentence by sentence; a person picks.

Nothing is kept: a text comes, what can be said of it goes, and only the books know that a model was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import msgspec

from affouage.chat import ChatRequest, Delta, Message, delta_text, finish_reason
from affouage.errors import Unavailable
from affouage.inference.answer import ExactPrompt
from affouage.inference.attempt import Asking
from affouage.inference.serve import Inference
from affouage.pool.ticket import Turn
from affouage.workshops.easy_read.check import Language, Report
from affouage.workshops.easy_read.document import Form
from affouage.workshops.easy_read.lexicon import Lexicon, open_lexicon
from affouage.workshops.easy_read.reading import check_given, report_on, told_language
from affouage.workshops.easy_read.rewriting import SAFE, Proposal, judge, plan, tokens_for
from affouage.workshops.easy_read.shapes import Gloss

WORKSHOP = "easy_read"

REWRITTEN_MOST = 40
"""Sentences that one request may have rewritten: each is a question to a model."""

LABEL = {
    "fr": "Brouillon à relire avec les personnes concernées",
    "en": "Draft to be read again with the people concerned",
}
"""Stands on whatever leaves from here. A text is easy to read when people with an intellectual disability have read and
understood it: no program can say so, and the European logo is never shown."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A request to the model is in the books, and may be stopped by its number (``Inference.stop``)."""

    receipt_id: str


class EasyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A whole text made easier, to be read again by people. ``label``: what must stand on it.

    ``unchecked``: numbers of the sentences that a person must look at: the meaning check found something, or nothing
    better could be proposed. ``glossary``: hard words that are still in it.
    """

    language: Language
    proposals: tuple[Proposal, ...]
    glossary: tuple[Gloss, ...]
    label: str

    @property
    def text(self) -> str:
        """One sentence a line: what was proposed where the meaning was kept, the source elsewhere."""
        return "\n".join(one.text if one.status in SAFE else one.source for one in self.proposals)

    @property
    def unchecked(self) -> tuple[int, ...]:
        return tuple(number for number, one in enumerate(self.proposals) if one.status not in ("kept", "already_easy"))

    @property
    def receipt_ids(self) -> tuple[str, ...]:
        return tuple(one.receipt_id for one in self.proposals if one.receipt_id)


class EasyRead:
    """Checks texts and proposes easier ones."""

    def __init__(
        self, inference: Inference | None = None, lexicon: Callable[[], Lexicon | None] = open_lexicon
    ) -> None:
        """``inference``: None where nothing is ever generated. ``lexicon``: opened at the first French text."""
        self._inference = inference
        self._open_lexicon = lexicon
        self._opening = asyncio.Lock()
        self._opened: tuple[Lexicon | None] | None = None

    async def check(self, text: str, *, language: Language | None = None, form: Form = "text") -> Report:
        """What a program can say of ``text``. ``language``: None to tell it by its words.

        Raises BadRequest ``easy_read_empty``, ``easy_read_too_long``.
        """
        check_given(text)
        spoken = language or told_language(text)
        lexicon = await self._lexicon() if spoken == "fr" else None
        return await asyncio.to_thread(report_on, text, spoken, form, lexicon)

    async def plan(self, report: Report) -> tuple[Proposal, ...]:
        """For each sentence of ``report``, what the program proposes by itself. A model may be asked for those that are
        ``not_asked``: see :meth:`propose`."""
        lexicon = await self._lexicon() if report.language == "fr" else None
        return await asyncio.to_thread(plan, report, lexicon.bands if lexicon else None)

    async def propose(
        self, planned: Proposal, asking: Asking, model: str, language: Language = "fr"
    ) -> AsyncGenerator[Begun | Turn | ExactPrompt | Proposal, None]:
        """Have ``model`` rewrite one sentence of a plan, in ``asking``'s name (workshop and language are set here).

        Yields Begun, Turn while it waits, the ExactPrompt, and in the end one Proposal, judged. Closing the iterator
        stops the generation. Raises what ``Inference.ask`` raises.
        """
        if self._inference is None:
            raise Unavailable("No model can be asked here.", remedy="Start the commons: affouage up.")
        asking = msgspec.structs.replace(asking, workshop=WORKSHOP, language=language)
        request = ChatRequest(
            model=model,
            messages=(Message("user", planned.text),),
            max_tokens=tokens_for(planned.text),
            options={"temperature": 0},
        )
        answer = await self._inference.ask(asking, request)
        said, whole = [], True
        try:
            yield Begun(receipt_id=answer.receipt_id)
            async for event in answer.events():
                if isinstance(event, Delta):
                    said.append(delta_text(event))
                    whole = whole and finish_reason(event) != "length"
                elif isinstance(event, (Turn, ExactPrompt)):
                    yield event
        finally:
            answer.cancel()
        number = answer.receipt_id
        if answer.receipt is not None and answer.receipt.outcome == "cancelled":
            yield msgspec.structs.replace(planned, status="stopped", receipt_id=number)
            return
        lexicon = await self._lexicon() if language == "fr" else None
        reply, bands = "".join(said), lexicon.bands if lexicon else None
        yield await asyncio.to_thread(
            judge, planned.source, reply, language=language, bands=bands, whole=whole, receipt_id=number
        )

    async def easy_version(
        self, sentences: Sequence[str], asking: Asking, model: str, language: Language = "fr"
    ) -> EasyVersion:
        """All of a text, for a draft that a person will read again.

        ``model`` "": nothing is asked of a model, and what is not easy already is left to the person. Sentences beyond
        ``REWRITTEN_MOST`` are left too. Raises BadRequest for no text or too long a one, and what ``Inference.ask``
        raises.
        """
        report = await self.check("\n".join(one.strip() for one in sentences), language=language)
        proposals = list(await self.plan(report))
        wanted = [place for place, one in enumerate(proposals) if one.status == "not_asked"]
        for place in wanted[:REWRITTEN_MOST] if model else ():
            async with aclosing(self.propose(proposals[place], asking, model, language)) as events:
                async for event in events:
                    if isinstance(event, Proposal):
                        proposals[place] = event
        version = EasyVersion(language=language, proposals=tuple(proposals), glossary=(), label=LABEL[language])
        after = await self.check(version.text, language=language)
        return msgspec.structs.replace(version, glossary=after.glossary)

    async def _lexicon(self) -> Lexicon | None:
        """Read once, in a thread; whoever comes meanwhile waits for the same."""
        async with self._opening:
            if self._opened is None:
                self._opened = (await asyncio.to_thread(self._open_lexicon),)
            return self._opened[0]
