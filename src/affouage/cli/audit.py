"""``affouage audit``: the auditor's right, to compute any figure again from a file or from the raw readings."""

from __future__ import annotations

from typing import Any, cast

import click

from affouage.cli.console import echo_json, open_home, read_document, telling
from affouage.cli.language import spoken

LARGEST_BYTES = 64 * 1024 * 1024

_FILE = click.argument("file", metavar="FILE")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group()
def audit() -> None:
    """Compute any figure again from a file, or a closed period from its readings.

    The functions are those of production; formats, units and examples are in docs/reference/audit.md. FILE may be "-"
    for standard input. What a file says and is not understood is refused with its place, never passed over.

    \b
    Examples:
      affouage audit allocate docs/reference/audit/G7.json --json
      affouage audit impact docs/reference/audit/G12.json
      affouage audit embodied docs/reference/audit/G11.json
      affouage audit close docs/reference/audit/close-equal.json
      affouage audit schema allocate > allocate.schema.json
      affouage audit period 2026-11
      affouage audit readings blk_1f0c2a... | affouage audit allocate -
    """


@audit.command()
@_FILE
@_JSON
def allocate(file: str, as_json: bool) -> None:
    """Share the energy of windows, or of raw counters, among the requests served in them (PC-1).

    \b
    Example:
      echo '{"length_s": 10, "p0_w": 90, "energy_j": 2000,
             "requests": [{"id": "r1", "start_s": 2, "end_s": 6, "decoded_tokens": 50}]}' | affouage audit allocate -
    """
    _replay("allocate", file, as_json)


@audit.command()
@_FILE
@_JSON
def impact(file: str, as_json: bool) -> None:
    """Carbon, water, minerals and primary energy of an energy; or of a cloud answer by EcoLogits' method.

    \b
    Example:
      echo '{"energy_kwh": 0.5, "pue": 1.2, "wue_on_l_per_kwh": 0.37, "wue_off_l_per_kwh": 3.6737}' |
        affouage audit impact -
    """
    _replay("impact", file, as_json)


@audit.command()
@_FILE
@_JSON
def embodied(file: str, as_json: bool) -> None:
    """What making a machine cost: its parts, each day of its life, and each request of a day.

    \b
    Example:
      echo '{"gwp_kg": 200, "age_years": 4, "planned_years": 4, "commons_share": 0.25,
             "requests": [{"id": "r1", "machine_s": 30}, {"id": "r2", "machine_s": 90}]}' | affouage audit embodied -
    """
    _replay("embodied", file, as_json)


@audit.command()
@_FILE
@_JSON
def close(file: str, as_json: bool) -> None:
    """Share a period's idle, unattributed and other common energy among members, by the rule in force.

    \b
    Example:
      echo '{"rule": "equal", "idle_j": 100, "members": [{"id": "m1", "use_j": 30}, {"id": "m2", "use_j": 60}]}' |
        affouage audit close -
    """
    _replay("close", file, as_json)


@audit.command()
@click.argument("subject", type=click.Choice(["allocate", "impact", "embodied", "close"]))
def schema(subject: str) -> None:
    """Print the JSON Schema of the files SUBJECT reads.

    \b
    Example:
      affouage audit schema allocate > allocate.schema.json
    """
    from affouage.footprint import audit as replays

    echo_json(replays.schema(cast(replays.Subject, subject)))


@audit.command()
@click.argument("period")
@_JSON
def period(period: str, as_json: bool) -> None:
    """Compute PERIOD (2026, 2026-11 or 2026-11-22) again from its raw readings, and compare with the books.

    Every block, every settled receipt, the sums by day, the closing entry and the chain. Says "identical" (exit status
    0), or where not with the entry's number and both values (exit status 1). Works while the server runs.

    \b
    Examples:
      affouage audit period 2026-11
      affouage audit period 2026-11-22 --json
    """
    from affouage.cli.audit_words import period_in_words
    from affouage.footprint.audit.period import audit_period
    from affouage.footprint.period import Calendar

    with telling(), open_home() as (settings, database):
        calendar = Calendar(settings.commons.time_zone)
        found = database.read_now(lambda connection: audit_period(connection, calendar, period))
    if as_json:
        echo_json(found)
    else:
        click.echo(period_in_words(found, spoken()))
    raise SystemExit(0 if found.identical else 1)


@audit.command()
@click.argument("block_id", metavar="ID")
def readings(block_id: str) -> None:
    """Print the raw readings of the block ID (blk_...), as `audit allocate` reads them.

    Blocks are the ledger's entries in which the meter's windows are shared out; a receipt's figures are sums of them.

    \b
    Example:
      affouage audit readings blk_1f0c2a... | affouage audit allocate - --json
    """
    from affouage.footprint.audit.period import find_readings
    from affouage.footprint.audit.readings import written

    with telling(), open_home() as (_, database):
        found = database.read_now(lambda connection: find_readings(connection, block_id))
    echo_json(written(found, note=block_id))


def _replay(subject: str, file: str, as_json: bool) -> None:
    from affouage.cli.audit_words import in_words
    from affouage.footprint import audit as replays

    with telling():
        found: Any = replays.replay(cast(replays.Subject, subject), read_document(file, LARGEST_BYTES))
    if as_json:
        echo_json(found)
    else:
        click.echo(in_words(found, spoken()))
