"""``affouage desk``: the queue as a clerk reads it, the switch of the tool, counts that anybody may read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from affouage.assembly.access import Scope
from affouage.assembly.accounts import Accounts
from affouage.assembly.member import Member
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.desk_rule import rule
from affouage.cli.desk_words import count_lines, item_lines, queue_line, switch_line, waiting_line
from affouage.cli.language import spoken
from affouage.cli.reading import identified, reader_key
from affouage.clock import SystemClock
from affouage.errors import BadRequest, NotAllowed
from affouage.footprint.period import Calendar, kind_of
from affouage.rulebook import ANY_RATES, open_charter
from affouage.storage import Database
from affouage.workshops.desk.desk import Desk, open_desk

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_why = click.option("--reason", required=True, metavar="TEXT", help="Why: 10 to 2000 characters.")


@dataclass
class _Here:
    db: Database
    desk: Desk
    calendar: Calendar
    clock: SystemClock

    def names(self) -> dict[str, str]:
        """Of everybody on the roll, by id."""
        return {one.id: one.name for one in run(Accounts(self.db, self.clock).members())}


@contextmanager
def _opened() -> Iterator[_Here]:
    with telling(), open_home() as (settings, db):
        clock, calendar = SystemClock(), Calendar(settings.commons.time_zone)
        charter = open_charter(db, clock, ANY_RATES)
        yield _Here(db, open_desk(db, clock, charter, calendar.day), calendar, clock)


def _me(here: _Here, key: str | None) -> Member:
    """Whoever's key this is: running commands on the machine puts nobody at the desk. Raises NotAllowed."""
    identity = identified(here.db, key, Scope.ACCOUNT, here.clock)
    if identity is None:
        raise NotAllowed(
            "Say who you are: running commands on this machine puts nobody at the desk.",
            remedy="Add --key, with a key that may manage your account (My account, in the pages).",
            code="desk_key_needed",
        )
    return identity.member


@click.group()
def desk() -> None:
    """Questions of the public: the queue, the switch of the tool, the counts, the rule.

    Clerks answer on the pages, where a draft is read before it leaves; nothing is sent from here. Each acts with a key
    that may manage their account (--key, or AFFOUAGE_KEY).

    \b
    Examples:
      affouage desk list
      affouage desk show dsk_k3v9x2m7qp4t
      affouage desk stop --reason "Amounts have been wrong since this morning"
      affouage desk resume --reason "The new sheets are here" --key aff_...
      affouage desk counts 2026-11
      affouage desk rule set --public --reason "Council of 22 November"
    """


@desk.command("list")
@click.option(
    "--which",
    type=click.Choice(("open", "mine", "to_call", "closed")),
    default="open",
    show_default=True,
    help="To answer, held by you, to be told by hand, answered.",
)
@reader_key
@_json
def list_(which: str, key: str | None, as_json: bool) -> None:
    """The queue, for who is at the desk: what somebody found wrong first, then oldest first.

    \b
    --json prints: [{"id", "created_ms", "origin", "state", "question", "arm", "draft_state", "flags", "late",
    "mine", "holder_id", "has_contact", "to_call", "errors", "outcome"}, ...]
    """
    with _opened() as here:
        found = run(here.desk.queue(_me(here, key), which))
        if as_json:
            echo_json(found)
            return
        language, names = spoken(), here.names()
        for one in found:
            click.echo(queue_line(one, names, language))
        if not found:
            click.echo(language.gettext("Nothing is waiting."))


@desk.command()
@click.argument("item_id", metavar="ID")
@reader_key
@_json
def show(item_id: str, key: str | None, as_json: bool) -> None:
    """One question, for who is at the desk: what was found, what left, what happened. A draft is shown to who holds it.

    \b
    --json prints: {"item", "language", "contact", "masked", "found", "draft", "draft_sha256", "draft_problem",
    "written", "opened", "must_open", "acts", "sent", "events", "complaints", "reading_ms", "held_until_ms"}
    """
    with _opened() as here:
        seen = run(here.desk.item(_me(here, key), item_id))
        if as_json:
            echo_json(seen)
        else:
            click.echo("\n".join(item_lines(seen, here.names(), spoken())))


@desk.command()
@_why
@reader_key
@_json
def stop(reason: str, key: str | None, as_json: bool) -> None:
    """Stop the tool at once: no draft is made nor shown. Questions stay, and are answered by hand.

    Anybody at the desk may (--key), and whoever runs commands here. The fact enters the public log, the reason does
    not. A running server obeys at once.

    \b
    --json prints: {"stopped", "at_ms", "by", "reason"}
    """
    with _opened() as here:
        me = None if key is None else _me(here, key)
        told = run(here.desk.stop(me, reason))
        if as_json:
            echo_json(told)
        else:
            click.echo(switch_line(told, here.names(), spoken()))


@desk.command()
@_why
@reader_key
@_json
def resume(reason: str, key: str | None, as_json: bool) -> None:
    """Start the tool again: a steward or an operator, with their key. Drafts that were wanted are then made.

    \b
    --json prints: {"stopped", "at_ms", "by", "reason"}
    """
    with _opened() as here:
        told = run(here.desk.resume(_me(here, key), reason))
        if as_json:
            echo_json(told)
        else:
            click.echo(switch_line(told, here.names(), spoken()))


@desk.command()
@click.argument("month", required=False)
@_json
def counts(month: str | None, as_json: bool) -> None:
    """What came, what left and what was wrong, in MONTH (2026-11; since ever if unsaid). For anybody: never a word.

    \b
    --json prints: {"month", "counts": {"received_public", "sent_as_is", "errors_public", ...}, "waiting", "switch"}
    """
    with _opened() as here:
        if month is not None:
            _check_month(month)
        counted, waiting = run(here.desk.front.counts(month)), run(here.desk.front.waiting())
        switch = run(here.desk.switch())
        if as_json:
            echo_json({"month": month, "counts": counted, "waiting": waiting, "switch": switch})
            return
        language = spoken()
        lines = [*count_lines(counted, language), waiting_line(waiting, language)]
        lines += [switch_line(switch, {}, language)] if switch.stopped else []
        click.echo("\n".join(lines))


def _check_month(text: str) -> None:
    """Raises BadRequest."""
    if kind_of(text) != "month":
        raise BadRequest(f"{text!r:.20} is no month.", remedy="Write it as 2026-11.", code="desk_month", text=text[:20])


desk.add_command(rule)
