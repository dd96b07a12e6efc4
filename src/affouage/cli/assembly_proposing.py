"""``affouage assembly`` ``propose`` and its like: what a member puts to the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from affouage.assembly import drafting
from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions.events import AnySubject
from affouage.assembly.rules.governance import profile
from affouage.cli import assembly_words as told
from affouage.cli.assembly_home import Seat, open_assembly
from affouage.cli.assembly_person import in_name, proven
from affouage.cli.assembly_values import changed
from affouage.cli.console import echo_json, read_document
from affouage.errors import BadRequest, RuleRefused

LARGEST_BYTES = 1024 * 1024
SHA256_LETTERS = 64


def proposing(command: Any) -> Any:
    """Options of every proposal."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)
    command = click.option(
        "--from", "day", metavar="DAY", help="First day of its effect; as soon as may be if unsaid."
    )(command)
    command = click.option("--reason", metavar="TEXT", help="Why; members read it before they vote.")(command)
    return in_name(click.option("--title", metavar="TEXT", help="A few words for lists.")(command))


@click.command()
@click.argument("area")
@click.argument("places", nargs=-1, metavar="PATH=VALUE...")
@click.option(
    "--json-document", metavar="FILE", help='The whole rule as JSON ("-": input), as `areas AREA --json` gives.'
)
@click.option("--preview", is_flag=True, help="Only say by which vote it would be decided and what it would have done.")
@proposing
def propose(
    area: str,
    places: tuple[str, ...],
    json_document: str | None,
    preview: bool,
    as_name: str | None,
    key_file: str | None,
    title: str | None,
    reason: str | None,
    day: str | None,
    as_json: bool,
) -> None:
    """Propose a change of the rule AREA; what is not named stays as it is.

    \b
    The places of a rule, and what each takes: affouage assembly areas AREA
      a number      ordinary/quorum_percent=40     limits/commons-day-kwh=2,5
      a duration    ordinary/voting_min=3d         2d12h, 90min
      a name        admitted/smollm3-3b=yes        =none takes it out
      a text        commons/fr=@prefixe.txt        the text of a file

    \b
    Examples:
      affouage assembly propose budget limits/commons-day-kwh=2 --preview
      affouage assembly propose hours closed_from=23:00 closed_until=6:00 \\
          --as Odile --title "Quiet nights" --reason "The machine heats the room"
      affouage assembly propose governance ordinary/voting_min=3d --from 2027-01-01 --title "..." --reason "..."

    --preview counts what the change would have done in the last thirty days, takes no proof and sends nothing.

    \b
    --json prints: {"proposal", "state", "profile", "previews": [{"code", "numbers", "words"}]}; "proposal" is null
    with --preview.
    """
    with open_assembly() as seat:
        document = _document(seat, area, places, json_document)
        about = seat.db.read_now(lambda c: drafting.rule_change(seat.assembly.on(c), area, document))
        kind = seat.db.read_now(lambda c: seat.assembly.on(c).profile_for(about, seat.now_ms))
        found = _previews(seat, area, document)
        for name in _unknown_models(seat, about):
            said = seat.language.gettext(
                "No model of the catalogue is called {name}: is it a member’s machine’s, or a slip?"
            )
            click.echo(said.format(name=name), err=True)
        if not as_json:
            _echo_change(seat, about, kind, [words for _, words in found])
        number = None
        if not preview:
            number = _send(seat, about, title, reason, day, as_name, key_file)
        if as_json:
            shapes = [{**msgspec.to_builtins(one), "words": words} for one, words in found]
            state = None if number is None else seat.state.proposals[number].state
            echo_json({"proposal": number, "state": state, "profile": kind, "previews": shapes})
        elif number is not None:
            echo_sent(seat, number)


def _document(seat: Seat, area: str, places: tuple[str, ...], json_document: str | None) -> dict[str, Any]:
    described = seat.area(area)
    if (json_document is None) == (not places):
        raise RuleRefused(
            "Say what would change.",
            remedy=f"Give PATH=VALUE, or --json-document FILE. See: affouage assembly areas {area}",
            code="assembly_nothing",
            param="places",
            area=area,
        )
    if json_document is None:
        return changed(described, seat.newest(area), places, read_text)
    return read_json(json_document)


def read_text(file: str) -> str:
    """The text of a file, without the line's end at its end. Raises NotFound, BadRequest."""
    return read_document(file, LARGEST_BYTES).decode("utf-8", "replace").rstrip("\n")


