"""The ledger of a commons that is stopped, read row by row: do receipts, blocks of the meter and sums of days agree?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from affouage.cli.journal import hooks
from affouage.journal.verify import problems
from affouage.ledger.ledger import verify
from affouage.ledger.receipt import Block, Receipt
from affouage.storage import Database, open_database
from affouage.storage.tables import ledger_entry, machine_day, usage_day


class Books(msgspec.Struct, frozen=True):
    """``days_uj``: sum of what machines drew by day; ``total_uj``: sum of what was used by day."""

    receipts: list[Receipt]
    blocks: list[Block]
    days_uj: int
    total_uj: int

    @property
    def told_uj(self) -> int:
        """What receipts say was used, where they know."""
        return sum(energy_of(one) for one in self.receipts)

    @property
    def common_uj(self) -> int:
        """What no request answers for."""
        return sum(one.idle_uj + one.unattributed_uj + one.contended_uj for one in self.blocks)

    @property
    def metered_uj(self) -> int:
        return sum(one.energy_uj for one in self.blocks)


def energy_of(receipt: Receipt) -> int:
    return (receipt.energy.static_uj or 0) + (receipt.energy.dynamic_uj or 0)


class _Body(msgspec.Struct):
    content: msgspec.Raw


@contextmanager
def opened(home: Path) -> Iterator[Database]:
    db = open_database(home / "affouage.db")
    try:
        yield db
    finally:
        db.close()


def read_books(home: Path) -> Books:
    with opened(home) as db:
        return db.read_now(books_of)


def books_of(connection: Connection) -> Books:
    rows = list(connection.execute(ledger_entry.select().order_by(ledger_entry.c.seq)))
    days = list(connection.execute(machine_day.select()))
    total = list(connection.execute(usage_day.select().where(usage_day.c.dimension == "total")))

    def of(kinds: tuple[str, ...], kind: type) -> list[Any]:
        bodies = (msgspec.json.decode(row.body, type=_Body).content for row in rows if row.kind in kinds)
        return [msgspec.json.decode(content, type=kind) for content in bodies]

    return Books(
        receipts=of(("settled", "voided"), Receipt),
        blocks=of(("block",), Block),
        days_uj=sum(row.energy_uj for row in days),
        total_uj=sum(row.static_uj + row.dynamic_uj for row in total),
    )


def books_problems(home: Path) -> list[str]:
    """Where they do not add up, in whole microjoules; empty when they do."""
    return sums_problems(read_books(home))


def verified(db: Database) -> list[str]:
    """What `ledger verify` and `journal verify` complain of, and sums that do not add up, while nobody asks."""
    told = db.read_now(verify)
    wrong = [f"ledger: {one}" for one in told.problems]
    if told.open_reservations:
        wrong.append(f"{told.open_reservations} reservations are open, and nobody asks")
    wrong += [f"log: {one}" for one in db.read_now(lambda c: list(problems(c, key=None, hooks=hooks())))]
    return wrong + sums_problems(db.read_now(books_of))


def sums_problems(books: Books) -> list[str]:
    sums = {
        "receipts and common lines / blocks": (books.told_uj + books.common_uj, books.metered_uj),
        "days of machines / blocks": (books.days_uj, books.metered_uj),
        "days of use / receipts": (books.total_uj, books.told_uj),
    }
    return [f"{name}: {one} / {other} uJ" for name, (one, other) in sums.items() if one != other]
