"""A child program under supervision: one life from load to unload, with restarts after a crash in between.

    stopped --ensure_ready--> loading --ready line--> ready --idle--> stopping --> stopped
                                 |                      |
                                 v                    crash
                               failed                   v
                     (tried again when asked,        waiting (back-off) --> loading
                      not before the back-off)

The child gets its configuration, secrets included, as one JSON line on stdin, and ends when stdin does: it cannot
outlive its parent. It answers on stdout with JSON lines. Each life has an empty folder of its own, and walls around it
(``affouage.walls``): the child reads its files, talks over its pipes or a socket in that folder, and reaches nothing
else. One task per life does everything in order; callers only wait for the state to turn. See ``child_side.py``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from affouage.adapters.engines import vital_signs
from affouage.adapters.engines.vital_signs import back_off_ms, failures_after_crash, hangs, load_progress
from affouage.clock import Clock
from affouage.errors import EngineFailed, EngineLoading
from affouage.pool.engine import EngineState, EngineStatus, Occupancy, Work
from affouage.walls.folder import own_folder

Phase = Literal["stopped", "loading", "ready", "stopping", "waiting", "failed"]
_STATUS: Mapping[Phase, EngineStatus] = {
    "stopped": "stopped",
    "loading": "loading",
    "ready": "ready",
    "stopping": "stopped",
    "waiting": "failed",
    "failed": "failed",
}
_LINE_LIMIT_BYTES = 32_000_000
_LAST_WORDS_BYTES = 4_096
_LOOK_S = 5.0
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class ChildProgram(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. ``module``: ``python -m`` name. ``expected_bytes``: memory of the loaded model, for progress.

    ``need_bytes``: memory to find free before a load; None: not known.

    ``environment`` is added to a short list of harmless variables; the parent's keys and settings are not inherited.
    ``reads``: the files it reads besides its libraries, asked before each load. ``listens``: it makes a socket in its
    folder. ``walled``: False leaves the walls out, for libraries of cards that they would stop.
    """

    module: str
    model_id: str
    config: Mapping[str, Any]
    environment: Mapping[str, str] = {}
    reads: Callable[[], Sequence[str]] = tuple
    listens: bool = False
    walled: bool = True
    expected_bytes: int | None = None
    need_bytes: int | None = None
    load_deadline_ms: int = 300_000
    idle_unload_ms: int = 900_000


class Child(msgspec.Struct, frozen=True):
    """A running child: its process, its folder and what its ready line said."""

    process: asyncio.subprocess.Process
    folder: Path
    ready: dict[str, Any]