def read_json(file: str) -> dict[str, Any]:
    """The document in a file of JSON; what `areas AREA --json` printed may be given as it is. Raises BadRequest."""
    try:
        found = msgspec.json.decode(read_document(file, LARGEST_BYTES), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadRequest(
            f"{file} is no JSON object: {wrong}.",
            remedy="Begin with: affouage assembly areas AREA --json",
            code="assembly_json",
            file=Path(file).name,
        ) from None
    document = found.get("document", found)
    return document if isinstance(document, dict) else found


def _previews(seat: Seat, area: str, document: dict[str, Any]) -> list[tuple[Any, str]]:
    from affouage.web.preview_words import preview_words

    return [(one, preview_words(one, seat.language)) for one in seat.run(seat.previews.of(area, document))]


def _unknown_models(seat: Seat, about: ev.RuleChange) -> list[str]:
    """Names that a change admits and that this machine does not know; only a server knows those of members' machines.

    A misspelt list would shut the commons.
    """
    from affouage.catalogue.card import load_cards
    from affouage.catalogue.store import ModelStore

    named = [path.removeprefix("admitted/") for path in about.patch.set if path.startswith("admitted/")]
    if about.area != "models" or not named:
        return []
    there = {*load_cards(seat.settings.home), *(one.id for one in ModelStore(seat.settings.models_dir).installed())}
    known = {*there, *(row.id for row in seat.settings.upstreams)}
    return [one for one in named if one not in known and len(one) != SHA256_LETTERS]


def _echo_change(seat: Seat, about: ev.RuleChange, kind: str, previews: list[str]) -> None:
    from affouage.web.assembly import words

    area, before = seat.area(about.area), seat.newest(about.area)
    for line in told.patch_lines(seat, area, before, about.patch):
        click.echo(line)
    asked = profile(seat.charter.in_force("governance").value, kind)
    for sentence in (*words.decided_by(kind, asked, seat.language), *previews):
        click.echo(sentence)


def echo_sent(seat: Seat, number: int) -> None:
    """Where a proposal stands, once something was done with it."""
    one = seat.state.proposals[number]
    click.echo(told.headline(seat, one))
    coming = told.next_words(seat, one)
    if coming:
        click.echo(f"    {coming}")


def _send(
    seat: Seat,
    about: AnySubject,
    title: str | None,
    reason: str | None,
    day: str | None,
    as_name: str | None,
    key_file: str | None,
) -> int:
    who = proven(seat, as_name, key_file)
    title, reason = _said(title, "title"), _said(reason, "reason")
    effective_ms = None if day is None else seat.day_ms(day, "from")
    return seat.run(seat.assembly.propose(who, title, reason, about, effective_ms=effective_ms))


def _said(text: str | None, name: str) -> str:
    if text is None or not text.strip():
        raise BadRequest(
            "A proposal has a title and a reason.",
            remedy='Add --title "..." --reason "...".',
            code="assembly_said",
            param=name,
        )
    return text


def _propose(seat: Seat, about: AnySubject, as_json: bool, **more: Any) -> None:
    number = _send(seat, about, **more)
    if as_json:
        one = seat.state.proposals[number]
        echo_json({"proposal": number, "state": one.state, "profile": one.profile})
    else:
        echo_sent(seat, number)


@click.command(name="propose-mandate")
@click.argument("name")
@click.argument("scope")
@click.option("--days", type=int, required=True, help="How long; the rule of mandates says how long at most.")
@proposing
def propose_mandate(name: str, scope: str, days: int, as_json: bool, **more: Any) -> None:
    """Propose to give NAME a mandate: moderator, operator, steward, treasurer, emergency, witness, trustee, clerk.

    \b
    Examples:
      affouage assembly propose-mandate Ali moderator --days 180 --as Odile --title "Ali moderates" --reason "..."

    \b
    --json prints: {"proposal", "state", "profile"}
    """
    with open_assembly() as seat:
        _propose(seat, ev.MandateGiven(member_id=seat.member(name).id, scope=scope, days=days), as_json, **more)


@click.command(name="revoke-mandate")
@click.argument("number", type=int)
@proposing
def revoke_mandate(number: int, as_json: bool, **more: Any) -> None:
    """Propose to end mandate NUMBER before its time. The numbers: affouage assembly mandates

    \b
    Examples:
      affouage assembly revoke-mandate 4 --as Odile --title "Ali stops" --reason "..."

    \b
    --json prints: {"proposal", "state", "profile"}
    """
    with open_assembly() as seat:
        _propose(seat, ev.MandateTaken(mandate=number), as_json, **more)


@click.command(name="propose-exclusion")
@click.argument("name")
@proposing
def propose_exclusion(name: str, as_json: bool, **more: Any) -> None:
    """Propose to exclude NAME, who can answer in the deliberation and does not vote on it.

    \b
    Examples:
      affouage assembly propose-exclusion Bob --as Odile --title "Bob" --reason "..."

    \b
    --json prints: {"proposal", "state", "profile"}
    """
    with open_assembly() as seat:
        _propose(seat, ev.Exclusion(member_id=seat.member(name).id), as_json, **more)


@click.command(name="propose-choice")
@click.argument("options", nargs=-1, required=True, metavar="OPTION...")
@proposing
def propose_choice(options: tuple[str, ...], as_json: bool, **more: Any) -> None:
    """Propose to choose one among several OPTIONs, each graded by each voter; the software records what was chosen.

    \b
    Examples:
      affouage assembly propose-choice "Sunday 6th" "Saturday 12th" --as Odile --title "The next meeting" --reason "..."

    \b
    --json prints: {"proposal", "state", "profile"}
    """
    with open_assembly() as seat:
        _propose(seat, ev.Choice(options=options), as_json, **more)


@click.command()
@click.argument("number", type=int)
@proposing
def repeal(number: int, as_json: bool, **more: Any) -> None:
    """Propose to take back what proposal NUMBER changed, and nothing else.

    \b
    Examples:
      affouage assembly repeal 3 --as Odile --title "Open at night again" --reason "..."

    \b
    --json prints: {"proposal", "state", "profile"}
    """
    with open_assembly() as seat:
        known = seat.run(seat.assembly.proposal(number))
        about = seat.db.read_now(lambda c: drafting.repeal(seat.assembly.on(c), known))
        _propose(seat, about, as_json, **more)
