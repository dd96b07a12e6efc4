"""Whose machines may read a question, told before it is sent. Pure.

The machine that answers reads what it answers: the member chooses how far a question may go, within the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from affouage.pool.reach import ConfidentialityRules, allowed, number, reach_of
from affouage.pool.station import REACHES, Trust
from affouage.web.language import N_, Language
from affouage.web.machine_words import listed

CLASSES = {
    "local": N_("The machine of the commons only"),
    "collective": N_("Machines of the collective"),
    "trusted": N_("Those of trusted members too"),
    "everyone": N_("Those of any member too"),
}
"""On the form, narrowest first: each adds to the one before."""

_ALONE = {
    "local": N_("the machine of the commons alone"),
    "collective": N_("the machines of the collective"),
    "trusted": N_("the machines of the collective and of trusted members"),
    "everyone": N_("the machines of the collective and of any member"),
}
"""In a sentence, by itself."""

NAMES_SHOWN = 6


@dataclass(frozen=True)
class Reader:
    """A machine that could read a question now. ``trust``: see ``pool.station``."""

    name: str
    trust: Trust


@dataclass(frozen=True)
class ReachChoice:
    """One class. ``machines``: which it means now, in words."""

    code: str
    words: str
    machines: str
    chosen: bool
    usual: bool


@dataclass(frozen=True)
class ReachField:
    """``choices``: what the rule allows, narrowest first; one alone is told, not asked. ``capped``: the rule allows
    less than everybody's machines. ``elsewhere``: models that another server answers for, in a sentence each."""

    choices: tuple[ReachChoice, ...]
    capped: bool
    elsewhere: tuple[str, ...] = ()


def reach_field(
    rules: ConfidentialityRules,
    readers: Sequence[Reader],
    asked: str,
    language: Language,
    elsewhere: Iterable[tuple[str, str]] = (),
) -> ReachField | None:
    """What the form shows; None where there is nothing to choose: one machine, and no rule that says more.

    ``asked``: the class chosen before, "" or one not allowed for the rule's default. ``elsewhere``: (model, machine)
    of other servers that the commons' own machine asks.
    """
    _ = language.gettext
    ordinary = ConfidentialityRules()
    if all(one.trust == 0 for one in readers) and rules == ordinary:
        return None
    may = allowed(rules)
    usual = REACHES[reach_of(rules)]
    chosen = asked if asked in may else usual
    choices = tuple(
        ReachChoice(code, _(CLASSES[code]), machines_words(readers, code, language), code == chosen, code == usual)
        for code in may
    )
    told = _("The model {model} is answered by another server, {machine}: it reads these questions as well.")
    others = tuple(told.format(model=model, machine=machine) for model, machine in elsewhere)
    return ReachField(choices, capped=len(may) < len(REACHES), elsewhere=others)


def machines_words(readers: Sequence[Reader], code: str, language: Language) -> str:
    """``2 machines now: La tour, Le portable``."""
    names = [one.name for one in readers if one.trust <= number(code)]
    more = len(names) - NAMES_SHOWN
    shown = names[:NAMES_SHOWN] if more > 1 else names
    if more > 1:
        shown = [*shown, language.gettext("{count} others").format(count=more)]
    told = language.ngettext("{count} machine now: {names}", "{count} machines now: {names}", len(names))
    return told.format(count=len(names), names=listed(shown, language))


def asked_words(code: str, language: Language) -> str:
    """The class that was asked, as a receipt tells it; "" for a receipt that does not."""
    return language.gettext(_ALONE[code]) if code in _ALONE else code
