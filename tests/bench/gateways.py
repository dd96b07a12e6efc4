"""The gateway beside others, before the same stand-in for a model, in rounds whose order is reversed each time.

Primary is the processor time of a request, or of a streamed word, summed over all the threads and children of a
program: it holds on a busy machine better than any duration. A ratio is taken within a round; what is told is the
median of the rounds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from tests.bench import programs
from tests.bench.figures import Row, Section, row
from tests.bench.programs import Heard, Load
from tests.bench.targets import OTHERS, OURS, Missing, Target, stand_in

ALL, OFF = "affouage, all", "affouage, off"
FULLY = ("direct", "nginx", "naive", "litellm", OFF, ALL)
"""Those that every kind of load is tried on; the others of ours get the first kind alone."""
CROWD = ("direct", "nginx", OFF, ALL)
"""Those before which 400 answers stream at once: the others are not up to it, and would take minutes."""
SHORT, LONG = 1, 100
"""Words of an answer: where the cost of a request is looked at, and where that of a word is."""


class Size(msgspec.Struct, frozen=True):
    """How much of each kind. ``spell_s``: how long a closed loop runs, about."""

    rounds: int = 3
    spell_s: float = 1.2
    open_s: float = 1.5
    streams: tuple[int, ...] = (64,)
    crowd: int = 400
    words: int = LONG
    at_once: tuple[int, ...] = (1, 32)


FULL = Size(rounds=7, streams=(1, 64), at_once=(1, 8, 32))
TINY = Size(rounds=1, spell_s=0.05, open_s=0.05, streams=(2,), crowd=4, words=5, at_once=(2,))


class Measured(msgspec.Struct, frozen=True):
    """One load on one target. ``cpu_us``: of the whole program, meanwhile."""

    heard: Heard
    cpu_us: float

    @property
    def per_request_us(self) -> float:
        return self.cpu_us / self.heard.requests

    @property
    def per_word_us(self) -> float:
        return self.cpu_us / max(1, self.heard.words)


class Bench:
    """Targets that run, and what was found of each: by target and load, a value a round."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.targets: dict[str, Target] = {}
        self.missing: dict[str, str] = {}
        self.found: dict[tuple[str, str], list[Measured]] = {}
        self.memory: dict[str, tuple[int, int]] = {}
        """Idle, and after all rounds."""
        self._speed: dict[str, float] = {}

    async def open(self, stack: AsyncExitStack, folder: Path, names: Sequence[str]) -> None:
        direct = await stack.enter_async_context(stand_in())
        self.targets["direct"] = direct
        for name in names:
            try:
                start = {**OTHERS, **OURS}[name]
                self.targets[name] = await stack.enter_async_context(start(direct.port, folder))
            except Missing as why:
                self.missing[name] = str(why)
        for name, target in self.targets.items():
            await self._warm(target)
            self.memory[name] = (programs.memory_bytes(target.pid), 0)

    async def _warm(self, target: Target) -> None:
        """Until its speed is known: loops then last about as long for each."""
        for stream in (True, False):
            heard = await programs.ask(target.port, target.key, Load(8, 40, SHORT, stream=stream))
            if heard.wrong:
                raise RuntimeError(f"{target.name} answers wrongly: {heard}")
        self._speed[target.name] = heard.per_s

    async def run(self) -> None:
        for number in range(self.size.rounds):
            names = list(self.targets)
            for name in names if number % 2 else reversed(names):
                await self._all_of(name)
            print(f"gateways: round {number + 1} of {self.size.rounds}", file=sys.stderr)
        for name, target in self.targets.items():
            self.memory[name] = (self.memory[name][0], programs.memory_bytes(target.pid))

    async def _all_of(self, name: str) -> None:
        size = self.size
        for at_once in size.at_once:
            if at_once == size.at_once[-1] or name in FULLY:
                requests = min(20_000, max(2 * at_once, round(self._speed[name] * size.spell_s)))
                heard = await self._measure(name, f"closed {at_once}", Load(at_once, requests, SHORT))
                self._speed[name] = max(heard.per_s, 1.0)
        if name not in FULLY:
            return
        await self._measure(name, "open", Load(64, max(2, round(100 * size.open_s)), SHORT, gap_us=10_000))
        for streams in size.streams:
            load = Load(streams, streams, size.words, stream=True, pace_ms=10)
            await self._measure(name, f"streams {streams}", load)
        if name in CROWD:
            load = Load(size.crowd, size.crowd, size.words, stream=True, pace_ms=10)
            await self._measure(name, "crowd", load)

    async def _measure(self, name: str, kind: str, load: Load) -> Heard:
        target = self.targets[name]
        before_us = programs.processor_us(target.pid)
        heard = await programs.ask(target.port, target.key, load)
        measured = Measured(heard, programs.processor_us(target.pid) - before_us)
        self.found.setdefault((name, kind), []).append(measured)
        return heard

    # -- figures -------------------------------------------------------------------------------------------------

    def values(self, name: str, kind: str, value: Callable[[Measured], float]) -> list[float]:
        return [value(one) for one in self.found.get((name, kind), [])]

    def ratios(self, kind: str, one: str, other: str, value: Callable[[Measured], float]) -> list[float]:
        """Within each round; none when one of them was not measured."""
        pairs = zip(self.values(one, kind, value), self.values(other, kind, value), strict=False)
        return [a / b for a, b in pairs if b > 0]

    def added(self, kind: str, name: str, value: Callable[[Measured], float]) -> list[float]:
        """Milliseconds over the stand-in called directly, within each round."""
        pairs = zip(self.values(name, kind, value), self.values("direct", kind, value), strict=False)
        return [(a - b) / 1000 for a, b in pairs]


