"""What the bench measures, one function each; times in milliseconds, sizes in bytes."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import psutil

from affouage.storage.home import running_address
from tests.bench.served import Served

TOKENS = 32
PATIENCE_S = 120
LOOKS_MAX = 10_000
QUESTION = "Question {number}. Compte de un à cent en toutes lettres, un nombre par ligne, sans rien ajouter."


class Stream(msgspec.Struct, frozen=True):
    """One answer as a client saw it. ``chunks``: pieces of text, one token each."""

    first_ms: float
    last_ms: float
    chunks: int


class Batch(msgspec.Struct, frozen=True):
    """Several answers at once: median time to the first token, and tokens per second of all together."""

    ttft_ms: float
    tokens_per_s: float


def batch(streams: Sequence[Stream]) -> Batch:
    """Speed counts what came after the first token of each, over the time from the first such to the very end."""
    assert all(one.chunks > 2 for one in streams), "answers too short to measure"
    span_ms = max(one.last_ms for one in streams) - min(one.first_ms for one in streams)
    decoded = sum(one.chunks - 1 for one in streams)
    return Batch(statistics.median(one.first_ms for one in streams), decoded / span_ms * 1000)


class Road:
    """One way to the engine: through the gateway, or directly."""

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str, model: str, prefix: str | None) -> None:
        self._http = http
        self._url = f"{url}/v1/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._model = model
        self._prefix = prefix

    def body(self, text: str, tokens: int = TOKENS) -> dict[str, object]:
        """The same messages reach the engine by either way: the gateway adds the prefix itself."""
        messages = [{"role": "user", "content": text}]
        if self._prefix is not None:
            messages.insert(0, {"role": "system", "content": self._prefix})
        return {"model": self._model, "messages": messages, "max_tokens": tokens, "temperature": 0, "stream": True}

    async def ask(self, number: int) -> Stream:
        return await self.ask_text(QUESTION.format(number=number))

    async def ask_text(self, text: str, tokens: int = TOKENS) -> Stream:
        began = time.perf_counter()
        first = last = 0.0
        chunks = 0
        async with self.posted(self.body(text, tokens)) as response:
            async for line in response.content:
                if line.startswith(b"data: {") and b'"content":"' in line:
                    last = (time.perf_counter() - began) * 1000
                    first = first or last
                    chunks += 1
        return Stream(first, last, chunks)

    @asynccontextmanager
    async def posted(self, body: dict[str, object]) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self._http.post(self._url, json=body, headers=self._headers) as response:
            if response.status != 200:
                raise RuntimeError(f"{self._url} answered {response.status}: {await response.text()}")
            yield response

    async def together(self, numbers: Sequence[int]) -> Batch:
        return batch(await asyncio.gather(*(self.ask(number) for number in numbers)))


@asynccontextmanager
async def serving(path: Path, model_id: str, slots: int) -> AsyncIterator[Served]:
    """The commons in a process of its own, with this model loaded."""
    program = [sys.executable, "-m", "tests.bench.served", str(path), model_id, str(slots)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            line = await process.stdout.readline()
        if not line:
            raise RuntimeError("the commons did not start")
        yield msgspec.json.decode(line, type=Served)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def freed_ms(http: aiohttp.ClientSession, road: Road, served: Served, number: int) -> float:
    """From the moment a client leaves in mid-answer to the moment the engine's slot is free."""
    async with road.posted(road.body(QUESTION.format(number=number), tokens=1500)) as response:
        async for line in response.content:
            if b'"content":"' in line:
                break
        assert await _busy(http, served), "the answer was over before its reader left"
        response.close()
        left = time.perf_counter()
        for _ in range(LOOKS_MAX):
            if not await _busy(http, served):
                return (time.perf_counter() - left) * 1000
            await asyncio.sleep(0.002)
    raise RuntimeError("the slot was never freed")


async def _busy(http: aiohttp.ClientSession, served: Served) -> bool:
    headers = {"Authorization": f"Bearer {served.engine_key}"}
    async with http.get(f"{served.engine_url}/slots", headers=headers) as response:
        return any(slot["is_processing"] for slot in await response.json())


class Boot(msgspec.Struct, frozen=True):
    """``affouage up`` without a model: time to the first page on a new home and on a used one, memory then."""

    new_home_ms: float
    used_home_ms: float
    rss_bytes: int


async def boot() -> Boot:
    with tempfile.TemporaryDirectory(prefix="affouage-bench-") as folder:
        new_ms, _ = await _boot_once(Path(folder))
        used_ms, rss_bytes = await _boot_once(Path(folder))
        return Boot(new_ms, used_ms, rss_bytes)


async def _boot_once(home: Path) -> tuple[float, int]:
    program = [sys.executable, "-m", "affouage", "up", "--offline", "--no-question"]
    began = time.perf_counter()
    nowhere = asyncio.subprocess.DEVNULL
    environ = {**os.environ, "AFFOUAGE_HOME": str(home)}
    process = await asyncio.create_subprocess_exec(*program, env=environ, stdout=nowhere, stderr=nowhere)
    try:
        async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE_S):
            url = await _address(home)
            took_ms = 0.0
            for path in ("/", "/sign-in", "/how-it-works", "/prefix", "/health", "/v1/models"):
                async with http.get(url + path) as response:
                    await response.read()
                    assert response.status < 500, path
                took_ms = took_ms or (time.perf_counter() - began) * 1000
        return took_ms, _memory(process.pid)
    finally:
        process.terminate()
        await process.wait()


async def _address(home: Path) -> str:
    for _ in range(LOOKS_MAX):
        if (url := running_address(home)) is not None:
            return url
        await asyncio.sleep(0.005)
    raise RuntimeError("the commons did not start")


def _memory(pid: int) -> int:
    """Resident bytes of a process and its children."""
    process = psutil.Process(pid)
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
