"""The commons by itself: start, memory, killed under load, left by a reader."""

from __future__ import annotations

import asyncio
import re
import signal
import tempfile
import time
from pathlib import Path

import aiohttp
import msgspec

from affouage.ledger.ledger import Verification, find_receipt, verify
from affouage.storage import open_database
from tests.bench import programs
from tests.bench.figures import Row, Section, row
from tests.bench.measure import Boot, boot
from tests.bench.programs import Load
from tests.bench.targets import Target, ours, stand_in
from tests.conftest import ROOT

CLIENTS = 16
WARM = 2_000
_WORD = re.compile(rb'"content":"\d')


class Size(msgspec.Struct, frozen=True):
    boots: int = 3
    requests: int = 5_000
    kills: int = 3
    departures: int = 5
    kill_after: int = 100


FULL = Size(requests=100_000, kills=5, departures=20)
TINY = Size(boots=0, requests=50, kills=1, departures=1, kill_after=3)


async def measure(size: Size, folder: Path) -> list[Section]:
    boots = [await boot() for _ in range(size.boots)]
    rows = _boots(boots)
    async with stand_in() as direct:
        async with ours("all")(direct.port, folder) as commons:
            rows.append(await _growth(commons, size.requests))
            rows += await _departures(direct, commons, size.departures)
        rows += await _kills(direct, size)
    rows.append(row("distributions of the default install", "", [distributions()], most=50))
    return [Section("By itself", rows)]


def _boots(boots: list[Boot]) -> list[Row]:
    if not boots:
        return []
    return [
        row("first page, new home, no model", "ms", [one.new_home_ms for one in boots], "P9", most=2500),
        row("first page, used home, no model", "ms", [one.used_home_ms for one in boots], "P9", most=2500),
        row("memory, no model", "MB", [one.rss_bytes / 1e6 for one in boots], "P8", most=90),
    ]


def distributions() -> int:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return len(set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", text, re.M)))


async def _growth(commons: Target, requests: int) -> Row:
    """Over the memory after as many requests as fill the caches and the allocator's reserve."""
    await programs.ask(commons.port, commons.key, Load(128, min(WARM, requests), 1))
    before = programs.memory_bytes(commons.pid)
    await programs.ask(commons.port, commons.key, Load(128, requests, 1))
    grown = 100 * (programs.memory_bytes(commons.pid) / before - 1)
    return row(f"memory grown after {requests:,} requests", "%", [grown], "P8", most=5)


async def _departures(direct: Target, commons: Target, times: int) -> list[Row]:
    """From the moment a reader leaves in mid-answer until the model has nobody to write for."""
    took_ms, further = [], []
    async with aiohttp.ClientSession() as http:
        for _ in range(times):
            before = await _counted(http, direct)
            words = await _read_some(http, commons)
            left_s, since = time.perf_counter(), await _counted(http, direct)
            await _gone(http, direct, before["left"])
            took_ms.append((time.perf_counter() - left_s) * 1000)
            further.append((await _counted(http, direct))["words"] - since["words"])
            assert words
    return [
        row("reader gone, model's connection closed", "ms", took_ms, "P12", most=100),
        row("the same, words written meanwhile", "", further, "P12", most=2),
    ]


async def _read_some(http: aiohttp.ClientSession, commons: Target) -> int:
    """Until the tenth word; then the connection is cut."""
    words = 0
    async with _asked(http, commons, words=1000) as response:
        async for line in response.content:
            words += _WORD.search(line) is not None
            if words == 10:
                response.close()
                break
    return words


def _asked(http: aiohttp.ClientSession, commons: Target, words: int) -> aiohttp.client._RequestContextManager:
    body = {
        "model": "pace-10",
        "stream": True,
        "max_tokens": words,
        "messages": [{"role": "user", "content": "Count."}],
    }
    url, headers = f"http://127.0.0.1:{commons.port}/v1/chat/completions", {"Authorization": f"Bearer {commons.key}"}
    return http.post(url, json=body, headers=headers)


async def _counted(http: aiohttp.ClientSession, direct: Target) -> dict[str, int]:
    async with http.get(f"http://127.0.0.1:{direct.port}/count") as response:
        counted: dict[str, int] = await response.json()
        return counted


async def _gone(http: aiohttp.ClientSession, direct: Target, before: int) -> None:
    """Until the stand-in has seen one more reader leave."""
    async with asyncio.timeout(30):
        while (await _counted(http, direct))["left"] <= before:  # noqa: ASYNC110 - another program
            await asyncio.sleep(0.001)


async def _kills(direct: Target, size: Size) -> list[Row]:
    """``kill -9`` under load: what had been answered whole must be in the books, and the books hold."""
    lost, broken, answered = [], [], 0
    for _ in range(size.kills):
        with tempfile.TemporaryDirectory(prefix="affouage-bench-") as folder:
            whole = await _until_killed(direct, Path(folder), size.kill_after)
            answered += len(whole)
            checked = await asyncio.to_thread(_look_into, Path(folder), whole)
        lost.append(checked[0])
        broken.append(checked[1])
    return [
        row("killed under load, answers read whole", "", [answered]),
        row("of these, not settled in the books", "", [max(lost)], "P11", most=0),
        row("broken links of the chain", "", [max(broken)], "P11", most=0),
    ]


async def _until_killed(direct: Target, home: Path, answers: int) -> list[str]:
    """Receipts of the answers that clients had read to their end; killed once there are so many."""
    whole: list[str] = []
    async with ours("all", home)(direct.port, home) as commons, aiohttp.ClientSession() as http:
        clients = [asyncio.create_task(_ask_on(http, commons, whole)) for _ in range(CLIENTS)]
        async with asyncio.timeout(programs.PATIENCE_S):
            while len(whole) < answers:  # noqa: ASYNC110 - another program
                await asyncio.sleep(0.01)
        for one in programs.family(commons.pid):
            one.send_signal(signal.SIGKILL)
        await asyncio.gather(*clients, return_exceptions=True)
    return whole


async def _ask_on(http: aiohttp.ClientSession, commons: Target, whole: list[str]) -> None:
    while True:
        async with _asked(http, commons, words=3) as response:
            if b"data: [DONE]" in await response.read():
                whole.append(response.headers["x-affouage-receipt"])


def _look_into(home: Path, whole: list[str]) -> tuple[int, int]:
    db = open_database(home / "affouage.db")
    try:
        found: Verification = db.read_now(verify)
        settled = [db.read_now(lambda c, one=one: find_receipt(c, one, None)).outcome for one in whole]  # type: ignore[misc]
        return sum(one != "completed" for one in settled), len(found.problems)
    finally:
        db.close()
