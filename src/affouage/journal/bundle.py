"""The log as a file of JSON lines, to be checked elsewhere: its key, every leaf, every checkpoint.

Nothing in it is secret. ``offline_verifier`` reads it without the rest of this project.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from affouage.journal import checkpoints, keys, log
from affouage.journal.checkpoints import Signed
from affouage.storage.tables import journal_checkpoint

_encode = msgspec.json.Encoder(order="deterministic").encode


def lines(connection: Connection) -> Iterator[bytes]:
    """One JSON document a line, newline included; the newest checkpoint comes with the cosignatures there are."""
    chain = keys.chain(connection)
    yield _line({"type": "log", "v": 1, "key": str(chain[-1].key) if chain else ""})
    for leaf in log.leaves(connection):
        yield _line({"type": "leaf", "seq": leaf.seq, "leaf": leaf.body})
    newest = checkpoints.newest(connection)
    for row in connection.execute(select(journal_checkpoint).order_by(journal_checkpoint.c.size)):
        text = row.note
        if newest is not None and row.size == newest.size:
            text = checkpoints.served(connection, Signed(row.size, row.root, row.note, row.created_ms))
        yield _line({"type": "checkpoint", "size": row.size, "note": text})


def _line(value: dict[str, Any]) -> bytes:
    return _encode(value) + b"\n"
