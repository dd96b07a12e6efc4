"""How good the explanations are, in public: dated measures, in plain words first, then in figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.errors import NotFound
from affouage.web import format as wording
from affouage.web.door import Door, Visit
from affouage.web.language import N_, Language
from affouage.web.pages import Page
from affouage.workshops.explain.report import Counts, Part, Report
from affouage.workshops.explain.reports import same_measure

SHOWN = 50

HALVES = {
    "all": N_("all the questions"),
    "development": N_("half used to tune"),
    "held_out": N_("half never looked at"),
}

STYLES = {
    "langue-simple": N_("in everyday words"),
    "fautes": N_("with spelling mistakes"),
    "mots-cles": N_("a few keywords"),
    "recit": N_("told as a story"),
    "loin": N_("no administrative matter"),
    "local": N_("of one place"),
    "perso": N_("about one’s own file"),
    "etranger": N_("about another country"),
    "expert": N_("for a specialist"),
    "invente": N_("about something that does not exist"),
    "futur": N_("about rules to come"),
}

LIMITS = {
    "cff4232a": (  # the public set, by the first digits of its digest
        N_("The questions were written by a program from titles of sheets, not by citizens."),
        N_("Which sheets count as right was judged on what one simple search found: a better one is under-rated."),
        N_("Few are misspelt: how it bears spelling mistakes is hardly measured."),
    )
}


@dataclass(frozen=True)
class Share:
    """A count out of ``of``, brought to 100, with the range it may really have (95 %): all in words."""

    words: str
    count: str
    per_hundred: str
    span: str


@dataclass(frozen=True)
class Row:
    """A measure, and its value in each column."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """Another report."""

    id: str
    made_ms: int
    accepted: bool
    model: str


@dataclass(frozen=True)
class Stamp:
    """A collection as it was searched."""

    name: str
    source: str
    sheets: int
    imported_ms: int | None


@dataclass(frozen=True)
class Measured:
    """One report in words. ``before_ms``: of the accepted report it is compared with, None for none."""

    id: str
    made_ms: int
    accepted: bool
    model: str
    inside: tuple[Share, ...]
    inside_of: int
    outside: tuple[Share, ...]
    outside_of: int
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    style_columns: tuple[str, ...]
    styles: tuple[Row, ...]
    before_ms: int | None
    sentences: int
    supported: str
    quotes: int
    quotes_exact: int
    limits: tuple[str, ...]
    drawn: int | None
    affouage: str
    encoder: str
    seed: int
    questions: int
    questions_sha256: str
    stamps: tuple[Stamp, ...]
    took: str


@dataclass(frozen=True)
class Evaluations(Page):
    """``measured`` None: nothing was measured yet."""

    template: ClassVar[str] = "explain/evaluations.html"
    measured: Measured | None
    others: tuple[Listed, ...]


def open_door(door: Door) -> None:
    door.page("/evaluations", evaluations, Policy.PUBLIC)


async def evaluations(visit: Visit) -> Response:
    """The latest report, or the one asked for. Raises NotFound."""
    kept = visit.commons.explain.evaluations
    reports = await kept.all(SHOWN) if kept is not None else ()
    page = view(reports, visit.query("report"), visit.language)
    return visit.site.page(visit.request.scope, page)


def view(reports: Sequence[Report], wanted: str, language: Language) -> Evaluations:
    """``reports``: the latest first. Pure. Raises NotFound."""
    if not reports and not wanted:
        return Evaluations(None, ())
    shown = next((one for one in reports if one.id == wanted), None) if wanted else reports[0]
    if shown is None:
        raise NotFound("There is no such report.", remedy="See the list of reports.", code="no_evaluation")
    before = next((one for one in reports if _comes_before(one, shown)), None)
    others = tuple(Listed(one.id, one.made_ms, one.accepted, one.model) for one in reports if one.id != shown.id)
    return Evaluations(_measured(shown, before, language), others)


def _comes_before(one: Report, shown: Report) -> bool:
    return one.accepted and one.id != shown.id and one.made_ms < shown.made_ms and same_measure(one, shown)


def _measured(report: Report, before: Report | None, language: Language) -> Measured:
    _ = language.gettext
    whole = report.half("all")
    columns = [(_(HALVES[one.name]), one.counts) for one in report.halves if one.name in HALVES]
    if before is not None:
        columns.append((_("accepted before"), before.half("all")))
    return Measured(
        id=report.id,
        made_ms=report.made_ms,
        accepted=report.accepted,
        model=report.model,
        inside=_inside(whole, language),
        inside_of=whole.in_scope,
        outside=_outside(whole, language),
        outside_of=whole.out_of_scope,
        columns=tuple(name for name, _counts in columns),
        rows=_rows([counts for _name, counts in columns], language),
        style_columns=(_("right"), _("wrong"), _("said not to know"), _("questions")),
        styles=tuple(_style(one, language) for one in report.styles),
        before_ms=before.made_ms if before else None,
        sentences=report.sentences,
        supported=_percent(report.supported_share, language),
        quotes=report.quotes,
        quotes_exact=report.quotes_exact,
        limits=tuple(_(one) for one in LIMITS.get(report.questions_sha256[:8], ())),
        drawn=report.limit,
        affouage=report.affouage,
        encoder=report.encoder,
        seed=report.seed,
        questions=report.questions,
        questions_sha256=report.questions_sha256,
        stamps=tuple(Stamp(one.name, one.source, one.sheets, one.imported_ms) for one in report.collections),
        took=wording.duration(report.took_ms, language),
    )


# --- in plain words ---------------------------------------------------------------------------------------------------


def _inside(counts: Counts, language: Language) -> tuple[Share, ...]:
    _ = language.gettext
    said = (
        (counts.right, _("a right sheet was shown")),
        (counts.refused, _("it was said that we do not know, though a sheet answered")),
        (counts.wrong, _("a sheet was shown that does not answer")),
    )
    return _shares(said, counts.in_scope, language)


def _outside(counts: Counts, language: Language) -> tuple[Share, ...]:
    _ = language.gettext
    said = (
        (counts.out_refused, _("it was rightly said that we do not know")),
        (counts.out_answered, _("something was shown though nothing answers")),
    )
    return _shares(said, counts.out_of_scope, language)


def _shares(said: Sequence[tuple[int, str]], of: int, language: Language) -> tuple[Share, ...]:
    if not of:
        return ()
    brought = per_hundred([count for count, _words in said])
    told = []
    for (count, words), hundredths in zip(said, brought, strict=True):
        low, high = wilson(count, of)
        span = language.gettext("{low} to {high}").format(low=math.floor(100 * low), high=math.ceil(100 * high))
        told.append(Share(words, wording.whole(count, language), str(hundredths), span))
    return tuple(told)


def per_hundred(counts: Sequence[int]) -> list[int]:
    """Whole numbers that add up to 100 and are each within one of the exact share; zeros for nothing counted."""
    total = sum(counts)
    if not total:
        return [0 for _ in counts]
    exact = [100 * one / total for one in counts]
    given = [math.floor(one) for one in exact]
    by_rest = sorted(range(len(counts)), key=lambda place: exact[place] - given[place], reverse=True)
    for place in by_rest[: 100 - sum(given)]:
        given[place] += 1
    return given


def wilson(count: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The range of a share (95 %), from 0 to 1: Wilson's score interval. ``of`` > 0."""
    share = count / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    below = 1 + z * z / of
    return max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)


