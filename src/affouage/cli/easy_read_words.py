"""A report of the easy-to-read checker, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from affouage.web.easy_read import words
from affouage.web.language import N_, Language
from affouage.workshops.easy_read.check import Report
from affouage.workshops.easy_read.meaning import Difference
from affouage.workshops.easy_read.shapes import Finding

_LINE = N_("Line {line}: {text}")
_COUNTS = N_("To change: {errors}. To look at: {warnings}.")
_NOTHING = N_("The program finds nothing to say of this text.")
_WHOLE = N_("The whole text")
_SOURCE = N_("Against the original")
_SAME = N_("Numbers, dates, negations and conditions of the original are all there, and no others.")
_ORIGINAL = N_("line {line} of the original")
_HERE = N_("line {line}")
_SHOWN = 100
"""Characters of a sentence that are shown."""


def lines_of(report: Report, differences: Sequence[Difference] | None, language: Language) -> Iterator[str]:
    """Line by line: the sentence, what is seen, what to do instead; then the whole, in a few words. Pure."""
    _ = language.gettext
    whole = [one for one in report.findings if one.sentence is None]
    for number, sentence in enumerate(report.sentences):
        found = report.of_sentence(number)
        if found:
            yield language.typeset(_(_LINE).format(line=sentence.line, text=_short(sentence.text)))
            yield from _findings(found, language)
            yield ""
    if whole:
        yield _(_WHOLE)
        yield from _findings(whole, language, with_line=True)
        yield ""
    if differences is not None:
        yield from _differences(differences, language)
    counts = language.typeset(_(_COUNTS).format(errors=report.errors, warnings=report.warnings))
    yield counts if report.findings else _(_NOTHING)
    if report.readability is not None:
        yield words.score(report.readability, language)
    yield from words.not_checked(report, language)
    yield _(words.NO_PROGRAM)
    if any(one.source == "wiktionary" for one in report.glossary):
        yield _(words.CREDIT)


def _findings(found: Sequence[Finding], language: Language, *, with_line: bool = False) -> Iterator[str]:
    _ = language.gettext
    for one in sorted(found, key=lambda one: one.level):  # what is to be changed first
        place = f" ({_(_HERE).format(line=one.line)})" if with_line else ""
        yield f"  [{_(words.LEVELS[one.level])}] {words.advice(one, language)}{place}"


def _differences(differences: Sequence[Difference], language: Language) -> Iterator[str]:
    _ = language.gettext
    yield _(_SOURCE)
    for one in differences:
        place = _(_ORIGINAL if one.side == "lost" else _HERE).format(line=one.line)
        yield f"  {words.difference(one, language)} ({place})"
    if not differences:
        yield f"  {_(_SAME)}"
    yield ""


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN].rsplit(" ", 1)[0] + " …"
