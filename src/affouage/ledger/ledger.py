"""Reserve, then settle: the ledger's only two movements, each written once whatever is repeated.

A reservation without a settlement is a request still running, or one that a stopped server left behind: the next start
settles it as failed, its consumption unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, func, insert, not_, select

from affouage.clock import Clock
from affouage.errors import NotFound
from affouage.ledger import allowance, chain, sums
from affouage.ledger.counted import Counted
from affouage.ledger.receipt import (
    UNCLAIMED,
    Block,
    Durations,
    Energy,
    EngineStamp,
    Impacts,
    Kept,
    ModelStamp,
    Receipt,
    Reservation,
    TokenCounts,
    booked_ms,
    part_name,
)
from affouage.storage import Database
from affouage.storage.tables import ledger_entry, reading_block, receipt_salt, usage_day
from affouage.units import Interval


class _SettledBody(msgspec.Struct):
    content: Receipt


class _ReservedBody(msgspec.Struct):
    content: Reservation


class _BlockBody(msgspec.Struct):
    content: Block


Assess = Callable[[Energy], Impacts]


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
    ) -> None:
        """``day``: milliseconds UTC -> the commons' day. ``assess``: impacts of an energy, with ``factor_set``."""
        self._db = db
        self._clock = clock
        self._day = day
        self._assess = assess
        self._factor_set = factor_set
        self.counted = Counted()

    async def reserve(self, reservation: Reservation, also: Callable[[Connection], None] | None = None) -> None:
        """Hold what a request may use. ``also`` runs in the same transaction and may refuse by raising.

        Raises LedgerUnavailable: then nothing may be answered.
        """
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> None:
            if also is not None:
                also(connection)
            append(connection, "reserved", reservation, now_ms)

        await self._db.write(change)

    async def settle(
        self, receipt: Receipt, salt: bytes | None, blocks: Iterable[Kept] = (), assumed_uj: int | None = None
    ) -> None:
        """Post what was really used (``voided`` when the request was refused before any work).

        ``blocks``: the meter's windows up to now, written in the same transaction: what the receipts of any moment say
        adds up with them to what was counted. ``assumed_uj``: what the allowance counts when the energy is not known.
        """
        now_ms = self._clock.now_ms()
        kept = list(blocks)

        def change(connection: Connection) -> None:
            self._write_blocks(connection, kept, now_ms)
            if self._post(connection, receipt, now_ms, assumed_uj) and salt is not None:
                row = {"request_id": receipt.id, "member_id": receipt.member_id, "salt": salt}
                connection.execute(insert(receipt_salt), row)

        await self._db.write(change)
        self.counted.add(receipt)

    async def keep(self, blocks: Iterable[Kept]) -> None:
        """Write the meter's blocks by themselves: an idle machine, the end."""
        now_ms, kept = self._clock.now_ms(), list(blocks)
        await self._db.write(lambda connection: self._write_blocks(connection, kept, now_ms))

    async def settle_abandoned(self) -> int:
        """Settle what a stopped server left open; how many there were. Only while no request runs.

        Each keeps what the blocks already written say it used: a lower bound.
        """
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> int:
            self._post_older(connection)
            abandoned = [_decode_reservation(row.body) for row in connection.execute(_open_reservations())]
            known = _parts_in_blocks(connection, abandoned)
            for reservation in abandoned:
                energy, machine_id = known.get(_name(reservation), (Energy(), ""))
                lost = _lost(reservation, now_ms, energy, self._assess(energy), machine_id)
                self._post(connection, lost, now_ms)
            for block, name in _left_in_blocks(connection, abandoned):
                self._write_unclaimed(connection, block, name, now_ms)
            allowance.release_all(connection)
            return len(abandoned)

        return await self._db.write(change)

    def _post_older(self, connection: Connection) -> None:
        """Sums of the receipts of a version that kept none. Once: afterwards there are sums."""
        if connection.execute(select(usage_day.c.day).limit(1)).first() is not None:
            return
        older = select(ledger_entry.c.body, ledger_entry.c.created_ms).where(ledger_entry.c.kind.in_(_RECEIPTS))
        for row in connection.execute(older.order_by(ledger_entry.c.seq)).all():
            sums.post_receipt(connection, _decode_receipt(row.body), self._day(row.created_ms))

    async def last_block(self, machine_id: str) -> Block | None:
        """The newest block of a machine; None when there is none."""
        return await self._db.read(lambda c: find_last_block(c, machine_id))

    def _post(self, connection: Connection, receipt: Receipt, now_ms: int, assumed_uj: int | None = None) -> bool:
        new = append(connection, "voided" if receipt.outcome == "refused" else "settled", receipt, now_ms)
        if new:
            day = self._day(now_ms)
            sums.post_receipt(connection, receipt, day)
            allowance.close(connection, receipt, day, assumed_uj)
        return new

    def _write_blocks(self, connection: Connection, kept: Iterable[Kept], now_ms: int) -> None:
        for one in kept:
            block = one.block
            if not append(connection, "block", block, now_ms):
                continue  # another settlement brought it already
            t1_ms = booked_ms(block, now_ms)
            t0_ms = t1_ms - (block.t1_ms - block.t0_ms)
            row = {"id": block.id, "machine_id": block.machine_id, "t0_ms": t0_ms, "t1_ms": t1_ms}
            connection.execute(insert(reading_block), {**row, "body": one.body})
            sums.post_block(connection, block, self._day(t1_ms), self._factor_set)
            for name in one.unclaimed:
                self._write_unclaimed(connection, block, name, now_ms)

    def _write_unclaimed(self, connection: Connection, block: Block, name: str, now_ms: int) -> None:
        """A part that belongs to no receipt any more: the collective's loss, or the books would not add up."""
        last = select(func.max(ledger_entry.c.attempt)).where(
            ledger_entry.c.request_id == name, ledger_entry.c.kind == "settled"
        )
        attempt = (connection.execute(last).scalar() or 0) + 1
        energy = _energy_of(Energy(), block, block.parts[name], at_least=False)
        self._post(connection, _unclaimed(block, name, attempt, now_ms, energy, self._assess(energy)), now_ms)

    async def receipt(self, receipt_id: str, member_id: str) -> Receipt:
        """The member's own receipt. Raises NotFound for anyone else's as for one that does not exist."""
        return await self._db.read(lambda c: find_receipt(c, receipt_id, member_id))

    async def receipts(self, member_id: str, *, limit: int = 50, before_seq: int | None = None) -> list[Receipt]:
        """The member's own receipts, newest first."""
        query = (
            select(ledger_entry.c.body)
            .where(ledger_entry.c.member_id == member_id, ledger_entry.c.kind.in_(_RECEIPTS))
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
        .where(ledger_entry.c.request_id == receipt_id, ledger_entry.c.kind.in_(_RECEIPTS))
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
        by_kind=_by_kind(connection),
    )


