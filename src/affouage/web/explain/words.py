"""What the pages of explanation say, from codes and figures: ages, warnings, why nothing answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affouage.sheets.age import age_words as age_of
from affouage.sheets.finding import Header
from affouage.sheets.sheet import PUBLIC
from affouage.web import format as wording
from affouage.web.explain.links import outside, site_name
from affouage.web.language import N_, Language

if TYPE_CHECKING:  # the command line takes its words from here, without waiting for the search
    from affouage.sheets.search.keeping_up import Progress

MASKED = {
    "nir": N_("a social-security number"),
    "iban": N_("a bank account number"),
    "phone": N_("a telephone number"),
    "email": N_("an e-mail address"),
}

WARNINGS = {
    "other_language:en": N_("Your question is in English, the sheets are in French: they are quoted as they are."),
    "other_language:ar": N_("Your question is in Arabic, the sheets are in French: little may be found."),
    "other_language:other": N_("Your question does not seem to be in French, as the sheets are: little may be found."),
    "words_only": N_("The search by meaning is not ready: only the words of your question were looked for."),
    "nothing_supported": N_("Nothing the model wrote could be checked: here is what the sheets say, word for word."),
    "model_does_not_know": N_("The model found no answer in the sheets. Here is what they say, word for word."),
    "cut_short": N_("The model was cut at the longest length allowed: the end may be missing."),
}
"""By code. ``old_sheet`` and ``archived_sheet`` stand on the sheet itself, ``sentences_dropped`` is their list."""

_ON_TOP = ("other_language:en", "other_language:ar", "other_language:other")

REASONS = {
    "local": N_("This depends on the place you live in: the sheets speak of the rules that hold everywhere."),
    "personal": N_("This is about your own file: no sheet can know where it stands."),
    "foreign": N_("This is about the rules of another country: the sheets do not speak of them."),
    "future": N_("This is about rules that are not in force yet: the sheets tell only those of their date."),
    "far": N_("This is no administrative matter: the sheets do not speak of it."),
    "expert": N_("This asks for the advice of a professional, which no sheet can give."),
    "nothing_found": N_("No sheet speaks of this."),
    "little_evidence": N_("The sheets found speak of something near, but none seems to answer."),
    "nothing_to_quote": N_("A sheet comes near, but no sentence of it answers."),
}

PROBLEMS = {
    "number": N_("a number is not in the sheet"),
    "date": N_("a date is not in the sheet"),
    "amount": N_("an amount is not in the sheet"),
    "condition": N_("a condition of the sheet was left out"),
    "negation": N_("the sheet says the opposite, or says it without a “not”"),
    "no_quote": N_("no passage was quoted"),
    "little_overlap": N_("the quoted passage speaks of something else"),
    "unfinished": N_("the model was cut there"),
}


@dataclass(frozen=True)
class Dated:
    """A sheet's date for reading. ``day``, ``age``: in words, "" unknown; ``warning``: one sentence, "" for none."""

    day: str
    age: str
    warning: str
    check_href: str
    check_name: str


def age_words(days: int, language: Language) -> str:
    """``2209`` -> ``il y a 6 ans``."""
    _ = language.gettext
    if days < 2:
        return _("yesterday") if days else _("today")
    age = age_of(days)
    told = {
        "day": language.ngettext("%(num)s day ago", "%(num)s days ago", age.count),
        "month": language.ngettext("%(num)s month ago", "%(num)s months ago", age.count),
        "year": language.ngettext("%(num)s year ago", "%(num)s years ago", age.count),
    }
    return told[age.unit] % {"num": age.count}


def dated(sheet: Header, language: Language) -> Dated:
    """When it was checked, and what to think of that."""
    day = wording.date_words(sheet.day, language) if sheet.day else ""
    age = "" if sheet.age_days is None else age_words(sheet.age_days, language)
    return Dated(day, age, _warning(sheet, day, age, language), outside(sheet.url), site_name(sheet.url))


def _warning(sheet: Header, day: str, age: str, language: Language) -> str:
    _ = language.gettext
    if sheet.archived:
        return _("Its source has withdrawn this sheet: what it says may no longer be true.")
    if not day:
        return _("This sheet has no date: what it says may no longer be true.")
    if not sheet.old:
        return ""
    told = _("This sheet dates from {day}, {age}: rules and amounts may have changed.")
    return told.format(day=day, age=age)


