"""``python -m tests.docs.generate``: write the reference pages that come from the code; ``test_generated`` reads them.

Settings come from ``affouage.settings``, commands from click: a page that says something else fails the tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import click

from affouage import settings
from affouage.cli import main
from tests.doors import incidents
from tests.fuzz import page as fuzzed
from tests.interop import table

DOCS = Path(__file__).resolve().parents[2] / "docs"

_SETTINGS_HEAD = """\
# Settings

<!-- Written by `python -m tests.docs.generate` from src/affouage/settings.py: change that file, not this one. -->

Read once when a command starts, then frozen. They live in `settings.toml` in the home (`AFFOUAGE_HOME`, by default
`~/.local/share/affouage`), one table for each heading below; a variable `AFFOUAGE_<TABLE>_<KEY>` in the environment
wins over the file, for instance `AFFOUAGE_SERVER_PORT=9000`. A key that is unknown, of the wrong type or out of range
stops the start with a sentence that names it. None of this is a rule of the collective: rules are voted.
"""

_CLI_HEAD = """\
# Command line

<!-- Written by `python -m tests.docs.generate` from src/affouage/cli: change the commands, not this page. -->

`make install` puts the command at `.venv/bin/affouage`. Exit status: 0 done; 1 looked at and found wrong (`doctor`,
`ledger verify`); 2 something its user can mend, with the remedy on the error output.

What people read is in French or in English: `AFFOUAGE_LANG` (`fr` or `en`), else the locale (`LC_ALL`, `LC_MESSAGES`,
`LANG`), else the language of the commons, French unless set. `--help` is in English; `--json` is the same in both.
"""


def pages() -> dict[Path, str]:
    """Every generated page and what it must contain."""
    return {
        DOCS / "reference" / "settings.md": "\n".join([_SETTINGS_HEAD, *_settings()]).rstrip() + "\n",
        DOCS / "reference" / "cli.md": "\n".join([_CLI_HEAD, *_commands()]).rstrip() + "\n",
        DOCS / "reference" / "clients.md": table.page(),
        DOCS / "reference" / "fuzzing.md": fuzzed.page(),
        DOCS / "reference" / "incidents.md": incidents.page(),
    }


def _settings() -> Iterator[str]:
    yield f"`hub_url` stands before all tables: hub that model files are pulled from (`{settings.HUB_URL}`).\n"
    for name, kind in settings.TABLES.items():
        yield f"## [{name}]\n"
        yield from _table(kind)
    yield "## [[upstream]]\n"
    yield "One row for each OpenAI-compatible server; see [how to add an engine](../how-to/add-an-engine.md).\n"
    yield from _table(settings.UpstreamSettings)
    yield "## [[meter]]\n"
    yield "One row for each meter that cannot be found by itself; see [how to add a meter](../how-to/add-a-meter.md).\n"
    yield from _table(settings.MeterSettings)


def _table(kind: Any) -> Iterator[str]:
    yield "| key | default | meaning | admitted |"
    yield "|---|---|---|---|"
    for key in fields(kind):
        default = f'`"{key.default}"`' if isinstance(key.default, str) else f"`{key.default}`"
        yield f"| `{key.name}` | {default} | {key.metadata['sentence']} | {_admitted(key)} |"
    yield ""


def _admitted(key: Field[Any]) -> str:
    if key.metadata["choices"]:
        return " or ".join(f"`{one}`" for one in key.metadata["choices"])
    if isinstance(key.default, str):
        return "text"
    least, most = key.metadata["least"], key.metadata["most"]
    return f"{least:g} or more" if most == math.inf else f"{least:g} to {most:g}"


def _commands() -> Iterator[str]:
    for path, command in _walk([], main):
        yield f"## {' '.join(['affouage', *path])}\n"
        context = click.Context(command, info_name=" ".join(["affouage", *path]), terminal_width=100)
        context.max_content_width = 100
        yield f"```text\n{command.get_help(context).rstrip()}\n```\n"


def _walk(path: list[str], command: click.Command) -> Iterator[tuple[list[str], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            following = command.get_command(context, name)
            assert following is not None
            yield from _walk([*path, name], following)


if __name__ == "__main__":
    for page, text in pages().items():
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        click.echo(f"wrote {page.relative_to(DOCS.parent)}")
