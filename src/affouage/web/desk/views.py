"""From what the desk holds to what its pages show. Pure, but for the names it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from affouage.sheets.age import age_days
from affouage.sheets.finding import Hit
from affouage.sheets.sheet import Passage
from affouage.web import format as wording
from affouage.web.desk import words
from affouage.web.desk.pages import DraftRow, LetterRow, PassageRow, Row, SheetRow, SourceRow
from affouage.web.explain import words as explain_words
from affouage.web.explain.links import outside
from affouage.web.explain.pages import Quoted
from affouage.web.explain.views import link
from affouage.web.language import Language
from affouage.workshops.desk.shapes import Draft, DraftSentence, Queued, Seen, Sent, Source

NameOf = Callable[[str | None], str]


class Today(NamedTuple):
    """The day it is, and the language of the page."""

    day: date
    language: Language


def row(one: Queued, name_of: NameOf, language: Language) -> Row:
    return Row(
        id=one.id,
        question=one.question,
        created_ms=one.created_ms,
        from_public=one.origin == "public",
        state=words.state(one.state, name_of(one.holder_id), language),
        late=one.late,
        mine=one.mine,
        blind=one.arm == "blind",
        flags=words.flags(one.flags, language),
    )


# -- what was found ----------------------------------------------------------------------------------------------------


def sheets(seen: Seen, ticked: Sequence[str] | None, language: Language) -> tuple[SheetRow, ...]:
    """``ticked``: names the clerk chose in a form that came back; None: those the draft cites."""
    found = seen.draft or seen.found
    if found is None:
        return ()
    quoted = frozenset[str]() if seen.draft is None else seen.draft.quoted
    cited = {f"{one.collection_id}/{one.sheet_id}" for one in seen.draft.cited} if seen.draft else set()
    named = cited if ticked is None else set(ticked)
    return tuple(_sheet(hit, seen.opened, quoted, named, language) for hit in found.hits)


def _sheet(hit: Hit, opened: Sequence[str], quoted: frozenset[str], named: set[str], language: Language) -> SheetRow:
    name = f"{hit.sheet.collection_id}/{hit.sheet.sheet_id}"
    passages = tuple(_passage(one, one.key in opened, one.key in quoted) for one in hit.passages)
    return SheetRow(name, link(hit.sheet, language), passages, name in named)


def _passage(passage: Passage, opened: bool, cited: bool) -> PassageRow:
    quoted = Quoted(tuple(passage.text.split("\n")), passage.path, "") if opened else None
    return PassageRow(passage.key, cited, passage.path, quoted)


# -- the draft ---------------------------------------------------------------------------------------------------------


def draft(found: Draft | None, language: Language) -> tuple[DraftRow, ...]:
    if found is None:
        return ()
    titles = {(hit.sheet.collection_id, hit.sheet.sheet_id): hit.sheet.title for hit in found.hits}
    return tuple(_sentence(one, titles, language) for one in found.sentences)


def _sentence(one: DraftSentence, titles: dict[tuple[str, str], str], language: Language) -> DraftRow:
    quote = one.quote
    return DraftRow(
        text=one.text,
        supported=one.supported,
        why="" if one.supported else explain_words.problem_words(one.problems, language),
        quote="" if quote is None else quote.text,
        sheet="" if quote is None else titles.get((quote.collection_id, quote.sheet_id), ""),
    )


# -- what left ---------------------------------------------------------------------------------------------------------


def letters(sent: Sequence[Sent], today: Today, *, public: bool) -> tuple[LetterRow, ...]:
    """Newest first."""
    ordered = sorted(sent, key=lambda one: -one.at_ms)
    return tuple(_letter(one, today, public=public) for one in ordered)


def _letter(one: Sent, today: Today, *, public: bool) -> LetterRow:
    text = one.letter.text
    return LetterRow(
        kind=words.kind(one.kind, today.language, public=public),
        at_ms=one.at_ms,
        paragraphs=tuple(part.strip() for part in text.split("\n") if part.strip()),
        language=one.letter.language,
        sources=tuple(_source(source, today) for source in one.letter.sources),
        signed=one.letter.signed,
        correction=one.kind == "corrected",
    )


def _source(one: Source, today: Today) -> SourceRow:
    old_days = age_days(one.day, today.day)
    return SourceRow(
        title=one.title,
        href=outside(one.url),
        day=wording.date_words(one.day, today.language) if one.day else "",
        age="" if old_days is None else explain_words.age_words(old_days, today.language),
        source=one.source,
        licence=one.licence,
        old=one.old,
    )
