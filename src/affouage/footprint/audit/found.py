"""What an audit of a period found: where the books and the raw readings differ, with both values."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, to_builtins

from affouage.footprint.windows import Shared

TOLD_MAX = 1000
"""Differences told one by one; the rest is counted."""

What = Literal["block", "receipt", "day", "period", "chain"]


class Difference(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``entry``: number in the ledger. ``id``: of the block, the request, the row. ``books``: the value there;
    ``again``: computed from the readings."""

    what: What
    field: str
    entry: int | None = None
    id: str = ""
    books: Any = None
    again: Any = None


class PeriodAudit(Struct, frozen=True, kw_only=True):
    """``identical``: nothing differs. Energies in microjoules, from the readings: ``requests_uj`` + ``idle_uj`` +
    ``unattributed_uj`` + ``contended_uj`` = ``energy_uj``. ``running``: requests with a part and no settlement yet.
    ``closed``: months of the period that are closed. ``entries``, ``head``: of the whole ledger."""

    period: str
    identical: bool
    t0_ms: int
    t1_ms: int
    blocks: int
    windows: int
    receipts: int
    energy_uj: int
    requests_uj: int
    idle_uj: int
    unattributed_uj: int
    contended_uj: int
    gap_us: int
    running: int
    closed: list[str]
    entries: int
    head: str
    differences_count: int
    differences: list[Difference]


class Findings:
    """Differences as they are found; only the first ones are kept."""

    def __init__(self) -> None:
        self.count = 0
        self.told: list[Difference] = []

    def add(self, difference: Difference) -> None:
        self.count += 1
        if len(self.told) < TOLD_MAX:
            self.told.append(difference)

    def unreadable(self, entry: Any, broken: Exception) -> None:
        what: What = "block" if entry.kind == "block" else "receipt"
        self.add(Difference(what=what, entry=entry.seq, id=entry.request_id, field="entry", again=str(broken)))

    def compare(self, what: What, entry: int | None, name: str, field: str, books: Any, again: Any) -> None:
        """Both values, when they differ; of tables, only the members that do."""
        if books == again:
            return
        if isinstance(books, dict) and isinstance(again, dict):
            for key in sorted(books.keys() | again.keys()):
                self.compare(what, entry, name, f"{field}.{key}", books.get(key), again.get(key))
            return
        self.add(
            Difference(what=what, entry=entry, id=name, field=field, books=to_builtins(books), again=to_builtins(again))
        )

    def conclude(self, *, total: Shared, **facts: Any) -> PeriodAudit:
        elsewhere = total.idle_uj + total.unattributed_uj + total.contended_uj
        return PeriodAudit(
            identical=self.count == 0,
            energy_uj=total.energy_uj,
            requests_uj=total.energy_uj - elsewhere,
            idle_uj=total.idle_uj,
            unattributed_uj=total.unattributed_uj,
            contended_uj=total.contended_uj,
            gap_us=total.gap_us,
            differences_count=self.count,
            differences=self.told,
            **facts,
        )
