"""A lesson at work: its folder, the measure of the speed, the program that learns, the meter meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from affouage.adapters.trainers.calibrating import calibrate
from affouage.adapters.trainers.local import LocalTrainer, last_words
from affouage.clock import Clock
from affouage.errors import Conflict, SetUpError
from affouage.footprint.meter import Meter, MeterInfo, MeterUnreadable, Reading, advance, facts_of
from affouage.ledger.receipt import Energy
from affouage.training.demo import pace, text
from affouage.training.demo.text import Text
from affouage.training.folder import End, Event, RunFolder
from affouage.training.looks import WATCH, Look, Watch, looks
from affouage.training.settings import RunSettings
from affouage.units import Interval

PROGRAM = ("-m", "affouage.training.learning.watching")
RUN, PAGE, ASKED = "run", "page.html", "lesson.json"
MEASURE_S = 3.0
LOOK_S = 0.5
"""Between two looks at what the program tells, and at the meter."""
GONE_S = 30.0
"""It has so long to write a checkpoint when it is stopped."""
LATE, LATE_MOST_S = 1.5, 580.0
"""It is stopped when it takes so many times the minutes it was given, and before ten whatever they are: a machine that
was busy when its speed was measured may be busier afterwards."""
SILENT_MOST = 0.05
"""More of the time without a reading, and the energy is told as at least so much."""


class Spent(msgspec.Struct, kw_only=True):
    """What earlier tries and this one took. Microjoules of the meter as it counts; ``silent_us``: nothing was read.

    ``at_work``: a try began and its end was not written. ``torn``: one was killed, its last seconds are not here."""

    wall_ms: int = 0
    counted_uj: int = 0
    known_us: int = 0
    silent_us: int = 0
    at_work: bool = False
    torn: bool = False


class Asked(msgspec.Struct, kw_only=True):
    """Of a lesson's folder. ``steps`` 0: not decided yet."""

    text_sha256: str
    seed: int
    steps: int = 0
    spent: Spent = msgspec.field(default_factory=Spent)


@dataclass(frozen=True)
class Wanted:
    """``steps``: None, as many as fit in the minutes."""

    text: Text
    folder: Path
    minutes: float
    steps: int | None
    seed: int
    threads: int


@dataclass(frozen=True)
class Telling:
    """What is said on the way."""

    measuring: Callable[[], None]
    begins: Callable[[RunSettings], None]
    event: Callable[[Event], None]
    look: Callable[[Look], None]


@dataclass
class Lessons:
    """One lesson in its folder."""

    wanted: Wanted
    asked: Asked
    meter: Meter
    clock: Clock
    telling: Telling
    _before_ms: int = 0
    _began_us: int = 0

    @property
    def run(self) -> RunFolder:
        return RunFolder(self.wanted.folder / RUN)

    async def learn(self) -> None:
        """Begin, or go on where an earlier try ended. On cancellation the program writes a checkpoint and ends.

        Raises BadRequest, SetUpError, Unavailable, Conflict.
        """
        if over(self.run):
            return
        spent = self.asked.spent
        spent.torn, spent.at_work = spent.torn or spent.at_work, True
        self._before_ms, self._began_us = spent.wall_ms, self.clock.monotonic_us()
        self.save()
        async with self._metered():
            try:
                if not self.asked.steps:
                    await self._decide()
                self.telling.begins(self.run.settings())
                await self._follow()
            finally:
                spent.at_work = False
                self.save()

    def save(self) -> None:
        self.asked.spent.wall_ms = self._before_ms + (self.clock.monotonic_us() - self._began_us) // 1000
        _write(self.wanted.folder / ASKED, msgspec.json.encode(self.asked))

    async def _decide(self) -> None:
        """How many steps: those asked for, or by the speed of this machine."""
        wanted, run = self.wanted, self.run
        settings = run.settings()
        steps = wanted.steps
        if steps is None:
            self.telling.measuring()
            measured, *_ = await calibrate(run.path, MEASURE_S, self.meter)
            steps = pace.steps_for(wanted.minutes, measured.tokens_per_s, wanted.text.characters, settings)
        settings = pace.paced(settings, steps)
        _write(run.settings_path, msgspec.json.encode(settings))
        watch = msgspec.json.decode((run.path / WATCH).read_bytes(), type=Watch)
        watch = msgspec.structs.replace(watch, at=pace.looked_at(settings))
        _write(run.path / WATCH, msgspec.json.encode(watch))
        self.asked.steps = steps
        self.save()

    # -- following -----------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        trainer = LocalTrainer(PROGRAM)
        offset, looked = _last(self.run), sum(1 for one in looks(self.run.path) if isinstance(one, Look))
        began, job = offset, await trainer.start(self.run.path)
        try:
            late_us = int(min(60 * LATE * self.wanted.minutes, LATE_MOST_S) * 1e6)
            while (await trainer.look(job)).state == "running":
                offset, looked = self._hear(offset, looked)
                if self.wanted.steps is None and self.clock.monotonic_us() - self._began_us > late_us:
                    await trainer.stop(job)
                await asyncio.sleep(LOOK_S)
            self._hear(offset, looked)
        except asyncio.CancelledError:
            await trainer.stop(job)
            await _gone(trainer, job)
            raise
        if _ended(self.run, began) is None:
            said = last_words(self.run.path).splitlines()
            raise SetUpError(
                f"The program that learns ended without a word{': ' + said[-1][:200] if said else '.'}",
                remedy="Is the extra `training` installed? make training, in the folder of affouage.",
                code="lesson_silent",
            )

    def _hear(self, offset: int, looked: int) -> tuple[int, int]:
        for event, after in self.run.events(offset):
            self.telling.event(event)
            offset = after
        found = [one for one in looks(self.run.path) if isinstance(one, Look)]
        for one in found[looked:]:
            self.telling.look(one)
        return offset, max(looked, len(found))

    # -- the meter -----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _metered(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._read_on(), name="lesson meter")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    async def _read_on(self) -> None:
        """Until it is cancelled. What cannot be told of a window is silence, never a guess."""
        info, spent = self.meter.info(), self.asked.spent
        before: Reading | None = None
        before_us = self.clock.monotonic_us()
        while True:
            now: Reading | None = None
            with suppress(MeterUnreadable):
                now = await self.meter.read()
            at_us = self.clock.monotonic_us()
            passed = advance(before, now, info).energy_uj if before is not None and now is not None else None
            if passed is None:
                spent.silent_us += at_us - before_us
            else:
                spent.counted_uj += passed
                spent.known_us += at_us - before_us
            before, before_us = now, at_us
            self.save()
            await asyncio.sleep(2 * LOOK_S)


