"""A shard: the part of a source that one task reads from its beginning to its end. Pure shapes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from affouage.training.corpus.document import Draft, Unread
from affouage.training.corpus.recipe import Limits, Source
from affouage.training.corpus.reservations import Site


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """``path``: of a file or folder on this machine; "" for a collection of the library in ``library``. ``label``: of
    the shard within its source: the same wherever it lies. ``robots``: only what sites reserve is read. ``override``:
    what let it in although its source is refused, "" for nothing. ``mark``: changes when what is read changes."""

    source: Source
    label: str
    path: str = ""
    library: str = ""
    collection: str = ""
    robots: bool = False
    override: str = ""
    mark: str = ""

    @property
    def file(self) -> Path:
        return Path(self.path)


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What reading depends on besides the shard. ``today``: YYYY-MM-DD, no document is dated after it."""

    limits: Limits
    today: str


Found = Draft | Unread | Site
Reading = Iterator[Found]


def document_id(source: str, label: str) -> str:
    """Of the document at ``label`` within ``source``: always the same, whatever the machine and the order."""
    named = f"{source}\n{label}".encode("utf-8", "surrogateescape")
    return f"{source}:{hashlib.sha256(named).hexdigest()[:16]}"


def unread(shard: Shard, place: str, reason: str, detail: str = "") -> Unread:
    label = f"{shard.label}#{place}" if place else shard.label
    return Unread(document_id(shard.source.name, label), label, reason, detail)
