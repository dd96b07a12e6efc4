"""What a proposal is about, in a sentence, with what stands before and what would stand after. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from affouage.assembly.area import Area, Field
from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.events import AnySubject
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.decisions.proposal import Proposal
from affouage.assembly.decisions.state import AssemblyState
from affouage.errors import RuleRefused
from affouage.web.assembly import field_values as values
from affouage.web.assembly import words
from affouage.web.assembly.field_words import FieldWords
from affouage.web.assembly.names import Names
from affouage.web.assembly.paths import at
from affouage.web.assembly.rule_sentences import rule_sentences
from affouage.web.language import Language


@dataclass(frozen=True)
class ChangeLine:
    """One thing that changes: before and after, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """A change of a rule. ``before`` and ``after``: the sentences that differ; ``lines``: thing by thing."""

    area: str
    area_name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    lines: tuple[ChangeLine, ...]


def area_name(area: str, language: Language) -> str:
    """``The energy allowance``; as it is for one that has no words."""
    try:
        return FieldWords(language).area(area)
    except KeyError:
        return area


def change(
    area: Area, before: Mapping[str, Any], after: Mapping[str, Any], field_words: FieldWords, language: Language
) -> Change:
    """From one document to another."""
    was, would = sentences(area, before, language), sentences(area, after, language)
    patch = patches.diff(before, after)
    return Change(
        area=area.name,
        area_name=area_name(area.name, language),
        before=tuple(one for one in was if one not in would),
        after=tuple(one for one in would if one not in was),
        lines=tuple(change_lines(area, before, after, patch, field_words, language)),
    )


def sentences(area: Area, document: Mapping[str, Any], language: Language) -> tuple[str, ...]:
    """The rule of a document in sentences; nothing for one that is no rule any more."""
    try:
        return rule_sentences(area, area.unshape(document), language)
    except RuleRefused:
        return ()


def change_lines(
    area: Area,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    patch: Patch,
    field_words: FieldWords,
    language: Language,
) -> list[ChangeLine]:
    """Each thing that a patch changes; an entry that comes or goes is told thing by thing too."""
    found: dict[str, None] = {}
    for path in [*patch.set, *patch.remove]:
        for document in (before, after):
            there = at(document, path)
            inner = [f"{path}/{rest}" for rest, _ in patches.lines(there)] if isinstance(there, Mapping) else []
            found |= dict.fromkeys(inner or [path])
    return [_line(area, path, before, after, field_words, language) for path in found if _differ(path, before, after)]


def _differ(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return bool(at(before, path) != at(after, path))


def _line(
    area: Area,
    path: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    field_words: FieldWords,
    language: Language,
) -> ChangeLine:
    one = area.field_of(path)
    if one is None:
        return ChangeLine(path, *(_plain(at(document, path), language) for document in (before, after)))
    label = field_words.label(area.name, one.path)
    sections = path.split("/")
    if not one.open and len(sections) > 1:
        label = f"{field_words.section(area.name, sections[0])} : {label}"
    names = [_unescaped(part) for part, pattern in zip(sections, one.path.split("/"), strict=True) if pattern == "*"]
    if names:
        told = " · ".join(field_words.option(area.name, one.path, name) for name in names)
        label = f"{label} : {told}"
    return ChangeLine(
        language.typeset(label),
        *(_told(one, at(document, path), field_words, area.name, language) for document in (before, after)),
    )


def _told(one: Field, value: Any, field_words: FieldWords, area: str, language: Language) -> str:
    if one.kind == "present":
        return language.gettext("in the list") if value else language.gettext("not in the list")
    return values.words_of(one, value, field_words, area, language)


def _plain(value: Any, language: Language) -> str:
    return language.gettext("nothing") if value is None else str(value)


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def about_words(about: AnySubject, state: AssemblyState, names: Names, language: Language) -> str:
    """What a proposal is about, in a sentence."""
    _ = language.gettext
    match about:
        case ev.RuleChange(area=area, repeals=None):
            return _("Changes the rule “{rule}”.").format(rule=area_name(area, language))
        case ev.RuleChange(repeals=number):
            return _("Takes back what proposal n° {number} decided.").format(number=number)
        case ev.MandateGiven(member_id=who, scope=scope, days=days):
            told = _("Gives {name} the mandate “{scope}” for {time}.")
            return told.format(
                name=names.of(who),
                scope=words.say(words.SCOPES_SHORT, scope, language),
                time=words.delay(days * words.MIN_PER_DAY, language),
            )
        case ev.MandateTaken(mandate=number):
            known = state.mandates.get(number)
            told = _("Ends the mandate “{scope}” of {name}.")
            return told.format(
                name=names.of(known.member_id if known else ""),
                scope=words.say(words.SCOPES_SHORT, known.scope if known else "", language),
            )
        case ev.Exclusion(member_id=who):
            return _("Excludes {name}: the account is closed.").format(name=names.of(who))
        case ev.Ratification(emergency=number):
            known_measure = state.emergencies.get(number)
            measure = known_measure.event.measure if known_measure else ""
            told = _("Confirms the emergency measure n° {number} ({what}): it would become the rule.")
            return told.format(number=number, what=words.say(words.MEASURES, measure, language))
        case _:
            return _("Chooses one among several. The software counts and records; people do what was chosen.")


def title_of(one: Proposal, language: Language) -> str:
    """As its author wrote it; a ratification has no author who chose its words."""
    if isinstance(one.about, ev.Ratification):
        told = language.gettext("Confirm or end emergency measure n° {number}")
        return told.format(number=one.about.emergency)
    return one.title


def option_words(option: str, about: AnySubject | None, state: AssemblyState, language: Language) -> str:
    """An option of a vote on several: a proposal by its number and title, an option by its text."""
    if option == "none":
        return language.gettext(words.CHOICES["none"])
    if isinstance(about, ev.Choice):
        return about.options[int(option)]
    if option.isdigit() and int(option) in state.proposals:
        return f"n° {option}, {state.proposals[int(option)].title}"
    return words.say(words.CHOICES, option, language)
