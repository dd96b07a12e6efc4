"""*La coupe*: what the machines of the commons took in a month or a day, for whom, what is left of the allowance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.assembly.access import Policy, Scope
from affouage.footprint.budget import BudgetRules, HoursRules
from affouage.footprint.equivalents import Likeness, equivalents, like
from affouage.footprint.export import to_csv, to_json
from affouage.footprint.report import Mine, Report, Sum
from affouage.web import format as wording
from affouage.web.amounts import Amount, ImpactRow, Lines, Shown, amount, impact_rows, lines, parts, shown
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.limits import LimitRow, limit_rows, rule_sentences
from affouage.web.pages import Page
from affouage.web.periods import Chooser, Days, chooser, day_rows, first_period
from affouage.web.receipts import download

EQUIVALENTS_SHOWN = 4


@dataclass(frozen=True)
class MineRow:
    """My own use; my share of keeping it on, or what an equal share would be when the pot keeps it."""

    requests: int
    use: Amount
    keeping_on: Amount | None
    if_equal: Amount | None
    making_gwp: Shown | None
    making_at_least: bool
    euros: Shown | None


@dataclass(frozen=True)
class OneMore:
    """What a member who asks as much as the average would add, and what fixed costs would be for each."""

    energy: Shown
    euros: Shown | None
    fixed_now: Shown | None
    fixed_then: Shown | None


@dataclass(frozen=True)
class Equivalent:
    """An everyday thing of the same carbon, same scope. ``dated``: when the figure was published, by whom."""

    words: str
    source: str


@dataclass(frozen=True)
class Coupe(Page):
    """The month or day of a commons. ``rules``: what the rules say happens, in sentences; ``limited``: some limit is in
    force, though only a running period tells where it stands."""

    template: ClassVar[str] = "coupe.html"
    chooser: Chooser
    report: Report
    total: Amount
    parts: tuple[Amount, ...]
    losses: Amount
    impacts: tuple[ImpactRow, ...]
    equivalents: tuple[Equivalent, ...]
    limits: tuple[LimitRow, ...]
    limited: bool
    rules: tuple[str, ...]
    mine: MineRow | None
    one_more: OneMore | None
    days: Days
    models: Lines
    workshops: Lines
    machines: Lines
    uses: Lines


def open_door(door: Door) -> None:
    door.page("/coupe", month, Policy.MEMBER, scope=Scope.RECEIPTS)
    door.page("/coupe.csv", as_table, Policy.MEMBER, scope=Scope.RECEIPTS)
    door.page("/coupe.json", as_json, Policy.MEMBER, scope=Scope.RECEIPTS)


async def month(visit: Visit) -> Response:
    commons, language = visit.commons, visit.language
    report = await _report(visit)
    page = view(
        report,
        today=commons.calendar.day(commons.clock.now_ms()),
        member_id=identity_of(visit.request.scope).member.id,
        day_of=commons.calendar.day,
        language=language,
        names=await known_names(commons),
        budget=commons.charter.in_force("budget").value,
        hours=commons.charter.in_force("hours").value,
    )
    return visit.site.page(visit.request.scope, page)


async def as_table(visit: Visit) -> Response:
    report = await _report(visit)
    return download(to_csv(report).encode(), f"coupe-{report.period}.csv", "text/csv; charset=utf-8")


async def as_json(visit: Visit) -> Response:
    report = await _report(visit)
    return download(to_json(report), f"coupe-{report.period}.json")


async def _report(visit: Visit) -> Report:
    """The period asked for, with the reader's own part. Raises BadRequest."""
    commons = visit.commons
    period = first_period(visit.query("period"), commons.calendar.day(commons.clock.now_ms()))
    return await commons.books.report(period, identity_of(visit.request.scope).member.id)


async def known_names(commons: Commons) -> dict[str, str]:
    """Names of the models, from their cards, and of the machine, by id."""
    cards = await asyncio.to_thread(commons.cards)
    machine = commons.machine
    named_machine = {machine.id: machine.name} if machine is not None and machine.name else {}
    return {card.id: card.name for card in cards.values()} | named_machine


