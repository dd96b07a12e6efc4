"""The rules of energy, hours and turns in sentences. Pure."""

from __future__ import annotations

from typing import Any

from affouage.footprint.budget import BudgetRules, HoursRules, Limit, PotRules
from affouage.pool.reach import ConfidentialityRules
from affouage.pool.share_rules import ShareRules
from affouage.web.language import Language
from affouage.web.limits import in_unit, pot_sentence, rule_sentences
from affouage.web.share_words import confidentiality_sentences, share_sentences


def rule_words(value: Any, language: Language) -> tuple[str, ...]:
    """A rule in sentences."""
    _ = language.gettext
    if isinstance(value, BudgetRules):
        if not value.limits:
            return (_("No limit is in force."),)
        told = rule_sentences(value, None, "", {}, language)
        return (*(limit_words(one, language) for one in value.limits), *told)
    if isinstance(value, HoursRules):
        closed = _("The commons answers nobody from {start} to {end}.")
        shut = (closed.format(start=value.closed_from, end=value.closed_until),)
        return shut if value.closed_from else (_("Open at any hour."),)
    if isinstance(value, PotRules):
        return (pot_sentence(value.sharing, language),)
    if isinstance(value, ShareRules):
        return share_sentences(value, language)
    if isinstance(value, ConfidentialityRules):
        return confidentiality_sentences(value, language)
    return (str(value),)


def limit_words(limit: Limit, language: Language) -> str:
    """``At most 3 kWh per day for the whole commons.``"""
    _ = language.gettext
    span = {"day": _("per day"), "month": _("per month"), "year": _("per year")}[limit.span]
    most = in_unit(limit.amount, limit.unit, language)
    whose = {
        "commons": _("At most {amount} {span} for the whole commons."),
        "member": _("At most {amount} {span} for each member."),
        "workshop": _("At most {amount} {span} for each workshop."),
    }[limit.scope]
    if limit.key:
        whose = _("At most {amount} {span} for the workshop {name}.")
    return whose.format(amount=most, span=span, name=limit.key)
