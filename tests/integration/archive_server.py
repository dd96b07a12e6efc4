"""A server of official archives on loopback: validators, ranges, redirects, and its bad days.

It runs in its own thread, so that a command in another process can talk to it too. What it is to do wrong is set on its
attributes between two requests.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class ArchiveServer:
    """``files``: what stands at which path. ``seen`` logs (path, status answered)."""

    files: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    etag: str = '"one"'
    modified: str = "Thu, 12 Nov 2026 03:00:00 GMT"
    seen: list[tuple[str, int]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # answered, in turn, before anything good
    cut_after: list[int] = field(default_factory=list)  # bytes of each answer before the connection breaks
    redirect: str = ""  # where everything is redirected
    announced_bytes: int | None = None  # instead of the right length

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = await self._answer(request)
        self.seen.append((request.path, response.status))
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        if self.redirect:
            return web.Response(status=302, headers={"Location": self.redirect})
        content = self.files.get(request.path)
        if content is None:
            return web.Response(status=404)
        validators = {"ETag": self.etag, "Last-Modified": self.modified} if self.etag else {}
        if self.etag and request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304, headers=validators)
        start = self._start(request)
        response = web.StreamResponse(status=206 if start else 200, headers=validators)
        if start:
            response.headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        response.content_length = len(content) - start if self.announced_bytes is None else self.announced_bytes
        await response.prepare(request)
        sent = content[start:]
        if self.cut_after:
            await response.write(sent[: self.cut_after.pop(0)])
            if request.transport is not None:
                request.transport.close()
            return response
        await response.write(sent)
        return response

    def _start(self, request: web.Request) -> int:
        asked = request.headers.get("Range", "")
        if not asked.startswith("bytes=") or request.headers.get("If-Range") not in (self.etag, self.modified):
            return 0
        return int(asked.removeprefix("bytes=").rstrip("-"))


@contextmanager
def serving() -> Iterator[ArchiveServer]:
    """The server while open, at ``url``."""
    server = ArchiveServer()
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{path:.*}", server.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
