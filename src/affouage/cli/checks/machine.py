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
from affouage.web.language import N_

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
        return problem(
            "python",
            N_("Python {version} is too old."),
            N_("Install Python 3.11 or later, then `make install`."),
            version=text,
        )
    return ok("python", N_("Python {version}."), version=text)


def check_processor(machine: str, cpuinfo: str | None) -> Finding:
    """``cpuinfo``: the text of /proc/cpuinfo, None where there is none."""
    from affouage.adapters.engines.llama_child import missing_features

    if machine not in ("x86_64", "AMD64"):
        return ok("processor", N_("{machine}: no particular instruction is needed."), machine=machine)
    if cpuinfo is None:
        return warning(
            "processor", N_("Its instructions cannot be seen on this system."), N_("It needs AVX2, FMA, F16C and BMI2.")
        )
    missing = missing_features(cpuinfo)
    if missing:
        return problem(
            "processor",
            N_("It lacks {missing}, which the embedded engine needs."),
            N_("Use a machine of 2013 or later, or an OpenAI-compatible server: docs/how-to/add-an-engine.md."),
            missing=", ".join(missing),
        )
    return ok("processor", N_("It has the instructions the embedded engine needs."))


def check_engine_library(python: str) -> Finding:
    """Import the library in a process of its own: on a wrong machine it ends the process rather than raise."""
    remedy = N_("Run `make install` again; if that does not help, use another engine: docs/how-to/add-an-engine.md.")
    program = "import xllamacpp; print(xllamacpp.__version__)"
    try:
        tried = subprocess.run([python, "-c", program], capture_output=True, text=True, timeout=_IMPORT_S)
    except (OSError, subprocess.TimeoutExpired) as refused:
        return problem("engine", N_("xllamacpp cannot be tried ({name})."), remedy, name=type(refused).__name__)
    if tried.returncode < 0:
        name = signal.Signals(-tried.returncode).name
        return problem("engine", N_("Loading xllamacpp ends the process ({name})."), remedy, name=name)
    if tried.returncode > 0:
        last = tried.stderr.strip().splitlines()[-1:] or [N_("no reason given")]
        if "libgomp" in last[0]:
            remedy = N_("Install what it is linked with: sudo apt install libgomp1")
        return problem("engine", N_("xllamacpp cannot be imported: {last}."), remedy, last=last[0])
    return ok("engine", N_("llama.cpp (xllamacpp {version}) loads."), version=tried.stdout.strip())


def check_memory_seen() -> Finding:
    from affouage.catalogue.machine import memory

    seen = memory()
    if seen.total_bytes is None:
        return warning("memory", N_("This system does not tell its memory."), N_("See for yourself which models fit."))
    if seen.available_bytes is None:
        return ok("memory", N_("{total:.1f} GB; what is free of it is not told."), total=seen.total_bytes / 1e9)
    return ok(
        "memory",
        N_("{total:.1f} GB, of which {free:.1f} GB available."),
        total=seen.total_bytes / 1e9,
        free=seen.available_bytes / 1e9,
    )


def check_clock(now_ms: int) -> Finding:
    if now_ms < NOT_BEFORE_MS:
        return problem(
            "clock",
            N_("The date of this machine is before this software was written."),
            N_("Set the clock: sessions, keys and receipts depend on it."),
        )
    return ok("clock", N_("The date is plausible."))


def check_temporary_folder() -> Finding:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"affouage")
        folder = Path(tempfile.gettempdir())
        free = shutil.disk_usage(folder).free
    except OSError as refused:
        return problem(
            "temporary folder",
            N_("It cannot be written: {reason}."),
            N_("Set TMPDIR to a folder that can."),
            reason=refused.strerror,
        )
    if free < LEAST_TEMPORARY_BYTES:
        return warning(
            "temporary folder",
            N_("{folder} has {free:.0f} MB left."),
            N_("Make some room there."),
            folder=folder,
            free=free / 1e6,
        )
    return ok("temporary folder", N_("{folder} can be written."), folder=folder)


def _cpuinfo() -> str | None:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
