"""A refusal in the middle of a reservation reads the rule that it cites: the writer must not wait for itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import select

from affouage.app import open_commons
from affouage.chat import ChatRequest, Message
from affouage.errors import AffouageError
from affouage.footprint.budget import BudgetRules, Limit
from affouage.inference.attempt import Asking
from affouage.settings import read
from affouage.storage import open_database
from affouage.storage.tables import member
from affouage.testing import EchoEngine


def test_a_look_in_the_middle_of_a_write_waits_for_nobody(tmp_path: Path) -> None:
    db = open_database(tmp_path / "affouage.db")
    try:
        assert db.write_now(lambda _writing: db.read_now(lambda reading: reading.execute(select(member)).all())) == []
    finally:
        db.close()


def test_promised_at_the_same_moment_one_is_told_which_limit(home: Path) -> None:
    """Both find room when they are considered; the second finds none any more, inside its reservation."""
    asked = ChatRequest(model="echo", messages=(Message("user", "mot"),), max_tokens=64)
    limit = Limit(scope="commons", span="day", unit="kwh", amount=0.0012)  # one answer of a model never seen, not two

    async def main() -> list[str]:
        async with open_commons(read({}, home=home), engines=[EchoEngine(slots=8, word_ms=2)]) as commons:
            await commons.charter.enact("budget", BudgetRules(limits=(limit,)), "tests", "to see")

            async def one(number: int) -> str:
                try:
                    answer = await commons.inference.ask(Asking(member_id=f"m{number}", door="api"), asked)
                except AffouageError as no:
                    return no.code
                async for _ in answer.events():
                    pass
                return "answered"

            return list(await asyncio.gather(*(one(number) for number in range(6))))

    told = asyncio.run(asyncio.wait_for(main(), 60))
    assert "answered" in told
    assert set(told) <= {"answered", "allowance_promised", "allowance_spent"}, told
