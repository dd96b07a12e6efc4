"""Reading a request's body with a limit and a deadline: nobody fills the memory, nobody drips for ever."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope

from affouage.errors import BadRequest

READ_AND_DROPPED = 8
"""Times the limit up to which a body is read to its end before it is refused; beyond, the connection is closed."""


class BodyTooLarge(BadRequest):
    """More bytes than ``server.max_body_bytes``."""

    code = "request_too_large"


class BodyEncoded(BadRequest):
    """Compressed. Bodies are small, and what unpacks to a thousand times its size is a known trap."""

    code = "unsupported_content_encoding"


class BodyTooSlow(BadRequest):
    """Not there after ``server.read_timeout_ms``."""

    code = "request_timeout"


class ClientGone(Exception):  # not an error: somebody left
    """The client left before its request was whole."""


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int, timeout_ms: int) -> bytes:
    """The whole body. Raises BodyEncoded, BodyTooLarge, BodyTooSlow, ClientGone."""
    wanted = (b"content-length", b"expect", b"content-encoding")
    headers = {name: value for name, value in scope["headers"] if name in wanted}
    if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"identity", b""):
        raise BodyEncoded("The request's body is compressed.", remedy="Send it without Content-Encoding.")
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced[:18]) > max_bytes and b"expect" in headers:
        raise _too_large(max_bytes)  # this client asks before it sends
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                part: bytes = message.get("body", b"")
                size += len(part)
                if size <= max_bytes:
                    parts.append(part)
                else:
                    parts.clear()
                # Somewhat too much is still read, and dropped: a client only hears us once it has sent everything.
                if size > READ_AND_DROPPED * max_bytes:
                    raise _too_large(max_bytes)
                if not message.get("more_body", False):
                    if size > max_bytes:
                        raise _too_large(max_bytes)
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        if size > max_bytes:
            raise _too_large(max_bytes) from None
        raise BodyTooSlow(
            f"The request was not complete after {timeout_ms / 1000:g} s.", remedy="Send it again."
        ) from None


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The request is larger than {max_bytes} bytes.", remedy="Send less text at once.", max_bytes=max_bytes
    )
