"""How a pull looks in a terminal, and in a log."""

from __future__ import annotations

import sys

import click

from affouage.catalogue.progress import PullProgress
from affouage.clock import Clock, SystemClock


class PullDisplay:
    """Shows a pull: one line that moves on a terminal, else a plain line every five seconds and at each change."""

    def __init__(self, *, terminal: bool | None = None, clock: Clock | None = None) -> None:
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._clock = clock or SystemClock()
        self._told_us: int | None = None
        self._stage = ""
        self._drawn = False
        self.was_present = False

    def __call__(self, event: PullProgress) -> None:
        self.was_present = event.stage == "present"
        if event.note:
            self.end()
            click.echo(event.note, err=True)
        if event.stage in ("present", "installed", "looking"):
            return
        line = progress_line(event)
        if self._terminal:
            click.echo(f"\r\x1b[K{line}", nl=False, err=True)
            self._drawn = True
        elif self._due(event):
            click.echo(line, err=True)

    def _due(self, event: PullProgress) -> bool:
        now_us = self._clock.monotonic_us()
        changed = event.stage != self._stage
        if not changed and self._told_us is not None and now_us - self._told_us < 5_000_000:
            return False
        self._stage, self._told_us = event.stage, now_us
        return True

    def end(self) -> None:
        """Leave the moving line where it is and go to the next one."""
        if self._drawn:
            click.echo("", err=True)
            self._drawn = False


def progress_line(event: PullProgress) -> str:
    """``downloading (hub)  34 %  380 of 1117 MB  12.3 MB/s  1 min left``."""
    total = event.total_bytes
    words = [f"{event.stage} ({event.source})" if event.source else event.stage]
    if total:
        words.append(f"{100 * event.done_bytes // total:3d} %")
    words.append(f"{event.done_bytes / 1e6:.0f}" + (f" of {total / 1e6:.0f} MB" if total else " MB"))
    if event.stage == "downloading" and event.speed_bytes_per_s:
        words.append(f"{event.speed_bytes_per_s / 1e6:.1f} MB/s")
    if event.stage == "downloading" and event.eta_s is not None and event.eta_s >= 1:
        words.append(f"{event.eta_s:.0f} s left" if event.eta_s < 90 else f"{event.eta_s / 60:.0f} min left")
    return "  ".join(words)
