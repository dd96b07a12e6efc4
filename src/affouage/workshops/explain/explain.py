"""The service: look first, then, if somebody wants it, write; and what is written is checked against what is quoted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime

import msgspec

from affouage.chat import Delta, delta_text
from affouage.clock import Clock
from affouage.errors import BadRequest, NotFound
from affouage.french import personal
from affouage.french.language import language_of
from affouage.inference.answer import Answer, ExactPrompt
from affouage.inference.attempt import Asking
from affouage.inference.serve import Inference
from affouage.pool.ticket import Turn
from affouage.sheets.finding import Finding, Header, Signals
from affouage.sheets.library import Library
from affouage.sheets.passages import passages_of
from affouage.sheets.sheet import Sheet
from affouage.workshops.explain import asking as wording
from affouage.workshops.explain.checked import Written, as_it_is, checked, cited_sheets
from affouage.workshops.explain.elsewhere import ask_instead
from affouage.workshops.explain.extracts import SHEETS_MOST, answers_alone, extracts
from affouage.workshops.explain.reports import Reports
from affouage.workshops.explain.scope import judge
from affouage.workshops.explain.shapes import Begun, Explanation, Look, Verdict

QUESTION_MOST = 4_000
"""Characters of a question: a long letter passes, a document does not."""
SHEETS_FOUND = 5
NEAREST_SHEETS = 2
"""Those whose "where to go" is told when nothing answers."""

WORKSHOP = "explain"


class Explain:
    """Answers from the sheets of a library, or says that it does not know. ``evaluations``: how well it does."""

    def __init__(
        self, library: Library, inference: Inference | None, clock: Clock, evaluations: Reports | None = None
    ) -> None:
        """``inference``: None where nothing is ever generated (a command on the library alone)."""
        self._library = library
        self._inference = inference
        self._clock = clock
        self.evaluations = evaluations

    async def look(
        self,
        question: str,
        *,
        language: str,
        tags: frozenset[str],
        collection_id: str = "",
        most: int = SHEETS_FOUND,
    ) -> Look:
        """The sheets found, whether they can answer, what they say word for word. Nothing is generated.

        ``language``: of the interface (fr | en), for warnings and the prompt. ``tags``: of whoever asks, see
        ``sheets.sheet.may_read``. ``collection_id``: search that one alone. ``most``: sheets to list;
        the first ``SHEETS_FOUND`` alone count for the rest. An empty question is no error: its verdict
        has the scope ``empty``. Raises BadRequest (``question_too_long``) over ``QUESTION_MOST`` characters.
        """
        if len(question) > QUESTION_MOST:
            raise BadRequest(
                f"The question has {len(question)} characters; {QUESTION_MOST} at most are read.",
                remedy="Keep what you want to know, in a few sentences.",
                param="question",
                code="question_too_long",
                given=len(question),
                most=QUESTION_MOST,
            )
        asked = " ".join(personal.masked(question).split())
        warnings = [f"personal_data:{kind}" for kind in personal.kinds(question)]
        if not any(one.isalnum() for one in asked):
            empty = Verdict(scope="empty", answer=False, reason="empty")
            nothing = Finding(question=asked, hits=(), signals=Signals(), by_meaning=False)
            return Look(question=asked, language=language, finding=nothing, verdict=empty, warnings=tuple(warnings))
        spoken = language_of(asked)
        warnings += [f"other_language:{spoken}"] if spoken != "fr" else []
        finding = await self._library.find(asked, tags, most=most, collection_id=collection_id)
        warnings += [] if finding.by_meaning or not finding.hits else ["words_only"]
        verdict = judge(asked, finding, _year(self._clock.now_ms()))
        sheets = await self._sheets(finding, tags)
        if verdict.answer:
            return await asyncio.to_thread(_looked, asked, language, finding, verdict, sheets, warnings)
        facts = [fact for _, sheet in sheets[:NEAREST_SHEETS] for fact in sheet.facts if fact.kind == "where"]
        return Look(
            question=asked,
            language=language,
            finding=finding,
            verdict=msgspec.structs.replace(verdict, ask_instead=ask_instead(verdict, facts, language)),
            warnings=tuple(warnings),
        )

    async def answer(
        self, look: Look, asking: Asking, model: str
    ) -> AsyncGenerator[Begun | Turn | ExactPrompt | str | Explanation, None]:
        """Have ``model`` write from the passages of ``look``, in ``asking``'s name, for its workshop (else this one).

        Yields Begun first (the page needs it to stop the answer), Turn while it waits, the ExactPrompt (the page shows
        it: nothing hidden before a question), pieces of the raw text as they come (to be shown as unchecked, or not at
        all), and in the end one Explanation, checked; also when it was stopped, from what had come. A ``look`` whose
        verdict is not to answer yields its Explanation at once. Closing the iterator stops the generation. Raises what
        ``Inference.ask`` raises.
        """
        if self._inference is None or not look.verdict.answer:
            yield as_it_is(look)
            return
        given = wording.sources(look)
        asked = msgspec.structs.replace(asking, workshop=asking.workshop or WORKSHOP, language=look.language)
        answer = await self._inference.ask(asked, wording.request(look, given, model))
        text: list[str] = []
        try:
            yield Begun(receipt_id=answer.receipt_id)
            async for event in answer.events():
                if isinstance(event, Delta):
                    text.append(delta_text(event))
                    yield text[-1]
                elif isinstance(event, Turn | ExactPrompt):
                    yield event
        finally:
            answer.cancel()
            await answer.done()
        written = Written("".join(text), model, answer.receipt_id, _ended(answer))
        yield await asyncio.to_thread(checked, look, given, written)

    async def explained(self, look: Look, asking: Asking | None, model: str = "") -> Explanation:
        """The same, whole. ``model`` "" (or ``asking`` None): the extracts alone, at once."""
        if asking is None or not model:
            return as_it_is(look)
        explanation: Explanation | None = None
        async with aclosing(self.answer(look, asking, model)) as events:
            async for event in events:
                if isinstance(event, Explanation):
                    explanation = event
        assert explanation is not None, "an answer ends with its explanation, or raises"
        return explanation

    async def _sheets(self, finding: Finding, tags: frozenset[str]) -> list[tuple[str, Sheet]]:
        """The best sheets found, whole, each with its collection."""
        found = []
        for one in (hit.sheet for hit in finding.hits[:SHEETS_MOST]):
            with suppress(NotFound):  # taken away meanwhile
                found.append((one.collection_id, (await self._library.sheet(one.collection_id, one.sheet_id, tags))[1]))
        return found


def _looked(
    asked: str,
    language: str,
    finding: Finding,
    verdict: Verdict,
    sheets: Sequence[tuple[str, Sheet]],
    warnings: Sequence[str],
) -> Look:
    """What was found, quoted. Pure."""
    openings = [one for collection_id, sheet in sheets for one in passages_of(sheet, collection_id)[:2]]
    found = extracts(asked, finding, openings)
    if not found:
        verdict = Verdict(scope="nothing_found", answer=False, reason="nothing_to_quote")
    cited = cited_sheets(found, finding)
    return Look(
        question=asked,
        language=language,
        finding=finding,
        verdict=verdict,
        extracts=found,
        cited=cited,
        given=wording.passages_given(finding, found, openings),
        warnings=(*warnings, *_age_warnings(cited)),
        no_generation_needed=answers_alone(asked, finding, found),
    )


def _age_warnings(cited: Sequence[Header]) -> tuple[str, ...]:
    archived = ("archived_sheet",) if any(one.archived for one in cited) else ()
    old = ("old_sheet",) if any(one.old for one in cited) else ()
    return archived + old


def _ended(answer: Answer) -> bool:
    return answer.receipt is not None and answer.receipt.finish_reason == "stop"


def _year(now_ms: int) -> int:
    return datetime.fromtimestamp(now_ms / 1000, UTC).year
