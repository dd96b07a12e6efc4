"""Any rule in sentences: those that have their own words elsewhere by these, the others thing by thing. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from affouage.assembly.area import Area, Field
from affouage.assembly.rules.governance import PROFILES, GovernanceRules, profile
from affouage.assembly.rules.uses import UsesRules
from affouage.catalogue.rules import ModelRules
from affouage.inference.prefix_rules import PrefixRules
from affouage.web import format as wording
from affouage.web.assembly import field_values, words
from affouage.web.assembly.field_words import FieldWords
from affouage.web.assembly.paths import at
from affouage.web.language import Language
from affouage.web.machine_words import listed
from affouage.web.rule_words import rule_words


def rule_sentences(area: Area, value: Any, language: Language) -> tuple[str, ...]:
    """What a rule says, in sentences."""
    own = _OWN.get(type(value))
    if own is not None:
        return tuple(language.typeset(one) for one in own(area, value, language))
    told = rule_words(value, language)
    return told if told != (str(value),) else by_field(area, area.shape(value), language)


def by_field(area: Area, document: dict[str, Any], language: Language, but: tuple[str, ...] = ()) -> tuple[str, ...]:
    """``Label : value`` for each thing; a list of names in one line, an empty one not at all. ``but``: first parts of
    paths that are told elsewhere."""
    own = FieldWords(language)
    told: list[str] = []
    for one in area.fields:
        if one.path.partition("/")[0] in but:
            continue
        label = own.label(area.name, one.path)
        if not one.open:
            said = field_values.words_of(one, at(document, one.path), own, area.name, language)
            told.append(_line(label, said, language))
        elif one.path.endswith("/*") and one.path.count("*") == 1:
            entries = at(document, one.path.removesuffix("/*")) or {}
            names = [_entry(one, name, entry, own, area, language) for name, entry in entries.items() if entry]
            if names:
                told.append(_line(label, listed(names, language), language))
    return tuple(told)


def _entry(one: Field, name: str, value: Any, own: FieldWords, area: Area, language: Language) -> str:
    named = own.option(area.name, one.path, name)
    if one.kind == "present":
        return named
    return f"{named} ({field_values.words_of(one, value, own, area.name, language)})"


def _line(label: str, said: str, language: Language) -> str:
    return language.typeset(language.gettext("{label}: {said}").format(label=label, said=said))


# -- those with their own words -----------------------------------------------------------------------------------


def _governance(area: Area, rules: GovernanceRules, language: Language) -> list[str]:
    own = FieldWords(language)
    told = []
    for name in PROFILES:
        asked = profile(rules, name)
        parts = (
            words.majority(asked, language),
            words.quorum(asked.quorum_percent, asked.quorum_base, language),
            words.second(asked, language),
            *words.stages(asked, language),
            language.gettext(words.SECRECY_SHORT[asked.secrecy]),
        )
        said = " ".join(part for part in parts if part)
        told.append(_line(own.section(area.name, name), said, language))
    return [*told, *by_field(area, area.shape(rules), language, but=PROFILES)]


def _uses(area: Area, rules: UsesRules, language: Language) -> list[str]:
    _ = language.gettext
    own = FieldWords(language)
    told = [rules.preamble(language.code)] if rules.preamble(language.code) else []
    for line in rules.refused:
        sentence = line.in_language(language.code)
        where = _(" (Only in: {workshops}.)").format(workshops=", ".join(line.workshops)) if line.workshops else ""
        told.append(f"{sentence}{where}")
    steps = []
    for step in rules.scale:
        kind = own.option(area.name, "scale/*/kind", step.kind)
        weight = f", {wording.percent(step.percent / 100, language)}" if step.kind == "slower" else ""
        steps.append(f"{kind} ({words.delay(step.days * words.MIN_PER_DAY, language)}{weight})")
    told.append(_line(own.section(area.name, "scale"), " → ".join(steps), language))
    return [*told, *by_field(area, area.shape(rules), language, but=("preamble_fr", "preamble_en", "refused", "scale"))]


def _prefixes(area: Area, rules: PrefixRules, language: Language) -> list[str]:
    _ = language.gettext
    told = []
    for place, texts in (("", rules.commons), *sorted(rules.workshops.items())):
        text = texts.of(language.code)
        where = _("Before every question") if not place else _("In the workshop {name}").format(name=place)
        if text:
            told.append(_line(where, f"« {text} »" if language.code == "fr" else f"“{text}”", language))
        elif not place:
            told.append(_line(where, _("the text that comes with the software, see “How it works”."), language))
    return told


def _models(area: Area, rules: ModelRules, language: Language) -> list[str]:
    _ = language.gettext
    own = FieldWords(language)
    told = [
        _line(_("Only these models answer"), listed(rules.admitted, language), language)
        if rules.admitted
        else _("Every installed model answers, unless it is refused below.")
    ]
    if rules.refused:
        told.append(_line(_("Refused"), listed(rules.refused, language), language))
    floor = [one for one in area.fields if one.path.startswith("floor/")]
    document = area.shape(rules)
    for one in floor:
        level = at(document, one.path)
        if level:
            told.append(_line(own.label(area.name, one.path), own.option(area.name, one.path, level), language))
    if not rules.floor.asked():
        told.append(_("No degree of openness is asked for."))
    if rules.guard_model:
        told.append(_line(own.label(area.name, "guard_model"), rules.guard_model, language))
    return told


_OWN: dict[type, Callable[[Area, Any, Language], list[str]]] = {
    GovernanceRules: _governance,
    UsesRules: _uses,
    PrefixRules: _prefixes,
    ModelRules: _models,
}
