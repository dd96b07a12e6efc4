"""The assembly of a home as the command line reaches it: beside a running server or without one, one transaction each.

Every command first brings about what is due, and says what that was: a vote that closed, a rule that came into force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from affouage.assembly.accounts import Accounts
from affouage.assembly.area import Area
from affouage.assembly.assembly import Assembly
from affouage.assembly.charter import Charter
from affouage.assembly.decisions.state import AssemblyState
from affouage.assembly.member import Member
from affouage.catalogue.rules import Candidate
from affouage.cli.console import open_home, telling
from affouage.cli.language import spoken
from affouage.clock import Clock, SystemClock
from affouage.errors import BadRequest, LedgerUnavailable
from affouage.footprint import rules as footprint_rules
from affouage.footprint.budget import Rates
from affouage.footprint.factors import grid_factors
from affouage.footprint.period import Calendar, kind_of
from affouage.previews.previews import Previews
from affouage.rulebook import open_charter
from affouage.settings import Settings
from affouage.storage import Database
from affouage.storage.home import own_factors
from affouage.web import format as wording
from affouage.web.language import Language

T = TypeVar("T")


@dataclass
class Seat:
    """The assembly of this home, opened for a command. ``loop``: on which everything asynchronous runs."""

    settings: Settings
    db: Database
    clock: Clock
    calendar: Calendar
    charter: Charter
    assembly: Assembly
    accounts: Accounts
    language: Language
    previews: Previews
    loop: asyncio.AbstractEventLoop = field(repr=False)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @property
    def state(self) -> AssemblyState:
        return self.run(self.assembly.state())

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    @property
    def zone(self) -> tzinfo | None:
        return ZoneInfo(self.calendar.zone) if self.calendar.zone else None

    @cached_property
    def people(self) -> dict[str, Member]:
        """Everybody on the roll, by id."""
        return {one.id: one for one in self.run(self.accounts.members())}

    def name(self, member_id: str) -> str:
        """Of a member; a word for somebody who left."""
        known = self.people.get(member_id)
        return known.name if known else self.language.gettext("somebody who left")

    def member(self, name: str) -> Member:
        """By name. Raises NotFound."""
        return self.run(self.accounts.find(name))

    def area(self, name: str) -> Area:
        """Raises NotFound."""
        return self.db.read_now(lambda connection: self.assembly.on(connection).area(name))

    def newest(self, area: str) -> dict[str, Any]:
        """The document a change of this rule is put upon."""
        return self.db.read_now(lambda connection: self.assembly.on(connection).newest(area)[0])

    def day_ms(self, day: str, param: str) -> int:
        """The first moment of a day. Raises BadRequest."""
        try:
            if kind_of(day) == "day":
                return self.calendar.bounds(day)[0]
        except BadRequest:
            pass
        raise BadRequest(
            f"{day!r:.20} is no day.", remedy="Write it as 2026-12-01.", code="rule_day", param=param, day=day[:20]
        )

    def moment(self, at_ms: int) -> str:
        return wording.moment(at_ms, self.language, self.zone)

    def machine_time(self, at_ms: int | None) -> str | None:
        """ISO 8601 for JSON; None stays None."""
        return None if at_ms is None else wording.machine_time(at_ms, self.zone)


@contextmanager
def open_assembly(*, quiet: bool = False) -> Iterator[Seat]:
    """Open the assembly of the home; what its user can mend ends with exit status 2. ``quiet``: nothing on stderr of
    what was brought about."""
    with telling(), open_home() as (settings, db):
        clock = SystemClock()
        rates = _rates(settings)
        charter = open_charter(db, clock, rates)
        with asyncio.Runner() as runner:
            seat = Seat(
                settings=settings,
                db=db,
                clock=clock,
                calendar=Calendar(settings.commons.time_zone),
                charter=charter,
                assembly=Assembly(db, clock, charter, charter.areas),
                accounts=Accounts(db, clock),
                language=spoken(),
                previews=_previews(settings, db, clock, charter, rates),
                loop=runner.get_loop(),
            )
            _catch_up(seat, quiet=quiet)
            yield seat


def _rates(settings: Settings) -> Rates:
    asked = settings.footprint
    grid = grid_factors(asked.country, asked.factor_set, own_factors(settings.home))
    return footprint_rules.rates_of(asked, grid)


def _previews(settings: Settings, db: Database, clock: Clock, charter: Charter, rates: Rates) -> Previews:
    from affouage.inference.prompt import read_prefixes
    from affouage.workshops.easy_read.prompts import easy_read_prompts
    from affouage.workshops.explain.prompts import shipped_prompts

    shipped = read_prefixes().with_workshops({**shipped_prompts(), "easy_read": easy_read_prompts()})
    return Previews(
        db,
        clock,
        charter,
        Calendar(settings.commons.time_zone),
        rates,
        installed=lambda: _installed(settings),
        shipped=shipped.shipped(),
    )


def _installed(settings: Settings) -> list[Candidate]:
    """The models of this machine; those of members' machines are known to a running server only."""
    from affouage.catalogue.store import ModelStore
    from affouage.rules_room import installed

    return installed(settings, ModelStore(settings.models_dir))


def _catch_up(seat: Seat, *, quiet: bool) -> None:
    """Bring about what is due. A home that cannot be written can still be read."""
    before = seat.state
    try:
        done = seat.run(seat.assembly.tick())
    except LedgerUnavailable:
        return
    if done and not quiet:
        for line in brought_about(before, seat.state, seat.language):
            click.echo(line, err=True)


def brought_about(before: AssemblyState, after: AssemblyState, language: Language) -> Iterator[str]:
    """What happened between two states, a line for each passage of a proposal and each end of a mandate. Pure."""
    from affouage.web.assembly import words

    told = language.gettext("Proposal n° {number} ({title}): {what}")
    for number, one in after.proposals.items():
        known = before.proposals.get(number)
        for state, _at_ms, cause in one.history[len(known.history) if known else 0 :]:
            what = words.cause(state, cause, language)
            yield language.typeset(told.format(number=number, title=one.title, what=what))
    for number, mandate in after.mandates.items():
        known_mandate = before.mandates.get(number)
        if mandate.ended_ms is not None and (known_mandate is None or known_mandate.ended_ms is None):
            scope, why = (
                words.say(words.SCOPES_SHORT, mandate.scope, language),
                words.say(words.ENDS, mandate.why, language),
            )
            said = language.gettext("Mandate n° {number} ({scope}) is over: {why}.")
            yield language.typeset(said.format(number=number, scope=scope, why=why))
