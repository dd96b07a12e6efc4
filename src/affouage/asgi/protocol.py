"""uvicorn's HTTP protocol with deadlines: nobody holds a connection by sending or reading too slowly.

- A request head must be whole ``read_timeout_ms`` after the connection opened, or after its first byte on a connection
  that served before, and within ``HEAD_BYTES_MAX``. The body has its own deadline (:mod:`affouage.asgi.body`).
- A client that has read nothing for ``stall_timeout_ms`` while we have much to send is cut. Whoever answers it then
  learns that it left, as for any client that leaves.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 65_536

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def protocol_for(read_timeout_ms: int, stall_timeout_ms: int = 30_000) -> type[asyncio.Protocol]:
    """The class to give to uvicorn as ``http=``. Durations in milliseconds."""

    class Timed(TimedProtocol):
        read_timeout_s = read_timeout_ms / 1000
        stall_timeout_s = stall_timeout_ms / 1000

    return Timed


class TimedProtocol(HttpToolsProtocol):
    """See the module; made by :func:`protocol_for`."""

    read_timeout_s: float
    stall_timeout_s: float

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True

    # --- Reading ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._forget_head_timer()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(_TOO_LONG)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.read_timeout_s, self._head_too_slow)

    def _head_too_slow(self) -> None:
        self._head_timer = None
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy:
            self._await_head()  # the head of a pipelined request: the answer under way comes first
            return
        self._refuse(_TOO_SLOW if self._head_bytes else b"")

    def _refuse(self, response: bytes) -> None:
        if self.transport.is_closing():
            return
        if response:
            self.transport.write(response)
        self.transport.close()

    def _forget_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    # --- Writing ----------------------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stall_timer is None:
            self._stall_timer = self.loop.call_later(self.stall_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._forget_stall_timer()

    def _forget_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head_timer()
        self._forget_stall_timer()
        super().connection_lost(exc)