def sections(bench: Bench) -> list[Section]:
    busy, streams = f"closed {bench.size.at_once[-1]}", f"streams {bench.size.streams[-1]}"
    found = [
        Section("Compared, within each round", _compared(bench, busy, streams)),
        Section("Processor time of a request", _requests(bench, busy)),
        Section("Streamed words", _streams(bench, streams)),
        Section("Added to a request, over the stand-in called directly", _added(bench, streams)),
        Section("Memory and start", _memory(bench)),
    ]
    left_out = [Section(name, skipped=why) for name, why in bench.missing.items()]
    return [one for one in found if one.rows] + left_out


def _compared(bench: Bench, busy: str, streams: str) -> list[Row]:
    request, word = Measured.per_request_us.fget, Measured.per_word_us.fget  # type: ignore[attr-defined]
    targets = [
        ("P1", busy, "request, all / nginx", ALL, "nginx", request, {"most": 10}),
        ("P2", busy, "request, naive / all", "naive", ALL, request, {"least": 5}),
        ("P3", busy, "request, litellm / all", "litellm", ALL, request, {"least": 30}),
        ("P4", busy, "request, all / off", ALL, OFF, request, {"most": 1.6}),
        ("P5", streams, "streamed word, all / nginx", ALL, "nginx", word, {"most": 3}),
    ]
    rows = []
    for mark, kind, name, one, other, value, target in targets:
        if ratios := bench.ratios(kind, one, other, value):
            rows.append(row(f"processor time of a {name}", "x", ratios, mark, **target))
    if speed := bench.ratios(busy, "affouage, ledger", "affouage, scheduler", lambda one: one.heard.per_s):
        rows.append(row("requests/s, with the ledger / without", "x", speed, "P10", least=0.85))
    lost = bench.values(ALL, "crowd", lambda one: one.heard.missing + one.heard.reordered + one.heard.broken)
    if lost:
        rows.append(row(f"words lost or out of turn, {bench.size.crowd} streams", "", [max(lost)], "P7", most=0))
    return rows


def _requests(bench: Bench, busy: str) -> list[Row]:
    rows = []
    for name in bench.targets:
        if name != "direct" and (values := bench.values(name, busy, lambda one: one.per_request_us)):
            rows.append(row(f"{name}, {busy.split()[1]} at once", "us", values))
    for name in bench.targets:
        if values := bench.values(name, busy, lambda one: one.heard.per_s):
            rows.append(row(f"requests/s, {name}", "1/s", values))
    return rows


def _streams(bench: Bench, streams: str) -> list[Row]:
    rows = []
    for name in bench.targets:
        if name != "direct" and (values := bench.values(name, streams, lambda one: one.per_word_us)):
            rows.append(row(f"processor time of a word, {name}, {streams.split()[1]} streams", "us", values))
    for name in bench.targets:
        if values := bench.values(name, "crowd", lambda one: one.heard.words / one.heard.seconds):
            rows.append(row(f"words/s, {name}, {bench.size.crowd} streams", "1/s", values))
    wrong = {name: bench.values(name, streams, lambda one: one.heard.wrong) for name in bench.targets}
    rows += [row(f"words missing, {name}", "", [max(values)], most=0) for name, values in wrong.items() if values]
    return rows


def _added(bench: Bench, streams: str) -> list[Row]:
    rows = []
    for name in bench.targets:
        if name == "direct" or not (half := bench.added("open", name, lambda one: one.heard.wait_p50_us)):
            continue
        rows.append(row(f"whole answer, median, {name}, 100 requests/s", "ms", half))
        first = bench.added(streams, name, lambda one: one.heard.first_p50_us)
        last = bench.added(streams, name, lambda one: one.heard.first_p99_us)
        target = {"most": 5} if name == ALL else {}
        rows.append(row(f"first word, median, {name}, {streams.split()[1]} streams", "ms", first))
        rows.append(row(f"first word, p99, {name}", "ms", last, "P6" if target else "", **target))
    return rows


def _memory(bench: Bench) -> list[Row]:
    rows = []
    for name, target in bench.targets.items():
        if name not in FULLY:
            continue
        idle, after = bench.memory[name]
        rows.append(row(f"memory once warm, {name}", "MB", [idle / 1e6]))
        rows.append(row(f"memory after all rounds, {name}", "MB", [after / 1e6]))
        rows.append(row(f"start until it listens, {name}", "s", [target.boot_s]))
    return rows


async def measure(size: Size, folder: Path, names: Sequence[str] = (*OTHERS, *OURS)) -> list[Section]:
    """The whole comparison."""
    async with AsyncExitStack() as stack:
        bench = Bench(size)
        await bench.open(stack, folder, names)
        await bench.run()
        return sections(bench)
