"""A page sent piece by piece, as it comes to be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import Receive, Send


class ReaderStalled(Exception):  # not an error: somebody does not read
    """The client has read nothing for ``server.stall_timeout_ms``."""


class PageStream:
    """One HTML answer under way. A piece that the client does not take in time raises ReaderStalled."""

    def __init__(self, send: Send, *, stall_timeout_ms: int) -> None:
        self._send = send
        self._stall_s = stall_timeout_ms / 1000

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        raw.append((b"content-type", b"text/html; charset=utf-8"))
        raw.append((b"x-accel-buffering", b"no"))  # asks a reverse proxy to pass each piece on at once
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def write(self, html: str) -> None:
        await self._body(html.encode("utf-8", "replace"), more=True)

    async def end(self) -> None:
        await self._body(b"", more=False)

    async def _body(self, content: bytes, *, more: bool) -> None:
        try:
            async with asyncio.timeout(self._stall_s):
                await self._send({"type": "http.response.body", "body": content, "more_body": more})
        except TimeoutError:
            raise ReaderStalled from None


async def wait_until_gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
