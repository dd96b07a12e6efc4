"""Collections, sheets, imports and findings, told on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from affouage.sheets.finding import Finding, Header
from affouage.sheets.folder.refusals import REASONS as DOCUMENT_REASONS
from affouage.sheets.importing import Summary
from affouage.sheets.reading import Refused
from affouage.sheets.sheet import Collection, Sheet
from affouage.sheets.unreadable import REASONS
from affouage.web import format as wording
from affouage.web.explain.words import age_words, dated
from affouage.web.language import Language

if TYPE_CHECKING:
    from affouage.sheets.search.keeping_up import Progress

_MOST_REFUSED = 20
"""Told one by one; --json tells them all."""


def collection_lines(one: Collection, language: Language) -> Iterator[str]:
    _ = language.gettext
    count = language.ngettext("{sheets} sheet", "{sheets} sheets", one.sheets)
    yield f"{one.id}  {one.name}  {count.format(sheets=wording.whole(one.sheets, language))}"
    readers = ", ".join(one.readers)
    imported = wording.day(one.imported_ms, language) if one.imported_ms else _("never to the end")
    yield "    " + _("read by {readers}; imported: {day}; from {origin}").format(
        readers=readers, day=imported, origin=one.origin
    )
    yield "    " + _("source: {source}; licence: {licence}").format(
        source=one.source, licence=one.licence or _("not said")
    )


def progress_lines(progress: Progress, language: Language) -> Iterator[str]:
    """How far the search is, of all collections."""
    _ = language.gettext
    yield _("{done} of {total} sheets can be found by their words.").format(
        done=wording.whole(progress.by_words, language), total=wording.whole(progress.sheets, language)
    )
    if progress.by_meaning is None:
        yield _("None can be found by meaning: no sentence encoder works here. See `affouage doctor`.")
        return
    yield _("{done} of {total} sheets can be found by meaning.").format(
        done=wording.whole(progress.by_meaning, language), total=wording.whole(progress.sheets, language)
    )


def header_line(one: Header, language: Language) -> str:
    """``F1769  2019-08-09 (old: 7 years ago)  Une salariée peut-elle ...``."""
    _ = language.gettext
    age = "" if one.age_days is None else age_words(one.age_days, language)
    day = one.day or _("no date")
    marks = [_("old: {age}").format(age=age)] if one.old else []
    marks += [_("withdrawn")] if one.archived else []
    marked = f" ({', '.join(marks)})" if marks else ""
    return f"{one.sheet_id}  {day}{marked}  {one.title}"


def sheet_lines(header: Header, sheet: Sheet, language: Language) -> Iterator[str]:
    """A whole sheet, for reading in a terminal."""
    _ = language.gettext
    yield sheet.title
    told = dated(header, language)
    yield _("Checked on {day}, {age}.").format(day=told.day, age=told.age) if told.day else _("No date.")
    if told.warning:
        yield told.warning
    yield _("Source: {source}").format(source=f"{header.source}  {header.url}".strip())
    yield ""
    if sheet.description:
        yield sheet.description
    path: tuple[str, ...] = ()
    for block in sheet.blocks:
        if block.path != path:
            path = block.path
            yield ""
            yield " > ".join(path)
        box = f"{block.name}{language.typeset(' : ') if language.code == 'fr' else ': '}" if block.name else ""
        yield f"  {'- ' if block.kind == 'item' else ''}{box}{block.text}"
    for fact in sheet.facts:
        if fact.kind in ("where", "form", "online", "law"):
            yield f"  * {' '.join(one for one in (fact.label, fact.value.replace(chr(10), ' '), fact.url) if one)}"


def summary_lines(summary: Summary, language: Language) -> Iterator[str]:
    _ = language.gettext
    yield _("{collection}: {new} new, {changed} changed, {same} unchanged, {archived} withdrawn.").format(
        collection=summary.collection_id,
        new=summary.new,
        changed=summary.changed,
        same=summary.same,
        archived=summary.archived,
    )
    count = len(summary.refused)
    if count:
        told = language.ngettext("{count} document was left out:", "{count} documents were left out:", count)
        yield told.format(count=count)
    for one in summary.refused[:_MOST_REFUSED]:
        yield f"  {one.name}: {reason_words(one, language)}"
    if count > _MOST_REFUSED:
        yield _("  ... and {count} more: see --json.").format(count=count - _MOST_REFUSED)
    if summary.kept:
        told = language.ngettext(
            "{count} sheet stays as it was, since its document could not be read.",
            "{count} sheets stay as they were, since their documents could not be read.",
            summary.kept,
        )
        yield told.format(count=summary.kept)


def reason_words(one: Refused, language: Language) -> str:
    """Why a document was left out, and what would work."""
    if language.code == "en":
        return one.reason
    known = REASONS.get(one.code) or DOCUMENT_REASONS.get(one.code)
    if known is None:
        return one.reason
    return " ".join(language.gettext(text).format_map(one.details) for text in known if text)


def finding_lines(finding: Finding, language: Language) -> Iterator[str]:
    _ = language.gettext
    if finding.corrected:
        yield _("Understood as: {question}").format(question=finding.corrected)
    if not finding.hits:
        yield _("Nothing was found.")
    for hit in finding.hits:
        yield f"{hit.sheet.collection_id}  {header_line(hit.sheet, language)}"
        for passage in hit.passages[:1]:
            said = " > ".join((*passage.path, " ".join(passage.text.split())))
            yield f"    {said[:300]}"
    if not finding.by_meaning:
        yield _("Searched by words alone.")
