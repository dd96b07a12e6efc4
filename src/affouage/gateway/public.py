"""What anybody may read: that the commons is up, and the text it puts before every conversation."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from affouage import __version__
from affouage.asgi.commons import Commons


class Public:
    """``GET /health`` and ``GET /prefix``."""

    def __init__(self, commons: Commons) -> None:
        texts = {
            language: {"text": prefix.text, "sha256": prefix.sha256} for language, prefix in commons.prefixes.items()
        }
        version = next((prefix.version for prefix in commons.prefixes.values()), None)
        self._prefix = msgspec.json.encode({"version": version, "prefixes": texts})
        self._health = msgspec.json.encode({"status": "ok", "version": __version__})

    async def health(self, request: Request) -> Response:
        return Response(self._health, headers={"cache-control": "no-store"}, media_type="application/json")

    async def prefix(self, request: Request) -> Response:
        return Response(self._prefix, headers={"cache-control": "no-cache"}, media_type="application/json")
