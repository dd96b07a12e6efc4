"""Why a rule refuses a question, which vote decided it, and what would work: from the facts of the error. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from affouage.errors import AffouageError, Closed
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.web.limits import in_unit
from affouage.web.rule_names import named_by

_WHOSE = {
    ("commons", "day"): N_("The energy allowance of the commons for today does not leave enough."),
    ("commons", "month"): N_("The energy allowance of the commons for this month does not leave enough."),
    ("commons", "year"): N_("The energy allowance of the commons for this year does not leave enough."),
    ("member", "day"): N_("Your energy allowance for today does not leave enough."),
    ("member", "month"): N_("Your energy allowance for this month does not leave enough."),
    ("member", "year"): N_("Your energy allowance for this year does not leave enough."),
    ("workshop", "day"): N_("The energy allowance of this workshop for today does not leave enough."),
    ("workshop", "month"): N_("The energy allowance of this workshop for this month does not leave enough."),
    ("workshop", "year"): N_("The energy allowance of this workshop for this year does not leave enough."),
}


def refused(error: AffouageError, language: Language) -> tuple[str, str] | None:
    """(what happened, what would work); None for another error, or one that came without its facts.

    By the code: the command line reads the server's errors, which carry codes and facts but no class.
    """
    try:
        if error.code in ("allowance_spent", "allowance_promised"):
            return _spent(error.code, error.details, language)
        if error.code == "closed":
            return _closed(error, language)
        if error.code in _OF_RULES:
            message, remedy = _OF_RULES[error.code](error.details, language)
            return language.typeset(message), language.typeset(remedy)
    except (KeyError, ValueError):
        return None
    return None


def _spent(code: str, facts: dict[str, Any], language: Language) -> tuple[str, str]:
    _ = language.gettext
    amount, used, held, need = (
        in_unit(facts[name], facts["unit"], language) for name in ("amount", "used", "held", "need")
    )
    limit = facts["scope"], facts["span"]
    whose = _(_WHOSE[limit])
    figures = _("{used} of {amount} are used; this one may need {need}.")
    if facts["held"]:
        figures = _("{used} of {amount} are used, {held} are promised to answers under way; this one may need {need}.")
    decided = _("Rule: {rule}.").format(rule=named_by(facts, language))
    message = " ".join((whose, figures.format(used=used, amount=amount, held=held, need=need), decided))
    if code == "allowance_promised":
        again = _("Ask again in a moment: what is promised and not used is given back.")
    else:
        day = wording.date_words(facts["resets_on"], language)
        again = _("It begins again on {day}.").format(day=day)
    return language.typeset(message), language.typeset(f"{again} {_cheaper(facts, language)}")


def _cheaper(facts: dict[str, Any], language: Language) -> str:
    """Ways that would pass now."""
    _ = language.gettext
    if "max_tokens" in facts:
        ways = [
            _("an answer of {count} word-pieces at most").format(count=wording.whole(facts["max_tokens"], language))
        ]
    else:
        ways = [_("a shorter question and a shorter answer")]
    if "smaller_model" in facts:
        ways.append(_("the model {name}").format(name=facts["smaller_model"]))
    else:
        ways.append(_("a smaller model"))
    return _("What would cost less: {ways}.").format(ways=", ".join(ways))


def _closed(error: AffouageError, language: Language) -> tuple[str, str]:
    _ = language.gettext
    facts = error.details
    message = _("The commons is closed from {start} to {end}: so its rules say ({rule}).")
    if facts["rule"].startswith("safety."):
        message = _("Whoever looks after the machine closes the commons from {start} to {end} ({rule}).")
    told = message.format(start=facts["closed_from"], end=facts["closed_until"], rule=named_by(facts, language))
    remedy = _("It opens at {time}.").format(time=facts["opens_at"])
    if isinstance(error, Closed):
        wait = wording.duration(error.retry_after_s * 1000, language)
        remedy = _("It opens at {time}, in {wait}.").format(time=facts["opens_at"], wait=wait)
    return language.typeset(told), language.typeset(remedy)


def _uncountable(facts: dict[str, Any], language: Language) -> tuple[str, str]:
    _ = language.gettext
    message = _(
        "A limit of the energy allowance can no longer be counted: a setting of the commons is missing ({name})."
    )
    return message.format(name=facts["missing"]), _("Tell an operator.")


def why_not(reason: str, lacks: str, rule: str, by_settings: bool, language: Language, base: str = "") -> str:
    """Why a model is not admitted. ``lacks``: what is not open, in words; ``rule``: in words. ``base``: of a voice,
    when it is the base that is not admitted."""
    _ = language.gettext
    told = {
        "refused": _("The members refuse this model."),
        "not_admitted": _("This model is not among those the members admit."),
        "floor": _("This model is less open than the members ask: {lacks}.").format(lacks=lacks),
    }[reason]
    if by_settings:
        told = _("Whoever looks after the machine refuses this model.")
    whose = (
        (_("This is a voice of {base}, and a voice is admitted only with its base.").format(base=base),) if base else ()
    )
    return language.typeset(" ".join((*whose, told, _("Rule: {rule}.").format(rule=rule))))


def _model(facts: dict[str, Any], language: Language) -> tuple[str, str]:
    _ = language.gettext
    lacks = facts.get(f"lacks_{language.code}", "")
    by_settings = facts["rule"].startswith("safety.")
    told = why_not(facts["reason"], lacks, named_by(facts, language), by_settings, language, facts.get("base", ""))
    if "works" in facts:
        return told, _("Admitted, and here: {models}.").format(models=facts["works"])
    if "fetch" in facts:
        return told, _(
            "None of those admitted is here. {model} is admitted and fits this machine: an operator can fetch it."
        ).format(model=facts["fetch"])
    return told, _("None of those admitted fits this machine. Another rule can be proposed.")


def _use(facts: dict[str, Any], language: Language) -> tuple[str, str]:
    _ = language.gettext
    told = _("The members refuse this use: {line} Rule: {rule}.")
    line = facts[f"line_{language.code}"]
    return told.format(line=line, rule=named_by(facts, language)), _("Another rule can be proposed to the assembly.")


def _suspended(facts: dict[str, Any], language: Language) -> tuple[str, str]:
    _ = language.gettext
    told = _("You are suspended until {moment}, by a decision under the charter of refused uses: {line}")
    line = facts.get(f"line_{language.code}", facts["line"])
    message = told.format(moment=wording.moment(facts["until_ms"], language), line=line)
    rule = _("Rule: {rule}. Decision: {decision}.").format(rule=named_by(facts, language), decision=facts["decision"])
    remedy = _("Read the decision and its reasons: {page}").format(page=facts["page"])
    if "appeal_until_ms" in facts:
        remedy = _("Read the decision and its reasons, and appeal before {moment}: {page}").format(
            moment=wording.moment(facts["appeal_until_ms"], language), page=facts["page"]
        )
    return f"{message} {rule}", remedy


def _shut(facts: dict[str, Any], language: Language) -> tuple[str, str]:
    _ = language.gettext
    told = _("Whoever looks after the machine has closed the commons ({rule}).")
    return told.format(rule=named_by(facts, language)), _("Ask them when it opens again.")


_OF_RULES: dict[str, Callable[[dict[str, Any], Language], tuple[str, str]]] = {
    "allowance_uncountable": _uncountable,
    "closed_by_settings": _shut,
    "model_not_admitted": _model,
    "refused_use": _use,
    "suspended": _suspended,
}
