"""``affouage assembly found``: the day from which the members decide."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from affouage.assembly.decisions.events import Choice
from affouage.assembly.member import Role
from affouage.assembly.rules.governance import in_one_sitting
from affouage.cli import assembly_words as told
from affouage.cli.assembly_home import Seat, open_assembly
from affouage.cli.console import echo_json
from affouage.errors import BadRequest, Conflict


@click.command()
@click.option("--preset", metavar="NAME", help="First rules to start from; see --list. None: the rules that stand.")
@click.option("--list", "listed", is_flag=True, help="The presets, each with what it sets; nothing is founded.")
@click.option("--one-sitting", "sitting", is_flag=True, help="No delays: for people who meet. Votes last an hour.")
@click.option("--yes", is_flag=True, help="Do not ask to confirm.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def found(preset: str | None, listed: bool, sitting: bool, yes: bool, as_json: bool) -> None:
    """From here on the members decide: every rule changes by a vote, and by nothing else.

    What it sets is shown first, and confirmed. It cannot be taken back: afterwards no command and no setting changes a
    rule any more, but for what settings.toml takes away for safety, which is public. It takes no member's proof:
    whoever runs the machine gives the rules away.

    \b
    Examples:
      affouage assembly found --list
      affouage assembly found --preset association_1901
      affouage assembly found --preset informal --one-sitting
      affouage assembly found --yes

    \b
    --json prints: {"founded", "preset", "areas"}; with --list: [{"preset", "name", "sentence", "areas"}, ...]
    """
    from affouage.rulebook import presets

    with open_assembly() as seat:
        if listed:
            _echo_presets(seat, as_json)
            return
        known = presets.read()
        if preset is not None and preset not in known:
            raise BadRequest(
                f"There is no preset {preset!r:.40}.",
                remedy=f"Choose among: {', '.join(known)}.",
                code="assembly_preset",
                param="preset",
                known=", ".join(known),
            )
        if seat.state.founded:
            raise Conflict(
                "The assembly was founded already.", remedy="Change its rules by a vote.", code="founded_already"
            )
        rules = dict(known[preset].values()) if preset else {}
        if sitting:
            rules["governance"] = in_one_sitting(rules.get("governance") or seat.charter.in_force("governance").value)
        if not as_json:
            _echo_rules(seat, rules)
        _confirm(seat, yes)
        seat.run(seat.assembly.found(preset or "", rules))
        if as_json:
            founded = seat.machine_time(seat.state.founded_ms)
            echo_json({"founded": founded, "preset": preset or "", "areas": sorted(rules)})
            return
        click.echo(seat.language.gettext("The assembly is founded: the members decide."))
        _echo_electors(seat)


def _echo_presets(seat: Seat, as_json: bool) -> None:
    from affouage.rulebook import presets

    code = seat.language.code
    if as_json:
        echo_json(
            [
                {
                    "preset": name,
                    "name": one.name.in_language(code),
                    "sentence": one.sentence.in_language(code),
                    "areas": sorted(one.rules),
                }
                for name, one in presets.read().items()
            ]
        )
        return
    for name, one in presets.read().items():
        click.echo(f"{name}: {one.name.in_language(code)}")
        click.echo(f"    {seat.language.typeset(one.sentence.in_language(code))}")


def _echo_rules(seat: Seat, rules: Mapping[str, Any]) -> None:
    from affouage.rulebook import words

    if not rules:
        click.echo(seat.language.gettext("The rules stay as they are today: affouage assembly areas"))
    for name, value in rules.items():
        click.echo(seat.language.typeset(words.name(name, seat.language.code)))
        for line in told.rule_lines(seat, seat.area(name), value):
            click.echo(f"    {line}")


def _confirm(seat: Seat, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadRequest("Nobody is there to confirm.", remedy="Add --yes.", code="nobody_to_confirm", param="yes")
    asked = seat.language.gettext("From then on, rules change by a vote alone. This cannot be taken back. Found it?")
    click.confirm(asked, abort=True)


def _echo_electors(seat: Seat) -> None:
    """How many could vote now: with colleges, or a time to wait, it may be nobody yet."""
    _, anything = seat.language.gettext, Choice(options=("a", "b"))
    voting = seat.db.read_now(lambda c: len(seat.assembly.on(c).electors(anything, seat.now_ms)))
    members = sum(1 for one in seat.people.values() if one.active and one.role is not Role.COMMONS)
    said = _("Who could vote today: {voting} of {members} members.").format(voting=voting, members=members)
    click.echo(seat.language.typeset(said))
    colleges = seat.charter.in_force("governance").value.colleges
    if colleges and voting < members:
        said = _(
            "Who is in no college does not vote. Record each: affouage assembly standing NAME --college {colleges}"
        )
        click.echo(seat.language.typeset(said.format(colleges="|".join(colleges))))
    days = seat.charter.in_force("membership").value.days_before_voting
    if days and voting < members:
        said = seat.language.ngettext(
            "A member votes from {count} day after joining on.",
            "A member votes from {count} days after joining on.",
            days,
        )
        click.echo(seat.language.typeset(said.format(count=days)))
