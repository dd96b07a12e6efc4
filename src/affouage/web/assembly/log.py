"""The public log, for everybody: its size and root, its entries in words, the proof of each, how to verify it."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from markupsafe import Markup
from sqlalchemy import Connection
from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.journal import bundle, canonical, checkpoints, log, note, offline_verifier
from affouage.journal.log import Leaf
from affouage.web.assembly.leaf_words import kind_words, told
from affouage.web.assembly.qr import qr_svg
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.pages import Page
from affouage.web.receipts import download

SHOWN = 25
_one_at_a_time = asyncio.Semaphore(1)


@dataclass(frozen=True)
class EntryRow:
    seq: int
    kind: str
    words: str
    at_ms: int


@dataclass(frozen=True)
class Proved(EntryRow):
    """One entry whole. ``body``: as it was hashed; ``pretty``: the same for reading; ``proof``: hashes from the leaf up
    to the root of ``size`` entries."""

    body: str
    pretty: str
    leaf_hash: str
    size: int
    root: str
    proof: tuple[str, ...]
    commitment: str


@dataclass(frozen=True)
class CheckpointShown:
    """The newest signed one. ``head``: its unsigned text, which the QR code holds."""

    origin: str
    size: int
    root: str
    root_hex: str
    text: str
    at_ms: int
    qr: Markup


@dataclass(frozen=True)
class LogPage(Page):
    """``checkpoint`` None: nothing was signed yet. ``entry``: the one asked for; ``missing``: it is not there."""

    template: ClassVar[str] = "journal.html"
    key: str
    size: int
    checkpoint: CheckpointShown | None
    entries: tuple[EntryRow, ...]
    older: int | None
    newer: int | None
    entry: Proved | None
    asked: str
    missing: bool


def open_door(door: Door) -> None:
    door.page("/assembly/log", public, Policy.PUBLIC)
    door.page("/assembly/log/log.jsonl", whole, Policy.PUBLIC)
    door.page("/assembly/log/offline_verifier.py", verifier, Policy.PUBLIC)


async def public(visit: Visit) -> Response:
    commons, language = visit.commons, visit.language
    asked, before = visit.query("seq").strip(), visit.query("before")
    await commons.log.checkpoint()
    size, rows, signed, entry = await commons.db.read(
        lambda connection: _read(connection, _place(asked), _place(before), language)
    )
    last = rows[-1].seq if rows else 0
    first = rows[0].seq if rows else -1
    page = LogPage(
        key=str(commons.log.key),
        size=size,
        checkpoint=signed,
        entries=rows,
        older=last if last > 0 else None,
        newer=min(size, first + 1 + SHOWN) if first + 1 < size else None,
        entry=entry,
        asked=asked,
        missing=bool(asked) and entry is None,
    )
    return visit.site.page(visit.request.scope, page, status=404 if page.missing else 200)


async def whole(visit: Visit) -> Response:
    """Everything it takes to check the log elsewhere. One at a time: a long log is read whole."""
    async with _one_at_a_time:
        await visit.commons.log.checkpoint()
        lines = await visit.commons.db.read(lambda connection: b"".join(bundle.lines(connection)))
    return download(lines, "log.jsonl", "application/jsonl")


async def verifier(visit: Visit) -> Response:
    """One file, Python and PyNaCl."""
    text = await asyncio.to_thread(Path(offline_verifier.__file__).read_bytes)
    return download(text, "offline_verifier.py", "text/x-python; charset=utf-8")


def _place(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None


def _read(
    connection: Connection, asked: int | None, before: int | None, language: Language
) -> tuple[int, tuple[EntryRow, ...], CheckpointShown | None, Proved | None]:
    size = log.size(connection)
    end = size if before is None else min(before, size)
    start = max(0, end - SHOWN)
    rows = tuple(_row(one, language) for one in reversed(list(log.leaves(connection, start, end - start))))
    signed = checkpoints.newest(connection)
    entry = None
    if asked is not None and asked < size:
        within = signed.size if signed is not None and asked < signed.size else size
        entry = _proved(connection, log.leaf(connection, asked), within, language)
    return size, rows, None if signed is None else _checkpoint(signed), entry


def _row(leaf: Leaf, language: Language) -> EntryRow:
    return EntryRow(leaf.seq, kind_words(leaf.kind, language), _told(leaf, language), leaf.created_ms)


def _told(leaf: Leaf, language: Language) -> str:
    try:
        return told(leaf.kind, leaf.public, language)
    except (canonical.NotCanonical, KeyError, TypeError):  # somebody wrote in the database: `journal verify` tells
        return ""


def _proved(connection: Connection, leaf: Leaf, size: int, language: Language) -> Proved:
    row = _row(leaf, language)
    content = json.loads(leaf.body)
    return Proved(
        row.seq,
        row.kind,
        row.words,
        row.at_ms,
        body=leaf.body,
        pretty=json.dumps(content, indent=2, ensure_ascii=False),
        leaf_hash=leaf.leaf_hash.hex(),
        size=size,
        root=log.root(connection, size).hex(),
        proof=tuple(one.hex() for one in log.inclusion(connection, leaf.seq, size)),
        commitment=str(content.get("commitment", "")),
    )


def _checkpoint(signed: checkpoints.Signed) -> CheckpointShown:
    head = note.read(signed.text).text
    return CheckpointShown(
        origin=head.partition("\n")[0],
        size=signed.size,
        root=b64encode(signed.root).decode(),
        root_hex=signed.root.hex(),
        text=signed.text,
        at_ms=signed.created_ms,
        qr=qr_svg(head),
    )


def newest(connection: Connection) -> CheckpointShown | None:
    """The newest signed checkpoint; None when nothing was signed yet."""
    signed = checkpoints.newest(connection)
    return None if signed is None else _checkpoint(signed)
