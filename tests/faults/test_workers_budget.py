"""Fault 10 of several gateways: four of them, an allowance with 1 % left, more asked at once than it can bear."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import Connection, func, insert, select

from affouage.assembly.accounts import Accounts
from affouage.assembly.charter import Charter
from affouage.assembly.member import Role
from affouage.clock import SystemClock
from affouage.footprint import rules
from affouage.footprint.budget import BudgetRules, Limit
from affouage.footprint.period import Calendar
from affouage.ledger.bodies import decode_receipt
from affouage.rulebook import open_charter
from affouage.settings import read
from affouage.storage import Database
from affouage.storage.tables import allowance_hold, ledger_entry, usage_day
from tests.faults.pool_house import Answer, measured, until
from tests.faults.workers_house import MODEL, WorkersHouse, workers_house
from tests.postgres import Server

CAP_KWH = 0.1
CAP_UJ = 360_000_000_000
USED_UJ = CAP_UJ * 99 // 100
WATTS = 30
BETWEEN_LOOKS_S = 4
"""An answer may pass its own promise by what the machine draws until its meter is read and its engine stops."""

pytestmark = pytest.mark.timeout(600)


def test_10_four_gateways_never_spend_more_than_is_left(tmp_path: Path, postgres: Server) -> None:
    _spend(tmp_path, postgres, rounds=2)


@pytest.mark.long
def test_10_four_gateways_asked_for_longer(tmp_path: Path, postgres: Server) -> None:
    _spend(tmp_path, postgres, rounds=40)


def _spend(folder: Path, postgres: Server, *, rounds: int) -> None:
    url = postgres.fresh("workers_budget")
    with workers_house(folder, url, workers=4, slots=4, word_ms=30, before=_nearly_spent) as house:
        answers, most_uj = asyncio.run(_ask_at_once(house, house.api_key(), rounds))
        refused = Counter(one.error for one in answers if one.error)
        assert refused.keys() <= {"allowance_spent", "allowance_promised"}, refused
        assert refused, "more was asked at once than is left"
        served = [one for one in answers if one.receipt_id]
        assert served, "what was left was given"
        asyncio.run(until(lambda: not house.verified().open_reservations, 60))
        used_uj, held_uj, told_uj = house.db.read_now(_books)
        left_j, promised_j = (CAP_UJ - used_uj) / 1e6, (most_uj - USED_UJ) / 1e6
        measured("10", asked=len(answers), served=len(served), left_j=left_j, promised_at_most_j=promised_j)
        assert most_uj <= CAP_UJ + WATTS * BETWEEN_LOOKS_S * 1_000_000, "at no moment is more promised than is left"
        assert held_uj == 0
        assert used_uj == USED_UJ + told_uj, "the sums are those of the ledger"
        assert used_uj <= CAP_UJ + WATTS * BETWEEN_LOOKS_S * 1_000_000
        assert house.verified().problems == []
    postgres.drop("workers_budget")


def _nearly_spent(db: Database) -> None:
    clock, day = SystemClock(), Calendar("").day(SystemClock().now_ms())
    charter: Charter = open_charter(db, clock, rules.rates_of(read({}).footprint, None), lambda: {MODEL})
    limits = (Limit(scope="member", span="year", amount=CAP_KWH, unit="kwh"),)
    asyncio.run(charter.enact("budget", BudgetRules(limits=limits), "tests", "one per cent is left"))
    who, _ = asyncio.run(Accounts(db, clock).add_member("Odile", Role.MEMBER, "fr"))
    row = {column.name: 0 for column in usage_day.columns}
    before = {
        "dimension": "member",
        "key": who.id,
        "day": day,
        "machine_id": "m",
        "factor_set": "",
        "quality": "measured",
    }
    db.write_now(lambda connection: connection.execute(insert(usage_day), row | before | {"dynamic_uj": USED_UJ}))


async def _ask_at_once(house: WorkersHouse, key: str, rounds: int) -> tuple[list[Answer], int]:
    """What was answered, and the most that was used and promised together at any moment (µJ)."""
    answers, most_uj, over = list[Answer](), 0, asyncio.Event()

    async def look_on() -> None:
        nonlocal most_uj
        while not over.is_set():
            used_uj, held_uj, _ = await asyncio.to_thread(house.db.read_now, _books)
            most_uj = max(most_uj, used_uj + held_uj)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(look_on())
        for number in range(rounds):
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            async with aiohttp.ClientSession(connector=connector) as http:
                asked = (house.ask(http, key, 80, about=f"{number} {one}") for one in range(16))
                answers += await asyncio.gather(*asked)
        over.set()
    return answers, most_uj


def _books(connection: Connection) -> tuple[int, int, int]:
    """Used of the allowance by answers, held of it, and what the receipts say."""
    of = usage_day.c
    used = select(func.sum(of.static_uj + of.dynamic_uj)).where(of.dimension.in_(("member", "assumed_member")))
    held = select(func.coalesce(func.sum(allowance_hold.c.energy_uj), 0))
    bodies = connection.execute(select(ledger_entry.c.body).where(ledger_entry.c.kind == "settled")).scalars()
    receipts = [decode_receipt(body) for body in bodies]
    told_uj = sum((one.energy.static_uj or 0) + (one.energy.dynamic_uj or 0) for one in receipts)
    return connection.execute(used).scalar_one(), connection.execute(held).scalar_one(), told_uj
