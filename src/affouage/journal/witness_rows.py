"""What is stored of witnesses: logs we watch (``theirs``), and those who watch ours (``ours``).

Functions of a connection.
Each is named in the log when it is added or removed (kind ``witness``; its name and address only committed to), and a
fork that we saw is told there with both signed checkpoints, so that nothing of this can be changed unseen either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from affouage.errors import Conflict, NotFound
from affouage.journal import canonical, log, note
from affouage.journal.note import Note, VerifierKey
from affouage.journal.problem import Problem
from affouage.storage.tables import journal_witness

KIND, FORK = "witness", "witness_fork"
PROBLEMS = frozenset({"", "unreachable", "rolled_back", "fork"})

Side = Literal["ours", "theirs"]


class Witness(msgspec.Struct, frozen=True):
    """One row. ``note``: the last checkpoint, with the cosignature; ``size``: its size; ``seen_ms``: when it was."""

    name: str
    side: Side
    verifier_key: str
    url: str
    note: str
    size: int
    seen_ms: int | None
    problem: str

    @property
    def key(self) -> VerifierKey:
        """Raises NoteRefused when the row was tampered with."""
        return note.read_verifier_key(self.verifier_key)


def all_of(connection: Connection, side: Side | None = None) -> list[Witness]:
    """By name."""
    query = select(journal_witness).order_by(journal_witness.c.side, journal_witness.c.name)
    if side is not None:
        query = query.where(journal_witness.c.side == side)
    return [Witness(*row) for row in connection.execute(query)]


def find(connection: Connection, name: str, side: Side) -> Witness:
    """Raises NotFound."""
    for one in all_of(connection, side):
        if one.name == name:
            return one
    raise NotFound(f"There is no witness called {name:.100}.", remedy="See: affouage journal witness list")


def add(connection: Connection, name: str, side: Side, key: VerifierKey, url: str, now_ms: int) -> None:
    """A log to watch, or somebody who watches ours. Raises Conflict ``witness_known``."""
    if any(one.name == name for one in all_of(connection, side)):
        raise Conflict(
            f"There is a witness called {name:.100} already.",
            remedy="Choose another name, or remove that one.",
            code="witness_known",
        )
    row = {"name": name, "side": side, "verifier_key": str(key), "url": url}
    connection.execute(insert(journal_witness), {**row, "note": "", "size": 0, "seen_ms": None, "problem": ""})
    _tell(connection, "added", row, now_ms)


def change_key(connection: Connection, name: str, side: Side, key: VerifierKey, now_ms: int) -> None:
    """Their log has a new key; the last checkpoint seen stays, and the next must extend it."""
    before = find(connection, name, side)
    row = {"name": name, "side": side, "verifier_key": str(key), "url": before.url}
    _update(connection, name, side, verifier_key=str(key))
    _tell(connection, "changed", row, now_ms)


def remove(connection: Connection, name: str, side: Side, now_ms: int) -> None:
    """Raises NotFound."""
    gone = find(connection, name, side)
    row = {"name": name, "side": side, "verifier_key": gone.verifier_key, "url": gone.url}
    connection.execute(delete(journal_witness).where(journal_witness.c.name == name, journal_witness.c.side == side))
    _tell(connection, "removed", row, now_ms)


def seen(connection: Connection, one: Witness, cosigned: Note, size: int, time_s: int) -> None:
    """A checkpoint that holds, with the cosignature that says when."""
    text = str(cosigned)
    _update(connection, one.name, one.side, note=text, size=size, seen_ms=time_s * 1000, problem="")


def trouble(connection: Connection, one: Witness, problem: str) -> None:
    """It did not answer, or went back: what was last seen stays."""
    _update(connection, one.name, one.side, problem=problem)


def fork(connection: Connection, one: Witness, offered: str, now_ms: int) -> None:
    """Two histories signed by one key: told in our log with both, which is the proof; once for each checkpoint."""
    _update(connection, one.name, one.side, problem="fork")
    known = {leaf.public["offered"] for leaf in log.of_kind(connection, FORK)}
    if offered not in known:
        log.append(connection, FORK, {"key": one.verifier_key, "kept": one.note, "offered": offered}, now_ms)


def _update(connection: Connection, name: str, side: Side, **values: Any) -> None:
    theirs = (journal_witness.c.name == name) & (journal_witness.c.side == side)
    connection.execute(update(journal_witness).where(theirs).values(**values))


def _tell(connection: Connection, what: str, row: dict[str, str], now_ms: int) -> None:
    public = {"what": what, "side": row["side"], "key": row["verifier_key"]}
    log.append(connection, KIND, public, now_ms, private={"name": row["name"], "url": row["url"]})


def problems(connection: Connection, own_keys: Sequence[VerifierKey]) -> Iterator[Problem]:
    """What the rows say that the log does not, and signatures that do not hold."""
    told: dict[tuple[str, str], tuple[str, str]] = {}
    for leaf in log.of_kind(connection, KIND):
        held = log.opened(connection, leaf.seq)
        if held is None:
            yield Problem("witness", leaf.seq, "its record is missing")
            continue
        at = (held.private["name"], leaf.public["side"])
        if leaf.public["what"] == "removed":
            told.pop(at, None)
        else:
            told[at] = (leaf.public["key"], held.private["url"])
    forked = {leaf.public["key"] for leaf in log.of_kind(connection, FORK)}
    for row in connection.execute(select(journal_witness)):
        one = Witness(*row)
        if told.pop((one.name, one.side), None) != (one.verifier_key, one.url):
            yield Problem("witness", None, f"{one.name!r:.60} is not as it was added")
            continue
        yield from _row(one, own_keys)
        if one.problem not in PROBLEMS or (one.verifier_key in forked) != (one.problem == "fork"):
            yield Problem("witness", None, f"the trouble with {one.name!r:.60} is not the one that was seen")
    for name, _ in told:
        yield Problem("witness", None, f"{name!r:.60} is missing")


def _row(one: Witness, own_keys: Sequence[VerifierKey]) -> Iterator[Problem]:
    if one.note == "":
        if (one.size, one.seen_ms) != (0, None):
            yield Problem("witness", None, f"the checkpoint of {one.name!r:.60} is missing")
        return
    try:
        text = note.read(one.note)
        said = note.read_checkpoint(text)
        signed = [line for line in text.signatures if _signer(text.text, line, one.key, own_keys)]
    except (note.NoteRefused, canonical.NotCanonical) as wrong:
        yield Problem("witness", None, f"the checkpoint of {one.name!r:.60}: {wrong.message}")
        return
    times = [note.time_of(line) * 1000 for line in signed if len(line.blob) == 72]
    needed = 2 if one.side == "theirs" else 1
    if (
        str(text) != one.note
        or len(signed) != needed
        or len(text.signatures) != needed
        or said.size != one.size
        or one.seen_ms not in times
    ):
        yield Problem("witness", None, f"the checkpoint of {one.name!r:.60} is not the one that was cosigned")


def _signer(text: str, line: note.Signature, key: VerifierKey, own_keys: Sequence[VerifierKey]) -> bool:
    return any(note.holds(text, line, one) for one in (key, *(own.cosigner for own in own_keys)))
