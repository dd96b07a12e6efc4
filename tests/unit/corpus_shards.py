"""A shard of a corpus read as a build reads it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from affouage.training.corpus.document import Draft, Unread
from affouage.training.corpus.recipe import Limits, Source, SourceKind
from affouage.training.corpus.sources.reading import read_shard
from affouage.training.corpus.sources.shard import Context, Shard


def shard(path: Path, kind: SourceKind, **more: object) -> Shard:
    source = msgspec.convert({"name": "s", "kind": kind, "at": str(path), **more}, Source)
    return Shard(source=source, label=path.name, path=str(path))


USUAL = Limits()


def read(path: Path, kind: SourceKind, limits: Limits = USUAL, **more: object) -> tuple[list[Draft], list[Unread]]:
    found = list(read_shard(shard(path, kind, **more), Context(limits=limits, today="2026-11-29")))
    return [one for one in found if isinstance(one, Draft)], [one for one in found if isinstance(one, Unread)]


def reasons(unread: list[Unread]) -> list[str]:
    return [one.reason for one in unread]
