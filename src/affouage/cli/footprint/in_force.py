"""The rules in force and where the limits stand, read from the home and told in words or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import click
import msgspec

from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.deciding import RuleBook, decided_words, to_come_words
from affouage.cli.footprint.limit_options import name_of
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.footprint import rules as areas
from affouage.footprint.budget import BudgetRules, Limit, Rates, Standing, standings, uncountable
from affouage.footprint.impact import grid_factors
from affouage.footprint.period import Calendar
from affouage.ledger import allowance as books
from affouage.rulebook import AREAS, open_charter
from affouage.storage.home import own_factors
from affouage.web import format as wording
from affouage.web import limits as words
from affouage.web.language import N_, Language

_AREAS = {"budget": N_("Allowance"), "hours": N_("Hours"), "pot": N_("Pot")}


@dataclass
class Here(RuleBook):
    """The rules of this home, opened, with what a kilowatt-hour is worth here."""

    rates: Rates

    def standings(self, limits: list[tuple[Limit, str]]) -> list[Standing]:
        now_ms = self.clock.now_ms()
        return self.db.read_now(lambda c: standings(limits, partial(books.sums, c), self.calendar, self.rates, now_ms))


@contextmanager
def opened() -> Iterator[Here]:
    """The rules of the home; what its user can mend ends with code 2."""
    with telling(), open_home() as (settings, db):
        asked, clock = settings.footprint, SystemClock()
        grid = grid_factors(asked.country, asked.factor_set, own_factors(settings.home))
        rates = areas.rates_of(asked, grid)
        charter = open_charter(db, clock, rates)
        yield Here(settings, db, clock, Calendar(settings.commons.time_zone), charter, rates)


def _limits_seen(here: Here, rules: BudgetRules, member_id: str | None) -> list[tuple[Limit, str | None]]:
    """Each limit with what it is summed by: the member named, every workshop that used something; None: not told."""
    today = here.calendar.day(here.clock.now_ms())
    seen: list[tuple[Limit, str | None]] = []
    for limit in rules.limits:
        if limit.scope == "commons" or limit.key:
            seen.append((limit, limit.key))
        elif limit.scope == "member":
            seen.append((limit, member_id))
        else:
            start_ms, end_ms = here.calendar.bounds({"day": today, "month": today[:7], "year": today[:4]}[limit.span])
            days = here.calendar.day(start_ms), here.calendar.day(end_ms - 1)
            used = here.db.read_now(partial(_workshops, *days))
            seen += [(limit, name) for name in used] or [(limit, None)]
    return seen


def _workshops(first_day: str, last_day: str, connection: Any) -> list[str]:
    return books.workshops(connection, first_day, last_day)


def echo(here: Here, member_id: str | None, member: str | None, as_json: bool) -> None:
    """Print what is in force and where it stands; with the member's own part when one is named."""
    rules: BudgetRules = here.charter.in_force("budget").value
    rows: list[tuple[Limit, Standing | None]] = []
    for limit, key in _limits_seen(here, rules, member_id):
        found = [] if key is None else here.standings([(limit, key)])
        rows.append((limit, found[0] if found else None))
    if as_json:
        echo_json(_shape(here, rows))
    else:
        click.echo("\n".join(_in_words(here, rows, member, spoken())))


def _shape(here: Here, rows: list[tuple[Limit, Standing | None]]) -> dict[str, Any]:
    told = {}
    for area in _AREAS:
        one = here.current(area)
        nobody = {"area": area, "version": 0, "rule": AREAS[area].default}
        told[area] = nobody if one is None else here.shape(one)
    return {
        "rules": told,
        "to_come": [here.shape(one) for area in _AREAS for one in here.planned_later(area)],
        "limits": [_limit_shape(here, limit, standing) for limit, standing in rows],
    }


def _limit_shape(here: Here, limit: Limit, standing: Standing | None) -> dict[str, Any]:
    shape = {"name": name_of(limit), **msgspec.structs.asdict(limit), "used": None, "held": None, "fraction": None}
    if standing is None:
        return {**shape, "resets": None}
    state = standing.state()
    resets = wording.machine_time(state.resets_ms, here.zone)
    known = {"key": state.key, "used": state.used, "held": state.held, "fraction": state.fraction, "resets": resets}
    return {**shape, **known}


def _in_words(
    here: Here, rows: list[tuple[Limit, Standing | None]], member: str | None, language: Language
) -> Iterator[str]:
    _ = language.gettext
    if not rows:
        yield _("No limit is in force: energy is counted, and nothing is refused.")
    for limit, standing in rows:
        yield language.typeset(f"{_who(limit, standing, member, language)}  [{name_of(limit)}]")
        yield f"    {_where(here, limit, standing, language)}"
    yield ""
    budget, hours, pot = (here.charter.in_force(area).value for area in ("budget", "hours", "pot"))
    yield from words.rule_sentences(budget, hours, pot.sharing, {}, language)
    yield ""
    for area in _AREAS:
        yield language.typeset(decided_words(here, area, _(_AREAS[area]), language))
    for one in (one for area in _AREAS for one in here.planned_later(area)):
        yield language.typeset(to_come_words(here, one, language))


def _who(limit: Limit, standing: Standing | None, member: str | None, language: Language) -> str:
    _ = language.gettext
    span = {"day": _("per day"), "month": _("per month"), "year": _("per year")}[limit.span]
    key = limit.key if standing is None else standing.key
    who = {
        "commons": _("The whole commons"),
        "member": member if standing is not None and member else _("Each member"),
        "workshop": _("Workshop: {name}").format(name=key) if key else _("Each workshop"),
    }[limit.scope]
    return f"{who}, {span}"


def _where(here: Here, limit: Limit, standing: Standing | None, language: Language) -> str:
    _ = language.gettext
    amount = words.in_unit(limit.amount, limit.unit, language)
    if standing is None:
        lost = uncountable(BudgetRules(limits=(limit,)), here.rates)
        if lost is not None:
            return _("{amount}: cannot be counted, its factor or price is not known any more.").format(amount=amount)
        return _("{amount} at most.").format(amount=amount)
    state = standing.state()
    used, held = (words.in_unit(one, limit.unit, language) for one in (state.used, state.held))
    bar = words.text_bar(state.used / limit.amount, state.held / limit.amount)
    told = _("{bar} {share}: {used} used of {amount}; begins again on {day}.")
    if standing.held_uj:
        told = _("{bar} {share}: {used} used and {held} promised of {amount}; begins again on {day}.")
    return language.typeset(
        told.format(
            bar=bar,
            share=wording.percent(state.fraction, language),
            used=used,
            held=held,
            amount=amount,
            day=wording.day(state.resets_ms, language, here.zone),
        )
    )
