"""Programs of the bench: compiled once, held on one core each, their processor time read from the system.

The stand-in for a model server and the program that asks are in C (``native/``): in Python they would need more of the
machine than what is measured.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import psutil

from tests.conftest import CACHE

NATIVE = Path(__file__).parent / "native"
PATIENCE_S = 90.0
LOOKS = 0.05
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
ASKING, ANSWERING = CORES[0], CORES[-1]
"""The stand-in and the program that asks share a core; what is measured has another, if there are two."""


class NoCompiler(RuntimeError):
    """The bench needs one."""


class Heard(msgspec.Struct, frozen=True):
    """What came back; times in microseconds, -1 for none. ``missing`` and ``reordered``: words that did not come, or
    not in their turn; ``broken``: answers without an end."""

    requests: int
    seconds: float
    wrong_status: int
    broken: int
    words: int
    missing: int
    reordered: int
    wait_p50_us: float
    wait_p99_us: float
    first_p50_us: float
    first_p99_us: float

    @property
    def per_s(self) -> float:
        return self.requests / self.seconds

    @property
    def wrong(self) -> int:
        """Everything that should not have been."""
        return self.wrong_status + self.broken + self.missing + self.reordered


class Load(msgspec.Struct, frozen=True):
    """``words`` of each answer; ``pace_ms`` between two of them. ``gap_us``: one begins every so often; 0: as soon as
    one of the ``at_once`` has ended."""

    at_once: int
    requests: int
    words: int = 1
    stream: bool = False
    pace_ms: int = 0
    gap_us: int = 0


def compiled(name: str) -> Path:
    """The program, compiled unless it was from the same source. Raises NoCompiler."""
    source = NATIVE / f"{name}.c"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    program = CACHE / "bench" / f"{name}-{digest}"
    if not program.exists():
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise NoCompiler("The bench compiles two small programs: install a C compiler (gcc, libc6-dev).")
        program.parent.mkdir(parents=True, exist_ok=True)
        made = program.with_suffix(f".{os.getpid()}")
        if subprocess.run([compiler, "-O2", "-o", str(made), str(source)], stderr=subprocess.DEVNULL).returncode:
            raise NoCompiler(f"{compiler} could not compile {source.name}: is libc6-dev installed?")
        made.replace(program)
    return program


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@asynccontextmanager
async def running(
    program: Sequence[str | Path],
    *,
    core: int,
    port: int = 0,
    environ: dict[str, str] | None = None,
    quiet: bool = True,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program held on one core, while open; once ``port`` (if any) listens. It ends with its standard input."""
    pinned = ["taskset", "-c", str(core), *map(str, program)] if shutil.which("taskset") else [*map(str, program)]
    process = await asyncio.create_subprocess_exec(
        *pinned,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL if quiet else None,
        env=os.environ | (environ or {}),
    )
    try:
        if port:
            await listening(port, process)
        yield process
    finally:
        await ended(process)


async def listening(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if process.returncode is not None:
                raise RuntimeError(f"a program of the bench ended with {process.returncode} before it listened")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(LOOKS)
            else:
                writer.close()
                return


async def ended(process: asyncio.subprocess.Process) -> None:
    """Stopped in order, or killed."""
    if process.returncode is None:
        assert process.stdin is not None
        process.stdin.close()
        process.terminate()
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def ask(port: int, key: str, load: Load) -> Heard:
    """Ask, and check every word of every answer."""
    words = (port, key, load.pace_ms, load.words, int(load.stream), load.at_once, load.requests, load.gap_us)
    async with running([compiled("load"), *map(str, words)], core=ASKING, quiet=False) as process:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError(f"nothing was heard at port {port}")
        await process.wait()
        return msgspec.json.decode(line, type=Heard)


def family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def processor_us(pid: int) -> float:
    """Microseconds of processor that a program and its children used so far, by the scheduler's own count."""
    total = 0
    for one in family(pid):
        for told in Path(f"/proc/{one.pid}/task").glob("*/schedstat"):
            try:
                total += int(told.read_text().split()[0])
            except (OSError, IndexError):
                continue  # a thread that has just ended
    return total / 1000


def memory_bytes(pid: int) -> int:
    return sum(one.memory_info().rss for one in family(pid))
