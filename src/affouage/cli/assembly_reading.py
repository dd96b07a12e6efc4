"""``affouage assembly`` ``status``, ``areas``, ``show``: what stands."""

from __future__ import annotations

from typing import Any

import click

from affouage.assembly.decisions.state import Poll
from affouage.assembly.member import Member
from affouage.assembly.rules.governance import profile
from affouage.cli import assembly_words as told
from affouage.cli.assembly_home import Seat, open_assembly
from affouage.cli.assembly_person import in_name, proven
from affouage.cli.assembly_values import expected_words
from affouage.cli.console import echo_json

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command()
@in_name
@as_json_option
def status(as_name: str | None, key_file: str | None, as_json: bool) -> None:
    """What is in force since which vote, what is proposed, what is being voted on.

    With --as NAME (and that member's proof) also the votes they have not answered yet, and their ballots in open votes.

    \b
    Examples:
      affouage assembly status
      affouage assembly status --as Odile
      affouage assembly status --json

    \b
    --json prints: {"founded", "preset", "rules": [{"area", "version", "in_force", "proposal", "suspended"}],
                    "proposals": [...], "polls": [...], "to_vote": [poll], "ballots": {poll: choice}}
    "founded" is a moment or null; "to_vote" and "ballots" are null unless somebody is named.
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file) if as_name or key_file else None
        if as_json:
            echo_json(_status_shape(seat, who))
            return
        _echo_status(seat, who)


def _status_shape(seat: Seat, who: Member | None) -> dict[str, Any]:
    state = seat.state
    open_now = told.open_polls(seat)
    ballots = None if who is None else {one.id: seat.run(seat.assembly.my_ballot(who, one.id)) for one in open_now}
    return {
        "founded": seat.machine_time(state.founded_ms),
        "preset": state.preset,
        "rules": [_rule_shape(seat, name) for name in seat.charter.areas],
        "proposals": [told.proposal_shape(seat, one) for one in state.proposals.values() if one.open],
        "polls": [told.poll_shape(seat, one) for one in open_now],
        "to_vote": None if who is None else [one.id for one in seat.run(seat.assembly.to_vote(who))],
        "ballots": None if ballots is None else {str(number): cast for number, cast in ballots.items()},
    }


def _rule_shape(seat: Seat, area: str) -> dict[str, Any]:
    rule = seat.charter.in_force(area)
    version = seat.charter.version(area, rule.version)
    return {
        "area": area,
        "version": rule.version,
        "in_force": None if version is None else seat.machine_time(version.in_force_ms),
        "proposal": None if version is None else version.proposal_id,
        "suspended": rule.suspended,
    }


def _echo_status(seat: Seat, who: Member | None) -> None:
    _, state = seat.language.gettext, seat.state
    if state.founded_ms is None:
        click.echo(_("The assembly is not founded: whoever looks after the machine writes the rules."))
        click.echo(_("To found it: affouage assembly found --list"))
    else:
        click.echo(_("The members decide since {moment}.").format(moment=seat.moment(state.founded_ms)))
    click.echo()
    for area in seat.charter.areas:
        click.echo(_in_force_line(seat, area))
    proposals = [one for one in state.proposals.values() if one.open]
    if proposals:
        click.echo()
    for one in proposals:
        click.echo(told.headline(seat, one))
        coming = told.next_words(seat, one)
        if coming:
            click.echo(f"    {coming}")
    for poll in told.open_polls(seat):
        click.echo(told.poll_words(seat, poll))
    if who is not None:
        _echo_mine(seat, who)


def _in_force_line(seat: Seat, area: str) -> str:
    from affouage.rulebook import words
    from affouage.web.deciders import decider

    _ = seat.language.gettext
    rule = seat.charter.in_force(area)
    version = seat.charter.version(area, rule.version)
    name = words.name(area, seat.language.code)
    if version is None:
        line = _("{area} ({code}): as the software comes").format(area=name, code=area)
    else:
        said = _("{area} ({code}): version {version}, since {moment}, by {who}")
        line = said.format(
            area=name,
            code=area,
            version=version.version,
            moment=seat.moment(version.in_force_ms),
            who=decider(version, seat.language),
        )
    if rule.suspended:
        measures = ", ".join(str(one) for one in rule.suspended)
        line += _("; suspended in part by emergency measure {numbers}").format(numbers=measures)
    return seat.language.typeset(line)


def _echo_mine(seat: Seat, who: Member) -> None:
    _ = seat.language.gettext
    waiting = seat.run(seat.assembly.to_vote(who))
    click.echo()
    for poll in waiting:
        said = _("{name} has not voted yet in vote {number}: affouage assembly vote {number} {choices}")
        choices = "|".join(poll.opened.options) if poll.opened.method != "majority_judgment" else "--grade ..."
        click.echo(said.format(name=who.name, number=poll.id, choices=choices))
    for poll in told.open_polls(seat):
        mine = seat.run(seat.assembly.my_ballot(who, poll.id))
        if mine is not None:
            cast = _("cast, and secret") if mine is True else choice_text(seat, poll, mine)
            click.echo(_("Ballot of {name} in vote {number}: {cast}").format(name=who.name, number=poll.id, cast=cast))


def choice_text(seat: Seat, poll: Poll, choice: Any) -> str:
    """A ballot in words."""
    from affouage.web.assembly.grades import GRADES
    from affouage.web.assembly.results import option_labels

    labels = option_labels(poll, seat.state, seat.language)
    if not isinstance(choice, dict):
        return labels.get(str(choice), str(choice))
    graded = [
        f"{labels.get(option, option)}: {seat.language.gettext(GRADES[grade])}" for option, grade in choice.items()
    ]
    return seat.language.typeset("; ".join(graded))


@click.command()
@click.argument("area", required=False)
@as_json_option
def areas(area: str | None, as_json: bool) -> None:
    """The rules that can be voted on; with AREA, everything in it that may change: its place, bounds, value now.

    \b
    Examples:
      affouage assembly areas
      affouage assembly areas governance

    \b
    --json prints, without AREA: [{"area", "version", "in_force", "proposal", "suspended", "name", "proposers"}, ...]
    with AREA: {..., "document", "fields": [{"path", "kind", "least", "most", "choices", "names", "unit", "takes"}]}
    """
    with open_assembly() as seat:
        if area is None:
            _echo_areas(seat, as_json)
            return
        described, document = seat.area(area), seat.newest(area)
        if as_json:
            echo_json({**_area_shape(seat, area), "document": document, "fields": _field_shapes(described)})
            return
        from affouage.rulebook import words

        click.echo(_in_force_line(seat, area))
        click.echo(seat.language.typeset(words.sentence(area, seat.language.code)))
        click.echo()
        for line in told.field_lines(seat, described, document):
            click.echo(line)


def _area_shape(seat: Seat, area: str) -> dict[str, Any]:
    from affouage.rulebook import words

    described = seat.area(area)
    name = words.name(area, seat.language.code)
    return {**_rule_shape(seat, area), "name": name, "proposers": described.proposers}


def _field_shapes(described: Any) -> list[dict[str, Any]]:
    names = ("path", "kind", "least", "most", "choices", "names", "unit")
    return [{**{name: getattr(one, name) for name in names}, "takes": expected_words(one)} for one in described.fields]


def _echo_areas(seat: Seat, as_json: bool) -> None:
    if as_json:
        echo_json([_area_shape(seat, name) for name in seat.charter.areas])
        return
    for name in seat.charter.areas:
        click.echo(_in_force_line(seat, name))


@click.command()
@click.argument("number", type=int)
@as_json_option
def show(number: int, as_json: bool) -> None:
    """Proposal NUMBER: what it changes, why, who supports it, what was said, what comes next.

    \b
    Examples:
      affouage assembly show 3
      affouage assembly show 3 --json

    \b
    --json prints: {"proposal", "title", "reason", "author", "state", "since", "profile", "about", "cosigners", "poll",
                    "version", "in_force", "arguments", "amendments", "contests", "history"}
    """
    with open_assembly() as seat:
        one = seat.run(seat.assembly.proposal(number))
        if as_json:
            echo_json(told.whole_shape(seat, one))
            return
        _echo_proposal(seat, number)


def _echo_proposal(seat: Seat, number: int) -> None:
    from affouage.web.assembly import words

    _ = seat.language.gettext
    one = seat.state.proposals[number]
    click.echo(told.headline(seat, one))
    click.echo(_("by {name}, {moment}").format(name=seat.name(one.author), moment=seat.moment(one.created_ms)))
    click.echo(told.about_words(seat, one))
    for line in told.change_lines(seat, one):
        click.echo(f"    {line}")
    click.echo(seat.language.typeset(_("Reason: {reason}").format(reason=one.reason)))
    poll = seat.state.poll_of(one)
    asked = poll.opened.profile if poll else profile(seat.charter.in_force("governance").value, one.profile)
    for sentence in words.decided_by(one.profile, asked, seat.language):
        click.echo(sentence)
    if one.cosigners:
        names = ", ".join(seat.name(member) for member in one.cosigners)
        click.echo(_("Signed by: {names}").format(names=names))
    _echo_said(seat, number)
    for state, at_ms, cause in one.history:
        click.echo(f"{seat.moment(at_ms)}  {words.cause(state, cause, seat.language)}")
    coming = told.next_words(seat, one)
    if coming:
        click.echo(coming)


def _echo_said(seat: Seat, number: int) -> None:
    _, one = seat.language.gettext, seat.state.proposals[number]
    sides = {"for": _("for"), "against": _("against"), "question": _("question"), "answer": _("answer")}
    for said in one.arguments:
        line = _("{number}. {side}, {name}: {text}")
        text = line.format(number=said.number, side=sides[said.side], name=seat.name(said.member_id), text=said.text)
        click.echo(seat.language.typeset(text))
    for amended in one.amendments:
        stands = {None: _("not answered yet"), True: _("accepted"), False: _("refused")}[amended.accepted]
        line = _("Amendment {number} of {name} ({stands}): {reason}")
        text = line.format(
            number=amended.number, name=seat.name(amended.member_id), stands=stands, reason=amended.reason
        )
        click.echo(seat.language.typeset(text))
    for member, reason in one.contests:
        said_so = _("Contested by {name}: {reason}").format(name=seat.name(member), reason=reason)
        click.echo(seat.language.typeset(said_so))
