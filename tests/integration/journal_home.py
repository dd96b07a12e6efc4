"""A small log with everything a log may hold, signed several times."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from affouage.journal import log, note, witness_rows
from affouage.journal.note import Note, VerifierKey
from affouage.journal.problem import Problem
from affouage.journal.public_log import PublicLog, open_log
from affouage.journal.verify import problems
from affouage.storage import Database, open_database
from affouage.storage.home import prepare
from affouage.testing import ManualClock

START_MS = 1_795_000_000_000
PEER = note.new_key("affouage.log/peer", b"p" * 32)
"""Another commons: its log is watched by ours, and it watches ours."""


class Home:
    """A database, a clock and the log on them."""

    def __init__(self, home: Path) -> None:
        prepare(home)
        self.path = home
        self.clock = ManualClock(START_MS)
        self.db: Database = open_database(home / "affouage.db")
        self.log: PublicLog = open_log(self.db, self.clock, home)

    def append(self, count: int, kind: str = "test") -> None:
        def change(connection: Connection) -> None:
            for _ in range(count):
                self.clock.advance(ms=1234)
                log.append(connection, kind, {"n": log.size(connection)}, self.clock.now_ms())

        self.db.write_now(change)

    def sign(self) -> str:
        self.clock.advance(ms=1234)
        return self.log.sign_now().text

    def reopen(self) -> None:
        """As a server that stopped and started."""
        self.db.close()
        self.db = open_database(self.path / "affouage.db")
        self.log = open_log(self.db, self.clock, self.path)

    def looked(self, key: VerifierKey) -> list[Problem]:
        """What is wrong with it, for whoever trusts this key."""
        return self.db.read_now(lambda connection: list(problems(connection, key=key)))

    def close(self) -> None:
        self.db.close()


def furnish(home: Home) -> None:
    """Leaves, records about people, one of them erased, a rotated key, checkpoints, witnesses on both sides."""
    home.append(3)
    home.sign()
    home.db.write_now(
        lambda c: log.append(c, "report", {"id": "r1"}, START_MS + 9, private={"é": [1, None]}, persons=["m1", "m2"])
    )
    home.db.write_now(lambda c: log.append(c, "report", {"id": "r2"}, START_MS + 10, private={}, persons=["m3"]))
    home.db.write_now(lambda c: log.append(c, "report", {"id": "r3"}, START_MS + 11, private={"by": "m4"}))
    home.db.write_now(lambda c: log.forget(c, "m3"))
    home.sign()
    home.log.rotate_now()
    home.append(2)
    theirs = note.Checkpoint(PEER.name, 12, b"t" * 32).text
    now_s = START_MS // 1000
    cosigned = Note(theirs, (note.sign(theirs, PEER), home.log.cosign_now(theirs, now_s)))

    def witnesses(connection: Connection) -> None:
        witness_rows.add(connection, "peer", "theirs", PEER.verifier, "https://peer.example", START_MS)
        witness_rows.seen(connection, witness_rows.find(connection, "peer", "theirs"), cosigned, 12, now_s)
        witness_rows.add(connection, "newer", "theirs", PEER.verifier, "https://newer.example", START_MS)
        witness_rows.add(connection, "gone", "theirs", PEER.verifier, "https://gone.example", START_MS)
        witness_rows.remove(connection, "gone", "theirs", START_MS)
        witness_rows.add(connection, "peer", "ours", PEER.verifier.cosigner, "", START_MS)

    home.db.write_now(witnesses)
    own = note.read(home.sign())
    answered = Note(own.text, (note.cosign(own.text, PEER, now_s),))
    size = note.read_checkpoint(own).size
    home.db.write_now(lambda c: witness_rows.seen(c, witness_rows.find(c, "peer", "ours"), answered, size, now_s))
