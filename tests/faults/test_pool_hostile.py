"""A machine with true keys and bad intentions (test 12): clients get a whole answer or an error, the others' streams
keep their pace, the commons lives on, and its keys are worth nothing within a second of their being taken back."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from affouage.pool.nodes.identity import Enrolled, write_identity
from tests.faults.counting import counted
from tests.faults.pool_house import BOTH_BROKERS, Answer, PoolHouse, measured, pool_house, until

WORDS = 60
PACE_S = 0.5
"""The longest that a word of another machine may be late, on a machine that is not idle."""
MOST_W = 3000

pytestmark = pytest.mark.timeout(300)


class Bandit:
    """The hostile machine's program."""

    def __init__(self, home: Path, held: Enrolled, log: Path) -> None:
        self.node_id = held.node_id
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.hostile_node", str(home)],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
            )

    def said(self, word: str) -> list[str]:
        """What it told that begins so, without that word."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [line.removeprefix(f"{word} ") for line in lines if line.startswith(f"{word} ")]

    async def told(self, **order: Any) -> None:
        """Obeyed once it says so."""
        assert self._process.stdin is not None
        before = len(self.said("now")) + len(self.said("did"))
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        await until(lambda: len(self.said("now")) + len(self.said("did")) > before)

    async def questions(self, more_than: int = 0) -> int:
        count: int = await until(lambda: len(self.said("asked")) > more_than and len(self.said("asked")))
        return count

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@asynccontextmanager
async def bandit(house: PoolHouse, name: str = "bandit", of: Enrolled | None = None) -> AsyncIterator[Bandit]:
    """Enrolled as any other, and at its worst; ``of``: with the identity of that machine instead."""
    held = of or await house.joined(name)
    home = house.folder / name
    write_identity(home, held)
    made = Bandit(home, held, house.folder / f"{name}.log")
    try:
        await until(lambda: made.said("link"))
        yield made
    finally:
        made.stop()


def offers(house: PoolHouse, node_id: str) -> bool:
    return any(one.node_id == node_id and one.slots for one in house.live.commons.pool.stations("counting"))


async def together(house: PoolHouse, wrong: Bandit) -> tuple[list[Answer], list[Answer]]:
    """Several questions at once, to both machines: the answers the bandit had a hand in, and the others."""
    asking = (house.ask(WORDS, about=f"Question {place}:", max_tokens=2 * WORDS) for place in range(4))
    answers = await asyncio.gather(*asking)
    receipts = await house.receipts()
    touched = {one.id for one in receipts if one.node_id == wrong.node_id}
    return (
        [one for one in answers if one.receipt_id in touched],
        [one for one in answers if one.receipt_id not in touched],
    )


def check(answers: list[Answer]) -> None:
    for one in answers:
        assert not one.broken, one
        assert one.error or (one.complete and one.text == counted(WORDS)), one


async def _tricks(house: PoolHouse, wrong: Bandit, tricks: tuple[str, ...]) -> dict[str, float]:
    """Each in turn; the longest gap between two words of the others meanwhile."""
    gaps_s: dict[str, float] = {}
    for trick in tricks:
        await wrong.told(trick=trick)
        await until(lambda: offers(house, wrong.node_id))
        caught, others = await together(house, wrong)
        assert caught, f"{trick}: nothing was asked of it"
        check(caught + others)
        assert all(one.complete for one in others)
        gaps_s[trick] = max((one.longest_silence_s for one in others), default=0.0)
        assert gaps_s[trick] < PACE_S, (trick, gaps_s)
    return gaps_s


def bounded(energy_uj: int | None, total_ms: int) -> bool:
    return energy_uj is None or energy_uj <= MOST_W * (total_ms + 5000) * 1000


QUICK = ("honest", "huge", "malformed", "replayed", "negative_seq", "wrong_text_hash", "wrong_hash_late", "clock")


@BOTH_BROKERS
def test_12_lies_of_a_machine_cost_it_its_answers_and_nobody_else(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            await house.machine("atelier", slots=8)
            async with bandit(house) as wrong:
                gaps_s = await _tricks(house, wrong, QUICK)
                gaps_s |= await _tricks(house, wrong, ("absurd_energy",))
                for one in await house.receipts():
                    energy = one.energy
                    assert bounded(energy.static_uj, one.durations.total_ms), one.energy
                    assert bounded(energy.dynamic_uj, one.durations.total_ms), one.energy
                (view,) = [one for one in house.nodes() if one.id == wrong.node_id]
                assert view.refused["answer"] >= 5
                assert view.refused["watts"] >= 1
                measured(f"12, lies ({version})", others_gap_s=max(gaps_s.values()))

    asyncio.run(main())
