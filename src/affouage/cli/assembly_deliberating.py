"""``affouage assembly`` ``cosign``, ``argue``, ``amend`` ...: what members do with a proposal around its vote."""

from __future__ import annotations

from typing import Any

import click

from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions import patches
from affouage.cli.assembly_home import Seat, open_assembly
from affouage.cli.assembly_person import in_name, proven
from affouage.cli.assembly_proposing import echo_sent, read_json, read_text
from affouage.cli.assembly_values import changed
from affouage.errors import Conflict

_reason = click.option("--reason", metavar="TEXT", required=True, help="Why; members read it.")


@click.command()
@click.argument("number", type=int)
@in_name
def cosign(number: int, as_name: str | None, key_file: str | None) -> None:
    """Want proposal NUMBER to be put to the vote.

    \b
    Examples:
      affouage assembly cosign 3 --as Ali
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.cosign(who, number))
        echo_sent(seat, number)


@click.command()
@click.argument("number", type=int)
@click.argument("side", type=click.Choice(("for", "against", "question", "answer")))
@click.argument("text")
@click.option("--answers", type=int, metavar="N", help="The question that an answer answers.")
@in_name
def argue(number: int, side: str, text: str, answers: int | None, as_name: str | None, key_file: str | None) -> None:
    """Say something on proposal NUMBER: an argument for or against, a question, an answer to one.

    \b
    Examples:
      affouage assembly argue 3 against "The desk opens at 22:00 on Mondays" --as Ali
      affouage assembly argue 3 answer "Mondays are left out" --answers 2 --as Odile
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.argue(who, number, side, text, answers))
        echo_sent(seat, number)


@click.command()
@click.argument("number", type=int)
@click.argument("places", nargs=-1, metavar="PATH=VALUE...")
@click.option("--json-document", metavar="FILE", help='The whole rule as JSON instead ("-": input).')
@_reason
@in_name
def amend(
    number: int,
    places: tuple[str, ...],
    json_document: str | None,
    reason: str,
    as_name: str | None,
    key_file: str | None,
) -> None:
    """Propose another wording of proposal NUMBER; its author accepts it or not. What is not named is as proposed.

    \b
    Examples:
      affouage assembly amend 3 closed_from=23:30 --reason "The last bus is at 23:10" --as Ali
    """
    with open_assembly() as seat:
        document = _amended(seat, number, places, json_document)
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.amend(who, number, document, reason))
        echo_sent(seat, number)


def _amended(seat: Seat, number: int, places: tuple[str, ...], json_document: str | None) -> dict[str, Any]:
    if json_document is not None:
        return read_json(json_document)
    about = _rule_change(seat, number)
    base = seat.db.read_now(lambda c: seat.assembly.on(c).document_of(about.area, about.base_version))
    return changed(seat.area(about.area), patches.apply(base, about.patch), places, read_text)


def _rule_change(seat: Seat, number: int) -> ev.RuleChange:
    about = seat.run(seat.assembly.proposal(number)).about
    if not isinstance(about, ev.RuleChange):
        raise Conflict("Only a change of a rule can be amended.", remedy="Propose another.", code="not_amendable")
    return about


@click.command()
@click.argument("number", type=int)
@click.argument("amendment", type=int)
@click.argument("said", type=click.Choice(("accept", "refuse")))
@in_name
def answer(number: int, amendment: int, said: str, as_name: str | None, key_file: str | None) -> None:
    """As the author of proposal NUMBER, accept or refuse AMENDMENT.

    \b
    Examples:
      affouage assembly answer 3 1 accept --as Odile
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.answer_amendment(who, number, amendment, accepted=said == "accept"))
        echo_sent(seat, number)


@click.command()
@click.argument("number", type=int)
@in_name
def withdraw(number: int, as_name: str | None, key_file: str | None) -> None:
    """As its author, withdraw proposal NUMBER before it is voted on.

    \b
    Examples:
      affouage assembly withdraw 3 --as Odile
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.withdraw(who, number))
        echo_sent(seat, number)


@click.command()
@click.argument("number", type=int)
@click.argument("places", nargs=-1, metavar="PATH=VALUE...")
@click.option("--json-document", metavar="FILE", help='The whole rule as JSON instead ("-": input).')
@in_name
def rebase(
    number: int, places: tuple[str, ...], json_document: str | None, as_name: str | None, key_file: str | None
) -> None:
    """As its author, put proposal NUMBER on the rule of today, which changed meanwhile; it then goes to the vote.

    \b
    Examples:
      affouage assembly rebase 3 ordinary/quorum_percent=30 --as Odile
    """
    with open_assembly() as seat:
        about = _rule_change(seat, number)
        area = seat.area(about.area)
        document = (
            read_json(json_document)
            if json_document is not None
            else changed(area, seat.newest(about.area), places, read_text)
        )
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.rebase(who, number, document))
        echo_sent(seat, number)


@click.command()
@click.argument("number", type=int)
@_reason
@in_name
def contest(number: int, reason: str, as_name: str | None, key_file: str | None) -> None:
    """Ask that the adoption of proposal NUMBER be voted on again, before it has its effect.

    \b
    Examples:
      affouage assembly contest 3 --reason "Half of us never saw it" --as Ali
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.contest(who, number, reason))
        echo_sent(seat, number)
