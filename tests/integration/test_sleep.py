"""Sleep: real commands in real processes, a clock that moves when told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from affouage.errors import SettingsError
from affouage.inference.sleep import Sleep, read_command, run_once
from affouage.pool.engine import Engine
from affouage.pool.node import Node
from affouage.testing import EchoEngine, ManualClock

HALF_HOUR_MS = 30 * 60_000


class Bed:
    """A machine that writes a line in a file each time it is told to sleep."""

    def __init__(self, tmp_path: Path, command: str = "") -> None:
        self.notes = tmp_path / "it's asleep.txt"
        script = tmp_path / "suspend.sh"
        script.write_text('#!/bin/sh\necho asleep >> "$1"\n')
        script.chmod(0o755)
        self.clock = ManualClock()
        self.engine = EchoEngine("echo", make_room=self._room)
        self.busy = False
        self.sleep = Sleep(
            Node([self.engine]),
            self.clock,
            command=command or f'{script} "{self.notes}"',
            after_ms=HALF_HOUR_MS,
            busy=lambda: self.busy,
            look_s=0.005,
        )

    async def _room(self, _engine: Engine) -> None:
        return None

    def times(self) -> int:
        return len(self.notes.read_text().splitlines()) if self.notes.exists() else 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Bed]:
        await self.engine.ensure_ready(0)
        async with self.sleep.running():
            yield self


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (a process has no event to wait for)
            await asyncio.sleep(0.005)


async def a_while() -> None:
    """Time for many looks."""
    await asyncio.sleep(0.1)


def test_after_half_an_hour_models_leave_and_the_command_runs_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with Bed(tmp_path).open() as bed:
            bed.clock.advance(ms=HALF_HOUR_MS - 1)
            await a_while()
            assert bed.times() == 0
            assert bed.engine.occupancy().loaded
            bed.clock.advance(ms=1)
            await until(lambda: bed.times() == 1)
            assert not bed.engine.occupancy().loaded
            bed.clock.advance(ms=10 * HALF_HOUR_MS)
            await a_while()
            assert bed.times() == 1, "once, until somebody asks"

    asyncio.run(story())


def test_a_question_begins_the_time_again_and_arms_it_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with Bed(tmp_path).open() as bed:
            bed.clock.advance(ms=HALF_HOUR_MS - 1)
            bed.sleep.note_question()
            bed.clock.advance(ms=HALF_HOUR_MS - 1)
            await a_while()
            assert bed.times() == 0
            bed.clock.advance(ms=1)
            await until(lambda: bed.times() == 1)
            bed.sleep.note_question()
            bed.clock.advance(ms=HALF_HOUR_MS)
            await until(lambda: bed.times() == 2)

    asyncio.run(story())


def test_never_while_an_answer_is_under_way_and_the_time_counts_from_its_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with Bed(tmp_path).open() as bed:
            bed.busy = True
            bed.clock.advance(ms=3 * HALF_HOUR_MS)
            await a_while()
            bed.busy = False
            bed.clock.advance(ms=HALF_HOUR_MS - 1)
            await a_while()
            assert bed.times() == 0
            bed.clock.advance(ms=1)
            await until(lambda: bed.times() == 1)

    asyncio.run(story())


@pytest.mark.parametrize(("command", "why"), [("/nowhere/suspend --now", "No such file"), ("false", "exit status 1")])
def test_a_failure_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture, command: str, why: str) -> None:
    async def story() -> None:
        async with Bed(tmp_path, command).open() as bed:
            for _ in range(3):
                bed.sleep.note_question()
                bed.clock.advance(ms=HALF_HOUR_MS)
                await until(lambda: not bed.sleep._armed.is_set())
                await a_while()

    with caplog.at_level(logging.WARNING, "affouage.sleep"):
        asyncio.run(story())
    (told,) = [record.getMessage() for record in caplog.records]
    assert why in told
    assert "--now" not in told


def test_without_a_command_nothing_is_ever_done() -> None:
    async def story() -> None:
        before = asyncio.all_tasks()
        idle = Sleep(Node([]), ManualClock(), command="", after_ms=0, busy=lambda: False, look_s=0.001)
        async with idle.running():
            idle.note_question()
            assert asyncio.all_tasks() == before

    asyncio.run(story())


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    assert read_command(f"echo a; touch {trap} && $(x)") == ["echo", "a;", "touch", str(trap), "&&", "$(x)"]
    assert asyncio.run(run_once(read_command(f"echo a; touch {trap}"))) == ""
    assert not trap.exists()
    with pytest.raises(SettingsError) as refused:
        read_command('systemctl "suspend')
    assert "suspend_command" in refused.value.message


def test_leaving_while_the_command_runs_leaves_no_process(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    async def story() -> None:
        async with Bed(tmp_path, f"sh -c 'echo $$ > {pid}; exec sleep 600'").open() as bed:
            bed.clock.advance(ms=HALF_HOUR_MS)
            await until(lambda: pid.exists() and pid.read_text().strip().isdigit())

    asyncio.run(story())
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()
