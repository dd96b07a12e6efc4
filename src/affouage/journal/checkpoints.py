"""Checkpoints: the log signed at one size. Functions of a connection.

Each bears two signatures of the log's key: the plain one, and a cosignature, which says when. Signing comes after the
commit of what is signed: if the server is killed in between, the next checkpoint covers it. What was signed is never
taken back: a log that is shorter than before, or another one, is not signed. Before the next is signed, a leaf
``checkpoint`` names the last one: none of those stored can then be taken away unseen.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from affouage.errors import DatabaseUnusable
from affouage.journal import keys, log, note
from affouage.journal.note import Checkpoint, SignerKey
from affouage.storage.tables import journal_checkpoint, journal_witness

KIND = "checkpoint"


class Signed(msgspec.Struct, frozen=True):
    """A checkpoint as stored. ``text``: the signed note, without cosignatures of others."""

    size: int
    root: bytes
    text: str
    created_ms: int


def newest(connection: Connection) -> Signed | None:
    """The last one signed."""
    query = select(journal_checkpoint).order_by(journal_checkpoint.c.size.desc()).limit(1)
    return _signed(connection.execute(query).one_or_none())


def at(connection: Connection, size: int) -> Signed | None:
    """The one of this size."""
    query = select(journal_checkpoint).where(journal_checkpoint.c.size == size)
    return _signed(connection.execute(query).one_or_none())


def _signed(row: Row[Any] | None) -> Signed | None:
    return None if row is None else Signed(row.size, bytes(row.root), row.note, row.created_ms)


def sign(connection: Connection, key: SignerKey, now_ms: int, kept: Checkpoint | None = None) -> Signed:
    """Sign the log as it is now; the same checkpoint again while nothing was added.

    ``kept``: one signed before and kept beside the database. Raises Conflict ``log_key_other``; DatabaseUnusable
    ``log_rolled_back``, ``log_forked`` when what was signed is not there any more.
    """
    keys.announce(connection, key.verifier, now_ms)
    size, last = log.size(connection), newest(connection)
    if last is not None:
        refuse_other_history(connection, last.size, last.root)
    if kept is not None and kept.origin == key.name:
        refuse_other_history(connection, kept.size, kept.root)
    if last is not None and last.size == size:
        return last
    name_last(connection, now_ms)
    return write(connection, key, log.size(connection), now_ms)


def name_last(connection: Connection, now_ms: int) -> None:
    """Say in the log which checkpoint was signed last, before another is."""
    last = newest(connection)
    if last is not None:
        log.append(connection, KIND, naming(last.size, last.text), now_ms)


def naming(size: int, text: str) -> dict[str, Any]:
    """What a leaf ``checkpoint`` says of the one signed before."""
    return {"size": size, "note_sha256": hashlib.sha256(text.encode()).hexdigest()}


def write(connection: Connection, key: SignerKey, size: int, now_ms: int) -> Signed:
    """Sign a size that was not signed yet, and keep it."""
    root = log.root(connection, size)
    text = Checkpoint(key.name, size, root).text
    time_s = now_ms // 1000
    made = note.Note(text, (note.sign(text, key), note.cosign(text, key, time_s)))
    row = {"size": size, "root": root, "note": str(made), "created_ms": time_s * 1000}
    connection.execute(insert(journal_checkpoint), row)
    return Signed(size, root, str(made), time_s * 1000)


def refuse_other_history(connection: Connection, size: int, root: bytes) -> None:
    """Raises DatabaseUnusable when the log does not extend what was signed at ``size``."""
    now = log.size(connection)
    if size > now:
        raise DatabaseUnusable(
            f"The public log has {now} entries, but {size} were signed: it was rolled back.",
            remedy=_REMEDY,
            code="log_rolled_back",
            entries=now,
            signed=size,
        )
    if log.root(connection, size) != root:
        raise DatabaseUnusable(
            f"The first {size} entries of the public log are not those that were signed.",
            remedy=_REMEDY,
            code="log_forked",
            signed=size,
        )


_REMEDY = "Put back a whole copy of the database. See: affouage journal verify"


def cosigned(connection: Connection) -> str | None:
    """The newest checkpoint that a witness of ours cosigned, with all the cosignatures there are for it; None: none."""
    sizes = select(journal_witness.c.size).where(journal_witness.c.side == "ours", journal_witness.c.note != "")
    for size in sorted(connection.scalars(sizes), reverse=True):
        signed = at(connection, size)
        if signed is not None:
            return served(connection, signed)
    return None


def served(connection: Connection, signed: Signed) -> str:
    """A checkpoint with the cosignatures that witnesses gave for the same size."""
    query = select(journal_witness.c.note).where(
        journal_witness.c.side == "ours", journal_witness.c.size == signed.size, journal_witness.c.note != ""
    )
    own = note.read(signed.text)
    lines = list(own.signatures)
    for text in connection.scalars(query.order_by(journal_witness.c.name)):
        lines.extend(one for one in note.read(text).signatures if one not in lines)
    return str(note.Note(own.text, tuple(lines)))
