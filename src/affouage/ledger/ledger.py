"""Reserve, then settle: the ledger's only two movements, each written once whatever is repeated.

A reservation without a settlement is a request still running, or one that a stopped server left behind: the next start
settles it as failed, its consumption unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection, func, insert, select

from affouage.clock import Clock
from affouage.errors import LedgerUnavailable, NotFound
from affouage.ledger import abandoned, allowance, chain, sums
from affouage.ledger.abandoned import open_reservations
from affouage.ledger.bodies import RECEIPTS, decode_block, decode_receipt
from affouage.ledger.counted import Counted
from affouage.ledger.posting import Posting
from affouage.ledger.receipt import (
    Block,
    Energy,
    Impacts,
    Kept,
    Receipt,
    Reservation,
    booked_ms,
)
from affouage.ledger.run_names import gateway_of
from affouage.ledger.together import Together
from affouage.storage import Database, gateways
from affouage.storage.tables import ledger_entry, reading_block, receipt_salt, usage_day

Assess = Callable[[Energy], Impacts]

PATIENCE_S = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Pauses between tries of a settlement while the database's server is away."""


def utc_day(at_ms: int) -> str:
    """``2026-11-22`` in UTC: the day of a ledger that nobody gave a calendar."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


class Verification(msgspec.Struct, frozen=True):
    """Result of reading the whole ledger. ``head``: hex hash of the last entry, to compare with one noted earlier."""

    entries: int
    head: str
    open_reservations: int
    problems: list[str]
    by_kind: dict[str, int] = {}


class _Reserving(msgspec.Struct, frozen=True):
    at_ms: int
    reservation: Reservation
    also: Callable[[Connection], None] | None

    @property
    def id(self) -> str:
        return self.reservation.id


class _Settling(msgspec.Struct, frozen=True):
    at_ms: int
    receipt: Receipt
    salt: bytes | None
    blocks: list[Kept]
    assumed_uj: int | None

    @property
    def id(self) -> str:
        return self.receipt.id


class Ledger:
    """The books. All writes go through the database's single writer and return once committed."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        day: Callable[[int], str] = utc_day,
        assess: Assess = lambda _energy: Impacts(),
        factor_set: str = "",
        gateway_id: str = "",
    ) -> None:
        """``day``: milliseconds UTC -> the commons' day. ``assess``: impacts of an energy, with ``factor_set``.

        ``gateway_id``: of this process, where several share the books; what it reserves is then its own to settle.
        """
        self._db = db
        self._clock = clock
        self._day = day
        self._assess = assess
        self._factor_set = factor_set
        self._gateway_id = gateway_id
        self.counted = Counted()
        self._together = Together(db, self._write_all)

    async def reserve(self, reservation: Reservation, also: Callable[[Connection], None] | None = None) -> None:
        """Hold what a request may use. ``also`` runs in the same transaction and may refuse by raising.

        Raises LedgerUnavailable: then nothing may be answered.
        """
        await self._together.write(_Reserving(self._clock.now_ms(), reservation, also))

    async def settle(
        self, receipt: Receipt, salt: bytes | None, blocks: Iterable[Kept] = (), assumed_uj: int | None = None
    ) -> None:
        """Post what was really used (``voided`` when the request was refused before any work).

        ``blocks``: the meter's windows up to now, written in the same transaction: what the receipts of any moment say
        adds up with them to what was counted. ``assumed_uj``: what the allowance counts when the energy is not known.
        """
        await self._patiently(_Settling(self._clock.now_ms(), receipt, salt, list(blocks), assumed_uj))
        self.counted.add(receipt)

    async def _patiently(self, settling: _Settling) -> None:
        """What was used is not lost because the database's server is being started again; twice in the books, never."""
        for wait_s in PATIENCE_S:
            try:
                await self._together.write(settling)
            except LedgerUnavailable as refused:
                if not refused.details.get("away"):
                    raise
            else:
                return
            await asyncio.sleep(wait_s)
        await self._together.write(settling)

    def _write_all(self, connection: Connection, movements: Sequence[_Reserving | _Settling]) -> None:
        posting = self._posting(connection)
        posting.expect(one.id for one in movements)
        for one in movements:
            if isinstance(one, _Reserving):
                if one.also is not None:
                    posting.write()  # it looks at what was used and promised up to here
                    one.also(connection)
                posting.reserve(one.reservation, one.at_ms)
                continue
            self._post_blocks(posting, one.blocks, one.at_ms)
            new = posting.settle(one.receipt, one.at_ms, salt=one.salt, assumed_uj=one.assumed_uj)
            if not new and self._gateway_id:
                posting.write()
                _check_not_given_up(connection, one.receipt)
        posting.write()

    def _posting(self, connection: Connection) -> Posting:
        return Posting(connection, day=self._day, gateway_id=self._gateway_id)

    async def keep(self, blocks: Iterable[Kept]) -> None:
        """Write the meter's blocks by themselves: an idle machine, the end."""
        now_ms, kept = self._clock.now_ms(), list(blocks)

        def change(connection: Connection) -> None:
            posting = self._posting(connection)
            self._post_blocks(posting, kept, now_ms)
            posting.write()

        await self._db.write(change)

    async def settle_abandoned(self) -> int:
        """Settle what a stopped server left open; how many there were. At the start; not what a living gateway answers.

        Each keeps what the blocks already written say it used: a lower bound.
        """
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> int:
            self._post_older(connection)
            alive = gateways.living(connection, now_ms)
            gateways.forget_dead(connection, alive)  # in books that were put back from a backup too
            lost = abandoned.nobodys(connection)
            since = abandoned.first_of(connection, lost)
            self._settle_lost(connection, lost, now_ms)
            self._write_left(connection, since, lambda name: gateway_of(name) not in alive, now_ms)
            allowance.release_abandoned(connection)
            return len(lost)

        return await self._db.write(change)

    async def settle_gone(self, gateway_id: str) -> int:
        """Settle what a gateway that died left open, while others serve; how many there were. Repeatable."""
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> int:
            requests = gateways.requests_of(connection, gateway_id)
            lost = abandoned.among(connection, requests)
            first = abandoned.first_of(connection, lost)
            since = abandoned.lately(connection, now_ms)
            self._settle_lost(connection, lost, now_ms)
            since = since if first is None else min(first, since)
            self._write_left(connection, since, lambda name: gateway_of(name) == gateway_id, now_ms)
            for request_id, attempt in requests:
                gateways.settled(connection, request_id, attempt)
            return len(lost)

        return await self._db.write(change)

    def _settle_lost(self, connection: Connection, lost: list[Reservation], now_ms: int) -> None:
        known, posting = abandoned.parts_in_blocks(connection, lost), self._posting(connection)
        for reservation in lost:
            energy, machine_id = known.get(abandoned.name_of(reservation), (Energy(), ""))
            receipt = abandoned.lost(reservation, now_ms, energy, self._assess(energy), machine_id)
            posting.settle(receipt, now_ms)
        posting.write()

    def _write_left(
        self, connection: Connection, since: int | None, wanted: Callable[[str], bool], now_ms: int
    ) -> None:
        posting = self._posting(connection)
        for block, name in abandoned.left_in_blocks(connection, since, wanted):
            self._post_unclaimed(posting, block, name, now_ms)

    def _post_older(self, connection: Connection) -> None:
        """Sums of the receipts of a version that kept none. Once: afterwards there are sums."""
        if connection.execute(select(usage_day.c.day).limit(1)).first() is not None:
            return
        older = select(ledger_entry.c.body, ledger_entry.c.created_ms).where(ledger_entry.c.kind.in_(RECEIPTS))
        for row in connection.execute(older.order_by(ledger_entry.c.seq)).all():
            sums.post_receipt(connection, decode_receipt(row.body), self._day(row.created_ms))

    async def last_block(self, machine_id: str) -> Block | None:
        """The newest block of a machine; None when there is none."""
        return await self._db.read(lambda c: find_last_block(c, machine_id))

    def _post_blocks(self, posting: Posting, kept: Iterable[Kept], now_ms: int) -> None:
        for one in kept:
            if posting.append("block", one.block, now_ms):
                self._note_block(posting.connection, one, now_ms)
            for name in one.unclaimed:  # also of a block that another gateway brought: each tells its own
                self._post_unclaimed(posting, one.block, name, now_ms)

    def _note_block(self, connection: Connection, kept: Kept, now_ms: int) -> None:
        block = kept.block
        t1_ms = booked_ms(block, now_ms)
        t0_ms = t1_ms - (block.t1_ms - block.t0_ms)
        row = {"id": block.id, "machine_id": block.machine_id, "t0_ms": t0_ms, "t1_ms": t1_ms}
        connection.execute(insert(reading_block), {**row, "body": kept.body})
        sums.post_block(connection, block, self._day(t1_ms), self._factor_set)

    def _post_unclaimed(self, posting: Posting, block: Block, name: str, now_ms: int) -> None:
        """A part that belongs to no receipt any more: the collective's loss, or the books would not add up. Once."""
        posting.write()
        if abandoned.told_already(posting.connection, block, name):
            return
        last = select(func.max(ledger_entry.c.attempt)).where(
            ledger_entry.c.request_id == name, ledger_entry.c.kind == "settled"
        )
        attempt = (posting.connection.execute(last).scalar() or 0) + 1
        energy = abandoned.energy_of(Energy(), block, block.parts[name], at_least=False)
        lost = abandoned.unclaimed(block, name, attempt, now_ms, energy, self._assess(energy))
        posting.settle(lost, now_ms)
        posting.write()

    async def receipt(self, receipt_id: str, member_id: str) -> Receipt:
        """The member's own receipt. Raises NotFound for anyone else's as for one that does not exist."""
        return await self._db.read(lambda c: find_receipt(c, receipt_id, member_id))

    async def receipts(self, member_id: str, *, limit: int = 50, before_seq: int | None = None) -> list[Receipt]:
        """The member's own receipts, newest first."""
        query = (
            select(ledger_entry.c.body)
            .where(ledger_entry.c.member_id == member_id, ledger_entry.c.kind.in_(RECEIPTS))
            .order_by(ledger_entry.c.seq.desc())
            .limit(limit)
        )
        if before_seq is not None:
            query = query.where(ledger_entry.c.seq < before_seq)
        bodies = await self._db.read(lambda c: list(c.execute(query).scalars()))
        return [decode_receipt(body) for body in bodies]

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
        .where(ledger_entry.c.request_id == receipt_id, ledger_entry.c.kind.in_(RECEIPTS))
        .order_by(ledger_entry.c.attempt.desc())
    )
    if member_id is not None:
        query = query.where(ledger_entry.c.member_id == member_id)
    body = connection.execute(query).scalars().first()
    if body is None:
        raise NotFound(
            f"No receipt {receipt_id}.", remedy="Check the number; a receipt is shown to the member it belongs to."
        )
    return decode_receipt(body)


