"""A run on its way, in a terminal and in a log."""

from __future__ import annotations

import sys

import click

from affouage.cli.language import spoken
from affouage.cli.train_words import progress_line
from affouage.clock import Clock, SystemClock
from affouage.training.runs.store import Run
from affouage.training.runs.story import Story
from affouage.web.language import Language
from affouage.web.training.words import state

_LOG_US = 5_000_000


class RunDisplay:
    """One line that moves on a terminal; elsewhere a plain line every five seconds and at each change of state."""

    def __init__(
        self, *, terminal: bool | None = None, clock: Clock | None = None, language: Language | None = None
    ) -> None:
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._clock = clock or SystemClock()
        self._language = language or spoken()
        self._told_us: int | None = None
        self._state = ""
        self._drawn = False

    def show(self, run: Run, story: Story, watts: float | None, aside: bool) -> None:
        if run.state != self._state:
            self.end()
            click.echo(f"{run.name}: {state(run.state, self._language)}", err=True)
            self._state, self._told_us = run.state, None
        if run.state not in ("running", "stopping") or not story.step:
            return
        line = progress_line(run, story, watts, aside, self._language)
        if self._terminal:
            click.echo(f"\r\x1b[K{line[:140]}", nl=False, err=True)
            self._drawn = True
        elif self._due():
            click.echo(line, err=True)

    def _due(self) -> bool:
        now_us = self._clock.monotonic_us()
        if self._told_us is not None and now_us - self._told_us < _LOG_US:
            return False
        self._told_us = now_us
        return True

    def end(self) -> None:
        """Leave the moving line where it is."""
        if self._drawn:
            click.echo("", err=True)
            self._drawn = False
