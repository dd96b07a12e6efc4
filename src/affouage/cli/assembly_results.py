"""``affouage assembly`` ``result``, ``electors``, ``minutes``: votes that are over, and what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from affouage.assembly.decisions.state import Poll
from affouage.cli import assembly_words as told
from affouage.cli.assembly_home import Seat, open_assembly
from affouage.cli.console import echo_json
from affouage.errors import BadRequest, Conflict, NotFound
from affouage.storage.tables import elector

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command()
@click.argument("poll", type=int)
@click.option("--recount", metavar="FILE", help="Write what it takes to count again, for `affouage assembly count`.")
@as_json_option
def result(poll: int, recount: str | None, as_json: bool) -> None:
    """The result of vote POLL, its count explained step by step. Nothing is shown while it is open.

    \b
    Examples:
      affouage assembly result 2
      affouage assembly result 2 --recount vote.json && affouage assembly count vote.json

    \b
    --json prints: {"poll", "proposals", "method", "options", "secrecy", "round", "opens", "closes", "electors",
                    "electorate_sha256", "voted", "closed", "outcome", "winner", "count", "ballots_sha256"}
    """
    with open_assembly() as seat:
        found = poll_of(seat, poll)
        if found.closed is None:
            raise Conflict("The vote is still open.", remedy="Its result is shown when it closes.", code="poll_open")
        if recount is not None:
            _write_recount(seat, found, recount)
        if as_json:
            echo_json(told.poll_shape(seat, found))
        else:
            _echo_result(seat, found)


def poll_of(seat: Seat, number: int) -> Poll:
    """Raises NotFound."""
    found = seat.state.polls.get(number)
    if found is None:
        raise NotFound("There is no such vote.", remedy="See: affouage assembly status", code="poll_not_found")
    return found


def _write_recount(seat: Seat, poll: Poll, file: str) -> None:
    from affouage.web.assembly.results import recount_file

    if poll.opened.secrecy == "belenios":
        raise Conflict("This vote is counted by Belenios.", remedy="Verify its archive.", code="vote_elsewhere")
    body = recount_file(poll, seat.run(seat.assembly.ballots(poll.id)))
    write_file(file, body)


def write_file(file: str, body: bytes) -> None:
    """Raises BadRequest for a place that cannot be written."""
    try:
        Path(file).write_bytes(body)
    except OSError as refused:
        raise BadRequest(
            f"{file} cannot be written: {refused.strerror}.",
            remedy="Give another file.",
            code="assembly_file",
            file=file,
        ) from None


def _echo_result(seat: Seat, poll: Poll) -> None:
    from affouage.assembly.poll_count import outcome_of
    from affouage.web import count_table, count_words
    from affouage.web.assembly.results import option_labels, result_words

    labels = option_labels(poll, seat.state, seat.language)
    for number in poll.opened.proposals:
        click.echo(told.headline(seat, seat.state.proposals[number]))
    click.echo(seat.language.typeset(result_words(poll, labels, seat.language)))
    assert poll.closed is not None
    if poll.closed.count:
        outcome = outcome_of(poll.closed.count)
        click.echo()
        click.echo(count_table.text(outcome, seat.language, count_words.Names(options=labels)))
    for name, value in (poll.closed.belenios or {}).items():
        click.echo(f"{name}: {value}")


@click.command()
@click.argument("poll", type=int)
@as_json_option
def electors(poll: int, as_json: bool) -> None:
    """Who could vote in POLL: the roll as it stood when the vote opened, and its digest, which is in the public log.

    \b
    Examples:
      affouage assembly electors 2

    \b
    --json prints: {"poll", "electorate_sha256", "electors": [{"member", "college"}, ...]}
    """
    with open_assembly() as seat:
        found = poll_of(seat, poll)
        query = select(elector.c.member_id, elector.c.college).where(elector.c.poll_id == poll)
        rows = seat.db.read_now(lambda connection: connection.execute(query).all())
        listed = sorted((seat.name(row.member_id), row.college) for row in rows)
        if as_json:
            shape = [{"member": name, "college": college} for name, college in listed]
            echo_json({"poll": poll, "electorate_sha256": found.opened.electorate_sha256, "electors": shape})
            return
        for name, college in listed:
            click.echo(f"{name}  {college}".rstrip())
        said = seat.language.gettext("Digest of this list, in the public log: {digest}")
        click.echo(seat.language.typeset(said.format(digest=found.opened.electorate_sha256)))


@click.command()
@click.option("--from", "first", metavar="DAY", help="First day; the first of last month if unsaid.")
@click.option("--to", "last", metavar="DAY", help="Last day, included; today if unsaid.")
@as_json_option
def minutes(first: str | None, last: str | None, as_json: bool) -> None:
    """What was proposed, voted and put in force in a period. The page of the minutes gives them as a PDF.

    \b
    Examples:
      affouage assembly minutes --from 2026-11-01 --to 2026-11-30

    \b
    --json prints: {"from", "to", "votes", "proposed", "in_force", "mandates", "emergencies"}
    """
    with open_assembly() as seat:
        from affouage.web.assembly.minutes import month_before
        from affouage.web.assembly.minutes_facts import facts

        today = seat.calendar.day(seat.now_ms)
        first, last = first or month_before(today), last or today
        from_ms, last_ms = seat.day_ms(first, "from"), seat.day_ms(last, "to")
        if last_ms < from_ms:
            raise BadRequest("The last day comes before the first.", remedy="Turn them round.", code="assembly_days")
        found = facts(seat.state, from_ms, seat.calendar.bounds(last)[1], told.known_names(seat), seat.language)
        if as_json:
            names = ("votes", "proposed", "in_force", "mandates", "emergencies")
            echo_json({"from": first, "to": last, **{name: getattr(found, name) for name in names}})
            return
        _echo_minutes(seat, found)


def _echo_minutes(seat: Seat, found: Any) -> None:
    _ = seat.language.gettext
    if found.nothing:
        click.echo(_("Nothing happened in the assembly in this period."))
    for number, title in found.proposed:
        click.echo(seat.language.typeset(_("Proposed: n° {number}, {title}").format(number=number, title=title)))
    for one in found.votes:
        said = _("Vote {number}, {moment}: {title}. {outcome}")
        moment = seat.moment(one.closed_ms)
        line = said.format(number=one.poll, moment=moment, title=one.title, outcome=one.outcome)
        click.echo(seat.language.typeset(line))
        for step in one.steps:
            click.echo(f"    {step}")
    for one in sorted((*found.in_force, *found.mandates, *found.emergencies), key=lambda that: that.at_ms):
        click.echo(f"{seat.moment(one.at_ms)}  {one.words}")