def energy_of(spent: Spent, info: MeterInfo) -> Energy:
    """Of the whole machine meanwhile; unknown when nothing was read. Pure."""
    if not spent.known_us:
        return Energy(method=info.method, facts=facts_of(info))
    counted = spent.counted_uj
    return Energy(
        interval_uj=Interval(counted * info.low_factor, counted, counted * info.high_factor).outwards(),
        quality=info.quality,
        method=info.method,
        facts=facts_of(info),
        at_least=spent.torn or spent.silent_us > SILENT_MOST * (spent.silent_us + spent.known_us),
    )


async def _gone(trainer: LocalTrainer, job: str) -> None:
    """Wait until it ended: it is another program, which only can be looked at."""
    for _ in range(int(GONE_S / LOOK_S)):
        if (await trainer.look(job)).state != "running":
            return
        await asyncio.sleep(LOOK_S)
    await trainer.kill(job)


# -- the folder --------------------------------------------------------------------------------------------------------


def prepare(wanted: Wanted) -> Asked:
    """A new folder, or that of the same lesson begun before. Raises Conflict, SetUpError."""
    folder, digest = wanted.folder, wanted.text.sha256
    try:
        known = msgspec.json.decode((folder / ASKED).read_bytes(), type=Asked)
    except FileNotFoundError:
        known = None
    except (OSError, msgspec.MsgspecError):
        raise _other(folder) from None
    if known is not None:
        if (known.text_sha256, known.seed) != (digest, wanted.seed) or wanted.steps not in (None, known.steps or None):
            raise Conflict(
                f"{folder} holds a lesson of another text, or with other options.",
                remedy="Give another folder (--output), or the same text and options to go on with that one.",
                code="lesson_other",
                folder=str(folder),
            )
        return known
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise _other(folder)
    asked = Asked(text_sha256=digest, seed=wanted.seed)
    try:
        _fill(wanted)
        _write(folder / ASKED, msgspec.json.encode(asked))
    except OSError as refused:
        raise SetUpError(
            f"Nothing can be written in {folder}: {refused.strerror}.",
            remedy="Give a folder of your own: --output FOLDER",
            code="lesson_unwritten",
            folder=str(folder),
        ) from None
    return asked


def _other(folder: Path) -> Conflict:
    return Conflict(
        f"{folder} holds something else.",
        remedy="Give a folder that is empty, or not there yet: --output FOLDER",
        code="lesson_folder",
        folder=str(folder),
    )


def _fill(wanted: Wanted) -> None:
    """All that the program reads."""
    run, words = RunFolder(wanted.folder / RUN), wanted.text
    (run.corpus / "splits").mkdir(parents=True, exist_ok=True)
    for name, lines in words.splits().items():
        _write(run.corpus / "splits" / f"{name}.jsonl", lines.encode())
    settings = pace.first_settings(words.characters, threads=wanted.threads, seed=wanted.seed)
    _write(run.settings_path, msgspec.json.encode(settings))
    watch = Watch(shown=text.passage(words), given=text.guesses(words), begun=text.beginnings(words), seed=wanted.seed)
    _write(run.path / WATCH, msgspec.json.encode(watch))


def _write(path: Path, content: bytes) -> None:
    """Whole, or not at all."""
    aside = path.with_name(path.name + ".partial")
    aside.write_bytes(content)
    aside.replace(path)


def over(run: RunFolder) -> bool:
    """Whether it learnt to its end."""
    return any(isinstance(one, End) and one.reason in ("done", "early_stop") for one, _ in run.events())


def _last(run: RunFolder) -> int:
    """The byte after what was told so far."""
    return max((after for _, after in run.events()), default=0)


def _ended(run: RunFolder, since: int) -> End | None:
    """Its end, told since that byte."""
    return next((one for one, _ in run.events(since) if isinstance(one, End)), None)
