"""``python -m tests.bench.pool``: what machines together add to each token, against the same engine on the commons.

A broker, a commons, three machines: five programs, and this one that asks. Each word says when it was said, so that the
delay of each is known by itself. Rounds alternate between the engine here and the machines; prints a table, writes
``.cache/bench-pool.json``. Targets: distribution.md §6, test 15, on two idle cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import psutil

from affouage.clock import SystemClock
from tests.bench.figures import Row, percentile, row, table
from tests.bench.pool_served import Pooled
from tests.brokers import VERSIONS, running_broker
from tests.conftest import CACHE

NAMES = ("atelier", "bureau", "cave")
NODE_SLOTS = 40
WORDS = 200
BEGINNING = 25
"""Words of the first half second: a hundred questions that come at one instant are written in the books then."""
PATIENCE_S = 60
MOST_ADDED_MS = {(50, 1): 2.0, (50, 10): 2.0, (99, 100): 20.0}
"""Targets, by percentile and answers at once."""
_STAMP = re.compile(rb'"content":"(\d+):(\d+) "')


class Heard(msgspec.Struct):
    """One answer. ``delays_ms``: of each word, from its engine to this client; the others: from the question on."""

    delays_ms: list[float] = []
    first_ms: float = 0.0
    last_ms: float = 0.0
    whole: bool = False

    @property
    def words_per_s(self) -> float:
        """Once it had begun."""
        return (len(self.delays_ms) - 1) / (self.last_ms - self.first_ms) * 1000 if self.whole else 0.0


class Client(asyncio.Protocol):
    """As light as can be: it shares the processor with what it measures."""

    def __init__(self, request: bytes) -> None:
        self.heard = Heard()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._rest = b""
        self._asked_ns = 0
        self._next = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._asked_ns = time.monotonic_ns()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        text, end = self._rest + data, 0
        for found in _STAMP.finditer(text):
            end = found.end()
            if int(found[1]) == self._next:
                self._next += 1
            self.heard.delays_ms.append((now_ns - int(found[2])) / 1e6)
            self.heard.last_ms = (now_ns - self._asked_ns) / 1e6
            self.heard.first_ms = self.heard.first_ms or self.heard.last_ms
        self.heard.whole = self.heard.whole or b"data: [DONE]" in text
        self._rest = text[max(end, len(text) - 200) :]

    def connection_lost(self, _why: Exception | None) -> None:
        self.heard.whole = self.heard.whole and self._next == len(self.heard.delays_ms) == WORDS
        if not self.done.done():
            self.done.set_result(None)


class Bench:
    def __init__(self, pooled: Pooled, processes: dict[str, list[psutil.Process]]) -> None:
        self._host, port = pooled.url.removeprefix("http://").split(":")
        self._port = int(port)
        self._key = pooled.keys[0]
        self._processes = processes
        self._number = 0

    async def ask(self, model: str) -> Heard:
        self._number += 1
        question = {"role": "user", "content": f"Question {self._number}"}
        body = {"model": model, "stream": True, "max_tokens": WORDS, "messages": [question]}
        text = json.dumps(body).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {self._key}\r\n"
        head += f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {len(text)}\r\n\r\n"
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: Client(head.encode() + text), self._host, self._port)
        await asyncio.wait_for(client.done, PATIENCE_S)
        return client.heard

    async def together(self, model: str, streams: int) -> list[Heard]:
        return list(await asyncio.gather(*(self.ask(model) for _ in range(streams))))

    async def until_there(self, model: str) -> None:
        """Every machine gives an answer."""
        async with asyncio.timeout(PATIENCE_S):
            while not (await self.ask(model)).whole:  # noqa: ASYNC110 - programs that start
                await asyncio.sleep(0.2)
        await asyncio.sleep(2)

    def processor_s(self) -> dict[str, float]:
        times = {name: [one.cpu_times() for one in found] for name, found in self._processes.items()}
        return {name: sum(one.user + one.system for one in found) for name, found in times.items()}


class Round(msgspec.Struct, frozen=True):
    """``steady_ms``: of ``delays_ms``, those past the beginning. ``first_ms``: median time to the first word.
    ``words_per_s``: of all, each once it had begun. ``cpu``: seconds of processor per second, by part.
    """

    delays_ms: list[float]
    steady_ms: list[float]
    first_ms: float
    words_per_s: float
    lost: int
    cpu: dict[str, float]


async def one_round(bench: Bench, model: str, streams: int) -> Round:
    before, began = bench.processor_s(), time.monotonic()
    heard = await bench.together(model, streams)
    took_s, after = time.monotonic() - began, bench.processor_s()
    delays = [delay for one in heard for delay in one.delays_ms]
    return Round(
        delays_ms=delays,
        steady_ms=[delay for one in heard for delay in one.delays_ms[BEGINNING:]],
        first_ms=statistics.median(one.first_ms for one in heard),
        words_per_s=sum(one.words_per_s for one in heard),
        lost=streams * WORDS - sum(len(one.delays_ms) for one in heard if one.whole),
        cpu={name: (after[name] - before[name]) / took_s for name in after},
    )


async def measure(bench: Bench, rounds: int, at_once: Sequence[int]) -> tuple[list[Row], dict[str, float]]:
    rows: list[Row] = []
    cpu: dict[str, float] = {}
    for streams in at_once:
        found: dict[str, list[Round]] = {"here": [], "pool": []}
        for number in range(rounds):
            for model in ("here", "pool") if number % 2 else ("pool", "here"):
                found[model].append(await one_round(bench, model, streams))
            print(f"{streams} at once: round {number + 1} of {rounds}", file=sys.stderr)
        rows += rows_of(streams, found)
        cpu = {name: statistics.median(one.cpu[name] for one in found["pool"]) for name in found["pool"][0].cpu}
    return rows, cpu


def rows_of(streams: int, found: dict[str, list[Round]]) -> list[Row]:
    label = f"{streams} at once"
    pairs = list(zip(found["pool"], found["here"], strict=True))
    rows = []
    for percent in (50, 95, 99):
        here = [percentile(one.delays_ms, percent) for one in found["here"]]
        pool = [percentile(one.delays_ms, percent) for one in found["pool"]]
        added = [a - b for a, b in zip(pool, here, strict=True)]
        most = {"most": MOST_ADDED_MS[percent, streams]} if (percent, streams) in MOST_ADDED_MS else {}
        rows += [
            row(f"word, engine here, p{percent}, {label}", "ms", here),
            row(f"word, pool, p{percent}, {label}", "ms", pool),
            row(f"added by the pool, p{percent}, {label}", "ms", added, **most),
        ]
    steady = [percentile(a.steady_ms, 99) - percentile(b.steady_ms, 99) for a, b in pairs]
    first = [a.first_ms - b.first_ms for a, b in pairs]
    offered = streams * 50
    return [
        *rows,
        row(f"added, p99, once all have begun, {label}", "ms", steady),
        row(f"first word, added by the pool, {label}", "ms", first),
        row(f"words/s, engine here, {label}", "", [one.words_per_s for one in found["here"]]),
        row(f"words/s, pool, {label}", "", [one.words_per_s for one in found["pool"]], least=0.98 * offered),
        row(f"words lost, pool, {label}", "", [sum(one.lost for one in found["pool"])], most=0),
    ]


@asynccontextmanager
async def house(folder: Path, version: str) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(running_broker(version, folder))
        program = ["-m", "tests.bench.pool_served", str(broker.home), broker.url, str(folder), *NAMES]
        pipe = asyncio.subprocess.PIPE
        commons = await asyncio.create_subprocess_exec(sys.executable, *program, stdin=pipe, stdout=pipe)
        stack.push_async_callback(_ended, commons)
        assert commons.stdout is not None
        pooled = msgspec.json.decode(await asyncio.wait_for(commons.stdout.readline(), PATIENCE_S), type=Pooled)
        nodes = []
        for name in NAMES:
            environ = {**os.environ, "AFFOUAGE_HOME": str(folder / name), "AFFOUAGE_FOOTPRINT_DECLARED_WATTS": "30"}
            program = ["-m", "tests.bench.stamping", "pool", str(NODE_SLOTS)]
            nowhere = asyncio.subprocess.DEVNULL
            node = await asyncio.create_subprocess_exec(sys.executable, *program, env=environ, stdout=nowhere)
            stack.push_async_callback(_ended, node)
            nodes.append(node)
        processes = {
            "commons": [psutil.Process(pooled.pid)],
            "broker": [psutil.Process(broker.pid)],
            "machines": [psutil.Process(one.pid) for one in nodes],
            "client": [psutil.Process()],
        }
        bench = Bench(pooled, processes)
        await bench.until_there("pool")
        yield bench


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        await process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pool", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each kind (5)")
    parser.add_argument("--streams", type=int, nargs="+", default=(1, 10, 100), help="answers at once (1 10 100)")
    parser.add_argument("--broker", choices=VERSIONS, default=VERSIONS[0], help="version of nats-server")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    chosen = parser.parse_args()
    load, cores = os.getloadavg()[0], os.cpu_count() or 1

    async def whole() -> tuple[list[Row], dict[str, float]]:
        with tempfile.TemporaryDirectory(prefix="affouage-pool-") as folder:
            async with house(Path(folder), chosen.broker) as bench:
                return await measure(bench, chosen.rounds, chosen.streams)

    rows, cpu = asyncio.run(whole())
    told = {"at_ms": SystemClock().now_ms(), "cores": cores, "broker": chosen.broker, "load_before": load}
    told |= {"load_after": os.getloadavg()[0], "busy": load > 0.5 * cores, "processors_at_most_streams": cpu}
    report = {"circumstances": told, "rows": [{**msgspec.to_builtins(one), "verdict": one.verdict} for one in rows]}
    CACHE.mkdir(exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(report), indent=2)
    (CACHE / "bench-pool.json").write_bytes(text + b"\n")
    if chosen.json:
        print(text.decode())
        return
    print(f"{cores} cores, broker {chosen.broker}, load {load:.2f} before")
    if told["busy"]:
        print("The machine was busy at the start: read what is added, not the figures.")
    print(table(rows))
    print(
        f"processors used at {max(chosen.streams)} at once: "
        + ", ".join(f"{name} {used:.2f}" for name, used in cpu.items())
    )
    print("written to .cache/bench-pool.json")


if __name__ == "__main__":
    main()
