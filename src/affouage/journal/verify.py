"""Is the log what was written and signed? Everything stored of it is computed again, nothing is believed.

Found: a byte changed, a row removed, inserted or moved, leaves or checkpoints cut off the end, another history than a
checkpoint kept elsewhere. Not found, because nobody can: that a whole older copy was put back while no checkpoint was
kept anywhere else. That is what witnesses are for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from affouage.errors import AffouageError
from affouage.journal import canonical, checkpoints, keys, log, note, tree, witness_rows
from affouage.journal.keys import KeyAt
from affouage.journal.note import VerifierKey
from affouage.journal.problem import Hook, Problem
from affouage.storage.tables import journal_checkpoint, journal_leaf, journal_node, journal_person, journal_record

_FIELDS = {"at_ms", "kind", "public", "seq", "v"}


class Grown(msgspec.Struct):
    """The tree as the leaves' bodies give it. ``right``: whole subtrees at its right edge, largest first."""

    size: int = 0
    right: list[tuple[int, bytes]] = []
    nodes: dict[tuple[int, int], bytes] = {}

    def add(self, digest: bytes) -> None:
        """One leaf more."""
        level = 0
        while self.right and self.right[-1][0] == level:
            digest = tree.node_hash(self.right.pop()[1], digest)
            level += 1
            self.nodes[level, self.size >> level] = digest
        self.right.append((level, digest))
        self.size += 1

    @property
    def root(self) -> bytes:
        """Of the leaves so far."""
        if not self.right:
            return tree.EMPTY
        digest = self.right[-1][1]
        for _, left in reversed(self.right[:-1]):
            digest = tree.node_hash(left, digest)
        return digest


def problems(
    connection: Connection, *, key: VerifierKey | None, hooks: Iterable[Hook] = (), kept: Iterable[str] = ()
) -> Iterator[Problem]:
    """Everything that is wrong; nothing when the log holds.

    ``key``: one the reader trusts (None: whatever the log names, which proves nothing against whoever holds the key);
    ``kept``: checkpoints kept elsewhere; ``hooks``: what other modules compare with the log.
    """
    kept_notes, unreadable = _read_kept(kept)
    yield from unreadable
    yield from _readable(_own(connection, key, kept_notes))
    for hook in hooks:
        yield from _readable(hook(connection))


def _readable(found: Iterator[Problem]) -> Iterator[Problem]:
    """What makes reading itself fail is a problem too: text that is no UTF-8, a number that is a text, a torn page."""
    try:
        yield from found
    except DatabaseError as broken:
        yield Problem("database", None, f"it cannot be read: {broken.orig}")
    except Exception as broken:  # whatever it is: what was written by us can be read by us
        yield Problem("database", None, f"something in it cannot be read: {type(broken).__name__}")


def _read_kept(texts: Iterable[str]) -> tuple[list[tuple[note.Note, note.Checkpoint]], list[Problem]]:
    found, wrong = [], []
    for text in texts:
        try:
            one = note.read(text)
            found.append((one, note.read_checkpoint(one)))
        except note.NoteRefused as refused:
            wrong.append(Problem("kept checkpoint", None, refused.message))
    return found, wrong


def _own(
    connection: Connection, key: VerifierKey | None, kept: Sequence[tuple[note.Note, note.Checkpoint]]
) -> Iterator[Problem]:
    signed = list(connection.execute(select(journal_checkpoint).order_by(journal_checkpoint.c.size)))
    wanted = {row.size for row in signed} | {said.size for _, said in kept}
    grown, roots = Grown(), {0: tree.EMPTY}
    committed: dict[int, str] = {}
    named: list[log.Leaf] = []
    for row in connection.execute(select(journal_leaf).order_by(journal_leaf.c.seq)):
        leaf = log.Leaf(*row)
        yield from _leaf(leaf, grown, committed)
        if leaf.kind in (keys.LOG_KEY, keys.ROTATED, keys.RESTARTED):
            named.append(leaf)
        if grown.size in wanted:
            roots[grown.size] = grown.root
    yield from _nodes(connection, dict(grown.nodes))
    found, chain = _chain(named, key)
    yield from found
    for row in signed:
        yield from _checkpoint(row, roots, chain)
    yield from _all_named(connection, signed, bool(named))
    for one, said in kept:
        yield from _kept(one, said, roots, chain, grown.size)
    yield from _records(connection, committed)
    yield from witness_rows.problems(connection, [at.key for at in chain])


def _leaf(leaf: log.Leaf, grown: Grown, committed: dict[int, str]) -> Iterator[Problem]:
    expected = grown.size
    if leaf.seq != expected:
        yield Problem("leaf", expected, f"it is missing (found {leaf.seq})")
    digest = tree.leaf_hash(leaf.body.encode())
    grown.add(digest)
    if digest != leaf.leaf_hash:
        yield Problem("leaf", leaf.seq, "its hash is not that of its text")
    try:
        said = canonical.read(leaf.body)
        fields = set(said)
    except (canonical.NotCanonical, TypeError) as wrong:
        yield Problem("leaf", leaf.seq, f"its text is not canonical JSON ({wrong})")
        return
    if fields - {"commitment"} != _FIELDS or said["v"] != log.VERSION or not isinstance(said["public"], dict):
        yield Problem("leaf", leaf.seq, "it has not the form of an entry")
        return
    if (said["seq"], said["kind"], said["at_ms"]) != (leaf.seq, leaf.kind, leaf.created_ms):
        yield Problem("leaf", leaf.seq, "its columns do not say what its text says")
    if "commitment" in said:
        committed[leaf.seq] = said["commitment"]


