"""Founding the assembly: an operator chooses the first rules; from then on the members decide, for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.assembly.rules.governance import in_one_sitting
from affouage.errors import Conflict
from affouage.rulebook import presets
from affouage.rulebook.presets import Preset
from affouage.rulebook.words import said
from affouage.web.assembly import subjects
from affouage.web.assembly.rule_sentences import rule_sentences
from affouage.web.door import Door, Visit
from affouage.web.pages import Page
from affouage.web.site import see_other


@dataclass(frozen=True)
class SetArea:
    """A rule that a preset sets: the sentences that differ from what stands."""

    name: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class PresetChoice:
    """``code`` "": the rules that stand. ``colleges``: in which members have to be recorded to vote."""

    code: str
    name: str
    sentence: str
    sets: tuple[SetArea, ...]
    colleges: tuple[str, ...]


@dataclass(frozen=True)
class Founding(Page):
    template: ClassVar[str] = "founding.html"
    presets: tuple[PresetChoice, ...]
    members: int
    chosen: str
    problem: str


def open_door(door: Door) -> None:
    door.page("/assembly/found", choose, Policy.OPERATOR)
    door.page("/assembly/found", found, Policy.OPERATOR, post=True)


async def choose(visit: Visit) -> Response:
    if (await visit.commons.assembly.state()).founded:
        raise Conflict(
            "The assembly was founded already.", remedy="Change its rules by a vote.", code="founded_already"
        )
    return await _shown(visit, "", "")


async def _shown(visit: Visit, chosen: str, problem: str) -> Response:
    _ = visit.language.gettext
    members = [one for one in await visit.commons.accounts.members() if one.active]
    stand = PresetChoice("none", _("The rules that stand today"), _("Nothing changes but who decides."), (), ())
    page = Founding(
        presets=(*(_choice(visit, code, one) for code, one in presets.read().items()), stand),
        members=len(members),
        chosen=chosen,
        problem=problem,
    )
    return visit.site.page(visit.request.scope, page, status=400 if problem else 200)


def _choice(visit: Visit, code: str, preset: Preset) -> PresetChoice:
    language, charter = visit.language, visit.commons.charter
    sets = []
    for name, value in preset.values().items():
        area = charter.areas[name]
        now = rule_sentences(area, charter.in_force(name).value, language)
        told = tuple(one for one in rule_sentences(area, value, language) if one not in now)
        if told:
            sets.append(SetArea(subjects.area_name(name, language), told))
    governance = preset.values().get("governance")
    return PresetChoice(
        code=code,
        name=language.typeset(said(preset.name, language.code)),
        sentence=language.typeset(said(preset.sentence, language.code)),
        sets=tuple(sets),
        colleges=() if governance is None else tuple(governance.colleges),
    )


async def found(visit: Visit) -> Response:
    _ = visit.language.gettext
    form = await visit.form()
    code = form.one("preset")
    known = presets.read()
    if code not in known and code != "none":
        return await _shown(visit, "", _("Choose the first rules."))
    if not form.ticked("sure"):
        return await _shown(visit, code, _("Tick the box that says you understood, then found it."))
    rules = {} if code == "none" else dict(known[code].values())
    if form.ticked("sitting"):
        stands = rules.get("governance") or visit.commons.charter.in_force("governance").value
        rules["governance"] = in_one_sitting(stands)
    await visit.commons.assembly.found("" if code == "none" else code, rules)
    return see_other("/assembly?done=founded")