def _by_kind(connection: Connection) -> dict[str, int]:
    query = select(ledger_entry.c.kind, func.count()).group_by(ledger_entry.c.kind).order_by(ledger_entry.c.kind)
    return {row[0]: row[1] for row in connection.execute(query)}


def _entries(connection: Connection) -> Iterator[chain.Entry]:
    rows = connection.execution_options(yield_per=1000).execute(select(ledger_entry).order_by(ledger_entry.c.seq))
    for row in rows:
        yield chain.Entry(**row._mapping)


_RECEIPTS = ("settled", "voided")


def append(connection: Connection, kind: str, content: Any, now_ms: int) -> bool:
    """Append an entry once; False when this very movement is already in the books.

    ``content``: a Struct with ``id``, ``attempt`` and ``member_id`` ("" for what is the commons').
    """
    done = select(ledger_entry.c.seq).where(
        ledger_entry.c.request_id == content.id,
        ledger_entry.c.attempt == content.attempt,
        ledger_entry.c.kind.in_(_RECEIPTS) if kind in _RECEIPTS else ledger_entry.c.kind == kind,
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
        closing.c.kind.in_(_RECEIPTS),
    )
    return select(ledger_entry.c.body).where(
        ledger_entry.c.kind == "reserved", not_(select(closing.c.seq).where(same).exists())
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
    return None if body is None else msgspec.json.decode(body, type=_BlockBody).content


def _parts_in_blocks(connection: Connection, abandoned: list[Reservation]) -> dict[str, tuple[Energy, str]]:
    """What blocks written since the first of these reservations say each of them used, by name, with the machine.

    Of one that a node was working for, nobody knows any more under which name: see :func:`_left_in_blocks`.
    """
    if not abandoned:
        return {}
    wanted = {_name(one) for one in abandoned}
    first = _first_of(abandoned).scalar_subquery()
    query = select(ledger_entry.c.body).where(ledger_entry.c.kind == "block", ledger_entry.c.seq > first)
    found: dict[str, tuple[Energy, str]] = {}
    for body in connection.execute(query).scalars():
        block = msgspec.json.decode(body, type=_BlockBody).content
        for name in wanted & block.parts.keys():
            before, _ = found.get(name, (Energy(), ""))
            found[name] = (_energy_of(before, block, block.parts[name], at_least=True), block.machine_id)
    return found


def _left_in_blocks(connection: Connection, abandoned: list[Reservation]) -> list[tuple[Block, str]]:
    """Parts of what nodes were doing for these, of which nobody knows any more under which name it was.

    Among the blocks written since the first of them: the names that are on no receipt.
    """
    if not abandoned:
        return []
    first = _first_of(abandoned).scalar_subquery()
    since = select(ledger_entry.c.body).where(ledger_entry.c.seq > first)
    receipts = connection.execute(since.where(ledger_entry.c.kind.in_(_RECEIPTS))).scalars()
    claimed = {receipt.run_id or receipt.id for receipt in map(_decode_receipt, receipts)}
    blocks = connection.execute(since.where(ledger_entry.c.kind == "block")).scalars()
    decoded = (msgspec.json.decode(body, type=_BlockBody).content for body in blocks)
    return [(block, name) for block in decoded if block.signed_by for name in block.parts.keys() - claimed]


def _first_of(abandoned: list[Reservation]) -> Select[int]:
    return select(func.min(ledger_entry.c.seq)).where(
        ledger_entry.c.kind == "reserved", ledger_entry.c.request_id.in_({one.id for one in abandoned})
    )


def _name(reservation: Reservation) -> str:
    return part_name(reservation.id, reservation.attempt)


def _energy_of(before: Energy, block: Block, part: tuple[int, int, int], *, at_least: bool) -> Energy:
    static_uj, dynamic_uj = (before.static_uj or 0) + part[0], (before.dynamic_uj or 0) + part[1]
    central, meter = static_uj + dynamic_uj, block.meter
    return Energy(
        interval_uj=Interval(central * meter.low_factor, central, central * meter.high_factor).outwards(),
        static_uj=static_uj,
        dynamic_uj=dynamic_uj,
        method=meter.method,
        quality="unknown" if at_least else meter.quality,
        facts={"meter": meter.id, **meter.facts},
        at_least=at_least,
        machine_share_us=(before.machine_share_us or 0) + part[2],
    )


def _lost(reservation: Reservation, now_ms: int, energy: Energy, impacts: Impacts, machine_id: str) -> Receipt:
    """What can be said of a request whose server stopped: that it failed, and what it used at least."""
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
        energy=energy,
        impacts=impacts,
        machine_id=machine_id,
        run_id=_name(reservation) if reservation.attempt > 1 else "",
        workshop=reservation.workshop,
        use=reservation.use,
    )


def _unclaimed(block: Block, name: str, attempt: int, now_ms: int, energy: Energy, impacts: Impacts) -> Receipt:
    return Receipt(
        id=name,
        attempt=attempt,
        member_id="",
        door="start-up",
        kind=UNCLAIMED,
        created_ms=now_ms,
        outcome="failed",
        problem="told_too_late",
        model=ModelStamp(id="", name=""),
        engine=EngineStamp("unknown", None, "unknown"),
        tokens=TokenCounts(),
        durations=Durations(wait_ms=0, wait_reason="unknown", total_ms=0),
        energy=energy,
        impacts=impacts,
        machine_id=block.machine_id,
        run_id=name,
    )


def _decode_receipt(body: str) -> Receipt:
    return msgspec.json.decode(body, type=_SettledBody).content


def _decode_reservation(body: str) -> Reservation:
    return msgspec.json.decode(body, type=_ReservedBody).content
