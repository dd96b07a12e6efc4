"""How far a backup is: a line that moves on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys

import click

from affouage.cli.language import spoken
from affouage.web import format as wording

_STEP_BYTES = 20_000_000


class Moving:
    """Call it with bytes done and bytes to do."""

    def __init__(self, *, terminal: bool | None = None) -> None:
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._language = spoken()
        self._told = -_STEP_BYTES

    def __call__(self, done: int, total: int) -> None:
        if not self._terminal or done - self._told < _STEP_BYTES:
            return
        self._told = done
        _ = self._language.gettext
        line = _("{done} of {total}").format(
            done=wording.size(done, self._language), total=wording.size(total, self._language)
        )
        click.echo(f"\r\x1b[K{line}", nl=False, err=True)

    def end(self) -> None:
        """Leave the line."""
        if self._terminal and self._told >= 0:
            click.echo("\r\x1b[K", nl=False, err=True)
