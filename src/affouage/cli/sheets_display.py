"""How far an import is, in a terminal and in a log."""

from __future__ import annotations

import sys

import click

from affouage.catalogue.progress import PullProgress
from affouage.cli.language import spoken
from affouage.cli.pull_display import progress_line
from affouage.clock import Clock, SystemClock
from affouage.sheets.importing import Progress
from affouage.web.language import Language

_TERMINAL_US = 200_000
_LOG_US = 5_000_000


class ImportDisplay:
    """One line that moves on a terminal, five times a second at most; elsewhere a plain line every five seconds."""

    def __init__(
        self, *, terminal: bool | None = None, clock: Clock | None = None, language: Language | None = None
    ) -> None:
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._clock = clock or SystemClock()
        self._language = language or spoken()
        self._told_us: int | None = None
        self._drawn = False

    def fetched(self, done_bytes: int, total_bytes: int | None) -> None:
        """Bytes of an archive on its way."""
        if self._due():
            event = PullProgress(stage="downloading", done_bytes=done_bytes, total_bytes=total_bytes)
            self._show(progress_line(event, self._language))

    def read(self, progress: Progress) -> None:
        """Documents dealt with."""
        if self._due():
            self._show(reading_line(progress, self._language))

    def indexed(self, sheets: int) -> None:
        """Sheets made searchable by words."""
        if self._due():
            self._show(self._language.gettext("indexing: {done}").format(done=sheets))

    def encoded(self, texts: int, of_texts: int) -> None:
        """Texts made searchable by meaning."""
        if self._due():
            told = self._language.gettext("by meaning: {done} of {total} texts")
            self._show(told.format(done=texts, total=of_texts))

    def end(self) -> None:
        """Take the moving line away: what follows says how it ended."""
        if self._drawn:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._drawn = False

    def _due(self) -> bool:
        now_us = self._clock.monotonic_us()
        if self._told_us is None:
            self._told_us = now_us - (_TERMINAL_US if self._terminal else 0)
        if now_us - self._told_us < (_TERMINAL_US if self._terminal else _LOG_US):
            return False
        self._told_us = now_us
        return True

    def _show(self, line: str) -> None:
        if self._terminal:
            click.echo(f"\r\x1b[K{line[:120]}", nl=False, err=True)
            self._drawn = True
        else:
            click.echo(line, err=True)


def reading_line(progress: Progress, language: Language) -> str:
    """``reading: 12 of 40  reglement-cantine.pdf``."""
    told = language.gettext("reading: {done}").format(done=progress.done)
    if progress.total:
        told = language.gettext("reading: {done} of {total}").format(done=progress.done, total=progress.total)
    return f"{told}  {progress.name}" if progress.name else told
