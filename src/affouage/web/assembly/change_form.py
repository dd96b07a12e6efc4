"""A change of a rule between its form and the assembly: what it starts from, what it makes, what is wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from affouage.assembly.area import Area
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.events import RuleChange
from affouage.assembly.house import House
from affouage.errors import AffouageError, BadRequest, RuleRefused
from affouage.web import format as wording
from affouage.web import sentences
from affouage.web.assembly import rule_form, subjects
from affouage.web.assembly.field_words import FieldWords
from affouage.web.assembly.rule_sheet import Section, Sheet
from affouage.web.assembly.subjects import Change
from affouage.web.door import Visit
from affouage.web.forms import Form
from affouage.web.language import Language


@dataclass(frozen=True)
class Changing:
    """``base``: version the change is made on; ``document``: what the form starts from; ``now``: what is in force."""

    area: Area
    base: int
    before: dict[str, Any]
    document: dict[str, Any]
    now: dict[str, Any]


async def starting(visit: Visit, area_name: str, base: str = "") -> Changing:
    """From the newest version, or from ``base``, the one a form was drawn on. Raises NotFound."""
    now_ms = visit.commons.clock.now_ms()

    def look(house: House) -> Changing:
        area = house.area(area_name)
        before, version = house.newest(area_name)
        if base.isascii() and base.isdigit() and len(base) < 9:
            version = int(base)
            before = house.document_of(area_name, version)
        return Changing(area, version, before, before, house.document(area_name, now_ms))

    return await visit.commons.assembly.look(look)


def carry(document: Mapping[str, Any]) -> str:
    """A document as a hidden field of the preview holds it."""
    return msgspec.json.encode(document).decode()


def carried(text: str) -> dict[str, Any]:
    """The way back; it is checked like anything typed. Raises BadRequest."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise BadRequest(
            "This form cannot be read any more.", remedy="Fill it in again.", code="form_expired"
        ) from None


async def sheet(visit: Visit, changing: Changing) -> Sheet:
    """With the names that people may tick."""
    language = visit.language
    known: dict[str, tuple[tuple[str, str], ...]] = {}
    if changing.area.name == "models":
        cards = await asyncio.to_thread(visit.commons.cards)
        models = tuple((card.id, card.name) for card in sorted(cards.values(), key=lambda one: one.name.casefold()))
        known = {"admitted/*": models, "refused/*": models}
    if changing.area.name == "budget":
        known = {"exempt_uses/*": tuple((use, language.gettext(word)) for use, word in wording.USES.items())}
    return _sheet(changing, language, known)


def _sheet(changing: Changing, language: Language, known: Mapping[str, Any] | None = None) -> Sheet:
    return Sheet(changing.area, changing.now, FieldWords(language), language, known or {})


async def sections(
    visit: Visit, changing: Changing, document: dict[str, Any], form: Form | None, problems: Mapping[str, str]
) -> tuple[Section, ...]:
    """``form``: what was typed; None: as ``document`` says."""
    return rule_form.sections(await sheet(visit, changing), document, form, problems)


def read(visit: Visit, changing: Changing, form: Form) -> tuple[dict[str, Any], dict[str, str]]:
    """(the document as it would be, problems by form name)."""
    return rule_form.read(_sheet(changing, visit.language), form, changing.document)


async def about(visit: Visit, changing: Changing, document: dict[str, Any], repeals: int | None = None) -> RuleChange:
    """The change itself: from the version the form was drawn on, so that what others changed meanwhile stays.

    Raises RuleRefused for a rule that cannot be, or when nothing would change.
    """
    area = changing.area
    patch = patches.diff(changing.before, area.shape(area.checked(document)))
    if patch.empty:
        raise RuleRefused(
            "This is the rule that stands already: nothing would change.",
            remedy="Change at least one thing.",
            code="nothing_changes",
            param="area",
        )
    made = RuleChange(area=area.name, base_version=changing.base, patch=patch, repeals=repeals)
    await visit.commons.assembly.look(lambda house: house.changed(made))
    return made


def change(visit: Visit, changing: Changing, document: dict[str, Any]) -> Change:
    """Before and after, in words."""
    after = changing.area.shape(changing.area.checked(document))
    return subjects.change(changing.area, changing.before, after, FieldWords(visit.language), visit.language)


async def change_of(visit: Visit, made: RuleChange) -> Change:
    assembly = visit.commons.assembly
    before = await assembly.look(lambda house: house.document_of(made.area, made.base_version))
    area = assembly.areas[made.area]
    return subjects.change(area, before, patches.apply(before, made.patch), FieldWords(visit.language), visit.language)


async def document_of(visit: Visit, made: RuleChange) -> dict[str, Any]:
    """The rule as it would be."""
    before = await visit.commons.assembly.look(lambda house: house.document_of(made.area, made.base_version))
    return patches.apply(before, made.patch)


def troubles(
    visit: Visit, changing: Changing, problems: Mapping[str, str], refused: AffouageError | None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """(problems beside their fields, those of the whole): what the rule itself says is put where it belongs."""
    found = dict(problems)
    if refused is None:
        return found, ()
    message = " ".join(sentences.explain(refused, visit.language))
    path = str(refused.details.get("path") or refused.details.get("field") or "").replace(".", "/")
    fields = changing.area.fields
    exact = next((one.path for one in fields if one.path == path), None)
    by_end = next((one.path for one in fields if path and not one.open and one.path.endswith("/" + path)), None)
    entry = next((path for one in fields if one.open and one.covers(path)), None)
    where = exact or entry or by_end
    if where is None:
        return found, (message,)
    found[where] = message
    return found, (message,)
