"""``make bench``: the gateway against the same engine called directly, in one run, in alternating rounds.

Machines differ and are busy: only ratios within a round are claims, and each is a median with its quartiles. Prints a
table, writes ``.cache/bench.json``. Targets are said to be met or missed; ``--strict`` also ends with 1 on a miss.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from affouage import __version__
from tests.bench.measure import Batch, Boot, Road, boot, freed_ms, serving
from tests.conftest import CACHE, ROOT

SLOTS = 4
CONCURRENT = (1, 4)
ROUNDS_LEAST = 5


class Row(msgspec.Struct, frozen=True):
    """One figure with its spread. ``most``/``least``: the target; None: only told."""

    name: str
    unit: str
    median: float
    quartiles: tuple[float, float]
    most: float | None = None
    least: float | None = None

    @property
    def verdict(self) -> str:
        if self.most is None and self.least is None:
            return ""
        held = (self.most is None or self.median <= self.most) and (self.least is None or self.median >= self.least)
        return "met" if held else "MISSED"


def row(name: str, unit: str, values: Sequence[float], **target: float) -> Row:
    if len(values) > 1:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    else:
        low = high = values[0]
    return Row(name, unit, statistics.median(values), (low, high), **target)


class Rounds:
    """The alternating rounds: every road once a round at each concurrency, the order turned round each time."""

    def __init__(self, roads: dict[str, Road]) -> None:
        self._roads = roads
        self._number = 0
        self.found: dict[tuple[str, int], list[Batch]] = {}

    async def run(self, rounds: int) -> None:
        for round_ in range(-1, rounds):  # the first one warms up and is not kept
            for concurrent in CONCURRENT:
                names = list(self._roads)
                for name in names if round_ % 2 else reversed(names):
                    self._number += concurrent
                    got = await self._roads[name].together(range(self._number - concurrent, self._number))
                    if round_ >= 0:
                        self.found.setdefault((name, concurrent), []).append(got)
            print(f"round {round_ + 1} of {rounds}", file=sys.stderr)

    def rows(self) -> list[Row]:
        rows = []
        for concurrent in CONCURRENT:
            direct, gateway = self.found["direct", concurrent], self.found["gateway", concurrent]
            pairs = list(zip(gateway, direct, strict=True))
            label = f"{concurrent} at once"
            rows += [
                row(f"speed, direct, {label}", "tokens/s", [one.tokens_per_s for one in direct]),
                row(
                    f"speed, gateway / direct, {label}",
                    "",
                    [a.tokens_per_s / b.tokens_per_s for a, b in pairs],
                    least=0.95,
                ),
                row(f"first token, direct, {label}", "ms", [one.ttft_ms for one in direct]),
                row(
                    f"first token, gateway / direct, {label}", "", [a.ttft_ms / b.ttft_ms for a, b in pairs], most=1.08
                ),
            ]
        return rows


async def measure(path: Path, model_id: str, rounds: int) -> tuple[list[Row], str]:
    """All rows, and what the engine is."""
    boots: list[Boot] = [await boot() for _ in range(3)]
    rows = [
        row("first page, new home, no model", "ms", [one.new_home_ms for one in boots], most=2500),
        row("first page, used home, no model", "ms", [one.used_home_ms for one in boots], most=2500),
        row("memory, no model", "MB", [one.rss_bytes / 1e6 for one in boots], most=90),
    ]
    async with serving(path, model_id, SLOTS) as served, _client() as http:
        direct = Road(http, served.engine_url, served.engine_key, model_id, served.prefix)
        gateway = Road(http, served.gateway_url, served.gateway_key, model_id, None)
        alternating = Rounds({"direct": direct, "gateway": gateway})
        await alternating.run(rounds)
        rows += alternating.rows()
        freed = [
            (await freed_ms(http, gateway, served, 1000 + i), await freed_ms(http, direct, served, 2000 + i))
            for i in range(rounds)
        ]
        rows += [
            row("client gone, slot free, direct", "ms", [one for _, one in freed]),
            row("client gone, slot free, gateway", "ms", [one for one, _ in freed]),
            row("client gone, slot free, gateway, worst", "ms", [max(one for one, _ in freed)], most=200),
        ]
        engine = served.engine
    rows.append(row("distributions of the default install", "", [distributions()], most=50))
    return rows, engine


def _client() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)  # llama.cpp drops connections idle for 5 s
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=600))


def distributions() -> int:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return len(set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", text, re.M)))


def find_model(folder: Path) -> tuple[Path, str]:
    """The starter model when it is here (AFFOUAGE_STARTER_MODEL, or pulled by the tests), else a tiny one."""
    given = os.environ.get("AFFOUAGE_STARTER_MODEL", "")
    pulled = sorted((CACHE / "models" / "qwen2.5-coder-1.5b-instruct").glob("*.gguf"))
    for path in [Path(given)] if given else pulled:
        return path, "qwen2.5-coder-1.5b-instruct"
    from tests.contracts.tiny_gguf import write_tiny_model

    print("The starter model is not here: a tiny one stands in, and ratios are harsher.", file=sys.stderr)
    return write_tiny_model(folder / "tiny.gguf"), "tiny"


def circumstances(engine: str, model: Path, load_before: float) -> dict[str, Any]:
    cores = os.cpu_count() or 1
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {
        "affouage": __version__,
        "commit": commit or None,
        "engine": engine,
        "model": {"file": model.name, "bytes": model.stat().st_size},
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("aiohttp", "starlette", "uvicorn", "xllamacpp")},
        "processor": _processor(),
        "cores": cores,
        "system": platform.platform(),
        "load_before": load_before,
        "load_after": os.getloadavg()[0],
        "busy": load_before > 0.5 * cores,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*: (.+)$", text, re.M)
    return found[1] if found else platform.machine()


def table(rows: Sequence[Row]) -> str:
    lines = [f"{'':<42} {'median':>9}  {'quartiles':<19} {'target':<9}"]
    for one in rows:
        target = f"<= {one.most:g}" if one.most is not None else f">= {one.least:g}" if one.least is not None else ""
        spread = f"{_figure(one.quartiles[0])} - {_figure(one.quartiles[1])} {one.unit}"
        lines.append(f"{one.name:<42} {_figure(one.median):>9}  {spread:<19} {target:<9} {one.verdict}")
    return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help=f"rounds, at least {ROUNDS_LEAST} (7)")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a target is missed")
    chosen = parser.parse_args()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="affouage-bench-") as folder:
        path, model_id = find_model(Path(folder))
        rows, engine = asyncio.run(measure(path, model_id, max(chosen.rounds, ROUNDS_LEAST)))
        told = circumstances(engine, path, load_before)
    report = {"circumstances": told, "rows": [{**msgspec.to_builtins(one), "verdict": one.verdict} for one in rows]}
    CACHE.mkdir(exist_ok=True)
    (CACHE / "bench.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    print(f"{told['processor']}, {told['cores']} cores; {engine}; {path.name}; load {load_before:.2f} before")
    if told["busy"]:
        print("The machine was busy at the start: read the ratios, not the figures.")
    print(table(rows))
    print("written to .cache/bench.json")
    if chosen.strict and any(one.verdict == "MISSED" for one in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
