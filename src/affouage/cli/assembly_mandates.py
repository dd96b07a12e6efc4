"""``affouage assembly`` ``mandates``, ``resign``, ``standing``, ``emergency``: who may do what, and for how long."""

from __future__ import annotations

import click

from affouage.assembly.decisions.state import EmergencyMeasure, Mandate
from affouage.cli.assembly_home import Seat, open_assembly
from affouage.cli.assembly_person import in_name, proven
from affouage.cli.console import echo_json

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Those that are over too.")
@_json
def mandates(everything: bool, as_json: bool) -> None:
    """Who holds which mandate, since when, until when, by which vote.

    \b
    Examples:
      affouage assembly mandates
      affouage assembly mandates --all --json

    \b
    --json prints: [{"mandate", "member", "scope", "from", "until", "proposal", "ended", "why"}, ...]
    "proposal" null: of the founding; "ended" null: it holds, or its time has not come.
    """
    with open_assembly() as seat:
        found = [one for one in seat.state.mandates.values() if everything or one.holds(seat.now_ms)]
        if as_json:
            echo_json([_mandate_shape(seat, one) for one in found])
            return
        if not found:
            click.echo(seat.language.gettext("Nobody holds a mandate."))
        for one in found:
            click.echo(_mandate_line(seat, one))


def _mandate_shape(seat: Seat, one: Mandate) -> dict[str, object]:
    return {
        "mandate": one.id,
        "member": seat.name(one.member_id),
        "scope": one.scope,
        "from": seat.machine_time(one.from_ms),
        "until": seat.machine_time(one.until_ms),
        "proposal": one.proposal_id,
        "ended": seat.machine_time(one.ended_ms),
        "why": one.why,
    }


def _mandate_line(seat: Seat, one: Mandate) -> str:
    from affouage.web.assembly import words

    _ = seat.language.gettext
    by = _("the founding") if one.proposal_id is None else _("proposal n° {number}").format(number=one.proposal_id)
    said = _("{number}. {name}: {scope}, until {moment}, by {vote}")
    line = said.format(
        number=one.id,
        name=seat.name(one.member_id),
        scope=words.say(words.SCOPES_SHORT, one.scope, seat.language),
        moment=seat.moment(one.until_ms),
        vote=by,
    )
    if one.ended_ms is not None:
        line += _("; over since {moment}: {why}").format(
            moment=seat.moment(one.ended_ms), why=words.say(words.ENDS, one.why, seat.language)
        )
    return seat.language.typeset(line)


@click.command()
@click.argument("number", type=int)
@in_name
def resign(number: int, as_name: str | None, key_file: str | None) -> None:
    """Lay down one's own mandate NUMBER.

    \b
    Examples:
      affouage assembly resign 4 --as Ali
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.resign(who, number))
        click.echo(_mandate_line(seat, seat.state.mandates[number]))


@click.command()
@click.argument("name")
@click.option("--college", default="", metavar="COLLEGE", help="Of the rule of votes; none if unsaid.")
@click.option("--vote/--no-vote", "votes", default=True, help="Whether NAME votes: the public of a town hall does not.")
def standing(name: str, college: str, votes: bool) -> None:
    """Record the college of NAME and whether they vote. It is written in the public log, without the name.

    It counts for votes that open from then on, and takes no proof: whoever looks after the machine keeps the roll.

    \b
    Examples:
      affouage assembly standing Ali --college users
      affouage assembly standing "The public desk" --no-vote
    """
    with open_assembly() as seat:
        who = seat.member(name)
        seat.run(seat.assembly.set_standing(None, who.id, college, votes))
        _ = seat.language.gettext
        voting = _("votes") if votes else _("does not vote")
        said = _("{name}: {college}, {voting}.").format(
            name=who.name, college=college or _("no college"), voting=voting
        )
        click.echo(seat.language.typeset(said))


@click.group()
def emergency() -> None:
    """Suspend something for some days, at once; the members ratify it by a vote, or it ends.

    \b
    Examples:
      affouage assembly emergency take refuse_model smollm3-3b --days 7 --reason "It leaks addresses" --as Odile
      affouage assembly emergency list
      affouage assembly emergency lift 1 --as Odile
    """


@emergency.command()
@click.argument("measure")
@click.argument("target", default="")
@click.option("--days", type=int, required=True, help="How long at most; it ends by itself.")
@click.option("--reason", metavar="TEXT", required=True, help="Why; public.")
@in_name
def take(measure: str, target: str, days: int, reason: str, as_name: str | None, key_file: str | None) -> None:
    """Take a MEASURE; whoever does holds the mandate for emergencies.

    \b
    MEASURE, and its TARGET:
      refuse_model MODEL                 a model answers nobody
      local_only                         no question leaves the machine of the commons
      no_new_machines, no_new_members    nobody joins for the time being
      lower_limit commons-day-kwh=1      a limit that stands, lowered

    \b
    Examples:
      affouage assembly emergency take local_only --days 3 --reason "A machine was stolen" --as Odile
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file)
        number = seat.run(seat.assembly.emergency(who, measure, target, reason, days))
        taken = seat.state.emergencies[number]
        click.echo(_measure_line(seat, number, taken))
        said = seat.language.gettext("The members vote on it: proposal n° {number}.")
        click.echo(said.format(number=taken.event.ratified_by))


@emergency.command()
@click.argument("number", type=int)
@in_name
def lift(number: int, as_name: str | None, key_file: str | None) -> None:
    """End measure NUMBER before its time, as whoever took it.

    \b
    Examples:
      affouage assembly emergency lift 1 --as Odile
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.lift_emergency(who, number))
        click.echo(_measure_line(seat, number, seat.state.emergencies[number]))


@emergency.command(name="list")
@_json
def list_(as_json: bool) -> None:
    """Every measure taken, those that are over too.

    \b
    Examples:
      affouage assembly emergency list --json

    \b
    --json prints: [{"number", "measure", "area", "patch", "from", "until", "reason", "proposal", "active", "why"}, ...]
    """
    with open_assembly() as seat:
        taken = seat.state.emergencies
        if as_json:
            echo_json([_measure_shape(seat, number, one) for number, one in taken.items()])
            return
        if not taken:
            click.echo(seat.language.gettext("No emergency measure was ever taken."))
        for number, one in taken.items():
            click.echo(_measure_line(seat, number, one))


def _measure_shape(seat: Seat, number: int, one: EmergencyMeasure) -> dict[str, object]:
    event = one.event
    return {
        "number": number,
        "measure": event.measure,
        "area": event.area,
        "patch": event.patch,
        "from": seat.machine_time(event.from_ms),
        "until": seat.machine_time(event.until_ms if one.lifted_ms is None else one.lifted_ms),
        "reason": event.reason,
        "proposal": event.ratified_by,
        "active": one.active(seat.now_ms),
        "why": one.why,
    }


def _measure_line(seat: Seat, number: int, one: EmergencyMeasure) -> str:
    from affouage.web.assembly import words

    _ = seat.language.gettext
    what = words.say(words.MEASURES, one.event.measure, seat.language)
    said = _("Measure {number}: {what}, until {moment}. Reason: {reason}")
    end_ms = one.event.until_ms if one.lifted_ms is None else one.lifted_ms
    line = said.format(number=number, what=what, moment=seat.moment(end_ms), reason=one.event.reason)
    if one.why:
        line += f" ({words.say(words.LIFTED, one.why, seat.language)})"
    return seat.language.typeset(line)
