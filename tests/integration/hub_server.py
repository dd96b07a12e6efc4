"""A model hub on loopback: the same protocol as the real one (tree, resolve, redirects, ranges), and its bad days.

It runs in its own thread, so that a blocking client (a command, another process) can talk to it too. What it is to do
wrong is set on its attributes between two requests.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

COMMIT = "5" * 40


@dataclass
class HubServer:
    """``files``: what ``repo`` holds. The other fields are its behaviour; ``seen`` logs (path, Range header)."""

    repo: str = "somebody/tiny-GGUF"
    files: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    seen: list[tuple[str, str | None]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # answered, in turn, before anything good
    headers_of_status: dict[str, str] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)  # bytes of each answer before the connection breaks
    ranges: bool = True
    redirects: int = 1  # hops between resolve and the bytes
    location: str = ""  # where resolve redirects, instead of here
    content_range: str = ""  # sent instead of the right one
    extra_bytes: bytes = b""  # sent after the file, chunked, without a length
    digests: bool = True  # the tree gives lfs.oid
    tree: Any = None  # sent instead of the right tree
    etag: str = ""  # sent instead of the right one
    pause_after: int | None = None  # bytes after which the answer waits for ever

    def downloads(self) -> list[str | None]:
        """The Range headers of the requests that reached the bytes."""
        return [ranged for path, ranged in self.seen if path.startswith("/bytes/")]

    async def answer_tree(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.path, None))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers=self.headers_of_status)
        if self.tree is not None:
            return web.json_response(self.tree)
        if request.match_info["repo"] != self.repo:
            return web.Response(status=401)
        entries: list[dict[str, Any]] = [{"type": "directory", "oid": "0", "size": 0, "path": "folder"}]
        for name, content in self.files.items():
            entry: dict[str, Any] = {"type": "file", "oid": "0", "size": len(content), "path": name}
            if self.digests:
                entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 135}
            entries.append(entry)
        return web.json_response(entries, headers={"X-Repo-Commit": COMMIT})

    async def answer_resolve(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.path, request.headers.get("Range")))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers=self.headers_of_status)
        name = request.match_info["file"]
        if request.match_info["repo"] != self.repo or name not in self.files:
            return web.Response(status=404, text="Entry not found")
        hops = int(request.query.get("hop", "0"))
        if self.location:
            return web.Response(status=302, headers={"Location": self.location})
        if hops < self.redirects - 1:
            return web.Response(status=307, headers={"Location": f"{request.path}?hop={hops + 1}"})
        if self.redirects:
            return web.Response(status=302, headers={"Location": f"{self.url}/bytes/{name}?X-Signature=a%2Fb%3D"})
        return await self.answer_bytes(request)

    async def answer_bytes(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(("/bytes/" + request.match_info["file"], request.headers.get("Range")))
        content = self.files[request.match_info["file"]]
        etag = self.etag or f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        start = 0
        headers = {"ETag": etag, "Content-Type": "binary/octet-stream"}
        status = 200
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if asked and self.ranges and request.headers.get("If-Range", etag) == etag:
            start, status = int(asked[1]), 206
            if start >= len(content):
                return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
            headers["Content-Range"] = self.content_range or f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        response = web.StreamResponse(status=status, headers=headers)
        if not self.extra_bytes:
            response.content_length = len(body)
        await response.prepare(request)
        await self._send(request, response, body + self.extra_bytes)
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, body: bytes) -> None:
        if self.pause_after is not None:
            await response.write(body[: self.pause_after])
            await asyncio.Event().wait()
        if self.cut_after:
            await response.write(body[: self.cut_after.pop(0)])
            await asyncio.sleep(0.05)  # let the bytes leave before the connection is torn down
            if request.transport is not None:
                request.transport.abort()
            return
        await response.write(body)
        await response.write_eof()


@contextmanager
def hub_server(**facts: Any) -> Iterator[HubServer]:
    """A hub listening on loopback for as long as the block lasts."""
    hub = HubServer(**facts)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    app = web.Application()
    app.router.add_get("/api/models/{repo:[^/]+/[^/]+}/tree/{revision}", hub.answer_tree)
    app.router.add_get("/{repo:[^/]+/[^/]+}/resolve/{revision}/{file}", hub.answer_resolve)
    app.router.add_get("/bytes/{file}", hub.answer_bytes)

    async def start() -> web.AppRunner:
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address = runner.addresses[0]
        hub.url = f"http://{address[0]}:{address[1]}"
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        started.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()

    thread = threading.Thread(target=run, name="hub", daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield hub
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
