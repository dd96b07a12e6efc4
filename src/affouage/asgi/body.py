"""Reading a request's body with a limit and a deadline: nobody fills the memory, nobody drips for ever."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope

from affouage.errors import BadRequest


class BodyTooLarge(BadRequest):
    """More bytes than ``server.max_body_bytes``."""

    code = "request_too_large"


class BodyTooSlow(BadRequest):
    """Not there after ``server.read_timeout_ms``."""

    code = "request_timeout"


class ClientGone(Exception):  # not an error: somebody left
    """The client left before its request was whole."""


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int, timeout_ms: int) -> bytes:
    """The whole body. Raises BodyTooLarge, BodyTooSlow, ClientGone."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > max_bytes:
            raise _too_large(max_bytes)
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
                if size > max_bytes:
                    raise _too_large(max_bytes)
                parts.append(part)
                if not message.get("more_body", False):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise BodyTooSlow(
            f"The request was not complete after {timeout_ms / 1000:g} s.", remedy="Send it again."
        ) from None


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The request is larger than {max_bytes} bytes.", remedy="Send less text at once.", max_bytes=max_bytes
    )
