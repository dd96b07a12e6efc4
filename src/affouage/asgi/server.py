"""Listening: a socket on this machine, and uvicorn behind it, started and stopped by whoever opens it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from affouage.asgi.protocol import protocol_for
from affouage.errors import SetUpError
from affouage.settings import ServerSettings

PORTS_TRIED = 20


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on ``port`` or the first free one of the 20 after it (0: any). Raises SetUpError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + (PORTS_TRIED if port else 1)):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(512)
            return listener
        except OSError as refused:
            listener.close()
            problem = refused
    raise SetUpError(
        f"No free port from {port} to {port + PORTS_TRIED - 1} on {host} ({problem.strerror}).",
        remedy="Choose another with --port, or free one.",
        code="no_port",
    )


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


_CROWDED = (
    b'{"error":{"message":"Too many connections are open here. Ask again in a moment.",'
    b'"type":"server_error","param":null,"code":"too_many_connections"}}'
)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals belong to whoever opened the server: uvicorn would end the process before we have settled


async def _say_crowded(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(_CROWDED)),
        (b"retry-after", b"5"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _CROWDED})


@asynccontextmanager
async def listening(app: ASGIApp, listener: socket.socket, settings: ServerSettings) -> AsyncIterator[None]:
    """Serve ``app`` while open. On leaving, requests under way get a few seconds to end."""

    async def unless_crowded(scope: Scope, receive: Receive, send: Send) -> None:
        # Instead of uvicorn's own limit, whose answer is bare text: clients read a JSON error and Retry-After.
        await (_say_crowded if len(server.server_state.connections) > settings.max_connections else app)(
            scope, receive, send
        )

    config = uvicorn.Config(
        unless_crowded,
        http=protocol_for(settings.read_timeout_ms, settings.stall_timeout_ms),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # addresses and paths of members are nobody's business
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies.split(),  # never what the environment says
        timeout_keep_alive=65,
        timeout_graceful_shutdown=4,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="serve")
    try:
        while not server.started:
            if serving.done():
                raise SetUpError("The server could not start.", remedy="See `affouage doctor`.")
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([serving])