class SupervisedChild:
    """Keeps one :class:`ChildProgram` alive while it is wanted.

    ``before_load`` is awaited before the process is made (it may refuse: EngineFailed), ``on_ready`` before callers are
    let in, ``on_gone`` whenever the process has ended.
    """

    def __init__(
        self,
        program: ChildProgram,
        *,
        clock: Clock,
        on_ready: Callable[[Child], Awaitable[None]],
        on_gone: Callable[[], Awaitable[None]],
        before_load: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._program = program
        self._clock = clock
        self._on_ready = on_ready
        self._on_gone = on_gone
        self._before_load = before_load
        self._phase: Phase = "stopped"
        self._turned = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._closed = False
        self._process: asyncio.subprocess.Process | None = None
        self._failure = EngineFailed(f"{program.model_id} is stopped.")
        self._failures = 0
        self._retry_at_us = 0
        self._admitted = False
        self._in_use = 0
        self._used_at_us = 0
        self._heard_at_us = 0
        self._begun = asyncio.Event()
        self._sent_away = asyncio.Event()
        self._hung = False
        self._past_cpu_us = 0
        self._seen_cpu_us = 0

    # --- What callers see ---------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def state(self) -> EngineState:
        status = _STATUS[self._phase]
        progress = self._progress() if self._phase == "loading" else None
        detail = self._failure.message if status == "failed" else ""
        return EngineState(status, progress=progress, retry_after_s=self._retry_after_s(), detail=detail)

    def work(self) -> Work:
        """CPU time of all the lives of this child; it never goes back. None before the first."""
        current = self._read_cpu_us()
        total = self._past_cpu_us + (self._seen_cpu_us if current is None else current)
        return Work(cpu_us=total if total or current is not None else None)

    def occupancy(self) -> Occupancy:
        """A child counts from the moment it is let in, before it has taken anything."""
        idle = self._phase == "ready" and not self._in_use
        return Occupancy(
            loaded=self._admitted,
            need_bytes=self._program.need_bytes,
            private_bytes=self._private_bytes(),
            idle_since_us=self._used_at_us if idle else None,
        )

    async def unload(self) -> None:
        """End the life of a ready child that nobody uses, and wait until its memory is back."""
        if self._phase != "ready" or self._in_use:
            return
        self._turn("stopping")  # before anything is awaited: nobody is let in any more
        self._sent_away.set()
        await self._turned.wait()

    async def ensure_ready(self, wait_ms: int) -> None:
        """Start a life if there is none and wait. Raises EngineLoading after ``wait_ms``, EngineFailed if it cannot."""
        self._used_at_us = self._clock.monotonic_us()
        try:
            async with asyncio.timeout(wait_ms / 1000):
                while self._phase != "ready":
                    self._start_if_needed()
                    await self._turned.wait()
        except TimeoutError:
            if self._phase == "waiting":
                raise self._why_not() from None
            model_id, again_s = self._program.model_id, self._retry_after_s()
            raise EngineLoading(model_id, progress=self._progress(), retry_after_s=again_s) from None
        self._used_at_us = self._clock.monotonic_us()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """While held, the child is not idle and owes an answer. Raises EngineFailed when it is not ready."""
        if self._phase != "ready":
            raise self._why_not()
        self._in_use += 1
        self.heard()
        self._begun.set()
        try:
            yield
        finally:
            self._in_use -= 1
            self._used_at_us = self._clock.monotonic_us()
            if not self._in_use:
                self._begun.clear()

    def heard(self) -> None:
        """The child has said something: it does not hang."""
        self._heard_at_us = self._clock.monotonic_us()

    async def doubted(self, pid: int | None) -> None:
        """A caller lost its connection to the child ``pid``. Connections break before an exit is noticed: wait for
        that, a second at most, so that whoever asks next is made to wait for the restart instead of failing too.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while self._phase == "ready" and self.pid == pid:
                    await self._turned.wait()

    def kill(self) -> None:
        """End a child that no longer answers; the supervision then restarts it."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def close(self) -> None:
        """End the life, if any, and wait until the process is gone. Idempotent."""
        self._closed = True
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
            await asyncio.wait((life,))
            if not life.cancelled() and (bug := life.exception()):
                raise bug

    # --- One life -----------------------------------------------------------------------------------------------------

    def _start_if_needed(self) -> None:
        if self._closed:
            raise EngineFailed(f"{self._program.model_id} has been closed.")
        if self._phase == "failed" and self._clock.monotonic_us() < self._retry_at_us:
            raise self._why_not()
        if self._phase in ("stopped", "failed"):
            self._turn("loading")
            self._life = asyncio.create_task(self._live(), name=f"life of {self._program.model_id}")

    async def _live(self) -> None:
        """Load, serve until idle; after a crash wait and load again. A load that fails ends the life."""
        last: Phase = "stopped"
        try:
            while await self._load_and_serve():
                await asyncio.sleep(back_off_ms(self._failures) / 1000)
                self._turn("loading")
        except EngineFailed as failure:
            last = "failed"
            self._count(failure)
        except Exception as bug:  # told to callers now, and raised by close()
            last = "failed"
            self._count(EngineFailed(f"{self._program.model_id} failed to start ({type(bug).__name__})."))
            raise
        finally:
            self._turn(last)

    async def _load_and_serve(self) -> bool:
        """Whether the child crashed (and is wanted again); False when it was idle. Raises EngineFailed."""
        with tempfile.TemporaryFile() as last_words, own_folder() as folder:
            try:
                if self._before_load is not None:
                    await self._before_load()
                self._admitted = True
                child = await self._load(last_words, folder)
                ready_at_us = self._used_at_us = self._clock.monotonic_us()
                self._turn("ready")
                crashed = await self._serve(child.process)
                if crashed:
                    failures = failures_after_crash(self._failures, self._clock.monotonic_us() - ready_at_us)
                    how = "it hung" if self._hung else _how(child.process)
                    self._count(EngineFailed(f"{self._program.model_id} stopped: {how}."), failures)
                    self._turn("waiting")  # before anything is awaited: nobody is let in any more
                return crashed
            finally:
                self._admitted = False
                await self._end()

    async def _load(self, last_words: IO[bytes], folder: Path) -> Child:
        process = self._process = await self._spawn(last_words, folder)
        self._seen_cpu_us = 0
        try:
            async with asyncio.timeout(self._program.load_deadline_ms / 1000):
                child = Child(process, folder, await self._handshake(process, last_words, folder))
                await self._on_ready(child)
        except TimeoutError:
            limit_s = self._program.load_deadline_ms // 1000
            raise EngineFailed(f"{self._program.model_id} did not load within {limit_s} s.") from None
        return child

    async def _spawn(self, last_words: IO[bytes], folder: Path) -> asyncio.subprocess.Process:
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        try:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", self._program.module),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=last_words,
                cwd=folder,
                env={**environment, "TMPDIR": str(folder), **self._program.environment},
                start_new_session=True,  # the terminal's Ctrl-C is for the parent, which then ends the child itself
                limit=_LINE_LIMIT_BYTES,
            )
        except OSError as refused:
            raise EngineFailed(f"The child program cannot be started: {refused.strerror}.") from refused

    async def _handshake(
        self, process: asyncio.subprocess.Process, last_words: IO[bytes], folder: Path
    ) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        told = {**self._program.config, "parent": os.getpid()}
        if self._program.walled:
            listens_in = str(folder) if self._program.listens else None
            told["walls"] = {"reads": self._program.reads(), "listens_in": listens_in}
        with suppress(ConnectionError):  # died at once: the empty line below tells
            process.stdin.write(msgspec.json.encode(told) + b"\n")
            await process.stdin.drain()
        line = await process.stdout.readline()
        answer = said(line)
        if answer.get("event") == "ready":
            return answer
        if not answer:
            await process.wait()
        reason = answer.get("reason") or f"it stopped while loading ({_how(process)})"
        raise EngineFailed(
            f"{self._program.model_id} cannot be loaded: {reason}.{_told(last_words)}",
            remedy=answer.get("remedy") or "Check the model file and the free memory with `affouage doctor`.",
        )

    async def _serve(self, process: asyncio.subprocess.Process) -> bool:
        """Wait until the process ends (True), is sent away or has not been used for long enough (False)."""
        self._hung = False
        self._sent_away.clear()
        idle = asyncio.create_task(self._until_idle())
        gone = asyncio.create_task(process.wait())
        watch = asyncio.create_task(self._end_if_it_hangs())
        try:
            await asyncio.wait((idle, gone), return_when=asyncio.FIRST_COMPLETED)
            return not idle.done()
        finally:
            for task in (idle, gone, watch):
                task.cancel()
            await asyncio.gather(idle, gone, watch, return_exceptions=True)

    async def _until_idle(self) -> None:
        while not self._sent_away.is_set():
            left_ms = self._idle_left_ms()
            if left_ms <= 0:
                self._turn("stopping")  # likewise
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(left_ms / 1000):
                    await self._sent_away.wait()

    async def _end_if_it_hangs(self) -> None:
        """Kill a child that owes an answer, says nothing and does nothing. Asleep while nobody waits for it."""
        while not self._hung:
            await self._begun.wait()
            cpu_us = self._read_cpu_us()
            await asyncio.sleep(_LOOK_S)
            silence_us = self._clock.monotonic_us() - self._heard_at_us
            if self._in_use and hangs(silence_us, cpu_us, self._read_cpu_us()):
                self._hung = True
                self.kill()

    def _idle_left_ms(self) -> int:
        idle_ms = 0 if self._in_use else (self._clock.monotonic_us() - self._used_at_us) // 1000
        return self._program.idle_unload_ms - idle_ms

    async def _end(self) -> None:
        """No process is left when this returns, nor when it is cancelled."""
        process = self._process
        if process is None:
            return
        try:
            self._read_cpu_us()
            await self._on_gone()
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
                with suppress(TimeoutError):
                    async with asyncio.timeout(2):
                        await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            self._process = None
            self._past_cpu_us += self._seen_cpu_us
            self._seen_cpu_us = 0
        await process.wait()

    # --- Small facts --------------------------------------------------------------------------------------------------

    def _turn(self, phase: Phase) -> None:
        self._phase = phase
        turned, self._turned = self._turned, asyncio.Event()
        turned.set()

    def _count(self, failure: EngineFailed, failures: int | None = None) -> None:
        self._failures = self._failures + 1 if failures is None else failures
        self._failure = failure
        self._retry_at_us = self._clock.monotonic_us() + back_off_ms(self._failures) * 1000

    def _why_not(self) -> EngineFailed:
        seen = self._failure
        return EngineFailed(
            seen.message, remedy=seen.remedy, code=seen.code, retry_after_s=self._retry_after_s(), **seen.details
        )

    def _retry_after_s(self) -> int:
        if self._phase in ("waiting", "failed"):
            return max(1, -(-(self._retry_at_us - self._clock.monotonic_us()) // 1_000_000))
        return 2

    def _progress(self) -> float | None:
        resident = vital_signs.resident_bytes(self._process.pid) if self._process else None
        return load_progress(resident, self._program.expected_bytes)

    def _private_bytes(self) -> int:
        return (vital_signs.private_bytes(self._process.pid) if self._process else None) or 0

    def _read_cpu_us(self) -> int | None:
        if self._process is None or self._process.returncode is not None:
            return None
        seen_us = vital_signs.cpu_us(self._process.pid)
        if seen_us is None:
            return None
        self._seen_cpu_us = max(self._seen_cpu_us, seen_us)
        return self._seen_cpu_us


def said(line: bytes) -> dict[str, Any]:
    """A line from a child; {} when it was cut short or is not one of ours."""
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _how(process: asyncio.subprocess.Process) -> str:
    code = process.returncode
    if code == -4:
        return "signal 4, an instruction this processor does not have"
    if code == -9:
        return "signal 9, perhaps for want of memory"
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _told(last_words: IO[bytes]) -> str:
    """The child's last words before it was ready; no prompt can be in them, for none had been sent."""
    last_words.seek(0, os.SEEK_END)
    last_words.seek(max(0, last_words.tell() - _LAST_WORDS_BYTES))
    lines = last_words.read().decode(errors="replace").splitlines()
    telling = [line.strip() for line in lines if " E " in line or "rror" in line]
    return f" ({' '.join(telling[-2:])[:500]})" if telling else ""
