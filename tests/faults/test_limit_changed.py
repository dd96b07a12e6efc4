"""The limit changed by another program while a commons serves: within a second, questions obey."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.faults.metered_house import House, until
from tests.faults.package import Package

CHANGES = [
    (("set", "--commons-day-wh", "0.0001"), 429),
    (("set", "--commons-day-kwh", "2"), 200),
    (("set", "--member-day-wh", "0.0001"), 429),
    (("remove", "--all"), 200),
]


@pytest.mark.incident("budget-bypassed")
def test_questions_obey_the_new_limit_at_once(home: Path) -> None:
    house = House(home)
    package = Package(house.tree, 10)
    house.start()

    async def answered(expected: int) -> bool:
        status, told = await house.ask()
        if status == 429:
            assert told["error"]["code"] == "allowance_spent"
        return status == expected

    async def lived() -> None:
        assert await answered(200)
        for words, expected in CHANGES:
            house.run("footprint", "budget", *words, "--reason", "Tests")
            await until(lambda expected=expected: answered(expected), within_s=15)

    with package.drawing():
        asyncio.run(lived())
    house.stop()
    assert house.rows("SELECT count(*) FROM allowance_hold") == [(0,)]
