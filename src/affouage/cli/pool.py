"""``affouage pool``: how turns and machines are shared, tried on a trace."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import click

from affouage.cli.console import echo_json, read_document, telling
from affouage.cli.language import spoken
from affouage.cli.pool_broker import broker_config
from affouage.errors import BadRequest

LARGEST_BYTES = 256 * 1024 * 1024


ELSEWHERE = dict.fromkeys(("share", "confidentiality"), "affouage.cli.pool_rules")
"""Commands that stand in a module of their own: the rules in force."""


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(importlib.import_module(ELSEWHERE[cmd_name]), cmd_name)
        return command


@click.group(cls=_Group)
def pool() -> None:
    """Turns and machines shared among members: the rules, and a day of requests tried on paper.

    \b
    Examples:
      affouage pool share
      affouage pool confidentiality set --most trusted --reason "Assembly of 22 November"
      affouage pool simulate --example > trace.json
      affouage pool simulate trace.json
    """


pool.add_command(broker_config)


@pool.command()
@click.argument("trace", metavar="[TRACE]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option(
    "--policy",
    type=click.Choice(["vtc", "fcfs", "both"]),
    default="both",
    help="vtc: fair turns, as in production; fcfs: first come, first served.  [both]",
)
@click.option("--decisions", metavar="FILE", help='Write each decision there, a line of JSON each ("-": on stdout).')
@click.option("--example", is_flag=True, help="Print a small trace to begin with, and do nothing else.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a trace, and do nothing else.")
def simulate(
    trace: str | None,
    as_json: bool,
    policy: Literal["vtc", "fcfs", "both"],
    decisions: str | None,
    example: bool,
    schema: bool,
) -> None:
    """Run the requests of TRACE (JSON; "-" for standard input) through the queue of production, and count.

    Whose turn it is is decided by the very object that serves members, with a clock that jumps from one event to the
    next: the same trace gives the same decisions, to the byte. Nothing is asked of any model. By the side of it, the
    same requests first come, first served. The form of a trace is in docs/reference/trace.md.

    --decisions holds those of vtc, or of fcfs when it is the only policy; their sha256 is decisions_sha256.

    \b
    Examples:
      affouage pool simulate --example > trace.json
      affouage pool simulate trace.json
      affouage pool simulate trace.json --json --policy vtc --decisions turns.jsonl
      affouage pool simulate --example | affouage pool simulate -
    """
    from affouage.pool.trace import EXAMPLE
    from affouage.pool.trace import schema as schema_of

    if example:
        click.echo(EXAMPLE.rstrip())
    elif schema:
        echo_json(schema_of())
    else:
        with telling():
            _simulate(trace, as_json, policy, decisions)


def _simulate(file: str | None, as_json: bool, policy: str, decisions: str | None) -> None:
    from affouage.cli.simulation_words import in_words
    from affouage.pool.outcome import Outcome, outcome_of
    from affouage.pool.simulation import POLICIES, Run
    from affouage.pool.trace import read_trace

    if file is None:
        raise BadRequest("No trace is given.", remedy='Give a file, "-", or --example for one to begin with.')
    if decisions == "-" and as_json:
        raise BadRequest("Two documents on one output.", remedy="Give --decisions a file.")
    trace = read_trace(read_document(file, LARGEST_BYTES))
    found: list[Outcome] = []
    for one in POLICIES if policy == "both" else [name for name in POLICIES if name == policy]:
        with _written(None if found else decisions) as write, _progress(one) as on_progress:
            run = Run(trace, one, write)
            run.play(on_progress)
        found.append(outcome_of(run))
    if as_json:
        echo_json({"version": 1, "unit": trace.unit, "until_s": trace.until_s, **{one.policy: one for one in found}})
    elif decisions != "-":
        click.echo(in_words(trace, found, spoken()))


@contextmanager
def _written(file: str | None) -> Iterator[Callable[[bytes], object] | None]:
    """Where decisions go; None when nobody asked for them. Raises BadRequest."""
    if file is None:
        yield None
    elif file == "-":
        yield sys.stdout.buffer.write
    else:
        with _opened(file) as sink:
            yield sink.write


def _opened(file: str) -> BinaryIO:
    try:
        return Path(file).open("wb")
    except (OSError, ValueError) as refused:
        reason = getattr(refused, "strerror", None) or refused
        raise BadRequest(f"{file} cannot be written: {reason}.", remedy="Give another file to --decisions.") from None


@contextmanager
def _progress(policy: str) -> Iterator[Callable[[int, int], None] | None]:
    """On a terminal, how far it is: a line that goes away at the end."""
    if not sys.stderr.isatty():
        yield None
        return
    yield lambda done, total: click.echo(f"\r{policy} {done / total:.0%}", nl=False, err=True)
    click.echo("\r\x1b[K", nl=False, err=True)
