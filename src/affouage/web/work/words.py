"""The work ledger in words: both outcomes with the same weight. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from babel.dates import format_date, format_interval

from affouage.footprint.period import dates
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.workshops.work.comparison import FEWEST_TASKS, Compared
from affouage.workshops.work.report import Heavier
from affouage.workshops.work.weeks import Week, days

KINDS = {"desk_question": N_("Questions at the desk")}
"""Of work, by the code a workshop gives."""
SAID = {
    "lighter": N_("saved me time"),
    "same": N_("changed nothing"),
    "heavier": N_("cost me time"),
}
FATES = {
    "kept": N_("sent as it was"),
    "edited": N_("changed, then sent"),
    "thrown": N_("not used"),
    "none": N_("no draft"),
}
SCALES = {
    "mental": N_("Thinking, searching, remembering"),
    "physical": N_("Body: eyes, gestures, posture"),
    "temporal": N_("Pressure of time"),
    "performance": N_("How far from what you wanted to do"),
    "effort": N_("Effort it took"),
    "frustration": N_("Annoyance, discouragement"),
}


def say(known: dict[str, str], code: str, language: Language) -> str:
    """What stands for a code; one that is not known, itself."""
    return language.gettext(known[code]) if code in known else code


def fates(codes: Sequence[str], language: Language) -> str:
    """Several where one alone would tell of too few people."""
    return language.gettext(" or ").join(say(FATES, code, language) for code in codes)


def weeks(first: Week, last: Week, language: Language) -> str:
    """``2026-W45``, ``2026-W47`` -> ``2–22 nov. 2026``."""
    begin, end = days(first, last)
    return str(format_interval(begin, end, "yMMMd", locale=language.code))


def week(one: Week, language: Language) -> str:
    """The Monday it begins on."""
    begin, _ = days(one, one)
    return str(format_date(begin, "d MMMM", locale=language.code))


def short_month(month: str, language: Language) -> str:
    """``2026-11`` -> ``nov.``."""
    return str(format_date(dates(month)[0], "LLL", locale=language.code))


def verdict(one: Compared, language: Language) -> str:
    """What the comparison allows to say; no more."""
    _ = language.gettext
    if one.ratio is None:
        said = _("Not enough data to compare ({count} of {least}).")
        return said.format(count=one.fewest, least=FEWEST_TASKS)
    if one.verdict == "heavier":
        low, central, high = _parts(one.ratio, language)
        said = _("With a draft, a task took from {low} to {high} more time ({central} in the middle).")
        return said.format(low=low, high=high, central=central)
    if one.verdict == "lighter":
        high, central, low = _parts(one.ratio, language)
        said = _("With a draft, a task took from {low} to {high} less time ({central} in the middle).")
        return said.format(low=low, high=high, central=central)
    low, _middle, high = _parts(one.ratio, language)
    said = _(
        "With a draft, a task took between {low} less time and {high} more: whether it saves time or costs it is not "
        "known."
    )
    return said.format(low=low, high=high)


def _parts(ratio: Interval, language: Language) -> list[str]:
    return [wording.percent(abs(one - 1), language) for one in (ratio.low, ratio.central, ratio.high)]


def agenda_title(what: Heavier, language: Language) -> str:
    """What is before the assembly."""
    _ = language.gettext
    if what.cause == "survey":
        return _("The members who worked with the tool say that it costs them time")
    return _("The tool makes work heavier: {kind}").format(kind=say(KINDS, what.task_type, language).lower())


def agenda_figures(what: Heavier, language: Language) -> str:
    """On what grounds, in counts."""
    if what.cause == "survey":
        said = language.gettext("{heavier} of {answers} answers to the question of the week say so.")
        return said.format(heavier=what.heavier, answers=what.answers)
    said = language.gettext(
        "From {low} to {high} more time with a draft, on {draft} tasks with one and {blind} without, drawn at random."
    )
    low, high = (wording.percent((one or 0) / 100, language) for one in (what.low_percent, what.high_percent))
    return said.format(low=low, high=high, draft=what.draft, blind=what.blind)