def view(
    report: Report,
    *,
    today: str,
    member_id: str,
    day_of: Callable[[int], str],
    language: Language,
    names: Mapping[str, str] | None = None,
    budget: BudgetRules | None = None,
    hours: HoursRules | None = None,
) -> Coupe:
    """``today``: 2026-11-22; ``day_of``: the local day of an instant; ``names``: of models and machines, by id."""
    _ = language.gettext
    known = dict(names or {})
    doors = wording.doors(language)
    uses = {name: _(word) for name, word in wording.USES.items()}
    return Coupe(
        chooser=chooser(report.period, today, language),
        report=report,
        total=amount(_("Total"), report.total, report, language),
        parts=parts(report, language),
        losses=amount(_("Losses"), report.losses, report, language),
        impacts=impact_rows(report.total.use, report.embodied.total, language),
        equivalents=same_carbon(report, language),
        limits=limit_rows(report.limits, member_id, budget, known | doors, day_of, language),
        limited=budget is not None and bool(budget.limits),
        rules=rule_sentences(budget, hours, report.pot_sharing, known, language),
        mine=mine_row(report.mine, report, language),
        one_more=one_more(report, language),
        days=day_rows(report, today, language),
        models=lines(report.models, known, language),
        workshops=lines(report.workshops, known | doors, language),
        machines=lines(report.machines, known, language),
        uses=lines(report.uses, uses, language),
    )


def mine_row(mine: Mine | None, report: Report, language: Language) -> MineRow | None:
    if mine is None:
        return None
    _ = language.gettext

    def share(name: str, spent: Sum | None) -> Amount | None:
        return None if spent is None else amount(name, spent, report, language)

    return MineRow(
        requests=mine.requests,
        use=amount(_("My answers"), mine.use, report, language),
        keeping_on=share(_("My share of keeping it on"), mine.keeping_on),
        if_equal=share(_("An equal share of keeping it on would be"), mine.keeping_on_if_equal),
        making_gwp=shown(mine.embodied.gwp_g, wording.mass, language),
        making_at_least=mine.embodied.at_least,
        euros=shown(mine.cost_eur, wording.euros, language),
    )


def same_carbon(report: Report, language: Language) -> tuple[Equivalent, ...]:
    """Everyday things of the same carbon; none unless use and making are both known: like with like only."""
    use, making = report.total.use, report.embodied.total
    if use.gwp_g is None or making.gwp_g is None:
        return ()
    at_least = use.at_least or making.at_least
    table = equivalents()
    published = wording.date_words(table.published.isoformat(), language)
    source = language.gettext("{source}, file of {day}.").format(source=table.source, day=published)
    fitting = [
        one for one in like(use.gwp_g + making.gwp_g, "use and making", table) if 0.1 <= one.amount.central < 1e4
    ]
    return tuple(Equivalent(_likeness(one, at_least, language), source) for one in fitting[:EQUIVALENTS_SHOWN])


def _likeness(one: Likeness, at_least: bool, language: Language) -> str:
    words = one.equivalent.fr if language.code == "fr" else one.equivalent.en
    central, spread = wording.ratio(one.amount, words, language)
    told = f"≈{wording.NO_BREAK}{central} ({spread})"
    return f"{language.gettext('at least')} {told}" if at_least else told


def one_more(report: Report, language: Language) -> OneMore | None:
    """None when nobody is there, nothing was asked or nothing was counted."""
    spent = report.to_requests
    if report.members < 1 or not report.requests or spent.interval_uj is None:
        return None
    each, then = 1 / report.members, 1 / (report.members + 1)
    fixed, paid = report.fixed_cost_eur, spent.cost_eur
    return OneMore(
        energy=wording.energy(spent.interval_uj.scaled(each), language),
        euros=shown(None if paid is None else paid.scaled(each), wording.euros, language),
        fixed_now=shown(None if fixed is None else fixed.scaled(each), wording.euros, language),
        fixed_then=shown(None if fixed is None else fixed.scaled(then), wording.euros, language),
    )
