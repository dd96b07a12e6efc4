"""What everybody may see of a commons without signing in: aggregates of at least five people, the rules, the meter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.assembly.charter import Version
from affouage.assembly.refused_uses.counts import Counts
from affouage.assembly.refused_uses.terms import Terms
from affouage.footprint.meter import MeterInfo
from affouage.footprint.period import kind_of
from affouage.footprint.public import FEWEST, OTHER
from affouage.footprint.report import Report
from affouage.rulebook import AREAS, lowerings, words
from affouage.rulebook.words import lowering
from affouage.units import Quality
from affouage.web import format as wording
from affouage.web import methods
from affouage.web.amounts import Amount, ImpactRow, Lines, amount, impact_rows, lines, parts
from affouage.web.assembly.rule_sentences import rule_sentences
from affouage.web.assembly.rule_troubles import trouble_words
from affouage.web.deciders import decider
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.models import here
from affouage.web.pages import ModelCard, Page
from affouage.web.periods import Chooser, Place, chooser, month_before, named
from affouage.web.reports_words import CountRow, count_rows


@dataclass(frozen=True)
class RuleRow:
    """A rule in force: what it says, its version (0: nobody decided it), who decided it, when and why."""

    name: str
    sentences: tuple[str, ...]
    version: int
    decided_by: str
    reason: str
    since_ms: int | None


@dataclass(frozen=True)
class PublicPage(Page):
    """One month. ``figures`` None: too few people, or nothing was asked; ``running``: the month is not over yet.
    ``founded``: the members decide; ``lowered``: what the configuration file takes away from the rules, in sentences;
    ``troubles``: what the database says of rules and the public log does not."""

    template: ClassVar[str] = "public.html"
    name: str
    chooser: Chooser
    running: bool
    fewest: int
    figures: PublicFigures | None
    models: tuple[ModelCard, ...]
    rules: tuple[RuleRow, ...]
    founded: bool
    lowered: tuple[str, ...]
    troubles: tuple[str, ...]
    meter_title: str
    meter_quality: Quality
    moderation: ModerationFigures | None


@dataclass(frozen=True)
class ModerationFigures:
    """Decisions about refused uses in a month that is over. ``decisions`` None: fewer than five, so no more is told."""

    decisions: int | None
    rows: tuple[CountRow, ...]


@dataclass(frozen=True)
class PublicFigures:
    """A month's aggregates, in words."""

    requests: int
    members: int
    gap_s: int
    total: Amount
    parts: tuple[Amount, ...]
    impacts: tuple[ImpactRow, ...]
    by_model: Lines
    by_workshop: Lines
    by_use: Lines


def open_door(door: Door) -> None:
    door.page("/commons", month, Policy.PUBLIC)


async def month(visit: Visit) -> Response:
    commons, language, terms = visit.commons, visit.language, visit.commons.reports.terms()
    today = commons.calendar.day(commons.clock.now_ms())
    period = public_period(visit.query("period"), today)
    page = view(
        None if period == today[:7] else await commons.books.public_report(period),
        name=commons.settings.commons.name,
        period=period,
        today=today,
        models=await here(commons, language),
        rules=rule_rows(
            {area: commons.charter.in_force(area) for area in AREAS},
            {area: commons.charter.history(area) for area in AREAS},
            language,
        ),
        lowered=tuple(lowering(one.setting, one.value, language.code) for one in lowerings(commons.settings)),
        founded=commons.charter.founded,
        troubles=tuple(trouble_words(one, language) for one in commons.charter.problems()),
        meter=commons.metering.meter.info(),
        language=language,
        moderation=None if period == today[:7] else _moderation(await commons.reports.counts(period), terms, language),
    )
    return visit.site.page(visit.request.scope, page)


def _moderation(counted: Counts, terms: Terms, language: Language) -> ModerationFigures:
    return ModerationFigures(counted.decisions, count_rows(counted, terms, language))


def figures(report: Report, names: Mapping[str, str], language: Language) -> PublicFigures:
    """``report``: already without what tells of fewer than five people. Raises ValueError for one that is not."""
    if not report.public:
        raise ValueError("this report is for members")
    _ = language.gettext
    known = dict(names) | {OTHER: _("others, together")}
    uses = {name: _(word) for name, word in wording.USES.items()} | {OTHER: known[OTHER]}
    return PublicFigures(
        requests=report.requests,
        members=report.members,
        gap_s=report.gap_s,
        total=amount(_("Total"), report.total, report, language),
        parts=parts(report, language),
        impacts=impact_rows(report.total.use, report.embodied.total, language),
        by_model=lines(report.models, known, language),
        by_workshop=lines(report.workshops, known, language),
        by_use=lines(report.uses, uses, language),
    )


def rule_rows(
    values: Mapping[str, tuple[Any, int]], history: Mapping[str, Sequence[Version]], language: Language
) -> tuple[RuleRow, ...]:
    """``values``: (rule, version) in force by area; ``history``: its versions, where the decision is told."""
    return tuple(
        _rule_row(area, words.name(area, language.code), *values[area], history.get(area, ()), language)
        for area in values
    )


def _rule_row(
    area: str, name: str, value: Any, version: int, history: Sequence[Version], language: Language
) -> RuleRow:
    decision = next((one for one in history if one.version == version), None)
    return RuleRow(
        name=name,
        sentences=rule_sentences(AREAS[area], value, language),
        version=version,
        decided_by=decider(decision, language) if decision else "",
        reason=decision.reason if decision else "",
        since_ms=decision.in_force_ms if decision else None,
    )


def months_only(period: str, today: str, language: Language) -> Chooser:
    """Only whole months that are over are told in public."""
    last = month_before(today)
    plain = chooser(period, today, language)
    following = plain.next if plain.next is not None and plain.next.period <= last else None
    around = () if period == last else (Place(last, named(last, language)),)
    return Chooser(period, plain.words, plain.kind, plain.previous, following, around, ())


def public_period(asked: str, today: str) -> str:
    """The month to show: the one asked for, else the last that is over. Raises BadRequest for no period."""
    last = month_before(today)
    if not asked or kind_of(asked) != "month":
        return last
    return asked if asked <= today[:7] else last


def view(
    report: Report | None,
    *,
    name: str,
    period: str,
    today: str,
    models: tuple[ModelCard, ...],
    rules: tuple[RuleRow, ...],
    meter: MeterInfo,
    language: Language,
    moderation: ModerationFigures | None = None,
    lowered: tuple[str, ...] = (),
    founded: bool = True,
    troubles: tuple[str, ...] = (),
) -> PublicPage:
    return PublicPage(
        name=name,
        chooser=months_only(period, today, language),
        running=period == today[:7],
        fewest=FEWEST,
        figures=None if report is None else figures(report, _names(models, language), language),
        models=models,
        rules=rules,
        founded=founded,
        lowered=lowered,
        troubles=troubles,
        meter_title=methods.title(meter.method, language),
        meter_quality=meter.quality,
        moderation=moderation,
    )


def _names(models: Sequence[ModelCard], language: Language) -> dict[str, str]:
    return {one.id: one.name for one in models} | wording.doors(language)
