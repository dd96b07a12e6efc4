"""The chain of the ledger, pure: each entry's hash covers its body and the hash before it.

Changing, removing or swapping an entry breaks every hash after it. (Cutting the end off does not show in a chain alone:
the public log's signed checkpoints are for that.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

GENESIS = bytes(32)
"""What stands before the first entry."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Entry(msgspec.Struct, frozen=True):
    """One row as stored. ``body`` is hashed as it stands; the other columns repeat it for queries."""

    seq: int
    request_id: str
    attempt: int
    kind: str
    member_id: str
    created_ms: int
    body: str
    hash: bytes


def link(previous: bytes, body: str) -> bytes:
    """sha256 of the previous hash (32 bytes) followed by the body in UTF-8."""
    return hashlib.sha256(previous + body.encode()).digest()


def write(seq: int, previous: bytes, kind: str, content: Any, *, created_ms: int) -> Entry:
    """The entry that comes at ``seq`` after the one hashed ``previous``. ``content``: a Reservation or a Receipt."""
    body = _encode({"seq": seq, "kind": kind, "at_ms": created_ms, "content": content}).decode()
    return Entry(
        seq=seq,
        request_id=content.id,
        attempt=content.attempt,
        kind=kind,
        member_id=content.member_id,
        created_ms=created_ms,
        body=body,
        hash=link(previous, body),
    )


class _Content(msgspec.Struct):
    id: str
    attempt: int
    member_id: str


class _Body(msgspec.Struct):
    seq: int
    kind: str
    at_ms: int
    content: _Content


def problems(entries: Iterable[Entry]) -> Iterator[str]:
    """What is wrong with a ledger, read in order from its first entry; nothing when it holds."""
    previous, expected = GENESIS, 1
    for entry in entries:
        if entry.seq != expected:
            yield f"entry {expected} is missing (found {entry.seq})"
        if link(previous, entry.body) != entry.hash:
            yield f"entry {entry.seq} was altered, or the one before it"
        if (said := _columns_of(entry.body)) is None:
            yield f"entry {entry.seq} cannot be read"
        elif said != (entry.seq, entry.request_id, entry.attempt, entry.kind, entry.member_id, entry.created_ms):
            yield f"entry {entry.seq}: its columns do not say what its body says"
        previous, expected = entry.hash, entry.seq + 1


def _columns_of(body: str) -> tuple[int, str, int, str, str, int] | None:
    try:
        said = msgspec.json.decode(body, type=_Body)
    except msgspec.DecodeError:
        return None
    return said.seq, said.content.id, said.content.attempt, said.kind, said.content.member_id, said.at_ms
