"""How a pull looks in a terminal, and in a log."""

from __future__ import annotations

import sys

import click

from affouage.catalogue.progress import PullProgress
from affouage.cli.language import spoken
from affouage.cli.sentences import note
from affouage.clock import Clock, SystemClock
from affouage.web.language import N_, Language

_STAGES = {"downloading": N_("downloading"), "waiting": N_("waiting"), "checking": N_("checking")}
_SOURCES = {"hub": N_("hub"), "registry": N_("registry"), "disk": N_("disk"), "commons": N_("the commons")}


class PullDisplay:
    """Shows a pull: one line that moves on a terminal, else a plain line every five seconds and at each change."""

    def __init__(
        self, *, terminal: bool | None = None, clock: Clock | None = None, language: Language | None = None
    ) -> None:
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._clock = clock or SystemClock()
        self._language = language or spoken()
        self._told_us: int | None = None
        self._stage = ""
        self._drawn = False
        self.was_present = False

    def __call__(self, event: PullProgress) -> None:
        self.was_present = event.stage == "present"
        if event.note:
            self.end()
            click.echo(note(event.note, self._language), err=True)
        if event.stage in ("present", "installed", "looking"):
            return
        line = progress_line(event, self._language)
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


def progress_line(event: PullProgress, language: Language) -> str:
    """``downloading (hub)   34 %  380 MB of 1.1 GB  12 MB/s  1 min left``."""
    from affouage.web import format as wording

    _ = language.gettext
    stage = _(_STAGES.get(event.stage, event.stage))
    words = [f"{stage} ({_(_SOURCES.get(event.source, event.source))})" if event.source else stage]
    done, total = wording.size(event.done_bytes, language), event.total_bytes
    if total:
        words.append(f"{100 * event.done_bytes // total:3d} %")
        done = _("{done} of {total}").format(done=done, total=wording.size(total, language))
    words.append(done)
    if event.stage == "downloading" and event.speed_bytes_per_s:
        words.append(f"{wording.size(round(event.speed_bytes_per_s), language)}/s")
    if event.stage == "downloading" and event.eta_s is not None and event.eta_s >= 1:
        seconds = round(event.eta_s) if event.eta_s < 90 else round(event.eta_s / 60) * 60
        words.append(_("{time} left").format(time=wording.duration(seconds * 1000, language)))
    return "  ".join(words)
