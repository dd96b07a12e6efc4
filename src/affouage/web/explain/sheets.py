"""The sheets one may read: where they come from, which speak of a subject, and each of them in full."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from starlette.responses import Response

from affouage.asgi.guard import identity_of
from affouage.asgi.readers import tags_of
from affouage.assembly.access import Policy
from affouage.errors import NotFound
from affouage.french.personal import masked
from affouage.sheets.finding import Header
from affouage.sheets.passages import line_of, passages_of
from affouage.sheets.sheet import Collection, Sheet
from affouage.web.door import Door, Visit
from affouage.web.explain import views, words
from affouage.web.explain.links import local_sheet
from affouage.web.explain.pages import SheetPage, Sheets, Shelf
from affouage.web.explain.sheet_parts import parts_of
from affouage.web.language import Language

WORDS_MOST = 300
FOUND_MOST = 10


def open_door(door: Door) -> None:
    door.page("/sheets", shelves, Policy.MEMBER)
    door.page("/sheets/{collection}/{sheet}", one, Policy.MEMBER)


async def _tags(visit: Visit) -> frozenset[str]:
    return await tags_of(visit.commons.db, identity_of(visit.request.scope).member)


async def shelves(visit: Visit) -> Response:
    library, language, tags = visit.commons.library, visit.language, await _tags(visit)
    known = await library.collections(tags)
    searched = masked(visit.query("q").strip()[:WORDS_MOST])
    shelf = visit.query("in") if any(one.id == visit.query("in") for one in known) else ""
    finding = await library.find(searched, tags, most=FOUND_MOST, collection_id=shelf) if searched and known else None
    page = Sheets(
        shelves=tuple(_shelf(one, language) for one in known),
        progress=words.progress(await library.progress(), language),
        words=searched,
        shelf=shelf,
        searched=finding is not None,
        nearest=finding is not None and finding.signals.covered == 0,
        corrected=finding.corrected if finding else "",
        found=tuple(views.link(hit.sheet, language, described=True) for hit in finding.hits) if finding else (),
    )
    return visit.site.page(visit.request.scope, page)


def _shelf(one: Collection, language: Language) -> Shelf:
    return Shelf(
        id=one.id,
        name=one.name,
        source=one.source,
        licence=one.licence,
        sheets=one.sheets,
        imported_ms=one.imported_ms,
        old_after=words.old_after(one.old_after_days, language),
        readers=words.readers(one.readers, language),
    )


async def one(visit: Visit) -> Response:
    """Raises NotFound, also for a sheet one may not read and for a part that is not there."""
    collection_id, sheet_id = visit.part("collection"), visit.part("sheet")
    library, tags = visit.commons.library, await _tags(visit)
    header, sheet = await library.sheet(collection_id, sheet_id, tags)
    page = await asyncio.to_thread(
        sheet_page,
        header,
        sheet,
        part=_number(visit.query("part")),
        passage=_number(visit.query("passage")),
        language=visit.language,
    )
    if page.part == page.parts:
        near = await library.related(collection_id, sheet_id, tags)
        page = replace(page, related=tuple(views.link(one, visit.language) for one in near))
    return visit.site.page(visit.request.scope, page)


def _number(text: str) -> int | None:
    """A number of an address; None for none, or for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def sheet_page(header: Header, sheet: Sheet, *, part: int | None, passage: int | None, language: Language) -> SheetPage:
    """One part of it: that one, else the one where the passage is, else the first. Pure. Raises NotFound."""
    parts = parts_of(sheet, language.gettext)
    here = blocks_of(sheet, passage) if passage is not None else ()
    number = part or (parts.part_of(here[0]) if here else 1)
    if number > len(parts.parts):
        raise NotFound("This sheet has fewer pages.", remedy="Begin with its first page.", code="no_sheet_page")
    return SheetPage(
        sheet=views.link(header, language, described=True),
        theme=sheet.theme,
        notes=words.reading_notes(sheet.notes, language),
        part=number,
        parts=len(parts.parts),
        contents=parts.contents,
        read=parts.read(number),
        related=(),
        address=local_sheet(header.collection_id, header.sheet_id),
        here=frozenset(here),
        first=here[0] if here else -1,
    )


def blocks_of(sheet: Sheet, passage: int) -> tuple[int, ...]:
    """Numbers of the blocks that a passage is made of, or a part of; empty for none, and for the description. Pure."""
    found = next((one for one in passages_of(sheet, "") if one.number == passage and passage), None)
    if found is None:
        return ()
    lines = found.text.split("\n")
    told = ((number, line_of(block)) for number, block in enumerate(sheet.blocks) if block.path == found.path)
    return tuple(number for number, text in told if text and (text in found.text or any(one in text for one in lines)))
