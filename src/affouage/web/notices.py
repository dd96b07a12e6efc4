"""What a member is told with an answer, of the energy allowance or of machines, by the codes a receipt keeps. Pure."""

from __future__ import annotations

from affouage.web import format as wording
from affouage.web.language import N_, Language

_NEAR = {
    ("commons", "day"): N_("The commons has used {share} of its energy allowance of the day."),
    ("commons", "month"): N_("The commons has used {share} of its energy allowance of the month."),
    ("commons", "year"): N_("The commons has used {share} of its energy allowance of the year."),
    ("member", "day"): N_("You have used {share} of your energy allowance of the day."),
    ("member", "month"): N_("You have used {share} of your energy allowance of the month."),
    ("member", "year"): N_("You have used {share} of your energy allowance of the year."),
    ("workshop", "day"): N_("This workshop has used {share} of its energy allowance of the day."),
    ("workshop", "month"): N_("This workshop has used {share} of its energy allowance of the month."),
    ("workshop", "year"): N_("This workshop has used {share} of its energy allowance of the year."),
}


def notice(code: str, language: Language) -> str:
    """``budget:<scope>:<span>:<percent>``, ``sober:<model asked for>``, ``resumed`` in a sentence; others as is."""
    if code == "resumed":
        return language.gettext("A machine was lost during this answer; another went on from where it stood.")
    kind, _, rest = code.partition(":")
    if kind == "sober" and rest:
        told = language.gettext("The energy allowance is reached: a smaller model answered instead of {model}.")
        return told.format(model=rest)
    words = rest.split(":")
    sentence = _NEAR.get((words[0], words[1])) if kind == "budget" and len(words) == 3 else None
    if sentence is None or not (words[2].isascii() and words[2].isdigit()):
        return code
    share = wording.percent(int(words[2]) / 100, language)
    return language.gettext(sentence).format(share=share)
