"""Fault 8 of several gateways: `kill -9` of one at random moments under load, while another serves.

Each settlement that was acknowledged is in the books once; what the killed one was answering is settled as failed by
another within a minute; a client gets a broken connection, never a false end; the chain and the log hold.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import func, select

from affouage.storage.tables import allowance_hold, gateway_request, ledger_entry
from tests.faults.counting import counted
from tests.faults.pool_house import Answer, measured, until
from tests.faults.workers_house import WorkersHouse, alive, family_of, workers_house
from tests.journeys.test_up import command
from tests.postgres import Server

WORDS = 60
CLIENTS = 6
RELEASED_S = 60.0

pytestmark = pytest.mark.timeout(900)


def test_8_killed_at_random_moments_the_books_hold_and_nobody_is_told_a_false_end(
    tmp_path: Path, postgres: Server
) -> None:
    _killed(tmp_path, postgres, kills=2)


@pytest.mark.long
def test_8_killed_twenty_times(tmp_path: Path, postgres: Server) -> None:
    _killed(tmp_path, postgres, kills=20)


def _killed(folder: Path, postgres: Server, *, kills: int) -> None:
    url = postgres.fresh("workers_killed")
    with workers_house(folder, url) as house:
        answers, released_s = asyncio.run(_load_and_kill(house, house.api_key(), random.Random(kills), kills))
        broken = [one for one in answers if one.broken]
        for one in answers:
            _check_end(one)
        assert broken, "the kills fell among answers"
        _check_books(house, answers)
        measured("8", kills=kills, answers=len(answers), broken=len(broken), released_within_s=max(released_s))
        assert max(released_s) < RELEASED_S
        _check_log(house)
        _killed_with_its_house(house)
    postgres.drop("workers_killed")


async def _load_and_kill(
    house: WorkersHouse, key: str, chance: random.Random, kills: int
) -> tuple[list[Answer], list[float]]:
    """Clients that ask again and again meanwhile; what they saw, and after how long the dead held nothing any more."""
    answers, over, released_s = list[Answer](), asyncio.Event(), list[float]()

    async def client(number: int) -> None:
        while not over.is_set():
            connector = aiohttp.TCPConnector(force_close=True)  # whichever process takes it
            async with aiohttp.ClientSession(connector=connector) as http:
                answers.append(await house.ask(http, key, WORDS, about=f"n° {number}"))

    async with asyncio.TaskGroup() as tasks:
        for number in range(CLIENTS):
            tasks.create_task(client(number))
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.5, 2.0))
            victim = chance.choice(house.present())
            await until(partial(_open, house, victim.id), 60)  # it is answering somebody
            house.process(victim.number).send_signal(signal.SIGKILL)
            killed_s = time.monotonic()
            await until(partial(_released, house, victim.id), RELEASED_S)
            released_s.append(time.monotonic() - killed_s)
            await until(partial(_two_again, house, victim.id), 60)
        over.set()
    return answers, released_s


def _open(house: WorkersHouse, gateway_id: str) -> int:
    of = select(func.count()).select_from(gateway_request).where(gateway_request.c.gateway_id == gateway_id)
    return house.db.read_now(lambda connection: connection.execute(of).scalar_one())


def _released(house: WorkersHouse, gateway_id: str) -> bool:
    return not _open(house, gateway_id)


def _two_again(house: WorkersHouse, gone: str) -> bool:
    return len([one for one in house.present() if one.id != gone]) == 2


def _check_end(answer: Answer) -> None:
    """Whole, told as an error, or broken off: never an end that is none."""
    assert counted(WORDS).startswith(answer.text), answer
    if answer.complete:
        assert answer.text == counted(WORDS)
    if answer.broken:
        assert not answer.done
        assert answer.finish is None or answer.text == counted(WORDS)


def _check_books(house: WorkersHouse, answers: list[Answer]) -> None:
    found = house.verified()
    assert (found.problems, found.open_reservations) == ([], 0)
    for one in answers:
        if one.receipt_id:
            receipt = house.receipt(one.receipt_id)
            assert receipt.outcome == ("completed" if one.complete else receipt.outcome)
            if one.complete:
                assert receipt.problem is None, "what was acknowledged stands"

    def rows(connection: object) -> tuple[list[tuple[str, int, int]], int]:
        settled = select(ledger_entry.c.request_id, ledger_entry.c.attempt, func.count()).where(
            ledger_entry.c.kind.in_(("settled", "voided"))
        )
        by_request = settled.group_by(ledger_entry.c.request_id, ledger_entry.c.attempt)
        held = select(func.count()).select_from(allowance_hold)
        return [tuple(row) for row in connection.execute(by_request)], connection.execute(held).scalar_one()  # type: ignore[attr-defined]

    settled, held = house.db.read_now(rows)
    assert Counter(count for _, _, count in settled).keys() == {1}, "each settlement once"
    assert held == 0
    assert {one.receipt_id for one in answers if one.receipt_id} <= {request_id for request_id, _, _ in settled}


def _check_log(house: WorkersHouse) -> None:
    for noun in ("ledger", "journal"):
        done = subprocess.run(
            command(noun, "verify"), env=house.environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _killed_with_its_house(house: WorkersHouse) -> None:
    """Kill -9 of the process that started them: they all leave, in order, and the home is free again."""
    family = family_of(house.running.process.pid)
    house.running.process.kill()
    house.running.process.wait()
    asyncio.run(until(lambda: not alive(family), 60))
    assert house.present() == []
    assert house.verified().open_reservations == 0
