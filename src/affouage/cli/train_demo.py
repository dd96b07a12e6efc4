"""``affouage train demo``: a lesson. From a text to a tiny model that writes, badly, and a page that explains it."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from affouage import __version__
from affouage import settings as settings_of
from affouage.cli.console import run, telling
from affouage.cli.language import spoken, zone_here
from affouage.clock import SystemClock
from affouage.errors import Conflict
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import Language

if TYPE_CHECKING:
    from affouage.cli.train_demo_running import Lessons, Wanted
    from affouage.footprint.meter import Meter, MeterInfo
    from affouage.settings import Settings
    from affouage.training.demo.lesson import Cost
    from affouage.training.demo.page import Writer
    from affouage.training.folder import Event, Progress
    from affouage.training.looks import Look
    from affouage.training.settings import RunSettings

THREADS_MOST = 2
"""A lesson is made for two cores: the same words and the same minutes in a class of unequal machines."""
_LOG_STEPS = 20
"""Lines in a log, where nothing moves."""


@click.command()
@click.argument("text", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--minutes",
    type=click.FloatRange(0.5, 10),
    default=3.0,
    show_default=True,
    help="How long at most, the measure of this machine's speed included.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("affouage-demo"),
    show_default=True,
    help="Folder for the page and the model.",
)
@click.option("--steps", type=click.IntRange(20, 100_000), help="So many steps, instead of minutes.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another number, another chance.")
def demo(text: Path | None, minutes: float, output: Path, steps: int | None, seed: int) -> None:
    """Give a lesson: from TEXT to a tiny model that writes, badly, each step explained in a page to print.

    TEXT is a plain text file of two pages to a whole book; without one, tales that come with the software. The page
    is one file without scripts, in French or English as AFFOUAGE_LANG asks. No server, no account, no network.

    Ctrl-C stops it; the same command goes on where it stopped. The same text, steps and seed give the same model on the
    same machine.

    \b
    Examples:
      affouage train demo
      affouage train demo candide.txt --minutes 6
      affouage train demo candide.txt --steps 400 --output lesson-2
    """
    from affouage.cli.train_demo_running import PAGE, Wanted, prepare
    from affouage.training.demo.text import read_text, shipped

    with telling():
        found = read_text(text) if text is not None else shipped()
        threads = min(THREADS_MOST, os.cpu_count() or 1)
        wanted = Wanted(found, output.absolute(), minutes, steps, seed, threads)
        asked = prepare(wanted)
        settings = settings_of.read()
    screen = _Screen(spoken(), found.characters)
    screen.text()
    try:
        again = run(_lesson(wanted, asked, settings, screen, text))
    except KeyboardInterrupt:
        screen.stopped()
        raise SystemExit(130) from None
    screen.done(output / PAGE, again)


async def _lesson(wanted: Wanted, asked: object, settings: Settings, screen: _Screen, given: Path | None) -> Cost:
    """Learn, then write the page."""
    from affouage.adapters.meters.choose import open_meter
    from affouage.adapters.meters.processors import own_programs_us
    from affouage.cli.train_demo_running import Asked, Lessons, Telling

    assert isinstance(asked, Asked)
    clock = SystemClock()
    meter: Meter = open_meter(settings, clock, own_programs_us)
    telling_ = Telling(screen.measuring, screen.begins, screen.event, screen.look)
    lessons = Lessons(wanted, asked, meter, clock, telling_)
    try:
        await lessons.learn()
        return _write_page(lessons, settings, screen.language, given, meter.info())
    finally:
        await meter.close()


def _write_page(lessons: Lessons, settings: Settings, language: Language, given: Path | None, info: MeterInfo) -> Cost:
    from affouage.cli.train_demo_running import PAGE
    from affouage.training.demo.lesson import NothingToTell, gather
    from affouage.training.demo.page import model_bytes, page

    wanted, folder = lessons.wanted, lessons.wanted.folder
    cost = _cost(lessons, settings, language, info)
    day = datetime.fromtimestamp(lessons.clock.now_ms() / 1000, zone_here() or UTC).date().isoformat()
    try:
        lesson = gather(lessons.run.path, wanted.text, cost, day)
    except NothingToTell as nothing:
        told = f": {nothing.end.told} {nothing.end.remedy}" if nothing.end else "."
        raise Conflict(
            f"It ended before anything could be shown{told}",
            remedy="Run the same command again: it goes on where it stopped.",
            code="lesson_nothing",
        ) from None
    command = ["affouage", "train", "demo", *([given.name] if given else []), "--steps", str(lessons.asked.steps)]
    command += ["--seed", str(wanted.seed)] if wanted.seed else []
    told_page = page(
        lesson, writer(language), version=__version__, command=shlex.join(command), model_bytes=model_bytes(lessons.run)
    )
    aside = folder / f"{PAGE}.partial"
    aside.write_text(told_page, encoding="utf-8")
    aside.replace(folder / PAGE)
    return cost


def _cost(lessons: Lessons, settings: Settings, language: Language, info: MeterInfo) -> Cost:
    from affouage.cli.train_demo_running import energy_of
    from affouage.footprint.factors import grid_factors
    from affouage.footprint.impact import assess
    from affouage.storage.home import own_factors
    from affouage.training.demo.lesson import Cost
    from affouage.training.folder import End
    from affouage.training.runs.workplace import processor_name
    from affouage.web.methods import sentence

    energy = energy_of(lessons.asked.spent, info)
    asked = settings.footprint
    grid = grid_factors(asked.country, asked.factor_set, own_factors(settings.home)) if asked.country else None
    ends = [one.cpu_us for one, _ in lessons.run.events() if isinstance(one, End)]
    return Cost(
        wall_ms=lessons.asked.spent.wall_ms,
        cpu_us=sum(ends) or None,
        energy=energy,
        how=(sentence(info.method, info.facts, language)[0],),
        impacts=assess(energy, grid),
        machine=processor_name(),
    )


def writer(language: Language) -> Writer:
    """How the page writes figures."""
    from affouage.training.demo.page import Writer

    def spread(low: float, high: float) -> str:
        return language.gettext("{low} to {high}").format(
            low=wording.figures(low, language), high=wording.figures(high, language)
        )

    def energy(one: Interval) -> tuple[str, str]:
        figure, range_ = wording.energy(one, language)
        return figure, "" if one.low == one.high else range_

    return Writer(
        code=language.code,
        typeset=language.typeset,
        whole=lambda one: wording.whole(one, language),
        figures=lambda one: wording.figures(one, language),
        percent=lambda one: wording.percent(one, language),
        duration=lambda one: wording.duration(one, language),
        size=lambda one: wording.size(one, language),
        energy=energy,
        mass=lambda one: wording.mass(one, language),
        spread=spread,
        quality=lambda one: language.gettext(wording.QUALITIES[one]),
        date=lambda one: wording.date_words(one, language),
    )


# -- on the screen -----------------------------------------------------------------------------------------------------


@dataclass
class _Screen:
    """One line that moves on a terminal; in a log, some twenty lines."""

    language: Language
    characters: int
    terminal: bool = field(default_factory=sys.stderr.isatty)
    drawn: bool = False
    told: int = -1
    step_tokens: int = 0

    def text(self) -> None:
        said = self.language.gettext("The text has {count} characters.")
        self._line(said.format(count=wording.whole(self.characters, self.language)))

    def measuring(self) -> None:
        self._line(self.language.gettext("Measuring the speed of this machine…"))

    def begins(self, settings: RunSettings) -> None:
        self.step_tokens = settings.step_tokens
        said = self.language.gettext("It learns, in {steps} steps. Ctrl-C stops it; the same command goes on.")
        self._line(said.format(steps=wording.whole(settings.steps, self.language)))

    def event(self, event: Event) -> None:
        from affouage.training.folder import End, Progress

        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, End) and event.reason == "stopped":
            self._line(self.language.gettext("Time is up: it is stopped here. The same command goes on."))
        elif isinstance(event, End) and event.reason not in ("done", "early_stop"):
            self._line(" ".join(one for one in (event.told, event.remedy) if one))

    def _progress(self, event: Progress) -> None:
        _ = self.language.gettext
        part = event.step * _LOG_STEPS // max(1, event.steps)
        line = _("step {step} of {steps}, loss {loss}").format(
            step=event.step, steps=event.steps, loss=wording.figures(event.loss, self.language, digits=3)
        )
        if event.tokens_per_s and event.step < event.steps:
            left_ms = round(1000 * (event.steps - event.step) * self.step_tokens / event.tokens_per_s)
            line += _(", {time} left").format(time=wording.duration(left_ms, self.language))
        if self.terminal:
            click.echo(f"\r\x1b[K{line}", nl=False, err=True)
            self.drawn = True
        elif part != self.told:
            click.echo(line, err=True)
        self.told = part

    def look(self, look: Look) -> None:
        """What it writes now: that is what people wait for."""
        if look.writings:
            one = look.writings[0]
            shown = "".join(part if part.isprintable() else "□" for part in f"{one.begun}{one.written}")
            self._line(self.language.gettext("  step {step}, it writes: {text}").format(step=look.step, text=shown))

    def stopped(self) -> None:
        self._line(self.language.gettext("Stopped. The same command goes on where it stopped."))

    def done(self, page: Path, cost: Cost) -> None:
        _ = self.language.gettext
        self._end()
        energy = cost.energy.interval_uj
        if energy is not None:
            figure, range_ = wording.energy(energy, self.language)
            click.echo(
                _("It took {time} and about {energy} ({range}).").format(
                    time=wording.duration(cost.wall_ms, self.language), energy=figure, range=range_
                ),
                err=True,
            )
        click.echo(_("The page, to read or print: {path}").format(path=page))

    def _line(self, text: str) -> None:
        self._end()
        click.echo(self.language.typeset(text), err=True)

    def _end(self) -> None:
        if self.drawn:
            click.echo("", err=True)
            self.drawn = False
