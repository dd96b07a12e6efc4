"""Why the allowance or the hours refuse a question, and what would be cheaper: from the facts of the error. Pure."""

from __future__ import annotations

from typing import Any

from affouage.errors import AffouageError, Closed
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.web.limits import in_unit, rule_named

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
        if error.code == "allowance_uncountable":
            return _uncountable(error.details, language)
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
    decided = _("Rule: {rule}.").format(rule=rule_named(facts["rule"], language))
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
    told = message.format(
        start=facts["closed_from"], end=facts["closed_until"], rule=rule_named(facts["rule"], language)
    )
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
    return language.typeset(message.format(name=facts["missing"])), _("Tell an operator.")
