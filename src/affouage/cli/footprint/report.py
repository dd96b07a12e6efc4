"""``affouage footprint report``: a period's energy, impacts and euros, for a treasurer or for a spreadsheet."""

from __future__ import annotations

import sys

import click

from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.language import spoken
from affouage.cli.reading import note_reading, with_reason
from affouage.errors import BadRequest


@click.command()
@click.argument("period", required=False, default="")
@click.option("--mine", "name", metavar="NAME", help="With this member's own use and share; takes a --reason.")
@with_reason
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table for a spreadsheet (CSV, comma, UTF-8).")
def report(period: str, name: str | None, reason: str | None, key: str | None, as_json: bool, as_csv: bool) -> None:
    """What PERIOD took: kWh with their range, standby, losses, by model, workshop and machine; carbon, water, euros.

    PERIOD is a day (2026-11-22), a month (2026-11) or a year (2026); without it, this month. What is not known is said
    to be unknown, and makes totals "at least". A closed month gives the figures it was closed with. Works while the
    server runs.

    \b
    Examples:
      affouage footprint report
      affouage footprint report 2026-11 --mine "Jeanne Moreau" --reason "She asked for her share"
      affouage footprint report 2026 --csv > 2026.csv
      affouage footprint report 2026-11-22 --json

    \b
    --json prints the whole report; energies in microjoules (3600000000000 to a kWh), unknown is null.
    --csv: one row per figure, units in the header, an empty cell is unknown.
    """
    with telling():
        if as_json and as_csv:
            raise BadRequest("--json and --csv exclude each other.", remedy="Choose one of them.", code="one_form")
        with open_home() as (settings, database):
            from affouage.assembly import roll
            from affouage.clock import SystemClock
            from affouage.footprint.books import open_books
            from affouage.storage.home import own_factors

            clock = SystemClock()
            books = open_books(database, clock, settings, own_sets=own_factors(settings.home))
            today = books.calendar.day(clock.now_ms())
            member = None if name is None else database.read_now(lambda c: roll.by_name(c, name))
            whose = None if member is None else member.id
            if whose is not None:
                note_reading(database, whose, "use", reason, key)
            found = database.read_now(lambda c: books.read(c, period or today[:7], whose))
    if as_json:
        echo_json(found)
    elif as_csv:
        from affouage.footprint.export import to_csv

        sys.stdout.buffer.write(to_csv(found).encode())
        sys.stdout.buffer.flush()
    else:
        from affouage.cli.footprint.report_words import in_words

        click.echo(in_words(found, today, spoken()))
