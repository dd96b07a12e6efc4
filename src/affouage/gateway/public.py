"""What anybody may read: that the commons is up, and the text it puts before every conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from affouage import __version__
from affouage.asgi.commons import Commons
from affouage.inference.prompt import Prefix

_encode = msgspec.json.encode


class Public:
    """``GET /health`` and ``GET /prefix``."""

    def __init__(self, commons: Commons) -> None:
        self._commons = commons
        self._health = _encode({"status": "ok", "version": __version__})

    async def health(self, request: Request) -> Response:
        return Response(self._health, headers={"cache-control": "no-store"}, media_type="application/json")

    async def prefix(self, request: Request) -> Response:
        """Those in force now, with the vote that decided them; ``decided`` is None for the shipped texts."""
        prefixes, version = self._commons.prefixes, self._commons.charter.in_force("prefixes").version
        body = {
            "version": str(version),
            "prefixes": _texts(prefixes),
            "workshops": {name: _texts(texts) for name, texts in prefixes.workshops().items()},
            "decided": self._decided(version),
        }
        return Response(_encode(body), headers={"cache-control": "no-cache"}, media_type="application/json")

    def _decided(self, version: int) -> dict[str, Any] | None:
        decision = self._commons.charter.version("prefixes", version)
        if decision is None:
            return None
        return {**self._commons.cite("prefixes", version).facts(), "by": decision.decided_by}


def _texts(prefixes: Mapping[str, Prefix]) -> dict[str, dict[str, str]]:
    return {language: {"text": one.text, "sha256": one.sha256} for language, one in prefixes.items()}
