"""``affouage desk rule``: who answers and with which safeguards; changed here before the founding, by a vote after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.deciding import RuleBook, decide, decided_words, decision, to_come_words
from affouage.cli.desk_words import labelled
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.errors import RuleRefused
from affouage.footprint.period import Calendar
from affouage.rulebook import ANY_RATES, AREAS, open_charter, words
from affouage.web.language import Language
from affouage.workshops.desk.rules import DeskRules

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group(invoke_without_command=True)
@click.pass_context
def rule(ctx: click.Context) -> None:
    """The rule of the desk: who answers, how many an hour, whether the public may write.

    \b
    Examples:
      affouage desk rule show
      affouage desk rule set --public --clerks mandated --reason "Council of 22 November"
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@rule.command()
@_json
def show(as_json: bool = False) -> None:
    """The rule in force, who decided it and why.

    \b
    --json prints: {"area", "version", "in_force", "decided_by", "reason", "rule", "to_come": [...]}
    Version 0 is the default, which nobody decided: "in_force", "decided_by" and "reason" are then null.
    """
    with _opened() as book:
        _echo(book, as_json)


@rule.command("set")
@click.option("--clerks", type=click.Choice(("mandated", "stewards", "members")), help="Who answers.")
@click.option(
    "--public/--no-public", "public_open", default=None, help="Whether anybody may write, without an account."
)
@click.option("--blind-percent", type=int, metavar="PERCENT", help="Written before a draft is seen, drawn at random.")
@click.option("--items-per-hour", type=int, metavar="N", help="Answers of one person in an hour, at most.")
@click.option("--alarm-hours", type=int, metavar="HOURS", help="A question that waits longer is late.")
@click.option("--release-minutes", type=int, metavar="MINUTES", help="Taken and left alone so long: back in the queue.")
@click.option("--public-most", type=int, metavar="N", help="Questions from one network in a quarter of an hour.")
@click.option("--public-waiting-most", type=int, metavar="N", help="Questions of the public waiting at once, at most.")
@decision
@_json
def set_(reason: str | None, decided_by: str | None, day: str | None, as_json: bool, **plain: Any) -> None:
    """Change the rule, before the founding; after it, this says what to propose. What is not named stays.

    \b
    Examples:
      affouage desk rule set --public --reason "Council of 22 November"
      affouage desk rule set --clerks members --items-per-hour 12 --reason "We are five"

    A running server applies the change within a second. Exit status 2 for a rule that could not be applied.
    """
    with _opened() as book:
        new = {name: value for name, value in plain.items() if value is not None}
        if not new:
            raise RuleRefused(
                "There is nothing to set.", remedy="Examples: affouage desk rule set --help", code="rule_nothing"
            )
        before: DeskRules = book.charter.in_force("desk").value
        told = list(decide(book, "desk", msgspec.structs.replace(before, **new), reason, decided_by, day))
        if not as_json:
            click.echo("\n".join([*told, ""]))
        _echo(book, as_json)


@contextmanager
def _opened() -> Iterator[RuleBook]:
    """The rules of the home; what its user can mend ends with code 2."""
    with telling(), open_home() as (settings, db):
        clock = SystemClock()
        yield RuleBook(settings, db, clock, Calendar(settings.commons.time_zone), open_charter(db, clock, ANY_RATES))


def _echo(book: RuleBook, as_json: bool) -> None:
    current, to_come = book.current("desk"), book.planned_later("desk")
    if as_json:
        nobody = {"area": "desk", "version": 0, "decided_by": None, "reason": None, "in_force": None}
        shape = book.shape(current) if current else {**nobody, "rule": AREAS["desk"].default}
        echo_json({**shape, "to_come": [book.shape(one) for one in to_come]})
        return
    language = spoken()
    lines = [*_sentences(book.charter.in_force("desk").value, language), ""]
    lines.append(decided_words(book, "desk", words.name("desk", language.code), language))
    lines += [to_come_words(book, one, language) for one in to_come]
    click.echo("\n".join(language.typeset(line) for line in lines))


def _sentences(value: DeskRules, language: Language) -> Iterator[str]:
    """Each field with its label, as in the form."""
    for field in AREAS["desk"].fields:
        said: Any = getattr(value, field.path)
        if field.kind == "flag":
            told = language.gettext("yes") if said else language.gettext("no")
        elif field.choices:
            told = words.said(words.of_field("desk", field).choices[said], language.code)
        else:
            told = f"{said} {words.unit(field.unit, language.code)}".strip() if field.unit else str(said)
        yield labelled(words.label("desk", field, language.code), told, language)
