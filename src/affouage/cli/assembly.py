"""``affouage assembly``: what the members decide, from the machine's own command line."""

from __future__ import annotations

import importlib

import click

_READING, _FOUNDING = "affouage.cli.assembly_reading", "affouage.cli.assembly_founding"
_PROPOSING, _DELIBERATING = "affouage.cli.assembly_proposing", "affouage.cli.assembly_deliberating"
_VOTING, _RESULTS = "affouage.cli.assembly_voting", "affouage.cli.assembly_results"
_MANDATES = "affouage.cli.assembly_mandates"

_COMMANDS = {
    "status": f"{_READING}:status",
    "areas": f"{_READING}:areas",
    "show": f"{_READING}:show",
    "found": f"{_FOUNDING}:found",
    "propose": f"{_PROPOSING}:propose",
    "propose-mandate": f"{_PROPOSING}:propose_mandate",
    "revoke-mandate": f"{_PROPOSING}:revoke_mandate",
    "propose-exclusion": f"{_PROPOSING}:propose_exclusion",
    "propose-choice": f"{_PROPOSING}:propose_choice",
    "repeal": f"{_PROPOSING}:repeal",
    "cosign": f"{_DELIBERATING}:cosign",
    "argue": f"{_DELIBERATING}:argue",
    "amend": f"{_DELIBERATING}:amend",
    "answer": f"{_DELIBERATING}:answer",
    "withdraw": f"{_DELIBERATING}:withdraw",
    "rebase": f"{_DELIBERATING}:rebase",
    "contest": f"{_DELIBERATING}:contest",
    "vote": f"{_VOTING}:vote",
    "proxy": f"{_VOTING}:proxy",
    "result": f"{_RESULTS}:result",
    "electors": f"{_RESULTS}:electors",
    "mandates": f"{_MANDATES}:mandates",
    "resign": f"{_MANDATES}:resign",
    "standing": f"{_MANDATES}:standing",
    "emergency": f"{_MANDATES}:emergency",
    "minutes": f"{_RESULTS}:minutes",
    "count": "affouage.cli.assembly_count:count",
    "belenios": "affouage.cli.assembly_belenios:belenios",
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
def assembly() -> None:
    """The assembly: propose, vote, and read what is in force since which vote.

    Works beside a running server and without one. Reading, and founding, take no proof. What is done in a member's name
    takes theirs: AFFOUAGE_KEY or --key-file, an API key with the scope account; or --as NAME and their password, typed
    at a terminal. Each command first brings about what is due, and says on standard error what that was.

    \b
    Examples:
      affouage assembly status
      affouage assembly found --preset association_1901
      affouage assembly areas budget
      affouage assembly propose budget limits/commons-day-kwh=2 --preview
      affouage assembly propose hours closed_from=23:00 closed_until=6:00 --as Odile --title "..." --reason "..."
      affouage assembly vote 1 for --as Odile
      affouage assembly result 1
    """
