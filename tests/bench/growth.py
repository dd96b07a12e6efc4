"""How cost grows: with members, with what the books hold, with those who wait. Processor time, and ratios to the small.

Homes are filled by the code of production (the posting of receipts, the sums of days); a commons is then served on
each, and asked in turn, the order reversed each round.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
from sqlalchemy import insert

from affouage.ledger import allowance
from affouage.ledger.ledger import utc_day
from affouage.ledger.posting import Posting
from affouage.ledger.receipt import Receipt, Reservation
from affouage.pool.fair_share import FairShare, Waiting
from affouage.storage import Database, open_database
from affouage.storage.tables import api_key, member
from tests.bench import programs
from tests.bench.figures import Row, Section, row
from tests.bench.programs import Load
from tests.bench.targets import Target, ours, stand_in
from tests.integration.books import a_receipt

DAY_MS = 86_400_000
GROUP = 5_000
SEVERAL = 1_000
"""Members who have receipts in books that were filled."""


class Size(msgspec.Struct, frozen=True):
    members: tuple[int, ...] = (10, 1_000, 100_000)
    entries: tuple[int, ...] = (10_000, 100_000)
    waiting: tuple[int, ...] = (10, 1_000, 100_000)
    rounds: int = 2
    requests: int = 1_000
    checks: int = 300
    picks: int = 2_000


FULL = Size(entries=(10_000, 1_000_000), rounds=3, requests=1_500)
TINY = Size(members=(10, 50), entries=(20, 200), waiting=(10, 100), rounds=1, requests=20, checks=5, picks=20)


async def measure(size: Size, folder: Path) -> list[Section]:
    now_ms = time.time_ns() // 1_000_000
    crowds = {
        count: _home(folder / f"members-{count}", lambda db, n=count: add_members(db, n)) for count in size.members
    }
    books = {
        count: _home(folder / f"entries-{count}", lambda db, n=count: add_entries(db, n, now_ms))
        for count in size.entries
    }
    few, many = size.entries[0], size.entries[-1]
    homes = {"empty": folder / "empty", "members": crowds[size.members[-1]], "entries": books[many]}
    homes["empty"].mkdir()
    cost = await _requests(size, homes)
    checks = {count: _checks(books[count], size, now_ms) for count in (few, many)}
    picks = {count: [_pick_us(count, size.picks) for _ in range(size.rounds)] for count in size.waiting}
    least = size.waiting[0]
    rows = [
        *(row(f"processor time of a request, {name}", "us", values) for name, values in cost.items()),
        _ratio(f"request, {size.members[-1]:,} members / a few", cost["members"], cost["empty"], "S1", 1.3),
        _ratio(f"request, {many:,} entries in the books / none", cost["entries"], cost["empty"], "S2", 1.4),
        *(row(f"limit of 30 days looked at, {count:,} entries", "us", values) for count, values in checks.items()),
        _ratio(f"the same, {many:,} entries / {few:,}", checks[many], checks[few], "S3", 2),
        *(row(f"a turn given, {count:,} wait", "us", values) for count, values in picks.items()),
        _ratio(f"the same, {size.waiting[-1]:,} wait / {least:,}", picks[size.waiting[-1]], picks[least], "S4", 8),
    ]
    return [Section("How cost grows", rows)]


def _ratio(name: str, many: list[float], few: list[float], mark: str, most: float) -> Row:
    return row(name, "x", [a / b for a, b in zip(many, few, strict=True)], mark, most=most)


def _home(home: Path, fill: Callable[[Database], None]) -> Path:
    home.mkdir(parents=True)
    db = open_database(home / "affouage.db")
    try:
        fill(db)
    finally:
        db.close()
    return home


def add_members(db: Database, count: int) -> None:
    """Each with a key that is not used."""
    for first in range(0, count, GROUP):
        numbers = range(first, min(first + GROUP, count))
        rows = [
            {"id": f"m{n}", "name": f"Member {n}", "name_key": f"member {n}", "role": "member", "language": "fr"}
            | {"created_ms": n}
            for n in numbers
        ]
        keys = [
            {"id": f"k{n}", "secret_sha256": n.to_bytes(32, "big"), "member_id": f"m{n}", "label": "bench"}
            | {"scopes": "inference", "created_ms": n}
            for n in numbers
        ]
        db.write_now(lambda connection, rows=rows: connection.execute(insert(member), rows))  # type: ignore[misc]
        db.write_now(lambda connection, keys=keys: connection.execute(insert(api_key), keys))  # type: ignore[misc]


def add_entries(db: Database, count: int, now_ms: int) -> None:
    """Requests reserved and settled, two entries each, over the last thirty days."""
    for first in range(0, count // 2, GROUP):
        numbers = range(first, min(first + GROUP, count // 2))
        begun_ms = now_ms - 30 * DAY_MS
        movements = [
            (a_receipt(f"rcp_{n}", f"m{n % SEVERAL}"), begun_ms + 30 * DAY_MS * n // (count // 2)) for n in numbers
        ]

        def write(connection: object, movements: list[tuple[Receipt, int]] = movements) -> None:
            posting = Posting(connection, day=utc_day)  # type: ignore[arg-type]
            posting.expect(receipt.id for receipt, _ in movements)
            for receipt, at_ms in movements:
                posting.reserve(_reservation(receipt), at_ms)
                posting.settle(receipt, at_ms, salt=bytes(16))
            posting.write()

        db.write_now(write)


def _reservation(of: Receipt) -> Reservation:
    return Reservation(
        id=of.id, attempt=1, member_id=of.member_id, door="api", kind="chat", model_id="echo", created_ms=0, tokens=None
    )


@asynccontextmanager
async def _served(homes: dict[str, Path]) -> AsyncIterator[dict[str, Target]]:
    async with AsyncExitStack() as stack:
        direct = await stack.enter_async_context(stand_in())
        yield {
            name: await stack.enter_async_context(ours("all", home)(direct.port, home)) for name, home in homes.items()
        }


async def _requests(size: Size, homes: dict[str, Path]) -> dict[str, list[float]]:
    """Processor time of a request on each home, a value a round; the first round warms up."""
    found: dict[str, list[float]] = {name: [] for name in homes}
    async with _served(homes) as targets:
        for number in range(-1, size.rounds):
            for name in list(targets) if number % 2 else reversed(targets):
                target = targets[name]
                before_us = programs.processor_us(target.pid)
                heard = await programs.ask(target.port, target.key, Load(32, size.requests, 1))
                assert not heard.wrong, heard
                if number >= 0:
                    found[name].append((programs.processor_us(target.pid) - before_us) / heard.requests)
    return found


def _checks(home: Path, size: Size, now_ms: int) -> list[float]:
    """Where a member's and the whole commons' limits of thirty days stand, microseconds of processor."""
    first, last = utc_day(now_ms - 30 * DAY_MS), utc_day(now_ms)
    db = open_database(home / "affouage.db")
    try:
        return [db.read_now(lambda c: _one_check(c, size.checks, first, last)) for _ in range(size.rounds)]
    finally:
        db.close()


def _one_check(connection: object, times: int, first: str, last: str) -> float:
    began_s = time.thread_time()
    for number in range(times):
        used_uj, _ = allowance.sums(connection, "member", f"m{number % 10}", first, last)  # type: ignore[arg-type]
        assert used_uj > 0
    return (time.thread_time() - began_s) * 1e6 / times


def _pick_us(count: int, picks: int) -> float:
    """Among ``count`` members who all wait: one is served, charged, and waits again."""
    queue, arrivals = FairShare(), _arrivals()
    for _, one in zip(range(count), arrivals, strict=False):
        queue.arrive(one)
    began_s = time.thread_time()
    for _ in range(picks):
        served = queue.next()
        assert served is not None
        queue.charge(served.id, 1_000_000)
        queue.finish(served.id)
        queue.arrive(msgspec.structs.replace(served, id=next(arrivals).id))
    return (time.thread_time() - began_s) * 1e6 / picks


def _arrivals() -> Iterator[Waiting]:
    number = 0
    while True:
        yield Waiting(
            id=f"r{number}", member_id=f"m{number}", first_cost=1_000, expected_cost=100_000, arrived_us=number
        )
        number += 1
