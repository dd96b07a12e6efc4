"""The command line: noun then verb, ``--json`` on whatever is read, exit status 2 for what its user can mend.

Each command's module is imported when it is called: ``affouage --help`` must not wait for an engine.
"""

from __future__ import annotations

import importlib

import click

from affouage import __version__

_COMMANDS = {
    "up": "affouage.cli.up:up",
    "ask": "affouage.cli.ask:ask",
    "models": "affouage.cli.models:models",
    "members": "affouage.cli.members:members",
    "keys": "affouage.cli.keys:keys",
    "receipts": "affouage.cli.receipts:receipts",
    "ledger": "affouage.cli.ledger:ledger",
    "doctor": "affouage.cli.doctor:doctor",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


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
