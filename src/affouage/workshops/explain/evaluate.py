"""How well questions are answered: each one is looked up (and written, if a model is named), then counted.

Counting is pure; asking goes through :class:`Explain`, the very path of the pages.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal

import msgspec

from affouage.errors import BadRequest, NotFound
from affouage.sheets.library import Library
from affouage.sheets.passages import passages_of
from affouage.sheets.sheet import Passage
from affouage.workshops.explain.explain import QUESTION_MOST, Explain
from affouage.workshops.explain.report import Counts, HalfName, Part
from affouage.workshops.explain.shapes import Explanation, Look, Quote

QUESTIONS_MOST = 20_000
FOUND_MOST = 10
_HALVES: tuple[HalfName, ...] = ("all", "development", "held_out")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a file of questions. ``expected``: ids of the sheets that may be cited, none when none can answer.

    ``scope``: ``dans`` when a sheet answers, ``hors`` when the right conduct is to say that one does not know.
    """

    id: str
    question: str
    expected: tuple[str, ...] = ()
    scope: Literal["dans", "hors"] = "dans"
    style: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one question. ``rank``: of the first accepted sheet found, None when it is not among ten.

    ``cites``: one of the sheets cited is accepted. ``refused``: it was said that nothing answers.
    """

    id: str
    scope: Literal["dans", "hors"]
    style: str = ""
    rank: int | None = None
    refused: bool = False
    cites: bool = False
    reason: str = ""
    cited: tuple[str, ...] = ()
    sentences: int = 0
    supported: int = 0
    quotes: int = 0
    quotes_exact: int = 0


Write = Callable[[Look], Awaitable[Explanation]]
"""Has a model write from what was found."""

_decode = msgspec.json.Decoder(Question).decode


def read_questions(content: bytes) -> tuple[Question, ...]:
    """The questions of a JSONL file; other fields are passed over. Raises BadRequest naming the line at fault."""
    found: list[Question] = []
    for number, line in enumerate(content.decode("utf-8", "replace").removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            one = _decode(line)
        except msgspec.DecodeError as wrong:
            raise _bad_line(number, str(wrong)) from None
        if not one.question.strip() or len(one.question) > QUESTION_MOST:
            raise _bad_line(number, f"the question has {len(one.question)} characters")
        if one.scope == "dans" and not one.expected:
            raise _bad_line(number, "a question in scope expects at least one sheet")
        found.append(one)
    if len({one.id for one in found}) < len(found):
        raise _bad_line(0, "two questions have the same id")
    if not 0 < len(found) <= QUESTIONS_MOST:
        raise _bad_line(0, f"there are {len(found)} questions, 1 to {QUESTIONS_MOST} are taken")
    return tuple(found)


def _bad_line(number: int, what: str) -> BadRequest:
    where = f"Line {number}" if number else "The file"
    return BadRequest(
        f"{where} is not as it should be: {what}.",
        remedy='Each line is a JSON object: {"id": "q1", "question": "...", "expected": ["F1234"], "scope": "dans"}.',
        code="questions_file",
        line=number,
        what=what,
    )


def half_of(question_id: str) -> HalfName:
    """Always the same half for the same id, whatever the file."""
    return "development" if hashlib.sha256(question_id.encode()).digest()[0] % 2 == 0 else "held_out"


def drawn(questions: Sequence[Question], limit: int | None, seed: int) -> tuple[Question, ...]:
    """``limit`` of them at random, in the order of the file; all for None."""
    if limit is None or limit >= len(questions):
        return tuple(questions)
    places = sorted(random.Random(seed).sample(range(len(questions)), limit))  # noqa: S311  # a draw that can be redone
    return tuple(questions[place] for place in places)


async def answer_all(
    explain: Explain,
    library: Library,
    questions: Sequence[Question],
    tags: frozenset[str],
    *,
    write: Write | None = None,
    collection_id: str = "",
    on_done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Every question, one after the other. ``write`` None: extracts alone. ``collection_id``: search that one alone."""
    quoted = _Quoted(library, tags)
    outcomes = []
    for one in questions:
        look = await explain.look(one.question, language="fr", tags=tags, collection_id=collection_id, most=FOUND_MOST)
        told = await write(look) if write and look.verdict.answer else await explain.explained(look, None)
        outcome = _outcome(one, look, told)
        quotes = [sentence.quote for sentence in told.sentences if sentence.quote is not None]
        exact = [await quoted.is_exact(quote) for quote in quotes]
        outcomes.append(msgspec.structs.replace(outcome, quotes=len(quotes), quotes_exact=sum(exact)))
        on_done(outcomes[-1])
    return outcomes


