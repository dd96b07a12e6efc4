"""The gateway before llama.cpp, against the very same llama.cpp called directly: tokens a second, first token, and what
the engine remembers of a text it has read before."""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

import aiohttp
import msgspec

from tests.bench.figures import Row, Section, row
from tests.bench.measure import Batch, Road, freed_ms, serving
from tests.conftest import CACHE

STARTER = "qwen2.5-coder-1.5b-instruct"


class Size(msgspec.Struct, frozen=True):
    """``beginnings``: texts read cold, then warm. ``leavings``: readers gone in mid-answer, which has to be long."""

    at_once: tuple[int, ...] = (1, 4)
    rounds: int = 2
    beginnings: int = 1
    leavings: int = 1
    slots: int = 4


FULL = Size(at_once=(1, 4, 16), rounds=3, beginnings=3, leavings=3, slots=16)
TINY = Size(at_once=(1,), rounds=1, beginnings=1, leavings=0, slots=2)
LEAST_SPEED, MOST_FIRST = 0.97, 1.05
NEAR_MS = 5
"""A first token that comes no later than this is no later at all."""


class Rounds:
    """The alternating rounds: every road once a round at each concurrency, the order turned round each time."""

    def __init__(self, roads: dict[str, Road], at_once: tuple[int, ...]) -> None:
        self._roads = roads
        self._at_once = at_once
        self._number = 0
        self.found: dict[tuple[str, int], list[Batch]] = {}

    async def run(self, rounds: int) -> None:
        for round_ in range(-1, rounds):  # the first one warms up and is not kept
            for together in self._at_once if round_ >= 0 else self._at_once[:1]:
                names = list(self._roads)
                for name in names if round_ % 2 else reversed(names):
                    self._number += together
                    got = await self._roads[name].together(range(self._number - together, self._number))
                    if round_ >= 0:
                        self.found.setdefault((name, together), []).append(got)
            print(f"engine: round {round_ + 1} of {rounds}", file=sys.stderr)

    def rows(self) -> list[Row]:
        rows = []
        for together in self._at_once:
            direct, gateway = self.found["direct", together], self.found["gateway", together]
            pairs = list(zip(gateway, direct, strict=True))
            label = f"{together} at once"
            speed = [a.tokens_per_s / b.tokens_per_s for a, b in pairs]
            first = [1.0 if a.ttft_ms - b.ttft_ms <= NEAR_MS else a.ttft_ms / b.ttft_ms for a, b in pairs]
            rows += [
                row(f"speed, direct, {label}", "tokens/s", [one.tokens_per_s for one in direct]),
                row(f"speed, gateway / direct, {label}", "x", speed, "E1", least=LEAST_SPEED),
                row(f"first token, direct, {label}", "ms", [one.ttft_ms for one in direct]),
                row(f"first token, gateway / direct, {label}", "x", first, "E1", most=MOST_FIRST),
            ]
        return rows


async def measure(size: Size, folder: Path) -> tuple[list[Section], dict[str, object]]:
    """Figures, and what engine and model they are of."""
    path, model_id = find_model(folder)
    async with (
        serving(path, model_id, size.slots) as served,
        _client(aiohttp.TCPConnector(limit=0, force_close=True)) as http,
        _client(aiohttp.UnixConnector(served.engine_socket, limit=0, force_close=True)) as inside,
    ):
        direct = Road(inside, served.engine_url, served.engine_key, model_id, served.prefix)
        gateway = Road(http, served.gateway_url, served.gateway_key, model_id, None)
        alternating = Rounds({"direct": direct, "gateway": gateway}, size.at_once)
        await alternating.run(size.rounds)
        rows = [*alternating.rows(), *await _remembered(direct, gateway, size.beginnings)]
        freed = [await freed_ms(inside, gateway, served, 9_000 + number) for number in range(size.leavings)]
        if freed:
            rows.append(row("client gone, slot of the engine free", "ms", freed, "P12", most=200))
        told: dict[str, object] = {"engine": served.engine, "model": {"file": path.name, "bytes": path.stat().st_size}}
    return [Section("Before llama.cpp, against llama.cpp called directly", rows)], told


async def _remembered(direct: Road, gateway: Road, times: int) -> list[Row]:
    """A long text read for the first time, and again with another end: how much sooner the first token comes."""
    gains: dict[str, list[float]] = {"direct": [], "gateway": []}
    for number in range(times):
        for name, road in (("direct", direct), ("gateway", gateway)):
            beginning = f"Notes {name} {number}. " + " ".join(
                f"Ligne {line} des notes de {name}." for line in range(30)
            )
            cold = await road.ask_text(f"{beginning} Résume.", tokens=4)
            warm = await road.ask_text(f"{beginning} Traduis.", tokens=4)
            gains[name].append(cold.first_ms / warm.first_ms)
    ratios = [a / b for a, b in zip(gains["gateway"], gains["direct"], strict=True)]
    return [
        row("first token of a text read before, direct: gain", "x", gains["direct"]),
        row("the same gain, gateway / direct", "x", [statistics.median(ratios)], "E2", least=0.9),
    ]


# A connection for each question, on either road: llama.cpp drops those that are idle for five seconds.
def _client(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=600))


def find_model(folder: Path) -> tuple[Path, str]:
    """The starter model when it is here (AFFOUAGE_STARTER_MODEL, or pulled by the tests), else a tiny one."""
    given = os.environ.get("AFFOUAGE_STARTER_MODEL", "")
    pulled = sorted((CACHE / "models" / STARTER).glob("*.gguf"))
    for path in [Path(given)] if given else pulled:
        return path, STARTER
    from tests.contracts.tiny_gguf import write_tiny_model

    print("The starter model is not here: a tiny one stands in, and ratios are harsher.", file=sys.stderr)
    return write_tiny_model(folder / "tiny.gguf"), "tiny"