def verify(connection: Connection) -> Verification:
    """Read every entry again; memory stays small whatever the size."""
    last = connection.execute(select(ledger_entry.c.hash).order_by(ledger_entry.c.seq.desc()).limit(1)).scalar()
    opened = select(func.count()).select_from(open_reservations().subquery())
    return Verification(
        entries=connection.execute(select(func.count()).select_from(ledger_entry)).scalar_one(),
        head=(last or chain.GENESIS).hex(),
        open_reservations=connection.execute(opened).scalar_one(),
        problems=list(chain.problems(_entries(connection))),
        by_kind=_by_kind(connection),
    )


def _by_kind(connection: Connection) -> dict[str, int]:
    query = select(ledger_entry.c.kind, func.count()).group_by(ledger_entry.c.kind).order_by(ledger_entry.c.kind)
    return {row[0]: row[1] for row in connection.execute(query)}


def _entries(connection: Connection) -> Iterator[chain.Entry]:
    rows = connection.execution_options(yield_per=1000).execute(select(ledger_entry).order_by(ledger_entry.c.seq))
    for row in rows:
        yield chain.Entry(**row._mapping)


def _check_not_given_up(connection: Connection, receipt: Receipt) -> None:
    """Raises LedgerUnavailable when it was settled as failed by a gateway that held this one for dead."""
    query = select(ledger_entry.c.body).where(
        ledger_entry.c.request_id == receipt.id,
        ledger_entry.c.attempt == receipt.attempt,
        ledger_entry.c.kind.in_(RECEIPTS),
    )
    body = connection.execute(query).scalar()
    if body is not None and decode_receipt(body).problem == abandoned.STOPPED != receipt.problem:
        raise LedgerUnavailable(
            "This process was silent for so long that another one settled this answer as failed.",
            remedy="Ask again.",
            code="turn_lost",
        )


def find_last_block(connection: Connection, machine_id: str) -> Block | None:
    """The newest block of a machine, in the order of the ledger: the clock on the wall may have been put back."""
    query = (
        select(ledger_entry.c.body)
        .join(reading_block, reading_block.c.id == ledger_entry.c.request_id)
        .where(ledger_entry.c.kind == "block", reading_block.c.machine_id == machine_id)
        .order_by(ledger_entry.c.seq.desc())
        .limit(1)
    )
    body = connection.execute(query).scalar()
    return None if body is None else decode_block(body)
