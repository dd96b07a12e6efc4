"""The command line: noun then verb, ``--json`` on whatever is read, exit status 2 for what its user can mend.

Each command's module is imported when it is called: ``affouage --help`` must not wait for an engine.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import click

from affouage import __version__
from affouage.cli.streams import bear_any_text

# The sentences stand here too, so that the list of commands is shown without importing any.
_COMMANDS = {
    "up": ("affouage.cli.up:up", "Serve the commons on this machine and ask it one question."),
    "ask": (
        "affouage.cli.ask:ask",
        "Ask the commons QUESTION (or what stands on standard input), then show the receipt.",
    ),
    "models": ("affouage.cli.models:models", "The catalogue: list, show, pull, import, remove, fit."),
    "members": (
        "affouage.cli.members:members",
        "Who is in the collective: add, invite, list, give a role, close an account.",
    ),
    "keys": ("affouage.cli.keys:keys", "API keys by which programs ask in a member's name."),
    "receipts": (
        "affouage.cli.receipts:receipts",
        "What each answer was: model, machine, wait, tokens, energy, outcome.",
    ),
    "ledger": (
        "affouage.cli.ledger:ledger",
        "The books: every reservation and every settlement, each chained to the one before.",
    ),
    "footprint": (
        "affouage.cli.footprint:footprint",
        "What the commons uses and costs: report, allowance, factors, comparison, machine.",
    ),
    "meter": ("affouage.cli.meter:meter", "Where the energy figures come from: list, test, calibrate."),
    "audit": (
        "affouage.cli.audit:audit",
        "Compute any figure again from a file, or a closed period from its readings.",
    ),
    "pool": (
        "affouage.cli.pool:pool",
        "Turns and machines shared among members: the rules, and a day of requests tried on paper.",
    ),
    "node": (
        "affouage.cli.node:node",
        "Machines of members: invite, approve, revoke; and on such a machine: join, run, pause.",
    ),
    "doctor": ("affouage.cli.doctor:doctor", "Look at everything that can be wrong here, and say how to mend it."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def main(self, *words: Any, **more: Any) -> Any:
        bear_any_text()
        return super().main(*words, **more)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="affouage")
def main() -> None:
    """affouage: a collective runs its own AI as a commons, and every answer comes with a receipt.

    \b
    Examples:
      affouage up                          serve the commons on this machine
      affouage ask "Que dit ce texte ?"    ask it, and see the receipt
      affouage members add Odile --json    give somebody an account
      affouage doctor                      what is wrong, and how to mend it
    """
    os.umask(0o077)  # whatever is written here, by us or by pip, is for this user alone
