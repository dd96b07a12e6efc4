"""A period computed again from its raw readings, and compared with everything the books say of it.

It reads the database and never writes it. One pass in the order of the ledger, entry by entry: memory depends on the
number of requests running at once and on the rows of sums by day, not on the number of entries or readings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, create_engine, func, insert, or_, select

from affouage.errors import DatabaseUnusable, NotFound
from affouage.footprint.allocation import Part
from affouage.footprint.audit import sums as day_sums
from affouage.footprint.audit.found import Difference, Findings, PeriodAudit
from affouage.footprint.meter import stamp_of
from affouage.footprint.period import Calendar
from affouage.footprint.windows import Readings, Shared, share_out, unpack
from affouage.ledger import sums
from affouage.ledger.ledger import verify
from affouage.ledger.receipt import Block, LastReading, Receipt, booked_ms
from affouage.storage.tables import (
    ledger_entry,
    machine_day,
    metadata,
    node,
    node_day,
    reading_block,
    usage_day,
    usage_people,
)

SETTLED = ("settled", "voided")
NEVER = 2**63 - 1
"""After the last entry there can be."""


class _BlockBody(msgspec.Struct):
    content: Block


class _ReceiptBody(msgspec.Struct):
    content: Receipt


def audit_period(connection: Connection, calendar: Calendar, period: str) -> PeriodAudit:
    """Compute ``2026``, ``2026-11`` or ``2026-11-22`` again. ``connection``: one snapshot, only read.

    Raises BadRequest for what is no period.
    """
    bounds = calendar.bounds(period)
    engine = create_engine("sqlite://")  # in memory: the sums by day, posted again by the ledger's own functions
    with engine.connect() as again:
        metadata.create_all(again, tables=[usage_day, usage_people, machine_day, node, node_day])
        machines = [dict(row) for row in connection.execute(select(node)).mappings()]
        if machines:  # whose they are: what a machine did for its owner is no contribution
            again.execute(insert(node), machines)
        walk = _Walk(connection, again, calendar, bounds)
        walk.run()
        day_sums.compare_days(connection, again, period, walk.found)
        closed = day_sums.compare_closings(connection, again, period, walk.found)
    engine.dispose()
    chain = verify(connection)
    for problem in chain.problems:
        walk.found.add(Difference(what="chain", field=problem))
    return walk.found.conclude(
        period=period,
        t0_ms=bounds[0],
        t1_ms=bounds[1],
        blocks=walk.blocks,
        windows=walk.windows,
        receipts=walk.receipts,
        total=walk.total,
        running=len(walk.parts),
        closed=closed,
        entries=chain.entries,
        head=chain.head,
    )


def find_readings(connection: Connection, block_id: str) -> Readings:
    """The raw readings of a block. Raises NotFound, DatabaseUnusable."""
    body = connection.scalar(select(reading_block.c.body).where(reading_block.c.id == block_id))
    if body is None:
        raise NotFound(
            f"No block {block_id[:80]}.", remedy="Their ids are in the differences of: affouage audit period"
        )
    try:
        return unpack(body)[0]
    except ValueError as broken:
        raise DatabaseUnusable(f"{block_id}: {broken}.", remedy="Compare it with a backup.") from broken


class _Walk:
    """The ledger read once, from the first entry that bears on the period to the last."""

    def __init__(self, connection: Connection, again: Connection, calendar: Calendar, bounds: tuple[int, int]) -> None:
        self.found = Findings()
        self.parts: dict[str, tuple[Part, int]] = {}
        """By name of what is not settled yet: what blocks say it used so far, and the number of the last of them."""
        self._open_ended: set[str] = set()
        """Names whose receipts say "at least": a node may tell the rest later."""
        self.blocks = self.windows = self.receipts = 0
        self.total = Shared()
        self._connection = connection
        self._again = again
        self._calendar = calendar
        self._t0_ms, self._t1_ms = bounds

    def run(self) -> None:
        for entry in self._entries():
            if entry.kind == "block":
                self._block(entry)
            else:
                self._receipt(entry)
        for name, (_, seq) in list(self.parts.items()):
            if name in self._open_ended:
                del self.parts[name]
                continue
            settled = self._settlement(name, seq)
            if settled is not None:
                del self.parts[name]
                self.found.add(
                    Difference(what="block", entry=seq, id=name, field="part after settlement", books=settled)
                )

    def _entries(self) -> Iterator[Any]:
        columns = ledger_entry.c
        wanted = or_(columns.kind == "block", columns.kind.in_(SETTLED))
        query = select(columns.seq, columns.kind, columns.request_id, columns.created_ms, columns.body)
        first, last = self._first(), self._last()
        query = query.where(wanted, columns.seq.between(first, last)).order_by(columns.seq)
        yield from self._connection.execution_options(yield_per=200).execute(query)

    def _first(self) -> int:
        """The reservation of the first request settled in the period: no block can hold a part of one before."""
        columns, closing = ledger_entry.c, ledger_entry.alias()
        within = closing.c.created_ms.between(self._t0_ms, self._t1_ms - 1)
        reserved = select(func.min(columns.seq)).join_from(
            closing,
            ledger_entry,
            (columns.request_id == closing.c.request_id)
            & (columns.attempt == closing.c.attempt)
            & (columns.kind == "reserved")
            & closing.c.kind.in_(SETTLED)
            & within,
        )
        written = select(func.min(columns.seq)).where(columns.created_ms >= self._t0_ms)
        found = [self._connection.scalar(query) for query in (reserved, written)]
        return min((seq for seq in found if seq is not None), default=NEVER)

    def _last(self) -> int:
        """The last entry written in the period, or the last block of it, written late."""
        columns = ledger_entry.c
        written = select(func.max(columns.seq)).where(columns.created_ms < self._t1_ms)
        late = (
            select(func.max(columns.seq))
            .join(reading_block, reading_block.c.id == columns.request_id)
            .where(columns.kind == "block", reading_block.c.t1_ms.between(self._t0_ms, self._t1_ms - 1))
        )
        found = [self._connection.scalar(query) for query in (written, late)]
        return max((seq for seq in found if seq is not None), default=0)

    def _settlement(self, name: str, before_seq: int) -> int | None:
        """Of the attempt of that name (``ledger.receipt.part_name``)."""
        columns = ledger_entry.c
        request_id, _, attempt = name.partition(".")
        query = select(func.max(columns.seq)).where(
            columns.request_id == request_id,
            columns.attempt == int(attempt or 1),
            columns.kind.in_(SETTLED),
            columns.seq < before_seq,
        )
        found: int | None = self._connection.scalar(query)
        return found

    def _within(self, at_ms: int) -> bool:
        return self._t0_ms <= at_ms < self._t1_ms

    def _block(self, entry: Any) -> None:
        try:
            block = msgspec.json.decode(entry.body, type=_BlockBody).content
        except msgspec.DecodeError as broken:
            self.found.unreadable(entry, broken)
            return
        parts = {one: Part(static_uj=p[0], dynamic_uj=p[1], machine_share_us=p[2]) for one, p in block.parts.items()}
        at_ms = booked_ms(block, entry.created_ms)
        if self._within(at_ms):
            self.blocks += 1
            shared = self._computed(entry.seq, block)
            if shared is not None:
                block, parts = _as_computed(block, shared), shared.parts
            self.windows += block.windows
            self.total = _added(self.total, block)
            sums.post_block(self._again, block, self._calendar.day(at_ms), "")
        for one, part in parts.items():
            before, _ = self.parts.get(one, (Part(), 0))
            self.parts[one] = (before + part, entry.seq)

    def _computed(self, seq: int, block: Block) -> Shared | None:
        """The block from its raw readings, after saying where it differs; None when it cannot be computed."""
        body = self._connection.scalar(select(reading_block.c.body).where(reading_block.c.id == block.id))
        if body is None:
            self.found.add(Difference(what="block", entry=seq, id=block.id, field="readings", again="missing"))
            return None
        try:
            readings, sha256 = unpack(body)
            shared = share_out(readings)
        except ValueError as broken:
            self.found.add(Difference(what="block", entry=seq, id=block.id, field="readings", again=str(broken)))
            return None
        again = _as_computed(block, shared, readings, sha256)
        for name in ("parts", *(one for one in Block.__struct_fields__ if one != "parts")):
            self.found.compare("block", seq, block.id, name, getattr(block, name), getattr(again, name))
        return shared

    def _receipt(self, entry: Any) -> None:
        try:
            receipt = msgspec.json.decode(entry.body, type=_ReceiptBody).content
        except msgspec.DecodeError as broken:
            self.parts.pop(entry.request_id, None)
            if self._within(entry.created_ms):
                self.found.unreadable(entry, broken)
            return
        name = receipt.run_id or entry.request_id
        before = self.parts.pop(name, None)
        if receipt.run_id and receipt.energy.at_least:
            self._open_ended.add(name)
        if not self._within(entry.created_ms):
            return
        self.receipts += 1
        sums.post_receipt(self._again, receipt, self._calendar.day(entry.created_ms))
        energy, part = receipt.energy, before[0] if before else Part()
        if before is None and energy.static_uj is None and energy.machine_share_us is None:
            return  # no meter counted it: an upstream server, or a refusal
        if energy.static_uj is None and part.energy_uj == 0:  # unknown, and nothing was counted for it either
            part = Part(machine_share_us=part.machine_share_us)
            again: tuple[int | None, int | None] = (None, None)
        else:
            again = (part.static_uj, part.dynamic_uj)
        compare = self.found.compare
        compare("receipt", entry.seq, receipt.id, "static_uj", energy.static_uj, again[0])
        compare("receipt", entry.seq, receipt.id, "dynamic_uj", energy.dynamic_uj, again[1])
        compare(
            "receipt", entry.seq, receipt.id, "machine_share_us", energy.machine_share_us or 0, part.machine_share_us
        )
        if energy.interval_uj is not None and energy.static_uj is not None:
            central = energy.interval_uj.central
            compare("receipt", entry.seq, receipt.id, "interval_uj.central", central, part.energy_uj)


def _as_computed(block: Block, shared: Shared, readings: Readings | None = None, sha256: str | None = None) -> Block:
    """``block`` with every figure that its readings give."""
    computed = msgspec.structs.replace(
        block,
        energy_uj=shared.energy_uj,
        idle_uj=shared.idle_uj,
        unattributed_uj=shared.unattributed_uj,
        contended_uj=shared.contended_uj,
        parts={one: (part.static_uj, part.dynamic_uj, part.machine_share_us) for one, part in shared.parts.items()},
        idle_us=shared.idle_us,
        known_us=shared.known_us,
        gap_us=shared.gap_us,
        flags=tuple(sorted(shared.flags)),
        windows=shared.windows,
        readings_sha256=sha256 or block.readings_sha256,
    )
    if readings is None:
        return computed
    reading = readings.counted[-1].reading if readings.counted else readings.first
    return msgspec.structs.replace(
        computed,
        meter=stamp_of(readings.info),
        last=LastReading(at_us=reading.at_us, epoch=reading.epoch, counters_uj=reading.counters_uj),
    )


def _added(total: Shared, block: Block) -> Shared:
    names = ("energy_uj", "idle_uj", "unattributed_uj", "contended_uj", "idle_us", "known_us", "gap_us", "windows")
    return msgspec.structs.replace(total, **{name: getattr(total, name) + getattr(block, name) for name in names})
