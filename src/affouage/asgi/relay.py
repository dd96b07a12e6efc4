"""Between the gateways of one machine: what only one of them can answer is passed on to it, by a socket in the home.

A browser that stops an answer, or says which of two it prefers, speaks with whichever process took the connection; the
answer, or the comparison, is held by the one that began it, and its number begins with that one's id.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiohttp
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from affouage.asgi.body import ClientGone, read_body
from affouage.settings import ServerSettings

OWN_METRICS = "/own-metrics"
"""On that socket alone: what this process counts."""
WAIT_S = 10.0
LONGEST_PATH = 100
_OWNED = re.compile(r"/chat/stop/rcp_([0-9a-f]{8})[0-9a-f]{16}|/blind/pair/([0-9a-f]{8})-[^/]+(?:/[a-z]+)?")
"""Where the number of an answer, or of a comparison, stands in an address."""
_HOP = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"expect", b"te", b"upgrade"))


def owner_of(path: str) -> str:
    """The gateway that alone can answer at ``path``; "" when any can. Pure."""
    found = _OWNED.fullmatch(path)
    return "" if found is None else found[1] or found[2]


class Relay:
    """Before the whole of HTTP. ``others``: ids of the gateways of this machine that live, this one left out."""

    def __init__(
        self, app: ASGIApp, others: Callable[[], Collection[str]], run_dir: Path, settings: ServerSettings
    ) -> None:
        self._app = app
        self._others = others
        self._run_dir = run_dir
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        owner = owner_of(scope["path"]) if scope["type"] == "http" else ""
        if not owner or owner not in self._others():
            await self._app(scope, receive, send)
            return
        most = {"max_bytes": self._settings.max_body_bytes, "timeout_ms": self._settings.read_timeout_ms}
        try:
            body = await read_body(scope, receive, **most)
        except ClientGone:
            return
        try:
            status, headers, content = await self._passed_on(owner, scope, body)
        except (aiohttp.ClientError, TimeoutError, OSError):  # it has just died: then there is nothing of it any more
            await self._app(scope, _again(body), send)
            return
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _passed_on(self, owner: str, scope: Scope, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        sent = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"] if name not in _HOP
        ]
        query = scope["query_string"].decode("latin-1")
        url = f"http://gateway{scope['path']}{'?' if query else ''}{query}"
        async with (
            _speaking(self._run_dir, owner) as http,
            http.request(scope["method"], url, headers=sent, data=body, allow_redirects=False) as response,
        ):
            told = [(name.lower(), value) for name, value in response.raw_headers if name.lower() not in _HOP]
            return response.status, told, await response.read()


def private(app: ASGIApp, metrics: Callable[[], Awaitable[str]]) -> ASGIApp:
    """What answers on a gateway's own socket: ``app``, as if it had taken the connection itself, and its counts."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != OWN_METRICS:
            await app(scope, receive, send)
            return
        content = (await metrics()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": content})

    return answer


def bind_private(run_dir: Path, gateway_id: str) -> socket.socket:
    """The socket of a gateway, for this user alone; taken away by :func:`forget_private`. Raises OSError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _reached(run_dir, gateway_id) as path:
            listener.bind(path)
            Path(path).chmod(0o600)
        listener.listen(64)
    except BaseException:
        listener.close()
        raise
    return listener


def forget_private(run_dir: Path, gateway_id: str) -> None:
    (run_dir / _name(gateway_id)).unlink(missing_ok=True)


def forget_all_private(run_dir: Path) -> None:
    """Those of gateways that were killed: for whoever holds the home."""
    for left in run_dir.glob(_name("*")):
        left.unlink(missing_ok=True)


async def metrics_of(run_dir: Path, gateway_id: str) -> str:
    """What another gateway of this machine counts; "" when it does not answer."""
    with suppress(aiohttp.ClientError, TimeoutError, OSError):
        async with _speaking(run_dir, gateway_id) as http, http.get(f"http://gateway{OWN_METRICS}") as response:
            return await response.text() if response.status == 200 else ""
    return ""


@asynccontextmanager
async def _speaking(run_dir: Path, gateway_id: str) -> AsyncIterator[aiohttp.ClientSession]:
    with _reached(run_dir, gateway_id) as path:
        connector = aiohttp.UnixConnector(path)
        timeout = aiohttp.ClientTimeout(total=WAIT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as http:
            yield http


@contextmanager
def _reached(run_dir: Path, gateway_id: str) -> Iterator[str]:
    """The path of a gateway's socket, made short enough: a system takes some hundred characters and no more."""
    path = run_dir / _name(gateway_id)
    if len(os.fsencode(path)) < LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(run_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _name(gateway_id: str) -> str:
    return f"gateway-{gateway_id}.sock"


def _again(body: bytes) -> Receive:
    """What was read of a request, to be read once more."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return left.pop() if left else {"type": "http.disconnect"}

    return receive
