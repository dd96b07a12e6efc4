"""The list of commands is shown without importing them, and says what they say of themselves."""

from __future__ import annotations

import subprocess
import sys

import click

from affouage import cli


def test_each_command_says_the_same_in_the_list() -> None:
    for name, (_, sentence) in cli._COMMANDS.items():
        command = cli.main.get_command(click.Context(cli.main), name)
        assert command is not None
        assert command.get_short_help_str(limit=200) == sentence


def test_help_loads_no_engine_and_no_database() -> None:
    program = (
        "import sys; from affouage.cli import main; main(['--help'], standalone_mode=False);"
        "print([name for name in ('sqlalchemy', 'aiohttp', 'starlette', 'uvicorn', 'psutil') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "doctor" in done.stdout
