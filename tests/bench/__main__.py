"""``make bench``: the gateway beside others, before a model, alone, and as things grow; one run, ratios within a round.

Prints a table and writes ``.cache/bench.json``; ``--write`` also writes ``docs/performance.json`` and its page. Without
``--full`` (more of each kind, a quarter of an hour) it takes some six minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from tests.bench import document, engine, fairness, gateways, growth, long_run, retrieval
from tests.bench.figures import BUSY, Report, Section, circumstances, table
from tests.conftest import CACHE, ROOT

DOCUMENT = ROOT / "docs" / "performance.md"
FIGURES = ROOT / "docs" / "performance.json"
KEPT = CACHE / "bench.json"
Part = Callable[["Chosen", Path], Awaitable[list[Section]]]
"""Of what was chosen, and a folder of its own."""


class Chosen(msgspec.Struct):
    """``rounds``: of gateways and of the engine, None for as many as is usual. ``told``: a part may add to it."""

    full: bool = False
    rounds: int | None = None
    told: dict[str, Any] = {}


async def _gateways(chosen: Chosen, folder: Path) -> list[Section]:
    size = gateways.FULL if chosen.full else gateways.Size()
    return await gateways.measure(replace(size, rounds=chosen.rounds or size.rounds), folder)


async def _alone(chosen: Chosen, folder: Path) -> list[Section]:
    return await long_run.measure(long_run.FULL if chosen.full else long_run.Size(), folder)


async def _growth(chosen: Chosen, folder: Path) -> list[Section]:
    return await growth.measure(growth.FULL if chosen.full else growth.Size(), folder)


async def _fairness(chosen: Chosen, folder: Path) -> list[Section]:
    return [fairness.measure()]


async def _engine(chosen: Chosen, folder: Path) -> list[Section]:
    size = engine.FULL if chosen.full else engine.Size()
    sections, of = await engine.measure(replace(size, rounds=chosen.rounds or size.rounds), folder)
    chosen.told.update(of)
    return sections


async def _retrieval(chosen: Chosen, folder: Path) -> list[Section]:
    return await retrieval.measure(retrieval.FULL if chosen.full else retrieval.Size(), folder)


PARTS: dict[str, Part] = {
    "gateways": _gateways,
    "engine": _engine,
    "alone": _alone,
    "growth": _growth,
    "fairness": _fairness,
    "retrieval": _retrieval,
}


async def measure(names: list[str], chosen: Chosen, load_before: float) -> Report:
    """What is measured so far is kept after each part: a run that is cut short tells what it found."""
    command = f'make bench BENCH="{" ".join(sys.argv[1:])}"' if sys.argv[1:] else "make bench"
    chosen.told = {"command": command, "kind": "full" if chosen.full else "short", "others": others()}
    sections: list[Section] = []
    for name in names:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="affouage-bench-") as folder:
            sections += await PARTS[name](chosen, Path(folder))
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        report = Report(circumstances(load_before, **chosen.told), sections)
        KEPT.write_bytes(encoded(report))
    return report


def others() -> dict[str, str]:
    """Versions of what is compared with, as far as it is here."""
    asked = {
        "nginx": (["nginx", "-v"], "nginx/"),
        "FastAPI": ([_python("bench"), "-c", "import fastapi; print(fastapi.__version__)"], ""),
        "httpx": ([_python("bench"), "-c", "import httpx; print(httpx.__version__)"], ""),
        "LiteLLM": (
            [_python("litellm"), "-c", "from importlib.metadata import version; print(version('litellm'))"],
            "",
        ),
    }
    found = {}
    for name, (command, before) in asked.items():
        try:
            path = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin"}
            done = subprocess.run(command, capture_output=True, text=True, env=path)
        except OSError:
            continue
        said = (done.stdout + done.stderr).strip()
        if done.returncode == 0 and said:
            found[name] = said.splitlines()[-1].rpartition(before)[2] if before else said.splitlines()[-1]
    return found


def _python(environment: str) -> str:
    return str(ROOT / ".venv" / environment / "bin" / "python")


def tell(report: Report) -> None:
    told = report.circumstances
    print(f"{told['processor']}, {told['cores']} cores; load {told['load_before']:.2f} before")
    if told["busy"]:
        print("The machine was busy at the start: read the ratios, not the figures.")
    for section in report.sections:
        print(f"\n{section.title}" + (f": not measured, {section.skipped}" if section.skipped else ""))
        if section.rows:
            print(table(section.rows))
    print(f"\n{len(report.missed)} targets missed")


def encoded(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more rounds, all sizes")
    parser.add_argument("--rounds", type=int, help="rounds of gateways and of the engine")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="these parts alone")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and docs/performance.json")
    parser.add_argument("--busy", action="store_true", help="write them even on a busy machine, which they then say")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a target is missed")
    chosen = parser.parse_args()
    load_before, cores = os.getloadavg()[0], os.cpu_count() or 1
    if chosen.write and load_before > BUSY * cores and not chosen.busy:
        raise SystemExit(f"The load of this machine is {load_before:.1f}: wait until it is quiet, or say --busy.")
    CACHE.mkdir(exist_ok=True)
    report = asyncio.run(measure(chosen.only, Chosen(chosen.full, chosen.rounds), load_before))
    tell(report)
    print("written to .cache/bench.json")
    if chosen.write:
        FIGURES.write_bytes(encoded(report))
        DOCUMENT.write_text(document.written(report), encoding="utf-8")
        print(f"written to {FIGURES.relative_to(ROOT)} and {DOCUMENT.relative_to(ROOT)}")
    if chosen.strict and report.missed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
