"""The command line: noun then verb, ``--json`` on whatever is read, exit status 2 for what its user can mend.

Each command's module is imported when it is called: ``affouage --help`` must not wait for an engine.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import click
from click.shell_completion import CompletionItem

from affouage import __version__
from affouage.cli.streams import bear_any_text

# The sentences stand here too, so that the list of commands is shown without importing any.
_COMMANDS = {
    "up": ("affouage.cli.up:up", "Serve the commons on this machine and ask it one question."),
    "ask": (
        "affouage.cli.ask:ask",
        "Ask the commons QUESTION (or what stands on standard input), then show the receipt.",
    ),
    "models": ("affouage.cli.models:models", "The catalogue: list, show, pull, import, add-voice, remove, fit."),
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
    "journal": (
        "affouage.cli.journal:journal",
        "The public log: what was decided, in an order that nobody can change unseen.",
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
    "assembly": (
        "affouage.cli.assembly:assembly",
        "The assembly: propose, vote, and read what is in force since which vote.",
    ),
    "reports": (
        "affouage.cli.reports:reports",
        "Refused uses: report one, decide with reasons, appeal, hear an appeal, count.",
    ),
    "easy-read": (
        "affouage.cli.easy_read:easy_read",
        "Easy to read (FALC): what is hard in a text, and what to do instead.",
    ),
    "desk": (
        "affouage.cli.desk:desk",
        "Questions of the public: the queue, the switch of the tool, the counts, the rule.",
    ),
    "work": (
        "affouage.cli.work:work",
        "The work ledger: what the tool changes in the work, for better or for worse, and what people say of it.",
    ),
    "explain": (
        "affouage.cli.explain:explain",
        'Answers from dated sheets, quoted, or "I do not know": ask, evaluate, reports.',
    ),
    "blind": (
        "affouage.cli.blind:blind",
        "Blind comparisons: which model's answers members prefer, before and after they know the cost.",
    ),
    "corpus": (
        "affouage.cli.corpus:corpus",
        "Texts for training, each with its licence: new, add, build, show, licence, withdraw, verify.",
    ),
    "train": (
        "affouage.cli.train:train",
        "Train a model on a corpus of your own: plan, start, status, stop, resume, compare, receipt, export.",
    ),
    "sheets": (
        "affouage.cli.sheets:sheets",
        "Collections of documents: import, update, index, list, show, search, give readers, remove.",
    ),
    "database": (
        "affouage.cli.database:database",
        "Where the books are, a file of the home or a PostgreSQL server that gateways share: show, move.",
    ),
    "backup": (
        "affouage.cli.backup:backup",
        "Copies of the whole commons, each one file: create, list, verify.",
    ),
    "restore": (
        "affouage.cli.backup:restore",
        "Put back a commons from a backup, here or on another machine.",
    ),
    "export": (
        "affouage.cli.export:export",
        "Write everything the collective owns into FOLDER, in open formats: nobody is captive of this software.",
    ),
    "import": (
        "affouage.cli.export:import_folder",
        "Begin a commons from what another exported into FOLDER, in a home where nobody is yet.",
    ),
    "doctor": ("affouage.cli.doctor:doctor", "Look at everything that can be wrong here, and say how to mend it."),
    "completion": (
        "affouage.cli.installed:completion",
        "Print what makes SHELL (bash, zsh or fish) complete the commands and options of affouage.",
    ),
    "man": (
        "affouage.cli.installed:man",
        "Write the manual into FOLDER: affouage.1 and a page for each command, as `man` reads them.",
    ),
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

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As click does, without importing every command for its sentence: a key pressed must not wait."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        names = {name: sentence for name, (_, sentence) in _COMMANDS.items() if name.startswith(incomplete)}
        return [CompletionItem(name, help=sentence) for name, sentence in names.items()]

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
