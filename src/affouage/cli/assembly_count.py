"""``affouage assembly count``: anybody counts a vote again, from a file."""

from __future__ import annotations

import click

from affouage.cli.console import echo_json, read_document, telling
from affouage.cli.language import spoken

LARGEST_BYTES = 64 * 1024 * 1024


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def count(file: str, as_json: bool) -> None:
    """Count the ballots of FILE, and explain the count step by step.

    The functions are those that count the assembly's own votes; no server and no home are needed. The methods and the
    format are in docs/reference/counting.md. FILE may be "-" for standard input. Ends with exit status 2 when something
    cannot be counted: an option or a grade that does not exist, two ballots of one voter, nobody who may vote ...

    \b
    Examples:
      affouage assembly count vote.json
      echo '{"method": "supermajority", "threshold": "2/3", "electors": 5,
             "ballots": [{"choice": "for", "times": 2}, {"choice": "against"}]}' | affouage assembly count - --json
    """
    from affouage.assembly.tally import file as votes
    from affouage.web.count_table import text
    from affouage.web.count_words import Names, outcome_words

    with telling():
        vote = votes.read(read_document(file, LARGEST_BYTES))
        outcome = votes.count_file(vote)
    if as_json:
        echo_json(outcome)
        return
    language, names = spoken(), Names(grades=vote.grade_names)
    click.echo(outcome_words(outcome, language, names))
    click.echo()
    click.echo(text(outcome, language, names))
