"""Watching the log of another commons: each checkpoint must extend the one seen before. What is asked, and judged.

A log that shows two histories signed by one key has forked: that is told in our own log with both checkpoints, and
never forgotten. What was last seen stays the measure until something extends it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from affouage.errors import AffouageError, Conflict, NotFound, Unavailable
from affouage.journal import note, tree
from affouage.journal.note import Checkpoint, Note, VerifierKey
from affouage.journal.witness_rows import Witness
from affouage.outward import Outward

TIMEOUT_S = 20
LARGEST_ANSWER = 1_000_000
LARGEST_BUNDLE = 500_000_000

Proof = Callable[[int, int], Awaitable[Sequence[bytes]]]


class Forked(Conflict):
    """Another history than the one seen before, signed by the same key. ``offered``: the checkpoint that shows it."""

    code = "witness_forked"

    def __init__(self, name: str, kept: Checkpoint, offered: Checkpoint, text: str) -> None:
        super().__init__(
            f"The log {name} has FORKED: at {kept.size} entries it signed another history than the one at "
            f"{offered.size}.",
            remedy="Both signed checkpoints are kept in our log: show them to its members.",
        )
        self.offered = text


class RolledBack(Conflict):
    """It shows fewer entries than it had signed before."""

    code = "witness_rolled_back"


class Source(Protocol):
    """Where another log is read: over HTTP, or from a file."""

    async def checkpoint(self) -> str:
        """The newest signed note. Raises Unavailable."""
        ...

    async def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """The proof that ``new`` entries extend ``old``. Raises Unavailable."""
        ...


async def look(one: Witness, source: Source) -> tuple[Note, Checkpoint]:
    """The newest checkpoint of a log we watch, once it is found to extend the one seen before.

    Raises NoteRefused (not its signature), RolledBack, Forked, Unavailable.
    """
    text = await source.checkpoint()
    offered, said = note.open_checkpoint(text, one.key)
    if one.note:
        await extends(one.name, note.read_checkpoint(note.read(one.note)), said, text, source.consistency)
    signature = note.signature_by(offered, one.key)
    assert signature is not None, "opened just now"
    return Note(offered.text, (signature,)), said


async def extends(name: str, kept: Checkpoint, said: Checkpoint, text: str, proof_of: Proof) -> None:
    """Raises RolledBack, Forked when ``said`` (the signed note ``text``) does not extend ``kept``."""
    if said.size < kept.size:
        raise RolledBack(
            f"The log {name} shows {said.size} entries; it had signed {kept.size}: it was ROLLED BACK.",
            remedy="Ask whoever keeps it; what was seen before stays the measure.",
            entries=said.size,
            signed=kept.size,
        )
    proof = () if said.size == kept.size else await proof_of(kept.size, said.size)
    if not tree.consistency_holds(kept.size, said.size, kept.root, said.root, proof):
        raise Forked(name, kept, said, text)


def source_of(where: str, local_hosts: Sequence[str] = ()) -> Source:
    """``https://...``: a commons that is served; anything else: a file written by ``affouage journal export``.

    ``local_hosts``: of a private network, that the settings name. Raises BadRequest ``address_refused``.
    """
    if where.startswith(("http://", "https://")):
        return OverHttp(where.rstrip("/"), Outward.naming(local_hosts=local_hosts))
    return FromFile(Path(where))


class OverHttp:
    """A commons that answers at an address."""

    def __init__(self, url: str, outward: Outward) -> None:
        self._url, self._outward = url, outward
        self._first = outward.check(url)

    async def checkpoint(self) -> str:
        return (await self._get("/journal/checkpoint")).decode("utf-8", "replace")

    async def consistency(self, old: int, new: int) -> Sequence[bytes]:
        raw = await self._get(f"/journal/proof/consistency?from={old}&to={new}")
        try:
            texts = json.loads(raw)["proof"]
            return [base64.b64decode(one, validate=True) for one in texts]
        except (ValueError, KeyError, TypeError):
            raise _unreachable(self._url, "its proof cannot be read") from None

    async def _get(self, path: str) -> bytes:
        try:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with (
                self._outward.session(self._first, timeout) as http,
                http.get(self._url + path, allow_redirects=False) as answer,
            ):
                body = await answer.content.read(LARGEST_ANSWER + 1)
                if answer.status != 200 or len(body) > LARGEST_ANSWER or not answer.content.at_eof():
                    raise _unreachable(self._url, f"it answered {answer.status}")
                return body
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as lost:
            raise _unreachable(self._url, type(lost).__name__) from lost


class FromFile:
    """A bundle: ``affouage journal export``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def checkpoint(self) -> str:
        notes = [row["note"] for row in await self._rows() if row.get("type") == "checkpoint"]
        if not notes:
            raise _unreachable(str(self._path), "there is no checkpoint in it")
        return str(max(notes, key=lambda text: note.read_checkpoint(note.read(text)).size))

    async def consistency(self, old: int, new: int) -> Sequence[bytes]:
        leaves = [row["leaf"].encode() for row in await self._rows() if row.get("type") == "leaf"]
        if new > len(leaves):
            raise _unreachable(str(self._path), "entries are missing in it")
        return tree.consistency(tree.in_memory([tree.leaf_hash(one) for one in leaves]), old, new)

    async def _rows(self) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[dict[str, Any]]:
        try:
            if self._path.stat().st_size > LARGEST_BUNDLE:
                raise _unreachable(str(self._path), "it is too large")
            return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines() if line]
        except FileNotFoundError:
            raise NotFound(
                f"There is no file {self._path}.", remedy="Give an address (https://...) or a file."
            ) from None
        except (OSError, ValueError) as lost:
            raise _unreachable(str(self._path), type(lost).__name__) from lost


def _unreachable(where: str, why: str) -> Unavailable:
    return Unavailable(f"{where} cannot be read: {why}.", remedy="Try again later.", code="witness_unreachable")


def problem_of(error: AffouageError) -> str:
    """The word that is stored for what happened."""
    if isinstance(error, Forked):
        return "fork"
    return "rolled_back" if isinstance(error, RolledBack) else "unreachable"


def check_key(key: VerifierKey) -> VerifierKey:
    """Raises NoteRefused for a key that does not sign checkpoints."""
    if key.kind != note.ED25519:
        raise note.NoteRefused(
            "This key cosigns; give the one that signs the log.", remedy="GET /journal/key", code="key_malformed"
        )
    return key