def masked_words(warnings: Iterable[str], language: Language) -> str:
    """One sentence about what was hidden in the question, "" when nothing was."""
    _ = language.gettext
    kinds = [one.partition(":")[2] for one in warnings if one.startswith("personal_data")]
    if not kinds:
        return ""
    what = ", ".join(_(MASKED[one]) if one in MASKED else _("something personal") for one in dict.fromkeys(kinds))
    return _("Your question held {what}: it was masked, and nothing of it is kept.").format(what=what)


def warning_words(codes: Iterable[str], language: Language) -> tuple[str, ...]:
    """What is told at the head of what was found; codes told elsewhere on the page are passed over."""
    return tuple(language.gettext(WARNINGS[one]) for one in dict.fromkeys(codes) if one in _ON_TOP)


def answer_words(codes: Iterable[str], language: Language) -> tuple[str, ...]:
    """What is told with a written answer."""
    told = (one for one in codes if one in WARNINGS and one not in _ON_TOP and one != "words_only")
    return tuple(language.gettext(WARNINGS[one]) for one in told)


def search_words(codes: Iterable[str], language: Language) -> str:
    """What the search could not do, "" when it did all it can."""
    told = WARNINGS["words_only"]
    return language.gettext(told) if "words_only" in codes else ""


def problem_words(codes: Iterable[str], language: Language) -> str:
    """Why a sentence was left out, in a few words."""
    _ = language.gettext
    return ", ".join(_(PROBLEMS[one]) for one in dict.fromkeys(codes) if one in PROBLEMS) or _(
        "the sheet does not say it"
    )


def why_not(scope: str, language: Language, reason: str = "") -> str:
    """Why no sheet can answer. ``reason``: a finer code than the scope, where there is one."""
    found = (REASONS[one] for one in (reason, scope, "nothing_found") if one in REASONS)
    return language.gettext(next(found))


def progress(made: Progress, language: Language) -> str:
    """How far the search is: of every collection there is, so that no reader's own count is told."""
    _ = language.gettext
    if made.by_words < made.sheets:
        return _("By words: {share} of the sheets can be searched; the rest is coming.").format(
            share=wording.percent(made.by_words / made.sheets, language)
        )
    if made.by_meaning is None:
        return _("By words only: nothing here searches by meaning.")
    if made.by_meaning < made.sheets:
        return _("By words: all of them. By meaning: {share} so far; the rest is coming.").format(
            share=wording.percent(made.by_meaning / made.sheets, language)
        )
    return _("By words and by meaning: all of them.")


def old_after(days: int, language: Language) -> str:
    """When sheets of a collection are marked old."""
    told = language.ngettext("after %(num)s day", "after %(num)s days", days)
    return told % {"num": wording.whole(days, language)}


def readers(tags: Iterable[str], language: Language) -> str:
    """Who may read a collection."""
    return ", ".join(_reader(one, language) for one in tags)


def _reader(tag: str, language: Language) -> str:
    _ = language.gettext
    kind, _colon, name = tag.partition(":")
    if kind == "role":
        return {"steward": _("stewards and operators"), "operator": _("operators")}.get(name, _("every member"))
    if kind == "college":
        return _("the college: {name}").format(name=name)
    if kind == "member":
        return _("a member by name")
    return _("everybody") if tag == PUBLIC else _("every member")


def reading_notes(notes: Iterable[str], language: Language) -> tuple[str, ...]:
    """How a document of the collective's own was read, where that matters: see ``sheets.folder.read``."""
    told = (_reading_note(kind, value, language) for kind, _colon, value in (note.partition(":") for note in notes))
    return tuple(filter(None, told))


def _reading_note(kind: str, value: str, language: Language) -> str:
    """One of them, "" for what tells a reader nothing."""
    _ = language.gettext
    if kind == "day" and value == "file":
        return _("The document gives no date: this is the day its file last changed.")
    if kind == "licence":
        return _("Licence: {name}.").format(name=value)
    if kind == "ocr" and value.isdigit():
        sure = wording.percent(int(value) / 100, language)
        return _(
            "These words were read by a program from scanned pages, sure of them at {share}: compare with the original."
        ).format(share=sure)
    pages = value.split(",")
    if kind == "doubtful":
        return language.ngettext(
            "The program was unsure of page %(pages)s.", "The program was unsure of pages %(pages)s.", len(pages)
        ) % {"pages": ", ".join(pages)}
    if kind == "unread":
        return language.ngettext(
            "Page %(pages)s could not be read: its words are missing here.",
            "Pages %(pages)s could not be read: their words are missing here.",
            len(pages),
        ) % {"pages": ", ".join(pages)}
    return ""
