"""``affouage explain reports`` and ``accept``: the evaluations kept, and the one that later ones are compared with."""

from __future__ import annotations

import click

from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command()
@_json
def reports(as_json: bool) -> None:
    """List the evaluations kept, the latest first.

    \b
    --json prints: [{"id", "made_ms", "halves", "styles", "model", "encoder", "collections", "accepted", ...}, ...]
    """
    from affouage.cli.explain_words import listed_line
    from affouage.workshops.explain.reports import Reports

    with telling(), open_home() as (_, db):
        found = run(Reports(db).all())
    if as_json:
        echo_json(found)
        return
    for one in found:
        click.echo(listed_line(one, spoken()))
    if not found:
        click.echo(spoken().gettext("No evaluation was made yet: affouage explain evaluate QUESTIONS.jsonl"))


@click.command()
@click.argument("report_id", metavar="REPORT")
@_json
def accept(report_id: str, as_json: bool) -> None:
    """Accept REPORT: later evaluations of the same questions are compared with it.

    \b
    --json prints: {"id", "made_ms", "halves", "styles", "model", "encoder", "collections", "accepted", ...}
    """
    from affouage.cli.explain_words import listed_line
    from affouage.workshops.explain.reports import Reports

    with telling(), open_home() as (_, db):
        found = run(Reports(db).accept(report_id))
    if as_json:
        echo_json(found)
    else:
        click.echo(listed_line(found, spoken()))
