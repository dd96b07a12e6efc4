"""The few files the pages load: read once, small, named by their content so that browsers keep them for good."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from starlette.responses import Response

from affouage.errors import NotFound

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class StaticFile:
    content: bytes
    media_type: str
    digest: str


@cache
def static_files() -> dict[str, StaticFile]:
    """All of them by name."""
    found: dict[str, StaticFile] = {}
    for entry in resources.files("affouage.web").joinpath("static").iterdir():
        media_type = _TYPES.get("." + entry.name.rpartition(".")[2])
        if media_type:
            content = entry.read_bytes()
            found[entry.name] = StaticFile(content, media_type, hashlib.sha256(content).hexdigest()[:12])
    return found


def static_url(name: str) -> str:
    """``/static/affouage.css?v=<digest>``. Raises KeyError for a file that does not exist: a template is wrong."""
    return f"/static/{name}?v={static_files()[name].digest}"


def serve(name: str, digest: str) -> Response:
    """One file. Without its right digest in the address it is given all the same, but not kept. Raises NotFound."""
    file = static_files().get(name)
    if file is None:
        raise NotFound("There is no such file.")
    kept = digest == file.digest
    caching = "public, max-age=31536000, immutable" if kept else "no-cache"
    return Response(file.content, media_type=file.media_type, headers={"cache-control": caching})