def _nodes(connection: Connection, expected: dict[tuple[int, int], bytes]) -> Iterator[Problem]:
    for row in connection.execute(select(journal_node)):
        right = expected.pop((row.level, row.idx), None)
        if right is None:
            yield Problem("node", row.idx, f"there should be none here (level {row.level})")
        elif right != row.hash:
            yield Problem("node", row.idx, f"its hash is not that of its two children (level {row.level})")
    for level, index in expected:
        yield Problem("node", index, f"it is missing (level {level})")


def _chain(named: Sequence[log.Leaf], trusted: VerifierKey | None) -> tuple[list[Problem], list[KeyAt]]:
    """The keys the log names, and whether the one that is trusted leads to the last of them."""
    try:
        chain = keys.chain_of(named)
    except (AffouageError, KeyError, TypeError) as wrong:
        return [Problem("key", None, f"an entry that names a key cannot be read ({type(wrong).__name__})")], []
    found = []
    if len(chain) != len(named):
        found.append(Problem("key", None, "an entry names a key without the word of the one before"))
    since = 0
    if trusted is not None and (chain or named):
        since = next((i for i, at in enumerate(chain) if at.key == trusted), -1)
        if since < 0:
            found.append(Problem("key", None, f"the log is not signed by {trusted}"))
    for at in chain[since + 1 :]:
        if not at.proven:
            found.append(Problem("key", at.seq, "the key before did not say that this one follows: ask for the key"))
    return found, chain


def _checkpoint(row: Any, roots: dict[int, bytes], chain: Sequence[KeyAt]) -> Iterator[Problem]:
    size = row.size
    try:
        one = note.read(row.note)
        said = note.read_checkpoint(one)
    except note.NoteRefused as wrong:
        yield Problem("checkpoint", size, wrong.message)
        return
    if (said.size, said.root) != (size, row.root):
        yield Problem("checkpoint", size, "its columns do not say what its text says")
    if size not in roots:
        yield Problem("checkpoint", size, "the log is shorter than what was signed")
    elif roots[size] != said.root:
        yield Problem("checkpoint", size, "what was signed is not what the log is")
    signer = keys.key_of(chain, size)
    if signer is None:
        yield Problem("checkpoint", size, "the log names no key that could have signed it")
        return
    yield from _signatures(row, one, said, signer.key)


def _all_named(connection: Connection, signed: Sequence[Any], begun: bool) -> Iterator[Problem]:
    """Each checkpoint but the newest is named by a leaf written with the next one, and the first with the log's key."""
    if begun and not signed:
        yield Problem("checkpoint", None, "there is none, while the log was signed")
    stored = [checkpoints.naming(row.size, row.note) for row in signed]
    named = [leaf.public for leaf in log.of_kind(connection, checkpoints.KIND)]
    for one in named:
        if one not in stored[:-1]:
            yield Problem(
                "checkpoint", one["size"], "it is missing, or not the one the log names, or the next is missing"
            )
    for one in stored[:-1]:
        if one not in named:
            yield Problem("checkpoint", one["size"], "the log does not name it")


def _signatures(row: Any, one: note.Note, said: note.Checkpoint, key: VerifierKey) -> Iterator[Problem]:
    """Ours alone, both of them, and the time that the second one says."""
    plain, timed = (*one.signatures, None, None)[:2]
    whole = len(one.signatures) == 2 and said.origin == key.name and one.text == said.text
    if plain is None or timed is None or not whole:
        yield Problem("checkpoint", row.size, "it is not one of this log")
    elif not note.holds(one.text, plain, key) or not note.holds(one.text, timed, key.cosigner):
        yield Problem("checkpoint", row.size, "a signature does not hold")
    elif note.time_of(timed) * 1000 != row.created_ms:
        yield Problem("checkpoint", row.size, "its time is not the one that was signed")


def _kept(
    one: note.Note, said: note.Checkpoint, roots: dict[int, bytes], chain: Sequence[KeyAt], size: int
) -> Iterator[Problem]:
    ours = [at.key for at in chain if at.key.name == said.origin]
    if not any(note.holds(one.text, line, key) for line in one.signatures for key in ours):
        yield Problem("kept checkpoint", said.size, "no key of this log signed it")
    elif said.size > size:
        yield Problem("kept checkpoint", said.size, f"the log has {size} entries: it was rolled back")
    elif roots.get(said.size) != said.root:
        yield Problem("kept checkpoint", said.size, "the log is another one than was signed: a fork")


def _records(connection: Connection, committed: dict[int, str]) -> Iterator[Problem]:
    persons: dict[int, list[str]] = {}
    for row in connection.execute(select(journal_person).order_by(journal_person.c.seq, journal_person.c.member_id)):
        persons.setdefault(row.seq, []).append(row.member_id)
    for row in connection.execute(select(journal_record).order_by(journal_record.c.seq)):
        about = persons.pop(row.seq, [])
        if committed.get(row.seq) != log.commitment(row.salt, row.record):
            yield Problem("record", row.seq, "it is not what its entry commits to")
        elif canonical.read(row.record)["persons"] != about:
            yield Problem("record", row.seq, "those it speaks of are not those it was written with")
    for seq in persons:
        yield Problem("record", seq, "it is missing, while it is known whom it spoke of")


def first_of(found: Iterator[Problem], most: int) -> list[Problem]:
    """At most so many: a log that is broken at its first entry is broken at every one."""
    return [one for one, _ in zip(found, range(most), strict=False)]
