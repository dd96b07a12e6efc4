"""``affouage train rule``: who may ask for runs, and how much starts without a vote; by a vote once founded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.deciding import RuleBook, decide, decided_words, decision, to_come_words
from affouage.cli.language import spoken
from affouage.cli.train_words import labelled
from affouage.clock import SystemClock
from affouage.errors import RuleRefused
from affouage.footprint.period import Calendar
from affouage.rulebook import ANY_RATES, AREAS, open_charter, words
from affouage.training.runs.rules import TrainingRules
from affouage.web.language import Language

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
AREA = "training"


@click.group(invoke_without_command=True)
@click.pass_context
def rule(ctx: click.Context) -> None:
    """The rule of training: who may ask, how much starts without a vote, which runs are admitted.

    \b
    Examples:
      affouage train rule show
      affouage train rule set --without-vote-kwh 2 --reason "Council of 22 November"
      affouage train rule set --admit mairie-1=5 --reason "Council of 22 November"
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@rule.command()
@_json
def show(as_json: bool = False) -> None:
    """The rule in force, who decided it and why.

    \b
    --json prints: {"area", "version", "in_force", "decided_by", "reason", "rule", "to_come": [...]}
    """
    with _opened() as book:
        _echo(book, as_json)


@rule.command("set")
@click.option("--ask", type=click.Choice(("operators", "stewards", "members")), help="Who may ask for a run.")
@click.option("--without-vote-kwh", type=float, metavar="KWH", help="A run starts without a vote up to here.")
@click.option("--at-once", type=int, metavar="N", help="Runs at the same time.")
@click.option("--admit", multiple=True, metavar="NAME=KWH", help="Admit a run; several times for several.")
@decision
@_json
def set_(
    reason: str | None, decided_by: str | None, day: str | None, as_json: bool, admit: tuple[str, ...], **plain: Any
) -> None:
    """Change the rule, before the founding; after it, this says what to propose. What is not named stays.

    \b
    Examples:
      affouage train rule set --ask members --reason "We are five"
      affouage train rule set --admit mairie-1=5 --reason "Council of 22 November"
    """
    with _opened() as book:
        new = {name: value for name, value in plain.items() if value is not None}
        before: TrainingRules = book.charter.in_force(AREA).value
        if admit:
            new["admitted"] = {**before.admitted, **dict(_admitted(one) for one in admit)}
        if not new:
            raise RuleRefused(
                "There is nothing to set.", remedy="Examples: affouage train rule set --help", code="rule_nothing"
            )
        told = list(decide(book, AREA, msgspec.structs.replace(before, **new), reason, decided_by, day))
        if not as_json:
            click.echo("\n".join([*told, ""]))
        _echo(book, as_json)


def _admitted(said: str) -> tuple[str, float]:
    name, _, kwh = said.partition("=")
    try:
        return name, float(kwh.replace(",", "."))
    except ValueError:
        raise RuleRefused(
            f"{said!r:.60} admits nothing.",
            remedy="Write NAME=KWH: mairie-1=5",
            code="training_admit",
            said=said[:60],
        ) from None


@contextmanager
def _opened() -> Iterator[RuleBook]:
    with telling(), open_home() as (settings, db):
        clock = SystemClock()
        yield RuleBook(settings, db, clock, Calendar(settings.commons.time_zone), open_charter(db, clock, ANY_RATES))


def _echo(book: RuleBook, as_json: bool) -> None:
    current, to_come = book.current(AREA), book.planned_later(AREA)
    if as_json:
        nobody = {"area": AREA, "version": 0, "decided_by": None, "reason": None, "in_force": None}
        shape = book.shape(current) if current else {**nobody, "rule": AREAS[AREA].default}
        echo_json({**shape, "to_come": [book.shape(one) for one in to_come]})
        return
    language = spoken()
    lines = [*_sentences(book.charter.in_force(AREA).value, language), ""]
    lines.append(decided_words(book, AREA, words.name(AREA, language.code), language))
    lines += [to_come_words(book, one, language) for one in to_come]
    click.echo("\n".join(language.typeset(line) for line in lines))


def _sentences(value: TrainingRules, language: Language) -> Iterator[str]:
    for field in AREAS[AREA].fields:
        label = words.label(AREA, field, language.code)
        if field.open:
            for name, kwh in sorted(value.admitted.items()):
                yield labelled(f"{label} ({name})", f"{kwh:g} {words.unit(field.unit, language.code)}", language)
            continue
        said: Any = getattr(value, field.path)
        if field.choices:
            said = words.said(words.of_field(AREA, field).choices[said], language.code)
        yield labelled(label, f"{said} {words.unit(field.unit, language.code)}".strip(), language)
