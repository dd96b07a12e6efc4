"""One client that reads a kilobyte a second among others (test 14): it alone waits, and nobody is cut."""

from __future__ import annotations

import asyncio
import json
import math
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.counting import counted
from tests.faults.pool_house import Answer, PoolHouse, measured, pool_house

pytestmark = pytest.mark.alone

SLOW_BYTES_PER_S = 1000
FLOOD = 3000
"""Words of the slow client's answer: far more than sockets on the way can hold."""
PACE_S = 0.05
LATE_S = 0.1
WORDS = 100


def test_14_a_slow_reader_delays_nobody(tmp_path: Path) -> None:
    asyncio.run(_slow_among(tmp_path, 20))


@pytest.mark.long
def test_14_a_slow_reader_delays_none_of_fifty(tmp_path: Path) -> None:
    asyncio.run(_slow_among(tmp_path, 50))


async def _slow_among(folder: Path, normal: int) -> None:
    async with pool_house(folder, AFFOUAGE_POOL_MAX_WAITING_PER_MEMBER="64") as house:
        fast = {"model_id": "vite", "slots": 2, "word_ms": 1}
        await house.machine("atelier", slots=normal, word_ms=PACE_S * 1000, also=[fast])
        async with slow_client(house) as slow:
            before = len(slow.read)
            answers: list[Answer] = await asyncio.gather(*(house.ask(WORDS) for _ in range(normal)))
            assert all(one.complete and one.text == counted(WORDS) for one in answers)
            at_rate = len(slow.read) - before
            late_s = sorted(gap - PACE_S for one in answers for gap in one.gaps_s)
            p99_s = late_s[math.ceil(0.99 * len(late_s)) - 1]
            rest = await slow.rest()
            text = said(bytes(slow.read) + rest)
            measured("14", others=normal, p99_late_s=p99_s, worst_late_s=late_s[-1], slow_read_bytes=at_rate)
            assert len(rest) > 100_000, "it was far behind"
            assert text == counted(FLOOD), "and yet nothing of its answer is lost"
            assert p99_s < LATE_S


class SlowClient:
    """A reader of a kilobyte a second, until it has had enough of it."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.read = bytearray()
        self._reader = reader
        self._dawdling = asyncio.create_task(self._dawdle())

    async def _dawdle(self) -> None:
        while True:
            self.read += await self._reader.read(SLOW_BYTES_PER_S)
            await asyncio.sleep(1)

    async def rest(self) -> bytes:
        """All that it has not read yet, at once."""
        await self.stop()
        return await asyncio.wait_for(self._reader.read(), 60)

    async def stop(self) -> None:
        self._dawdling.cancel()
        await asyncio.wait([self._dawdling])


@asynccontextmanager
async def slow_client(house: PoolHouse) -> AsyncIterator[SlowClient]:
    """Its question is asked."""
    host, port = house.live.url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
    question = {"role": "user", "content": f"compte jusqu'à {FLOOD}"}
    body = json.dumps({"model": "vite", "stream": True, "messages": [question]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {house.key}\r\n"
    head += f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    client = SlowClient(reader)
    try:
        yield client
    finally:
        await client.stop()
        writer.close()


def said(received: bytes) -> str:
    """The text of a chunked response."""
    body = received.partition(b"\r\n\r\n")[2]
    text = bytearray()
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        text += body[:length]
        body = body[length + 2 :]
    chunks = [line[6:] for line in text.decode().splitlines() if line.startswith("data: {")]
    choices = [choice for one in chunks for choice in json.loads(one).get("choices", [])]
    return "".join(one.get("delta", {}).get("content") or "" for one in choices)
