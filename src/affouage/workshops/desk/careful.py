"""What a clerk should be careful about, and the sheets a letter names. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from affouage.errors import BadRequest
from affouage.french.dates import dates
from affouage.french.quantities import quantities
from affouage.workshops.desk.cases import DRAFTS, Kind
from affouage.workshops.desk.shapes import Draft, Flag, Source


def flags_of(draft: Draft, *, masked: bool) -> frozenset[Flag]:
    """What a clerk should be careful about."""
    said = {one.partition(":")[0] for one in draft.warnings}
    found: dict[Flag, bool] = {
        "personal_data": masked or "personal_data" in said,
        "unsupported": any(not one.supported for one in draft.sentences),
        "old_sheet": "old_sheet" in said or any(one.old or one.day is None for one in draft.cited),
        "out_of_scope": not draft.answers,
        "quantities": bool(quantities(draft.text) or dates(draft.text)),
        "other_language": "other_language" in said,
    }
    return frozenset(flag for flag, there in found.items() if there)


def cited(draft: Draft | None, kind: Kind) -> tuple[str, ...]:
    """Names of the sheets that leave with a draft where nobody chose."""
    if draft is None or kind not in DRAFTS:
        return ()
    return tuple(f"{one.collection_id}/{one.sheet_id}" for one in draft.cited)


def sources_of(draft: Draft | None, wanted: Iterable[str]) -> tuple[Source, ...]:
    """The sheets named ``collection/sheet``, among those found, in the order found. Raises BadRequest."""
    asked = list(dict.fromkeys(wanted))
    headers = [] if draft is None else [*draft.cited, *(hit.sheet for hit in draft.hits)]
    known = {f"{one.collection_id}/{one.sheet_id}": one for one in reversed(headers)}
    if any(one not in known for one in asked):
        raise BadRequest(
            "This sheet was not found for this question.",
            remedy="Choose among those on the page.",
            param="sources",
            code="desk_source",
        )
    order = list(dict.fromkeys(f"{one.collection_id}/{one.sheet_id}" for one in headers))
    return tuple(
        Source(
            title=known[one].title,
            url=known[one].url,
            day=known[one].day,
            source=known[one].source,
            licence=known[one].licence,
            old=known[one].old,
        )
        for one in order
        if one in asked
    )