# --- in figures -------------------------------------------------------------------------------------------------------


def _rows(columns: Sequence[Counts], language: Language) -> tuple[Row, ...]:
    _ = language.gettext

    def row(name: str, value: Callable[[Counts], str]) -> Row:
        return Row(name, tuple(value(one) for one in columns))

    def count(number: int, of: int) -> str:
        return f"{wording.whole(number, language)} / {wording.whole(of, language)}" if of else "–"

    return (
        row(_("a right sheet comes first"), lambda one: _percent(one.hit_at_1, language)),
        row(_("a right sheet among the first 5"), lambda one: _percent(one.hit_at_5, language)),
        row(_("a right sheet among the first 10"), lambda one: _percent(one.hit_at_10, language)),
        row(
            _("mean reciprocal rank (MRR) within 10; 1 if the first always fits"),
            lambda one: _decimal(one.mrr_at_10, language),
        ),
        row(_("right sheet shown"), lambda one: count(one.right, one.in_scope)),
        row(_("wrong sheet shown"), lambda one: count(one.wrong, one.in_scope)),
        row(_("wrongly said not to know"), lambda one: count(one.refused, one.in_scope)),
        row(_("rightly said not to know"), lambda one: count(one.out_refused, one.out_of_scope)),
        row(_("shown something though nothing answers"), lambda one: count(one.out_answered, one.out_of_scope)),
    )


def _style(part: Part, language: Language) -> Row:
    counts = part.counts
    name = language.gettext(STYLES[part.name]) if part.name in STYLES else part.name
    refused = counts.refused + counts.out_refused
    told = (counts.right, counts.wrong + counts.out_answered, refused, counts.in_scope + counts.out_of_scope)
    return Row(name, tuple(wording.whole(one, language) for one in told))


def _percent(share: float | None, language: Language) -> str:
    return "–" if share is None else wording.percent(share, language)


def _decimal(value: float | None, language: Language) -> str:
    return "–" if value is None else wording.figures(value, language, digits=2)