def _outcome(one: Question, look: Look, told: Explanation) -> Outcome:
    found = [hit.sheet.sheet_id for hit in look.finding.hits[:FOUND_MOST]]
    rank = next((place for place, sheet_id in enumerate(found, start=1) if sheet_id in one.expected), None)
    refused = not told.verdict.answer or "model_does_not_know" in told.warnings
    cited = tuple(sheet.sheet_id for sheet in told.cited)
    # What limits a sentence is quoted at its place: the model did not write it.
    written = {said.place: said for said in reversed(told.written)}.values() if told.model else ()
    stood_in = {"model_does_not_know", "nothing_supported"} & set(told.warnings)
    return Outcome(
        id=one.id,
        scope=one.scope,
        style=one.style,
        rank=rank,
        refused=refused,
        cites=any(sheet_id in one.expected for sheet_id in cited),
        reason=told.verdict.reason or ("model_does_not_know" if refused else ""),
        cited=cited,
        sentences=len(told.dropped) if stood_in else len(written),
        supported=0 if stood_in else sum(sentence.status == "supported" for sentence in written),
    )


class _Quoted:
    """Looks a quote up in the sheet it is said to come from. Each sheet is read once."""

    def __init__(self, library: Library, tags: frozenset[str]) -> None:
        self._library, self._tags = library, tags
        self._known: dict[tuple[str, str], dict[int, Passage]] = {}

    async def is_exact(self, quote: Quote) -> bool:
        key = quote.collection_id, quote.sheet_id
        if key not in self._known:
            try:
                _, sheet = await self._library.sheet(*key, self._tags)
                self._known[key] = {one.number: one for one in passages_of(sheet, quote.collection_id)}
            except NotFound:
                self._known[key] = {}
        passage = self._known[key].get(quote.passage)
        return passage is not None and passage.text[quote.start : quote.end] == quote.text and bool(quote.text)


# -- counting ----------------------------------------------------------------------------------------------------------


def halves(outcomes: Sequence[Outcome]) -> tuple[Part, ...]:
    """All of them, then each half."""
    return tuple(
        Part(name=name, counts=count([one for one in outcomes if name in ("all", half_of(one.id))])) for name in _HALVES
    )


def styles(outcomes: Sequence[Outcome]) -> tuple[Part, ...]:
    """Each style of question, by name."""
    names = sorted({one.style for one in outcomes if one.style})
    return tuple(Part(name=name, counts=count([one for one in outcomes if one.style == name])) for name in names)


def count(outcomes: Iterable[Outcome]) -> Counts:
    """See :class:`Counts`."""
    every = list(outcomes)
    inside = [one for one in every if one.scope == "dans"]
    outside = [one for one in every if one.scope == "hors"]
    answered = [one for one in inside if not one.refused]
    return Counts(
        in_scope=len(inside),
        out_of_scope=len(outside),
        hit_at_1=_hit(inside, 1),
        hit_at_5=_hit(inside, 5),
        hit_at_10=_hit(inside, FOUND_MOST),
        mrr_at_10=sum(1 / one.rank for one in inside if one.rank) / len(inside) if inside else None,
        right=sum(one.cites for one in answered),
        wrong=sum(not one.cites for one in answered),
        refused=sum(one.refused for one in inside),
        out_refused=sum(one.refused for one in outside),
        out_answered=sum(not one.refused for one in outside),
    )


def _hit(inside: Sequence[Outcome], most: int) -> float | None:
    return sum(one.rank is not None and one.rank <= most for one in inside) / len(inside) if inside else None
