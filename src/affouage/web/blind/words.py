"""Blind comparisons in words. Shared by the pages and the command line. Pure."""

from __future__ import annotations

from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.workshops.blind.report import Changed, Report
from affouage.workshops.blind.strength import Group, Preferred

_CHOICES: dict[Preferred, str] = {
    "left": N_("Answer 1 is better"),
    "right": N_("Answer 2 is better"),
    "both": N_("Both are good"),
    "neither": N_("Neither is good"),
}
_SAID: dict[Preferred, str] = {
    "left": N_("You preferred answer 1."),
    "right": N_("You preferred answer 2."),
    "both": N_("You found both good."),
    "neither": N_("You found neither good."),
}


def buttons(language: Language, *, chosen: Preferred | None = None) -> tuple[tuple[str, str], ...]:
    """(value, words). ``chosen``: what was said without the names; it comes first, and says so."""
    words = {value: language.gettext(told) for value, told in _CHOICES.items()}
    if chosen is None:
        return tuple(words.items())
    rest = tuple((value, told) for value, told in words.items() if value != chosen)
    return ((chosen, language.gettext("I keep my choice")), *rest)


def said(preferred: Preferred, language: Language) -> str:
    return language.gettext(_SAID[preferred])


def kept(preferred: Preferred, again: Preferred, language: Language) -> str:
    if again == preferred:
        return language.gettext("Knowing the cost, you keep your choice.")
    return language.gettext("Knowing the cost, you say: {words}.").format(
        words=language.gettext(_CHOICES[again]).lower()
    )


ALIKE = 1.1
"""Energies that differ by less are told as about the same."""


def spent(left_uj: Interval | None, right_uj: Interval | None, language: Language) -> str:
    """How the energies of two answers compare, by their central figures."""
    _ = language.gettext
    if left_uj is None or right_uj is None or not (left_uj.central and right_uj.central):
        return _("What they took cannot be compared: the energy of one is not known.")
    ratio = left_uj.central / right_uj.central
    if max(ratio, 1 / ratio) < ALIKE:
        return _("Both took about the same energy.")
    more, less = (1, 2) if ratio > 1 else (2, 1)
    times = wording.figures(max(ratio, 1 / ratio), language)
    told = _("Answer {more} took about {times} times the energy of answer {less}.")
    return told.format(more=more, less=less, times=times)


def share(chance: Interval | None, language: Language) -> tuple[str, str] | None:
    """``("62 %", "48 to 74")``; what is not certain is never told as 0 or 100."""
    if chance is None:
        return None
    low, central, high = (min(99, max(1, round(100 * one))) for one in (chance.low, chance.central, chance.high))
    range_ = language.gettext("{low} to {high}").format(low=low, high=high)
    return language.typeset(f"{central} %" if language.code == "fr" else f"{central}%"), range_


def verdict(group: Group, names: dict[str, str], enough: int, language: Language) -> str:
    """What one may conclude, and no more."""
    _ = language.gettext
    if not group.enough:
        told = _("{count} comparisons so far: nothing can be said under {enough}.")
        return told.format(count=group.pairs, enough=enough)
    first = group.models[0]
    assert first.share is not None
    if first.share.low > 0.5:
        return _("{model} is preferred.").format(model=names.get(first.model, first.model))
    return _("No model is clearly preferred: the ranges reach one half.")


def ties(report: Report, language: Language) -> str:
    told = language.gettext("Both answers were good {both} times, neither {neither} times.")
    return told.format(both=report.both, neither=report.neither) if report.pairs else ""


def changed(found: Changed | None, report: Report, language: Language) -> str:
    """What knowing the cost did."""
    _ = language.gettext
    if found is None:
        told = _("What knowing the cost changes is told from {enough} answers on.")
        return told.format(enough=report.enough)
    told = _(
        "Once the cost was known, {moved} of {said} changed their mind: {cheaper} towards the answer that took less "
        "energy, {dearer} towards the one that took more."
    )
    return told.format(moved=found.moved, said=found.said, cheaper=found.to_cheaper, dearer=found.to_dearer)
