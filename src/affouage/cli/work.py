"""``affouage work``: what the tool changes in the work, as anybody in the collective may read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken
from affouage.cli.work_words import agenda_lines, report_lines, shape_report, shape_survey, survey_lines
from affouage.clock import SystemClock
from affouage.footprint.period import Calendar
from affouage.workshops.work.ledger import WorkLedger

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_month = click.argument("month", default="")


@contextmanager
def _opened() -> Iterator[WorkLedger]:
    """What was told; a command tells nothing anew, the server does."""
    with telling(), open_home() as (settings, db):
        yield WorkLedger(db, SystemClock(), Calendar(settings.commons.time_zone))


@click.group()
def work() -> None:
    """The work ledger: what the tool changes in the work, for better or for worse, and what people say of it.

    Nothing is about one person. Weeks are told when they are over, of at least five people, and told once: whoever
    runs commands on the machine reads here what every member reads on the page "The work".

    \b
    Examples:
      affouage work report
      affouage work report 2026-11 --json
      affouage work survey 2026-11
    """


@work.command("report")
@_month
@_json
def report_(month: str, as_json: bool) -> None:
    """The work of MONTH (2026-11; the newest that has something to tell if unsaid), with and without a draft.

    \b
    --json prints: {"month", "running", "tasks": [...], "compared": {KIND: {"draft", "blind", "ratio", "freedom",
    "verdict"}}, "agenda": [...]}
    "verdict": heavier | lighter | undecided | not_enough. "ratio": typical time with a draft / without, with its
    interval at 95 %; null under 20 tasks a side. A figure that is null is not known, or about too few people.
    """
    with _opened() as ledger:
        told, agenda = run(ledger.report(month)), run(ledger.agenda())
        if as_json:
            echo_json(shape_report(told, agenda))
        else:
            click.echo("\n".join([*report_lines(told, spoken()), *agenda_lines(agenda, spoken())]))


@work.command()
@_month
@_json
def survey(month: str, as_json: bool) -> None:
    """Answers to the question of the week in MONTH, how heavy tasks felt, and the last months' words.

    \b
    --json prints: {"month", "running", "survey": {"answers", "lighter", "same", "heavier"}, "load", "words"}
    "survey" and "load" are null where fewer than five people answered.
    """
    with _opened() as ledger:
        told = run(ledger.report(month))
        if as_json:
            echo_json(shape_survey(told))
        else:
            click.echo("\n".join(survey_lines(told, spoken())))
