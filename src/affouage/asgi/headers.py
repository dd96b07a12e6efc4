"""What every answer of this server tells a browser: load nothing from elsewhere, run nothing inline, frame nothing.

``Referrer-Policy`` is ``same-origin`` and not ``no-referrer``: with the latter some browsers post our own forms with
``Origin: null``, and the guard could no longer tell them from another site's.
"""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "frame-src 'self'",  # one empty frame: the Stop button's answer (204) goes there, so the page keeps streaming
        "connect-src 'self'",
    )
)

_ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
ANSWERED = "affouage.answered"
"""Where in the scope the counts of answers by status stand."""

_OVER_TLS = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeaders:
    """An ASGI app before all others. A header that the answer already carries is left as it is.

    It counts answers by status too, for ``/metrics``: it sees them all.
    """

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self._app = app
        self._headers = (*_ALWAYS, _OVER_TLS) if https else _ALWAYS
        self.answered: Counter[int] = Counter()
        """Answers by status."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[ANSWERED] = self.answered

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.answered[message["status"]] += 1
                present = {name.lower() for name, _ in message.get("headers", ())}
                added = [one for one in self._headers if one[0] not in present]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, send_with_headers)
