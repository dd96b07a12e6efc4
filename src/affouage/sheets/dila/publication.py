"""One official sheet: an F file made a Sheet. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

from affouage.sheets.dila.body import Body
from affouage.sheets.dila.guides import Guides
from affouage.sheets.dila.services import Service
from affouage.sheets.dila.xml import words_of
from affouage.sheets.language import language_of
from affouage.sheets.sheet import Fact, Link, Sheet
from affouage.sheets.unreadable import Unreadable

_DC = "{http://purl.org/dc/elements/1.1/}"
_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b")
_KINDS = {
    "Fiche Question-réponse": "question",
    "Fiche d'information": "information",
    "Recherche guidée": "guided",
    "Fiche Comment faire si": "steps",
    "Fiche avec liens externes": "links",
}
IMPORTANT_CHANGE = "important-change:"
"""Begins the note that says when the sheet last changed in what it says (schema 3.4)."""


def read_publication(
    root: Element, sheet_id: str, guides: Guides, services: Mapping[str, Service], also: Iterable[Service] = ()
) -> Sheet:
    """The sheet of an F file called ``sheet_id``. ``also``: forms and services that say they go with it.

    Raises Unreadable: not a sheet, without a title, or of another id than its file.
    """
    if root.tag != "Publication":
        raise Unreadable("xml_other", tag=root.tag[:40])
    if root.get("ID") != sheet_id:
        raise Unreadable("sheet_wrong_id", id=str(root.get("ID"))[:40])
    title = _said(root, f"{_DC}title")
    if not title:
        raise Unreadable("sheet_no_title")
    body = Body(guides, services)
    body.read(root)
    description = _said(root, f"{_DC}description")
    changed = _day(root.get("dateDerniereModificationImportante", ""))
    return Sheet(
        id=sheet_id,
        title=title,
        description=description,
        url=root.get("spUrl", ""),
        day=_day(_said(root, f"{_DC}date")),
        language=language_of(" ".join((title, description, *(one.text for one in body.blocks[:40])))),
        audience=_said(root, "Audience"),
        theme=tuple(words_of(one) for one in root.findall("FilDAriane/Niveau") if one.get("ID", "").startswith("N")),
        kind=_kind(root.get("type", "")),
        blocks=tuple(body.blocks),
        facts=_with(body.facts, also),
        related=_related(sheet_id, (*body.links, *body.named)),
        notes=(f"{IMPORTANT_CHANGE}{changed}",) if changed else (),
    )


def _said(root: Element, name: str) -> str:
    found = root.find(name)
    return "" if found is None else words_of(found)


def _day(text: str) -> str | None:
    found = _DAY.search(text)
    return found[1] if found else None


def _kind(type_: str) -> str:
    for name, kind in _KINDS.items():
        if type_.startswith(name):
            return kind
    return "information"


def _with(facts: Iterable[Fact], also: Iterable[Service]) -> tuple[Fact, ...]:
    """The facts, without those that say less than another, then the services that no fact names yet."""
    placed = {fact.id for fact in facts if fact.path and fact.id}
    kept = [fact for fact in facts if fact.path or fact.kind not in ("form", "online") or fact.id not in placed]
    named = {fact.id for fact in kept}
    kept.extend(service.fact() for service in also if service.id not in named)
    return tuple(kept)


def _related(sheet_id: str, links: Iterable[Link]) -> tuple[Link, ...]:
    """Each sheet or address once, where it is first named; never the sheet itself."""
    found: dict[tuple[str, str], Link] = {}
    for link in links:
        if link.sheet_id != sheet_id and (link.sheet_id.startswith("F") or link.url):
            found.setdefault((link.sheet_id, link.url), link)
    return tuple(found.values())
