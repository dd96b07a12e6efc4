"""The log in the database: appending, reading, proving, forgetting. Functions of a connection.

A leaf is the canonical JSON of ``{"at_ms", "commitment"?, "kind", "public", "seq", "v": 1}``. ``public`` names nobody.
What must not be public is only committed to: ``commitment`` is the hexadecimal SHA-256 of a random salt of 32 bytes and
the canonical JSON of ``{"persons": [...], "private": {...}}``. Record and salt stand beside the log and are deleted
with the person they speak of; without the salt the commitment tells nothing, and the log goes on holding.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select

from affouage.errors import BadRequest, DatabaseUnusable, NotFound
from affouage.journal import canonical, tree
from affouage.storage.tables import journal_checkpoint, journal_leaf, journal_node, journal_person, journal_record

VERSION = 1
"""``v`` of the leaves written now."""

KIND = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


class Leaf(msgspec.Struct, frozen=True):
    """One row as stored."""

    seq: int
    kind: str
    created_ms: int
    body: str
    leaf_hash: bytes

    @property
    def public(self) -> dict[str, Any]:
        """What it says. Raises canonical.NotCanonical when the row was tampered with."""
        public: dict[str, Any] = canonical.read(self.body)["public"]
        return public


class Opened(msgspec.Struct, frozen=True):
    """What a leaf only commits to."""

    private: dict[str, Any]
    persons: tuple[str, ...]
    salt: bytes
    record: str
    """The text that was hashed after the salt."""


# Compiled once: appending is on the way of every decision.
_last = select(func.max(journal_leaf.c.seq))
_ends = select(_last.scalar_subquery(), select(func.max(journal_checkpoint.c.size)).scalar_subquery())
_hash_of_leaf = select(journal_leaf.c.leaf_hash).where(journal_leaf.c.seq == bindparam("at"))
_hash_of_node = select(journal_node.c.hash).where(
    journal_node.c.level == bindparam("height"), journal_node.c.idx == bindparam("at")
)


def append(
    connection: Connection,
    kind: str,
    public: Mapping[str, Any],
    now_ms: int,
    *,
    private: Mapping[str, Any] | None = None,
    persons: Iterable[str] = (),
) -> int:
    """Write a leaf in the caller's transaction; its seq (0, 1, 2 ...).

    ``public``: no name, no personal data, ids only. ``private``: committed to, kept beside the log with ``persons``,
    the members it speaks of. Raises canonical.NotCanonical, BadRequest for a kind that is none, DatabaseUnusable when
    the log lost leaves it had signed.
    """
    if not KIND.match(kind):
        raise BadRequest(f"{kind!r:.60} is no kind of leaf.", remedy="Lower-case letters, digits and _.", param="kind")
    seq = _next(connection)
    content: dict[str, Any] = {"v": VERSION, "seq": seq, "kind": kind, "at_ms": now_ms, "public": public}
    about = sorted(set(persons))
    if private is not None or about:
        salt, record = secrets.token_bytes(32), record_of(private or {}, about)
        content["commitment"] = commitment(salt, record)
        connection.execute(insert(journal_record), {"seq": seq, "salt": salt, "record": record})
        if about:
            connection.execute(insert(journal_person), [{"seq": seq, "member_id": one} for one in about])
    body = canonical.write(content)
    digest = tree.leaf_hash(body.encode())
    row = {"seq": seq, "kind": kind, "created_ms": now_ms, "body": body, "leaf_hash": digest}
    connection.execute(insert(journal_leaf), row)
    _grow(connection, seq, digest)
    return seq


def record_of(private: Mapping[str, Any], persons: Iterable[str]) -> str:
    """The text a commitment covers after the salt. Raises canonical.NotCanonical."""
    return canonical.write({"persons": list(persons), "private": private})


def commitment(salt: bytes, record: str) -> str:
    """Hexadecimal SHA-256 of the salt and the record."""
    return hashlib.sha256(salt + record.encode()).hexdigest()


def _grow(connection: Connection, seq: int, digest: bytes) -> None:
    """Write the whole subtrees that this leaf completes: one on average."""
    rows, below = [], digest
    for level, index in tree.completed(seq):
        below = tree.node_hash(_node(connection, level - 1, 2 * index), below)
        rows.append({"level": level, "idx": index, "hash": below})
    if rows:
        connection.execute(insert(journal_node), rows)


def _next(connection: Connection) -> int:
    """The seq of the next leaf. Raises DatabaseUnusable when leaves that were signed are gone."""
    last, signed = connection.execute(_ends).one()
    now_size = 0 if last is None else int(last) + 1
    if signed is not None and signed > now_size:
        raise DatabaseUnusable(
            f"The public log has {now_size} entries, but {signed} were signed: its end is missing.",
            remedy="Put back a whole copy of the database, then: affouage journal verify",
            code="log_rolled_back",
        )
    return now_size


def size(connection: Connection) -> int:
    """How many leaves there are."""
    last = connection.scalar(_last)
    return 0 if last is None else int(last) + 1


def leaf(connection: Connection, seq: int) -> Leaf:
    """Raises NotFound."""
    for found in leaves(connection, seq, 1):
        return found
    raise NotFound(f"The log has no entry {seq}.", remedy="Entries are numbered from 0.", seq=seq)


def leaves(connection: Connection, first: int = 0, count: int | None = None) -> Iterator[Leaf]:
    """Leaves in order from ``first``, at most ``count``."""
    query = select(journal_leaf).where(journal_leaf.c.seq >= first).order_by(journal_leaf.c.seq)
    if count is not None:
        query = query.where(journal_leaf.c.seq < first + count)
    for row in connection.execute(query):
        yield Leaf(*row)


def of_kind(connection: Connection, kind: str) -> Iterator[Leaf]:
    """Leaves of one kind, in order."""
    query = select(journal_leaf).where(journal_leaf.c.kind == kind).order_by(journal_leaf.c.seq)
    for row in connection.execute(query):
        yield Leaf(*row)


def last_of_kind(connection: Connection, kind: str) -> Leaf | None:
    """The newest leaf of a kind."""
    query = select(journal_leaf).where(journal_leaf.c.kind == kind).order_by(journal_leaf.c.seq.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else Leaf(*row)


def root(connection: Connection, at_size: int | None = None) -> bytes:
    """Root of the first ``at_size`` leaves; None: of all. Raises BadRequest beyond the end, DatabaseUnusable."""
    return tree.root(_reader(connection), _within(connection, at_size))


def inclusion(connection: Connection, seq: int, at_size: int | None = None) -> list[bytes]:
    """Proof that leaf ``seq`` is in the log of ``at_size`` leaves. Raises BadRequest, DatabaseUnusable."""
    within = _within(connection, at_size)
    if not 0 <= seq < within:
        raise BadRequest(
            f"A log of {within} entries has no entry {seq}.", remedy=_SIZES, param="seq", code="no_such_entry"
        )
    return tree.inclusion(_reader(connection), seq, within)


def consistency(connection: Connection, old: int, new: int | None = None) -> list[bytes]:
    """Proof that the log of ``new`` leaves extends the one of ``old``. Raises BadRequest, DatabaseUnusable."""
    within = _within(connection, new)
    if not 0 <= old <= within:
        raise BadRequest(
            f"A log of {within} entries does not extend one of {old}.", remedy=_SIZES, param="from", code="no_such_size"
        )
    return tree.consistency(_reader(connection), old, within)


_SIZES = "Ask within the size of the newest checkpoint: GET /journal/checkpoint"


def opened(connection: Connection, seq: int) -> Opened | None:
    """What leaf ``seq`` commits to, for whoever may see it; None: it commits to nothing, or that was erased."""
    query = select(journal_record.c.salt, journal_record.c.record).where(journal_record.c.seq == seq)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    said = canonical.read(row.record)
    return Opened(said["private"], tuple(said["persons"]), row.salt, row.record)


def forget(connection: Connection, member_id: str) -> int:
    """Erase every record that speaks of a member, and its salt; how many. The leaves stay, and the log holds."""
    theirs = select(journal_person.c.seq).where(journal_person.c.member_id == member_id)
    seqs = list(connection.scalars(theirs))
    for at in seqs:  # a record that speaks of two people is erased with the first who asks
        connection.execute(delete(journal_record).where(journal_record.c.seq == at))
        connection.execute(delete(journal_person).where(journal_person.c.seq == at))
    return len(seqs)


def _within(connection: Connection, asked: int | None) -> int:
    now = size(connection)
    if asked is None:
        return now
    if not 0 <= asked <= now:
        raise BadRequest(f"The log has {now} entries, not {asked}.", remedy=_SIZES, param="size", code="no_such_size")
    return asked


def _reader(connection: Connection) -> tree.Node:
    return lambda level, index: _node(connection, level, index)


def _node(connection: Connection, level: int, index: int) -> bytes:
    found = (
        connection.scalar(_hash_of_leaf, {"at": index})
        if level == 0
        else connection.scalar(_hash_of_node, {"height": level, "at": index})
    )
    if found is None:
        raise DatabaseUnusable(
            f"The public log misses a node (level {level}, {index}).", remedy="See `affouage journal verify`."
        )
    return bytes(found)
