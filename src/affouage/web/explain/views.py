"""From what was found and written to what the pages show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from affouage.ledger.receipt import Receipt
from affouage.sheets.finding import Header, Hit
from affouage.sheets.sheet import Passage
from affouage.web.explain import words
from affouage.web.explain.links import local_sheet
from affouage.web.explain.pages import Dropped, Explained, Found, Looked, Quoted, SheetLink, Told, WriteForm
from affouage.web.language import Language
from affouage.workshops.explain.shapes import Explanation, Look, Quote, Sentence

Key = tuple[str, str]
PassageKey = tuple[str, str, int]

NEAREST = 3


def link(sheet: Header, language: Language, *, described: bool = False) -> SheetLink:
    return SheetLink(
        title=sheet.title,
        href=local_sheet(sheet.collection_id, sheet.sheet_id),
        source=sheet.source,
        licence=sheet.licence,
        dated=words.dated(sheet, language),
        description=sheet.description if described else "",
    )


def looked(look: Look, write: WriteForm | None, language: Language) -> Looked:
    """``write`` None: it is being written already."""
    answers = look.verdict.answer
    quoted = _quoted_sheets(look) if answers else {}
    known = {_key(hit.sheet): hit for hit in _worth_showing(look)}
    return Looked(
        question=look.question,
        masked=words.masked_words(look.warnings, language),
        corrected=look.finding.corrected,
        warnings=words.warning_words(look.warnings, language),
        searched=words.search_words(look.warnings, language),
        why_not="" if answers else words.why_not(look.verdict.scope, language, look.verdict.reason),
        ask_instead=look.verdict.ask_instead,
        answers=tuple(_found(known[key], quotes, language) for key, quotes in quoted.items() if key in known),
        others=tuple(_found(hit, (), language) for key, hit in known.items() if key not in quoted),
        sources=tuple(dict.fromkeys(_mention(one.sheet) for one in look.finding.hits)),
        needless=answers and look.no_generation_needed,
        write=write if answers else None,
    )


def _worth_showing(look: Look) -> tuple[Hit, ...]:
    """Where nothing answers, the three nearest; none for what is no matter for any sheet."""
    if look.verdict.answer:
        return look.finding.hits
    return () if look.verdict.scope == "far" else look.finding.hits[:NEAREST]


def _mention(sheet: Header) -> str:
    """What the licence asks to be said."""
    return ", ".join(part for part in (sheet.source, sheet.licence) if part)


def _found(hit: Hit, quotes: tuple[Quoted, ...], language: Language) -> Found:
    whole = (_passage(one) for one in hit.passages)
    return Found(link(hit.sheet, language), quotes, tuple(one for one in whole if one not in quotes))


def _passage(passage: Passage) -> Quoted:
    return Quoted(tuple(passage.text.split("\n")), passage.path, _place(passage))


def _place(one: Passage | Quote) -> str:
    number = one.number if isinstance(one, Passage) else one.passage
    return f"{local_sheet(one.collection_id, one.sheet_id)}?passage={number}#here"


def _quoted_sheets(look: Look) -> dict[Key, tuple[Quoted, ...]]:
    """What is quoted of each sheet, in the order of their best sentence; what is of one passage stands together."""
    by_sheet: dict[Key, dict[int, list[Quote]]] = {}
    for quote in (one.quote for one in look.extracts if one.quote is not None):
        by_sheet.setdefault(_key(quote), {}).setdefault(quote.passage, []).append(quote)
    return {key: tuple(_together(one) for one in passages.values()) for key, passages in by_sheet.items()}


def _together(quotes: Sequence[Quote], sheet: SheetLink | None = None, number: int = 0) -> Quoted:
    """Quotes of one passage as one, in its own order."""
    return Quoted(spans(quotes), quotes[0].path, _place(quotes[0]), sheet, number)


def spans(quotes: Sequence[Quote]) -> tuple[str, ...]:
    """What quotes of one passage say, word for word and nothing twice, in its own order, line by line."""
    told: list[str] = []
    end = -1
    for one in sorted(quotes, key=lambda one: (one.start, one.end)):
        if one.start > end:
            told.append(one.text)
        else:
            told[-1] += one.text[end - one.start :]
        end = max(end, one.end)
    return tuple(line for text in told for line in text.split("\n") if line)


def _sheets(cited: Iterable[Header], hits: Iterable[Hit]) -> dict[Key, Header]:
    return {_key(one): one for one in (*(hit.sheet for hit in hits), *cited)}


# --- what was written -------------------------------------------------------------------------------------------------


def explained(
    explanation: Explanation | None,
    language: Language,
    *,
    receipt: Receipt | None,
    exact: str | None,
    salt: str,
    problem: str = "",
    remedy: str = "",
) -> Explained:
    """A written answer whose every sentence stands on a quote, or the ``problem`` for which there is none.

    Where nothing that was written could be checked, there is no sentence: the quotes are the extracts that stand in.
    """
    sentences, dropped = _written(explanation)
    known = {} if explanation is None else _sheets(explanation.cited, explanation.finding.hits)
    passages: dict[PassageKey, list[Quote]] = {}
    for quote in (one.quote for one in (explanation.sentences if explanation else ()) if one.quote is not None):
        if _key(quote) in known:
            passages.setdefault(_passage_key(quote), []).append(quote)
    numbers = {key: number for number, key in enumerate(passages, 1)}
    quotes = tuple(_together(one, link(known[_key(one[0])], language), numbers[key]) for key, one in passages.items())
    cited = dict.fromkeys(one.sheet for one in quotes if one.sheet is not None)
    return Explained(
        outcome=_outcome(explanation, receipt),
        sentences=tuple(Told(one.text, _marks(one, numbers)) for one in sentences),
        quotes=quotes,
        to_check=tuple(one for one in cited if one.dated.warning),
        dropped=tuple(_dropped(one, known, language) for one in dropped),
        notes=words.answer_words(explanation.warnings if explanation else (), language),
        receipt=receipt,
        exact=exact,
        salt=salt,
        problem=problem,
        remedy=remedy,
    )


def _written(explanation: Explanation | None) -> tuple[Sequence[Sentence], Sequence[Sentence]]:
    """What a model wrote: (what the sheets say, what they do not)."""
    if explanation is None or not explanation.model:
        return (), ()
    stand_in = {"nothing_supported", "model_does_not_know"} & set(explanation.warnings)
    return () if stand_in else explanation.sentences, explanation.dropped


def _outcome(explanation: Explanation | None, receipt: Receipt | None) -> str:
    if receipt is None:
        return "completed" if explanation is not None else "failed"
    return receipt.outcome if receipt.outcome in ("completed", "cancelled") else "failed"


def _key(one: Quote | Header) -> Key:
    return one.collection_id, one.sheet_id


def _passage_key(quote: Quote) -> PassageKey:
    return quote.collection_id, quote.sheet_id, quote.passage


def _marks(sentence: Sentence, numbers: dict[PassageKey, int]) -> tuple[int, ...]:
    quote = sentence.quote
    return (numbers[_passage_key(quote)],) if quote is not None and _passage_key(quote) in numbers else ()


def _dropped(sentence: Sentence, known: dict[Key, Header], language: Language) -> Dropped:
    quote, near = sentence.quote, None
    if quote is not None and _key(quote) in known:
        near = _together([quote], link(known[_key(quote)], language))
    return Dropped(sentence.text, words.problem_words(sentence.problems, language), near)
