"""``affouage assembly`` ``vote`` and ``proxy``."""

from __future__ import annotations

from typing import Any

import click

from affouage.assembly.decisions.state import Poll
from affouage.cli.assembly_home import Seat, open_assembly
from affouage.cli.assembly_person import in_name, proven
from affouage.cli.assembly_reading import choice_text
from affouage.cli.assembly_results import poll_of
from affouage.cli.console import echo_json
from affouage.errors import BadRequest

CHOICES = {
    "pour": "for",
    "contre": "against",
    "abstention": "abstain",
    "consens": "consent",
    "accord": "consent",
    "objection": "object",
}
"""French words for a ballot, as people type them."""


@click.command()
@click.argument("poll", type=int)
@click.argument("choice", required=False)
@click.option("--grade", "grades", multiple=True, metavar="OPTION=GRADE", help="In a vote on several; for each option.")
@click.option("--for", "for_name", metavar="NAME", help="Whose proxy you hold.")
@click.option("--reason", default="", metavar="TEXT", help="Why; an objection to a consent needs it.")
@in_name
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def vote(
    poll: int,
    choice: str | None,
    grades: tuple[str, ...],
    for_name: str | None,
    reason: str,
    as_name: str | None,
    key_file: str | None,
    as_json: bool,
) -> None:
    """Vote in POLL. CHOICE: for, against, abstain; consent, object, abstain where consent is asked.

    In a vote on several, each option is graded from 0, to reject, to 5, excellent (or by the words of the grades):
    --grade 1=5 --grade 2=3 --grade none=0. An open ballot may be changed until the vote closes, a secret one not.

    \b
    Examples:
      affouage assembly vote 2 for --as Odile
      affouage assembly vote 2 against --for Ali --as Odile
      affouage assembly vote 3 object --reason "Nobody can pay that" --as Odile
      affouage assembly vote 4 --grade 1=5 --grade 2=2 --grade none=0 --as Odile

    \b
    --json prints: {"poll", "receipt"}; "receipt" finds a secret ballot in the list published at the end, else "".
    """
    with open_assembly() as seat:
        found = poll_of(seat, poll)
        said = _choice(seat, found, choice, grades)
        who = proven(seat, as_name, key_file)
        voter = seat.member(for_name).id if for_name else ""
        receipt = seat.run(seat.assembly.cast(who, poll, said, reason, for_member=voter))
        if as_json:
            echo_json({"poll": poll, "receipt": receipt})
            return
        _ = seat.language.gettext
        whose = for_name or who.name
        line = _("{name} voted in vote {number}: {choice}.").format(
            name=whose, number=poll, choice=choice_text(seat, found, said)
        )
        click.echo(seat.language.typeset(line))
        if receipt:
            click.echo(_("Keep this receipt, it finds the ballot in the list published at the end: {receipt}").format(
                receipt=receipt))  # fmt: skip


def _choice(seat: Seat, poll: Poll, choice: str | None, grades: tuple[str, ...]) -> Any:
    several = poll.opened.method == "majority_judgment"
    if several != bool(grades) or several == bool(choice):
        raise BadRequest(
            "Grade each option." if several else "Say one of the choices of this vote.",
            remedy=f"Options: {', '.join(_options(seat, poll).values())}."
            if several
            else f"Choose among: {', '.join(poll.opened.options)}.",
            code="assembly_grades" if several else "assembly_choice",
            param="choice",
            options=", ".join(f"{code} ({words})" for code, words in _options(seat, poll).items()),
            known=", ".join(poll.opened.options),
        )
    if not several:
        assert choice is not None
        return CHOICES.get(choice.lower(), choice.lower())
    return dict(_grade(seat, poll, one) for one in grades)


def _options(seat: Seat, poll: Poll) -> dict[str, str]:
    from affouage.web.assembly.results import option_labels

    return option_labels(poll, seat.state, seat.language)


