"""Writing a rule from the command line, until there are votes: with who decided it, why and from when, as all are kept.

Used by every command that changes a rule, whichever its area. Once the assembly is founded, each says how to propose.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from affouage.assembly.charter import COMMAND_LINE, Charter, Version
from affouage.assembly.decisions import patches
from affouage.cli.console import run
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.errors import BadRequest, RuleRefused
from affouage.footprint.period import Calendar, kind_of
from affouage.rulebook import words
from affouage.settings import Settings
from affouage.storage import Database
from affouage.web import format as wording
from affouage.web.deciders import decider
from affouage.web.language import N_, Language

_COMMAND_LINE = N_("the command line")  # as the charter writes it when nobody is named


@dataclass
class RuleBook:
    """The rules of this home, opened."""

    settings: Settings
    db: Database
    clock: SystemClock
    calendar: Calendar
    charter: Charter

    @property
    def zone(self) -> ZoneInfo | None:
        return ZoneInfo(self.calendar.zone) if self.calendar.zone else None

    def current(self, area: str) -> Version | None:
        """The version in force; None: the default, which nobody decided."""
        number = self.charter.in_force(area).version
        return next((one for one in self.charter.history(area) if one.version == number), None)

    def planned_later(self, area: str) -> list[Version]:
        """The versions of a rule that are to come into force."""
        now_ms = self.clock.now_ms()
        number = self.charter.in_force(area, now_ms).version
        return [one for one in self.charter.history(area) if one.version > number and one.in_force_ms > now_ms]

    def shape(self, one: Version) -> dict[str, Any]:
        """A version, for JSON."""
        told = {name: getattr(one, name) for name in ("area", "version", "decided_by", "reason")}
        return {**told, "in_force": wording.machine_time(one.in_force_ms, self.zone), "rule": one.value}


def decision(command: Any) -> Any:
    """Options: what every change is kept with."""
    command = click.option(
        "--from", "day", metavar="DAY", help="First day it is in force (2026-12-01); now if unsaid."
    )(command)
    command = click.option("--decided-by", metavar="WHO", help="The assembly, a member ...; public.")(command)
    return click.option("--reason", metavar="TEXT", help="Why; public, kept with the rule. Asked if unsaid.")(command)


def decide(
    book: RuleBook, area: str, value: Any, reason: str | None, decided_by: str | None, day: str | None
) -> Iterator[str]:
    """Write the version, then tell it, a line each. A rule that cannot be applied ends with code 2."""
    if book.charter.founded:
        raise _by_vote(book, area, value)
    when_ms = _first_moment(book, day)
    planned = book.planned_later(area)
    new = run(book.charter.enact(area, value, decided_by or COMMAND_LINE, _reason(reason), when_ms))
    language = spoken()
    _ = language.gettext
    rule = f"{new.area}@{new.version}"
    if when_ms is None:
        yield _("Decided: {rule}, in force at once.").format(rule=rule)
    else:
        yield _("Decided: {rule}, in force from {day}.").format(
            rule=rule, day=wording.day(when_ms, language, book.zone)
        )
    for one in planned:
        if one.in_force_ms >= new.in_force_ms:
            yield _("{old}, planned for {day}, is replaced by it and will not come into force.").format(
                old=f"{one.area}@{one.version}", day=wording.day(one.in_force_ms, language, book.zone)
            )


def decided_words(book: RuleBook, area: str, name: str, language: Language) -> str:
    """Who decided the rule in force, when and why. ``name``: of the area, in words."""
    _ = language.gettext
    one = book.current(area)
    if one is None:
        return _("{area}: nobody has decided anything yet.").format(area=name)
    return _("{area}: {rule}, since {moment}, decided by {who}. Reason: {why}").format(
        area=name,
        rule=f"{area}@{one.version}",
        moment=wording.moment(one.in_force_ms, language, book.zone),
        who=_who(one, language),
        why=one.reason,
    )


def to_come_words(book: RuleBook, one: Version, language: Language) -> str:
    """A version that is planned."""
    _ = language.gettext
    return _("To come: {rule}, from {day} (decided by {who}: {why}).").format(
        rule=f"{one.area}@{one.version}",
        day=wording.day(one.in_force_ms, language, book.zone),
        who=_who(one, language),
        why=one.reason,
    )


def _who(one: Version, language: Language) -> str:
    return language.gettext(one.decided_by) if one.decided_by == COMMAND_LINE else decider(one, language)


def _by_vote(book: RuleBook, area: str, value: Any) -> RuleRefused:
    """Nothing is written here any more; what would have been is told, so that it can be proposed."""
    described = book.charter.areas[area]
    wanted = described.checked_value(value)
    before = described.shape(book.charter.in_force(area).value)
    patch = patches.diff(before, described.shape(wanted))
    changes = [f"{path}={_plain(said)}" for path, said in patch.set.items()] + [f"{path}=none" for path in patch.remove]
    return RuleRefused(
        f"The members decide now: {words.name(area, 'en')} changes by a vote.",
        remedy=f"Propose it: affouage assembly propose. What would change: {', '.join(changes) or 'nothing'}.",
        code="assembly_decides",
        param=area,
        name=words.name(area, spoken().code),
        changes=", ".join(changes) or spoken().gettext("nothing"),
    )


def _plain(said: Any) -> str:
    return said if isinstance(said, str) else msgspec.json.encode(said).decode()


def _first_moment(book: RuleBook, day: str | None) -> int | None:
    if day is None or day == book.calendar.day(book.clock.now_ms()):
        return None
    try:
        if kind_of(day) == "day":
            return book.calendar.bounds(day)[0]
    except BadRequest:
        pass
    raise RuleRefused(f"{day!r:.20} is no day.", remedy="Write it as 2026-12-01.", code="rule_day", day=day[:20])


def _reason(reason: str | None) -> str:
    if reason is None and not sys.stdin.isatty():
        raise RuleRefused("A rule is kept with its reason.", remedy='Add --reason "...".', code="rule_no_reason")
    asked: str = click.prompt(spoken().gettext("Why? (public, kept with the rule)")) if reason is None else reason
    return asked
