"""The machine: interpreter, processor, engine library, memory, clock, temporary folder."""

from __future__ import annotations

import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from affouage.cli.checks import Finding, ok, problem, warning

OLDEST_PYTHON = (3, 11)
NOT_BEFORE_MS = 1_763_000_000_000
"""November 2025: this software did not exist yet, so a clock that shows less is wrong."""
LEAST_TEMPORARY_BYTES = 100_000_000
_IMPORT_S = 60


def check_machine(now_ms: int) -> Iterator[Finding]:
    yield check_python(sys.version_info[:3])
    yield check_processor(platform.machine(), _cpuinfo())
    yield check_engine_library(sys.executable)
    yield check_memory_seen()
    yield check_clock(now_ms)
    yield check_temporary_folder()


def check_python(version: tuple[int, int, int]) -> Finding:
    text = ".".join(map(str, version))
    if version[:2] < OLDEST_PYTHON:
        return problem("python", f"Python {text} is too old.", "Install Python 3.11 or later, then `make install`.")
    return ok("python", f"Python {text}.")


def check_processor(machine: str, cpuinfo: str | None) -> Finding:
    """``cpuinfo``: the text of /proc/cpuinfo, None where there is none."""
    from affouage.adapters.engines.llama_child import missing_features

    if machine not in ("x86_64", "AMD64"):
        return ok("processor", f"{machine}: no particular instruction is needed.")
    if cpuinfo is None:
        return warning(
            "processor", "Its instructions cannot be seen on this system.", "It needs AVX2, FMA, F16C and BMI2."
        )
    missing = missing_features(cpuinfo)
    if missing:
        return problem(
            "processor",
            f"It lacks {', '.join(missing)}, which the embedded engine needs.",
            "Use a machine of 2013 or later, or an OpenAI-compatible server: docs/how-to/add-an-engine.md.",
        )
    return ok("processor", "It has the instructions the embedded engine needs.")


def check_engine_library(python: str) -> Finding:
    """Import the library in a process of its own: on a wrong machine it ends the process rather than raise."""
    remedy = "Run `make install` again; if that does not help, use another engine: docs/how-to/add-an-engine.md."
    program = "import xllamacpp; print(xllamacpp.__version__)"
    try:
        tried = subprocess.run([python, "-c", program], capture_output=True, text=True, timeout=_IMPORT_S)
    except (OSError, subprocess.TimeoutExpired) as refused:
        return problem("engine", f"xllamacpp cannot be tried ({type(refused).__name__}).", remedy)
    if tried.returncode < 0:
        name = signal.Signals(-tried.returncode).name
        return problem("engine", f"Loading xllamacpp ends the process ({name}).", remedy)
    if tried.returncode > 0:
        last = tried.stderr.strip().splitlines()[-1:] or ["no reason given"]
        return problem("engine", f"xllamacpp cannot be imported: {last[0]}.", remedy)
    return ok("engine", f"llama.cpp (xllamacpp {tried.stdout.strip()}) loads.")


def check_memory_seen() -> Finding:
    from affouage.catalogue.machine import memory

    seen = memory()
    if seen.total_bytes is None:
        return warning("memory", "This system does not tell its memory.", "See for yourself which models fit.")
    free = "unknown" if seen.available_bytes is None else f"{seen.available_bytes / 1e9:.1f} GB"
    return ok("memory", f"{seen.total_bytes / 1e9:.1f} GB, of which {free} available.")


def check_clock(now_ms: int) -> Finding:
    if now_ms < NOT_BEFORE_MS:
        return problem(
            "clock",
            "The date of this machine is before this software was written.",
            "Set the clock: sessions, keys and receipts depend on it.",
        )
    return ok("clock", "The date is plausible.")


def check_temporary_folder() -> Finding:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"affouage")
        folder = Path(tempfile.gettempdir())
        free = shutil.disk_usage(folder).free
    except OSError as refused:
        return problem(
            "temporary folder", f"It cannot be written: {refused.strerror}.", "Set TMPDIR to a folder that can."
        )
    if free < LEAST_TEMPORARY_BYTES:
        return warning("temporary folder", f"{folder} has {free / 1e6:.0f} MB left.", "Make some room there.")
    return ok("temporary folder", f"{folder} can be written.")


def _cpuinfo() -> str | None:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
