"""A rule in words, with the vote that decided it: "opening hours, version 3, vote of March 3, proposal 12". Pure."""

from __future__ import annotations

from typing import Any

from affouage.inference.refusal import Cited
from affouage.web import format as wording
from affouage.web.language import N_, Language

_SHORTLY = {
    "budget": N_("energy allowance"),
    "hours": N_("opening hours"),
    "pot": N_("common pot"),
    "share": N_("fair turns"),
    "confidentiality": N_("who may read"),
    "models": N_("admitted models"),
    "prefixes": N_("text before questions"),
    "uses": N_("refused uses"),
    "retention": N_("how long things are kept"),
    "membership": N_("who is a member"),
    "mandates": N_("mandates"),
    "governance": N_("how we vote"),
    "machines": N_("machines that are lent"),
    "desk": N_("the desk"),
    "training": N_("runs of training"),
}


def rule_named(
    rule: str, language: Language, decided_on: str = "", proposal: int | None = None, emergency: int | None = None
) -> str:
    """``budget@3`` -> ``energy allowance, version 3``, then when it was decided, if known; anything else as it is.

    ``decided_on``: YYYY-MM-DD; ``proposal``: the one that was voted; ``emergency``: the measure that suspends it.
    """
    _ = language.gettext
    area, _at, rest = rule.partition("@")
    version, *measures = rest.split("+")
    if area == "safety" or rule.startswith("safety."):
        return _("setting {name}").format(name=rule)
    if area not in _SHORTLY or not version:
        return rule
    told = [_("{rule}, version {version}").format(rule=_(_SHORTLY[area]), version=version)]
    if proposal is not None:
        day = wording.date_words(decided_on, language) if decided_on else _("an unknown day")
        told.append(_("vote of {day}, proposal no. {number}").format(day=day, number=proposal))
    elif decided_on:
        told.append(_("decided on {day}").format(day=wording.date_words(decided_on, language)))
    told += [_("suspended in part by an emergency measure")] * bool(measures or emergency is not None)
    return language.typeset(", ".join(told))


def cited_words(cited: Cited, language: Language) -> str:
    return rule_named(cited.rule, language, cited.decided_on, cited.proposal, cited.emergency)


def named_by(facts: dict[str, Any], language: Language) -> str:
    """Of the facts of a refusal. Raises KeyError without its rule."""
    return rule_named(
        facts["rule"], language, facts.get("decided_on") or "", facts.get("proposal"), facts.get("emergency")
    )


def page_of(cited: Cited) -> str:
    """Where the proposal that was voted can be read; "" when there was none."""
    return f"/assembly/proposals/{cited.proposal}" if cited.proposal is not None else ""
