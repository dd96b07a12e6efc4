"""Reserve, then settle: the ledger's only two movements, each written once whatever is repeated.

A reservation without a settlement is a request still running, or one that a stopped server left behind: the next start
settles it as failed, its consumption unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, Select, and_, func, insert, not_, select

from affouage.clock import Clock
from affouage.errors import NotFound
from affouage.ledger import chain
from affouage.ledger.receipt import Durations, EngineStamp, ModelStamp, Receipt, Reservation, TokenCounts
from affouage.storage import Database
from affouage.storage.tables import ledger_entry, receipt_salt


class _SettledBody(msgspec.Struct):
    content: Receipt


class _ReservedBody(msgspec.Struct):
    content: Reservation


class Verification(msgspec.Struct, frozen=True):
    """Result of reading the whole ledger. ``head``: hex hash of the last entry, to compare with one noted earlier."""

    entries: int
    head: str
    open_reservations: int
    problems: list[str]


class Ledger:
    """The books. All writes go through the database's single writer and return once committed."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def reserve(self, reservation: Reservation) -> None:
        """Hold what a request may use. Raises LedgerUnavailable: then nothing may be answered."""
        now_ms = self._clock.now_ms()
        await self._db.write(lambda c: _append(c, "reserved", reservation, now_ms))

    async def settle(self, receipt: Receipt, salt: bytes | None) -> None:
        """Post what was really used (``voided`` when the request was refused before any work)."""
        kind = "voided" if receipt.outcome == "refused" else "settled"
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> None:
            new = _append(connection, kind, receipt, now_ms)
            if new and salt is not None:
                row = {"request_id": receipt.id, "member_id": receipt.member_id, "salt": salt}
                connection.execute(insert(receipt_salt), row)

        await self._db.write(change)

    async def settle_abandoned(self) -> int:
        """Settle what a stopped server left open; how many there were. Only while no request runs."""
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> int:
            abandoned = [_decode_reservation(row.body) for row in connection.execute(_open_reservations())]
            for reservation in abandoned:
                _append(connection, "settled", _lost(reservation, now_ms), now_ms)
            return len(abandoned)

        return await self._db.write(change)

    async def receipt(self, receipt_id: str, member_id: str) -> Receipt:
        """The member's own receipt. Raises NotFound for anyone else's as for one that does not exist."""
        return await self._db.read(lambda c: find_receipt(c, receipt_id, member_id))

    async def receipts(self, member_id: str, *, limit: int = 50, before_seq: int | None = None) -> list[Receipt]:
        """The member's own receipts, newest first."""
        query = (
            select(ledger_entry.c.body)
            .where(ledger_entry.c.member_id == member_id, ledger_entry.c.kind != "reserved")
            .order_by(ledger_entry.c.seq.desc())
            .limit(limit)
        )
        if before_seq is not None:
            query = query.where(ledger_entry.c.seq < before_seq)
        bodies = await self._db.read(lambda c: list(c.execute(query).scalars()))
        return [_decode_receipt(body) for body in bodies]

    async def salt(self, receipt_id: str, member_id: str) -> bytes | None:
        """The salt of the receipt's prompt hash; None when it was forgotten or there is none."""
        query = select(receipt_salt.c.salt).where(
            receipt_salt.c.request_id == receipt_id, receipt_salt.c.member_id == member_id
        )
        return await self._db.read(lambda c: c.execute(query).scalar_one_or_none())

    async def verify(self) -> Verification:
        return await self._db.read(verify)


def find_receipt(connection: Connection, receipt_id: str, member_id: str | None) -> Receipt:
    """A receipt by its id; ``member_id`` None only for the machine's own command line."""
    query = (
        select(ledger_entry.c.body)
        .where(ledger_entry.c.request_id == receipt_id, ledger_entry.c.kind != "reserved")
        .order_by(ledger_entry.c.attempt.desc())
    )
    if member_id is not None:
        query = query.where(ledger_entry.c.member_id == member_id)
    body = connection.execute(query).scalars().first()
    if body is None:
        raise NotFound(
            f"No receipt {receipt_id}.", remedy="Check the number; a receipt is shown to the member it belongs to."
        )
    return _decode_receipt(body)


def verify(connection: Connection) -> Verification:
    """Read every entry again; memory stays small whatever the size."""
    last = connection.execute(select(ledger_entry.c.hash).order_by(ledger_entry.c.seq.desc()).limit(1)).scalar()
    opened = select(func.count()).select_from(_open_reservations().subquery())
    return Verification(
        entries=connection.execute(select(func.count()).select_from(ledger_entry)).scalar_one(),
        head=(last or chain.GENESIS).hex(),
        open_reservations=connection.execute(opened).scalar_one(),
        problems=list(chain.problems(_entries(connection))),
    )


def _entries(connection: Connection) -> Iterator[chain.Entry]:
    rows = connection.execution_options(yield_per=1000).execute(select(ledger_entry).order_by(ledger_entry.c.seq))
    for row in rows:
        yield chain.Entry(**row._mapping)


def _append(connection: Connection, kind: str, content: Reservation | Receipt, now_ms: int) -> bool:
    """Append once; False when this very movement is already in the books."""
    done = select(ledger_entry.c.seq).where(
        ledger_entry.c.request_id == content.id,
        ledger_entry.c.attempt == content.attempt,
        (ledger_entry.c.kind == "reserved") if kind == "reserved" else (ledger_entry.c.kind != "reserved"),
    )
    if connection.execute(done).first() is not None:
        return False
    last = connection.execute(
        select(ledger_entry.c.seq, ledger_entry.c.hash).order_by(ledger_entry.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, chain.GENESIS)
    entry = chain.write(seq, previous, kind, content, created_ms=now_ms)
    connection.execute(insert(ledger_entry), msgspec.structs.asdict(entry))
    return True


def _open_reservations() -> Select[str]:
    closing = ledger_entry.alias()
    same = and_(
        closing.c.request_id == ledger_entry.c.request_id,
        closing.c.attempt == ledger_entry.c.attempt,
        closing.c.kind != "reserved",
    )
    return select(ledger_entry.c.body).where(
        ledger_entry.c.kind == "reserved", not_(select(closing.c.seq).where(same).exists())
    )


def _lost(reservation: Reservation, now_ms: int) -> Receipt:
    """What can be said of a request whose server stopped: that it failed, and that its consumption is unknown."""
    return Receipt(
        id=reservation.id,
        attempt=reservation.attempt,
        member_id=reservation.member_id,
        door=reservation.door,
        kind=reservation.kind,
        created_ms=reservation.created_ms,
        outcome="failed",
        problem="server_stopped",
        model=ModelStamp(id=reservation.model_id, name=reservation.model_id),
        engine=EngineStamp("unknown", None, "unknown"),
        tokens=TokenCounts(),
        durations=Durations(wait_ms=0, wait_reason="unknown", total_ms=max(0, now_ms - reservation.created_ms)),
    )


def _decode_receipt(body: str) -> Receipt:
    return msgspec.json.decode(body, type=_SettledBody).content


def _decode_reservation(body: str) -> Reservation:
    return msgspec.json.decode(body, type=_ReservedBody).content
