"""The work ledger told on the command line, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from affouage.web.language import Language
from affouage.web.periods import named
from affouage.web.work import words
from affouage.web.work.pages import KindOfWork
from affouage.web.work.views import kinds, load, survey
from affouage.workshops.work.book import Item
from affouage.workshops.work.comparison import Compared
from affouage.workshops.work.groups import FEWEST
from affouage.workshops.work.report import WorkReport
from affouage.workshops.work.survey import SCALES
from affouage.workshops.work.times import Times


def report_lines(told: WorkReport, language: Language) -> Iterator[str]:
    """What the page tells of a month, in lines."""
    yield from _head(told, language)
    found = kinds(told, language)
    for kind in found:
        yield from _kind_lines(kind, language)
    if not found:
        said = language.gettext("No work can be told of this month: it takes a week that is over, and {count} people.")
        yield said.format(count=FEWEST)


def _head(told: WorkReport, language: Language) -> Iterator[str]:
    yield named(told.month, language)
    if told.running:
        yield language.gettext("This month is not over: weeks are added as they end.")


def _kind_lines(kind: KindOfWork, language: Language) -> Iterator[str]:
    _ = language.gettext
    yield kind.name + (f"  {kind.weeks}" if kind.weeks else "")
    for one in kind.facts:
        value = one.value or _("not told")
        yield f"  {_labelled(one.name, language)} {value}" + (f" ({one.note})" if one.note and one.value else "")
    for row in kind.fates:
        yield f"  {row.count:>6}  {row.name}"
    for side in kind.sides:
        yield f"  {_labelled(side.name, language)} " + _(
            "{count} tasks, {mean} on average, typically {typical}"
        ).format(count=side.tasks, mean=side.mean or "-", typical=side.typical or "-")
    yield f"  {kind.verdict}"


def agenda_lines(agenda: Iterable[Item], language: Language) -> Iterator[str]:
    """What is before the assembly now."""
    for one in agenda:
        title, figures = words.agenda_title(one.what, language), words.agenda_figures(one.what, language)
        yield f"{_labelled(language.gettext('On the agenda'), language)} {title}. {figures}"


def survey_lines(told: WorkReport, language: Language) -> Iterator[str]:
    _ = language.gettext
    yield from _head(told, language)
    rows = survey(told.survey, language)
    if rows:
        yield _("This month, the tool…")
    else:
        said = _("No answer can be told of this month: it takes at least {count} people who answered.")
        yield said.format(count=FEWEST)
    for row in rows:
        yield f"  {row.count:>6}  {row.name}"
    if told.load is not None:
        yield _("How heavy tasks felt, from 0 to 100 ({count} answers):").format(count=told.load.answers)
        for name, mean in load(told.load, language):
            yield f"  {mean:>6}  {name}"
    if told.words:
        yield _("In their words, of the last six months")
        yield from (f"  - {one}" for one in told.words)


def _labelled(name: str, language: Language) -> str:
    return language.typeset(f"{name} :" if language.code == "fr" else f"{name}:")


# -- for programs --------------------------------------------------------------------------------------------------


def shape_report(told: WorkReport, agenda: Iterable[Item]) -> dict[str, Any]:
    return {
        "month": told.month,
        "running": told.running,
        "tasks": told.tasks,
        "compared": {kind: _shape_compared(one) for kind, one in told.compared.items()},
        "agenda": [{"seq": one.seq, "at_ms": one.at_ms, **one.what.public} for one in agenda],
    }


def _shape_compared(one: Compared) -> dict[str, Any]:
    return {
        "draft": _shape_times(one.draft),
        "blind": _shape_times(one.blind),
        "ratio": one.ratio,
        "freedom": one.freedom,
        "verdict": one.verdict,
    }


def _shape_times(times: Times) -> dict[str, Any]:
    return {"tasks": times.tasks, "mean_ms": times.mean_ms, "typical_ms": times.typical_ms}


def shape_survey(told: WorkReport) -> dict[str, Any]:
    said, felt = told.survey, told.load
    return {
        "month": told.month,
        "running": told.running,
        "survey": said
        and {"answers": said.answers, "lighter": said.lighter, "same": said.same, "heavier": said.heavier},
        "load": felt and {"answers": felt.answers, "whole": felt.whole, **dict(zip(SCALES, felt.means, strict=True))},
        "words": told.words,
    }
