"""Movements on their way into the books, in one transaction: looked up at once, chained in memory, written together.

Whatever their number, a group costs few statements. What looks into the books itself calls :meth:`Posting.write` first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select

from affouage.ledger import allowance, chain
from affouage.ledger.bodies import RECEIPTS
from affouage.ledger.receipt import Receipt, Reservation
from affouage.ledger.sums import Sums
from affouage.storage.tables import gateway_request, ledger_entry, receipt_salt

_of = ledger_entry.c
# Built once: SQLAlchemy then finds them compiled.
_KNOWN = select(_of.request_id, _of.attempt, _of.kind).where(_of.request_id.in_(bindparam("ids", expanding=True)))
_LAST = select(_of.seq, _of.hash).order_by(_of.seq.desc()).limit(1)
_APPEND = insert(ledger_entry)
_SALT = insert(receipt_salt)
_OWN = insert(gateway_request)
_SETTLED = delete(gateway_request).where(
    gateway_request.c.request_id == bindparam("request"), gateway_request.c.attempt == bindparam("which")
)


class Posting:
    """One transaction's movements. ``day``: milliseconds UTC -> the commons' day. ``gateway_id``: see ``Ledger``."""

    def __init__(self, connection: Connection, *, day: Callable[[int], str] = str, gateway_id: str = "") -> None:
        self.connection = connection
        self._day = day
        self._gateway_id = gateway_id
        self._known: set[tuple[str, int, str]] = set()
        self._looked_up: set[str] = set()
        self._last: tuple[int, bytes] | None = None
        self._entries: list[dict[str, Any]] = []
        self._salts: list[dict[str, Any]] = []
        self._owned: list[dict[str, Any]] = []
        self._settled: list[dict[str, Any]] = []
        self._closings: list[allowance.Closing] = []
        self._sums = Sums()

    def expect(self, request_ids: Iterable[str]) -> None:
        """Look up at once what the books hold of these."""
        new = set(request_ids) - self._looked_up
        if new:
            self._looked_up |= new
            rows = self.connection.execute(_KNOWN, {"ids": list(new)})
            self._known.update((row.request_id, row.attempt, _movement(row.kind)) for row in rows)

    def append(self, kind: str, content: Any, now_ms: int) -> bool:
        """An entry, once; False when this very movement is already in the books.

        ``content``: a Struct with ``id``, ``attempt`` and ``member_id`` ("" for what is the commons').
        """
        self.expect([content.id])
        movement = (content.id, content.attempt, _movement(kind))
        if movement in self._known:
            return False
        self._known.add(movement)
        seq, previous = self._last or self._find_last()
        entry = chain.write(seq + 1, previous, kind, content, created_ms=now_ms)
        self._last = (entry.seq, entry.hash)
        self._entries.append(msgspec.structs.asdict(entry))
        return True

    def reserve(self, reservation: Reservation, now_ms: int) -> bool:
        new = self.append("reserved", reservation, now_ms)
        if new and self._gateway_id:
            row = {"request_id": reservation.id, "attempt": reservation.attempt, "gateway_id": self._gateway_id}
            self._owned.append(row)
        return new

    def settle(
        self, receipt: Receipt, now_ms: int, *, salt: bytes | None = None, assumed_uj: int | None = None
    ) -> bool:
        new = self.append("voided" if receipt.outcome == "refused" else "settled", receipt, now_ms)
        if not new:
            return False
        day = self._day(now_ms)
        self._sums.add(receipt, day)
        self._closings.append(allowance.Closing(receipt, day, assumed_uj))
        if self._gateway_id:
            self._settled.append({"request": receipt.id, "which": receipt.attempt})
        if salt is not None:
            self._salts.append({"request_id": receipt.id, "member_id": receipt.member_id, "salt": salt})
        return True

    def write(self) -> None:
        """Everything so far, into the database."""
        if self._closings:
            allowance.close(self.connection, self._closings, self._sums)
        rows = {_APPEND: self._entries, _SALT: self._salts, _OWN: self._owned, _SETTLED: self._settled}
        for statement, values in rows.items():
            if values:
                self.connection.execute(statement, values)
        self._sums.write(self.connection)
        self._entries, self._salts, self._owned, self._settled, self._closings = [], [], [], [], []

    def _find_last(self) -> tuple[int, bytes]:
        last = self.connection.execute(_LAST).first()
        return (last.seq, last.hash) if last else (0, chain.GENESIS)


def append(connection: Connection, kind: str, content: Any, now_ms: int) -> bool:
    """One entry by itself: see :meth:`Posting.append`."""
    posting = Posting(connection)
    new = posting.append(kind, content, now_ms)
    posting.write()
    return new


def _movement(kind: str) -> str:
    """A request is settled or voided, not both."""
    return RECEIPTS[0] if kind in RECEIPTS else kind
