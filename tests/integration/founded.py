"""A home whose members decide: what tests of rules after the founding need, written as the assembly writes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from affouage.assembly import mandate_book
from affouage.assembly.charter import Charter, Version, Warrant
from affouage.assembly.decisions import events as ev
from affouage.assembly.event_book import record
from affouage.rulebook import ANY_RATES, open_charter
from affouage.storage import Database, open_database
from affouage.storage.home import prepare
from affouage.storage.tables import member
from affouage.testing import ManualClock


@contextmanager
def opened(home: Path) -> Iterator[Database]:
    prepare(home)
    db = open_database(home / "affouage.db")
    try:
        yield db
    finally:
        db.close()


class FoundedHouse:
    """``found`` founds it; ``decide`` writes a rule as a vote on proposal ``number`` does."""

    def __init__(self, db: Database, clock: ManualClock | None = None) -> None:
        self.db = db
        self.clock = clock or ManualClock()
        self.charter: Charter = open_charter(db, self.clock, ANY_RATES)
        self._proposals = 0

    def found(self) -> None:
        now_ms = self.clock.now_ms()

        def change(connection: Connection) -> None:
            mandate_book.found(connection, now_ms)
            record(connection, ev.Founded(), now_ms)

        self.db.write_now(change)
        self.charter.refresh()
        self.clock.advance(ms=1_000)

    def decide(self, area: str, value: Any, *, delay_ms: int = 0, number: int | None = None) -> Version:
        now_ms = self.clock.now_ms()
        self._proposals += 1
        proposal = self._proposals if number is None else number

        def change(connection: Connection) -> Version:
            return enact(self.charter, connection, area, value, proposal, now_ms, now_ms + delay_ms)

        new = self.db.write_now(change)
        self.charter.refresh()
        return new

    def emergency(self, number: int, area: str, patch: dict[str, Any], *, lasts_ms: int) -> None:
        now_ms = self.clock.now_ms()
        event = ev.Emergency(
            id=number,
            measure="test",
            area=area,
            patch=patch,
            from_ms=now_ms,
            until_ms=now_ms + lasts_ms,
            member_id="m_1",
            reason="so",
            ratified_by=1,
        )
        self.db.write_now(lambda connection: record(connection, event, now_ms))
        self.charter.refresh()

    def lift(self, number: int) -> None:
        now_ms = self.clock.now_ms()
        self.db.write_now(lambda c: record(c, ev.EmergencyLifted(id=number, at_ms=now_ms, why="lifted"), now_ms))
        self.charter.refresh()


def enact(
    charter: Charter, connection: Connection, area: str, value: Any, proposal: int, now_ms: int, in_force_ms: int
) -> Version:
    """As the assembly's step does: the version, then its enactment, in one transaction."""
    new = charter.write_decided(
        connection,
        area,
        value,
        decided_by=f"proposal {proposal}",
        reason="so",
        in_force_ms=in_force_ms,
        now_ms=now_ms,
        warrant=Warrant(kind="proposal", proposal_id=proposal),
    )
    event = ev.Enacted(
        id=proposal,
        area=area,
        version=new.version,
        in_force_ms=new.in_force_ms,
        content_sha256=new.content_sha256,
    )
    record(connection, event, now_ms)
    return new


def put_on_roll(db: Database, member_id: str, role: str = "member", **more: Any) -> None:
    """A row of the roll, with a password unless ``password_hash`` says otherwise."""
    row = {
        "id": member_id,
        "name": member_id,
        "name_key": member_id,
        "role": role,
        "language": "fr",
        "created_ms": 1,
        "password_hash": "x",
        **more,
    }
    db.write_now(lambda connection: connection.execute(insert(member), row))
