"""Several processes that take turns, watched: who was served when, and never too many at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from tests.integration.turns_taken import Plan


class Taken:
    """Turns as they were told. ``lost``: those whose slot was given to somebody else meanwhile."""

    def __init__(self) -> None:
        self.begun: dict[str, tuple[str, int]] = {}
        self.ended: dict[str, tuple[str, int, int]] = {}

    def note(self, kind: str, *facts: Any) -> None:
        if kind == "begun":
            self.begun[facts[0]] = (facts[1], facts[2])
        elif kind == "ended":
            self.ended[facts[0]] = (facts[1], facts[2], facts[3])

    @property
    def lost(self) -> list[str]:
        return [name for name, (_, _, tokens) in self.ended.items() if tokens < 0]

    @property
    def held(self) -> set[str]:
        """Those that go on."""
        return self.begun.keys() - self.ended.keys()

    def spanning(self, from_ns: int, to_ns: int) -> Iterator[tuple[str, int]]:
        """Those that had begun before the first moment, and ended, or were lost, after the second: when."""
        for name, (_, ended_ns, _) in self.ended.items():
            if self.begun[name][1] < from_ns and ended_ns > to_ns:
                yield name, ended_ns

    def tokens(self) -> Counter[str]:
        """By member, of whole turns."""
        found: Counter[str] = Counter()
        for member, _, tokens in self.ended.values():
            found[member] += max(0, tokens)
        return found


class Process:
    """A gateway's process, and what it tells."""

    def __init__(self, plan: Plan) -> None:
        self.taken = Taken()
        self.ready = threading.Event()
        self.over = False
        words = [sys.executable, "-m", "tests.integration.turns_taken", msgspec.json.encode(plan).decode()]
        self.popen = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            if line.endswith(b"\n"):
                kind, *facts = msgspec.json.decode(line)
                self.ready.set()
                self.over = self.over or kind == "end"
                self.taken.note(kind, *facts)

    def begin(self) -> None:
        assert self.popen.stdin is not None
        assert self.ready.wait(60)
        self.popen.stdin.write(b"go\n")
        self.popen.stdin.flush()

    def gone(self, within_s: float = 60) -> None:
        self.popen.wait(timeout=within_s)
        self._thread.join(timeout=within_s)


@contextmanager
def processes(plans: Sequence[Plan]) -> Iterator[list[Process]]:
    """All begun together, once all are ready; none is left."""
    started = [Process(plan) for plan in plans]
    try:
        for one in started:
            assert one.ready.wait(60)
        for one in started:
            one.begin()
        yield started
    finally:
        for one in started:
            one.popen.kill()
            one.gone()


def until_turns(started: Iterable[Process], many: int, within_s: float = 60) -> None:
    """Until so many turns have ended in all. Raises TimeoutError."""
    watched, pause = list(started), threading.Event()
    end_s = time.monotonic() + within_s
    while sum(len(one.taken.ended) for one in watched) < many:
        if time.monotonic() > end_s:
            raise TimeoutError(f"fewer than {many} turns in {within_s:g} s")
        pause.wait(0.02)


def end(started: Sequence[Process]) -> None:
    """All at the same moment, in order: they give back what they have."""
    for one in started:
        assert one.popen.stdin is not None
        one.popen.stdin.close()
    for one in started:
        one.gone()
        assert one.over


def held_at(*takens: Taken) -> list[tuple[int, int]]:
    """Moments (ns), and how many turns were held from each of them on, those that were lost or never ended aside."""
    changes: list[tuple[int, int]] = []
    for taken in takens:
        for name, (_, ended_ns, tokens) in list(taken.ended.items()):
            if tokens >= 0:
                changes += [(taken.begun[name][1], 1), (ended_ns, -1)]
    held, moments = 0, []
    for moment, change in sorted(changes):
        held += change
        moments.append((moment, held))
    return moments


def most_at_once(takens: Iterable[Taken]) -> int:
    """The most turns that were held at the same moment."""
    return max(held for _, held in held_at(*takens))
