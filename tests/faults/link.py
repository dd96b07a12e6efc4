"""A link between a machine and its broker that can be cut and mended, and that keeps all that passed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Link:
    """Listens on ``port`` and passes everything on to the broker. Cut, it passes nothing and closes nothing, as a cable
    pulled out; what was under way is delivered once mended, as TCP does."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self.seen: list[bytearray] = []
        """All that passed, each way of each connection by itself."""
        self._to_port = to_port
        self._whole = asyncio.Event()
        self._whole.set()
        self._pipes: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    async def cut_for(self, seconds: float) -> None:
        self.cut()
        await asyncio.sleep(seconds)
        self.mend()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._whole.wait()
        try:
            there = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.close()
            return
        for one in (self._pass(reader, there[1]), self._pass(there[0], writer)):
            task = asyncio.create_task(one)
            self._pipes.add(task)
            task.add_done_callback(self._pipes.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = bytearray()
        self.seen.append(seen)
        with suppress(OSError):
            while data := await reader.read(65_536):
                seen += data
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
        await self._whole.wait()
        writer.close()

    async def close(self) -> None:
        for task in list(self._pipes):
            task.cancel()
        if self._pipes:
            await asyncio.wait(list(self._pipes))


@asynccontextmanager
async def linked(to_port: int) -> AsyncIterator[Link]:
    link = Link(to_port)
    server = await asyncio.start_server(link.accept, "127.0.0.1", 0)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        link.mend()
        server.close()
        await link.close()
