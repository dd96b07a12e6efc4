"""The manifest of a built corpus: all that a receipt has to say of it, and the hash it is called by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from affouage.training.corpus.recipe import Override

Split = Literal["train", "held_out", "test"]
SPLITS: tuple[Split, ...] = ("train", "held_out", "test")
SHORT = 12
"""Characters of the sha256 that a build's folder is called by."""


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    documents: int = 0
    characters: int = 0


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was read. ``sha256``: None for a folder and for a collection of the library."""

    at: str
    bytes: int | None = None
    sha256: str | None = None


class SourceRead(msgspec.Struct, frozen=True, kw_only=True):
    """``licence``, ``attribution``: as the recipe states them. ``read``: documents found; ``kept``: in the corpus."""

    name: str
    kind: str
    at: str
    licence: str
    attribution: str
    shards: tuple[Shard, ...] = ()
    read: int = 0
    kept: int = 0


class RemovedCount(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    reason: str
    documents: int


class Consented(msgspec.Struct, frozen=True, kw_only=True):
    """Texts of a member. ``documents``: of theirs in the corpus."""

    member: str
    day: str
    source: str
    documents: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``sha256``: of the corpus, see :func:`digest`. ``made_ms``: since 1970. ``code``: version of this software.

    ``licences``: licence -> documents. ``masked``: personal data replaced, by kind. ``evaluation_sha256``: of what no
    document may hold. ``overrides``: of the recipe, all of them; ``overridden``: documents each let in, in that order.
    ``cpu_us``: of a processor, for reading and all steps; None: not counted.
    """

    name: str
    sha256: str
    made_ms: int
    code: str
    recipe: str
    recipe_sha256: str
    description: str = ""
    documents: int
    characters: int
    splits: dict[Split, Amount]
    split_sha256: dict[Split, str]
    licences: dict[str, int]
    sources: tuple[SourceRead, ...]
    removed: tuple[RemovedCount, ...]
    masked: dict[str, int] = {}
    evaluation_sha256: dict[str, str] = {}
    overrides: tuple[Override, ...] = ()
    overridden: tuple[int, ...] = ()
    consents: tuple[Consented, ...] = ()
    packages: dict[str, str] = {}
    where: str = "local"
    cpu_us: int | None = None


def digest(lines: Iterable[bytes], split_sha256: Mapping[Split, str]) -> str:
    """The hash a corpus is called by: of the lines of ``documents.jsonl``, sorted, each ended by a line feed; then of
    one line for each split, ``train SHA256``, in the order of ``SPLITS``. Hexadecimal."""
    found = hashlib.sha256()
    for line in sorted(line.rstrip(b"\n") for line in lines):
        found.update(line + b"\n")
    for split in SPLITS:
        found.update(f"{split} {split_sha256[split]}\n".encode())
    return found.hexdigest()
