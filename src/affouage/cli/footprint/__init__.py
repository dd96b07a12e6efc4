"""``affouage footprint``: what the commons uses, what it costs the world, and what it may use."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "report": "affouage.cli.footprint.report:report",
    "budget": "affouage.cli.footprint.budget:budget",
    "factors": "affouage.cli.footprint.factors:factors",
    "compare": "affouage.cli.footprint.compare:compare",
    "machine": "affouage.cli.footprint.machine:machine",
    "close": "affouage.cli.footprint.close:close",
    "restate": "affouage.cli.footprint.restate:restate",
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


@click.group(cls=_Lazy)
def footprint() -> None:
    """What the commons uses and costs: report, allowance, factors, comparison, machine.

    \b
    Examples:
      affouage footprint report 2026-11
      affouage footprint budget set --commons-day-kwh 2
      affouage footprint factors --country FRA
      affouage footprint compare
    """