def _grade(seat: Seat, poll: Poll, typed: str) -> tuple[str, int]:
    """``1=5``, ``Sunday=good``: the option by its number or its words, the grade by its number or its words."""
    from affouage.web.assembly.grades import GRADES

    option, _, text = typed.rpartition("=")
    named = {words.casefold(): code for code, words in _options(seat, poll).items()}
    code = option if option in _options(seat, poll) else named.get(option.casefold(), option)
    said = text.strip().casefold()
    words = [*GRADES, *(seat.language.gettext(one) for one in GRADES)]
    known = {one.casefold(): place % len(GRADES) for place, one in enumerate(words)}
    grade = int(said) if said.isdecimal() and len(said) == 1 else known.get(said, -1)
    if not 0 <= grade < len(GRADES) or code not in _options(seat, poll):
        raise BadRequest(
            f"{typed!r:.60} is no OPTION=GRADE of this vote.",
            remedy="Write --grade OPTION=0 (to reject) to OPTION=5 (excellent).",
            code="assembly_grade",
            param="grade",
            text=typed[:60],
            options=", ".join(f"{one} ({words})" for one, words in _options(seat, poll).items()),
        )
    return code, grade


@click.group()
def proxy() -> None:
    """Let another member vote in one's place, in writing, until a day; revocable at any time.

    \b
    Examples:
      affouage assembly proxy give Ali --until 2026-12-31 --as Odile
      affouage assembly proxy revoke --as Odile
      affouage assembly proxy list
    """


@proxy.command()
@click.argument("name")
@click.option("--until", metavar="DAY", required=True, help="Last day, included.")
@click.option("--poll", type=int, metavar="N", help="For this vote only.")
@in_name
def give(name: str, until: str, poll: int | None, as_name: str | None, key_file: str | None) -> None:
    """Give NAME one's proxy; one given before is revoked by it.

    \b
    Examples:
      affouage assembly proxy give Ali --until 2026-12-31 --as Odile
    """
    with open_assembly() as seat:
        until_ms = seat.calendar.bounds(until)[1] if seat.day_ms(until, "until") else 0
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.give_proxy(who, seat.member(name).id, until_ms, poll))
        said = seat.language.gettext("{holder} may vote for {giver}, until {day} included.")
        click.echo(said.format(holder=seat.member(name).name, giver=who.name, day=until))


@proxy.command()
@in_name
def revoke(as_name: str | None, key_file: str | None) -> None:
    """Take back every proxy one gave.

    \b
    Examples:
      affouage assembly proxy revoke --as Odile
    """
    with open_assembly() as seat:
        who = proven(seat, as_name, key_file)
        seat.run(seat.assembly.revoke_proxy(who))
        click.echo(seat.language.gettext("Nobody holds a proxy of {name} any more.").format(name=who.name))


@proxy.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def list_(as_json: bool) -> None:
    """The proxies that hold now.

    \b
    Examples:
      affouage assembly proxy list --json

    \b
    --json prints: [{"giver", "holder", "until", "poll"}, ...]; "poll" null: every vote.
    """
    with open_assembly() as seat:
        held = [one for one in seat.state.proxies if one.active(seat.now_ms)]
        if as_json:
            echo_json(
                [
                    {
                        "giver": seat.name(one.giver),
                        "holder": seat.name(one.holder),
                        "until": seat.machine_time(one.until_ms),
                        "poll": one.poll_id,
                    }
                    for one in held
                ]
            )
            return
        _ = seat.language.gettext
        if not held:
            click.echo(_("Nobody holds a proxy."))
        for one in held:
            names = {"holder": seat.name(one.holder), "giver": seat.name(one.giver)}
            said = _("{holder} votes for {giver}, until {moment}").format(**names, moment=seat.moment(one.until_ms))
            only = _(" (vote {number} only)").format(number=one.poll_id) if one.poll_id is not None else ""
            click.echo(f"{said}{only}")
