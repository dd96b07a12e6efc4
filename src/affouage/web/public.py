"""What everybody may see of a commons without signing in: aggregates of at least five people, the rules, the meter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.assembly.charter import COMMAND_LINE, Version
from affouage.footprint.budget import BudgetRules, HoursRules, Limit, PotRules
from affouage.footprint.meter import MeterInfo
from affouage.footprint.period import kind_of
from affouage.footprint.public import FEWEST, OTHER
from affouage.footprint.report import Report
from affouage.pool.reach import ConfidentialityRules
from affouage.pool.share_rules import ShareRules
from affouage.units import Quality
from affouage.web import format as wording
from affouage.web import methods
from affouage.web.amounts import Amount, ImpactRow, Lines, amount, impact_rows, lines, parts
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.limits import RULES, in_unit, pot_sentence, rule_sentences
from affouage.web.models import here
from affouage.web.pages import ModelCard, Page
from affouage.web.periods import Chooser, Place, chooser, month_before, named
from affouage.web.share_words import confidentiality_sentences, share_sentences

AREAS = ("budget", "hours", "pot", "share", "confidentiality")


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
    """One month. ``figures`` None: too few people, or nothing was asked; ``running``: the month is not over yet."""

    template: ClassVar[str] = "public.html"
    name: str
    chooser: Chooser
    running: bool
    fewest: int
    figures: PublicFigures | None
    models: tuple[ModelCard, ...]
    rules: tuple[RuleRow, ...]
    meter_title: str
    meter_quality: Quality


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
    commons, language = visit.commons, visit.language
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
        meter=commons.metering.meter.info(),
        language=language,
    )
    return visit.site.page(visit.request.scope, page)


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
    _ = language.gettext
    return tuple(
        _rule_row(area, _(RULES.get(area, area)), *values[area], history.get(area, ()), language) for area in values
    )


def _rule_row(
    area: str, name: str, value: Any, version: int, history: Sequence[Version], language: Language
) -> RuleRow:
    _ = language.gettext
    decision = next((one for one in history if one.version == version), None)
    who = decision.decided_by if decision else ""
    return RuleRow(
        name=name,
        sentences=rule_words(value, language),
        version=version,
        decided_by=_("whoever looks after the machine") if who == COMMAND_LINE else who,
        reason=decision.reason if decision else "",
        since_ms=decision.in_force_ms if decision else None,
    )


def rule_words(value: Any, language: Language) -> tuple[str, ...]:
    """A rule in sentences."""
    _ = language.gettext
    if isinstance(value, BudgetRules):
        if not value.limits:
            return (_("No limit is in force."),)
        told = rule_sentences(value, None, "", {}, language)
        return (*(limit_words(one, language) for one in value.limits), *told)
    if isinstance(value, HoursRules):
        closed = _("The commons answers nobody from {start} to {end}.")
        shut = (closed.format(start=value.closed_from, end=value.closed_until),)
        return shut if value.closed_from else (_("Open at any hour."),)
    if isinstance(value, PotRules):
        return (pot_sentence(value.sharing, language),)
    if isinstance(value, ShareRules):
        return share_sentences(value, language)
    if isinstance(value, ConfidentialityRules):
        return confidentiality_sentences(value, language)
    return (str(value),)


def limit_words(limit: Limit, language: Language) -> str:
    """``At most 3 kWh per day for the whole commons.``"""
    _ = language.gettext
    span = {"day": _("per day"), "month": _("per month"), "year": _("per year")}[limit.span]
    most = in_unit(limit.amount, limit.unit, language)
    whose = {
        "commons": _("At most {amount} {span} for the whole commons."),
        "member": _("At most {amount} {span} for each member."),
        "workshop": _("At most {amount} {span} for each workshop."),
    }[limit.scope]
    if limit.key:
        whose = _("At most {amount} {span} for the workshop {name}.")
    return whose.format(amount=most, span=span, name=limit.key)


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
) -> PublicPage:
    return PublicPage(
        name=name,
        chooser=months_only(period, today, language),
        running=period == today[:7],
        fewest=FEWEST,
        figures=None if report is None else figures(report, _names(models, language), language),
        models=models,
        rules=rules,
        meter_title=methods.title(meter.method, language),
        meter_quality=meter.quality,
    )


def _names(models: Sequence[ModelCard], language: Language) -> dict[str, str]:
    return {one.id: one.name for one in models} | wording.doors(language)
