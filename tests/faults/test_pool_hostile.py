"""A machine with true keys and bad intentions (test 12): clients get a whole answer or an error, the others' streams
keep their pace, the commons lives on, and its keys are worth nothing within a second of their being taken back."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from affouage.ledger.receipt import Receipt
from affouage.pool.nodes.identity import Enrolled, read_identity, write_identity
from tests.faults.counting import counted
from tests.faults.pool_house import BOTH_BROKERS, BOTH_BROKERS_LONG, Answer, PoolHouse, measured, pool_house, until

WORDS = 40
PACE_S = 0.5
"""The longest that a word of another machine may be late, on a machine that is not idle."""
MOST_W = 3000

pytestmark = [pytest.mark.timeout(300), pytest.mark.alone]


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
        await until(lambda: house.offered("counting", wrong.node_id))
        caught, others = await together(house, wrong)
        assert caught, f"{trick}: nothing was asked of it"
        check(caught + others)
        assert all(one.complete for one in others)
        gaps_s[trick] = max((one.longest_silence_s for one in others), default=0.0)
        assert gaps_s[trick] < PACE_S, (trick, gaps_s)
    return gaps_s


LIES = (
    "honest",
    "malformed",
    "huge",
    "replayed",
    "negative_seq",
    "wrong_text_hash",
    "wrong_hash_late",
    "absurd_energy",
)


@BOTH_BROKERS
def test_12_lies_cost_the_liar_its_answers_and_nobody_else_anything(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            await house.machine("atelier", slots=8)
            async with bandit(house) as wrong:
                gaps_s = await _tricks(house, wrong, LIES)
                (view,) = [one for one in house.nodes() if one.id == wrong.node_id]
                assert view.refused["answer"] >= 4, "malformed, negative_seq, wrong_text_hash, wrong_hash_late"
                assert view.refused["watts"] >= 1
                for one in await house.receipts():
                    assert bounded(one), one.energy
                    assert one.outcome in ("completed", "failed")
                measured(f"12, lies ({version})", others_gap_s=max(gaps_s.values()))

    asyncio.run(main())


def bounded(receipt: Receipt) -> bool:
    """No more than any machine can have drawn."""
    amounts = (receipt.energy.static_uj or 0, receipt.energy.dynamic_uj or 0)
    return sum(amounts) <= MOST_W * (receipt.durations.total_ms + 5000) * 1000


@pytest.mark.long
@BOTH_BROKERS_LONG
def test_12_a_flood_and_forgeries_change_nothing_for_the_others(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            honest = await house.machine("atelier", slots=8)
            async with bandit(house) as wrong:
                await wrong.told(trick="no_place")
                await until(lambda: not house.offered("counting", wrong.node_id))
                asking = [asyncio.create_task(house.ask(250, about=f"Question {n}:")) for n in range(3)]
                await until(lambda: len(house.runs_of(honest.node_id)) == 3)
                await asyncio.sleep(1)
                for rid in house.runs_of(honest.node_id):
                    await wrong.told(forge={"node": honest.node_id, "rid": rid})
                began_s = time.monotonic()
                await wrong.told(flood=20_000)
                flood_s = time.monotonic() - began_s
                answers = await asyncio.gather(*asking)
                assert all(one.text == counted(250) and one.complete for one in answers)
                gap_s = max(one.longest_silence_s for one in answers)
                measured(f"12, flood ({version})", flood_s=flood_s, others_gap_s=gap_s)
                assert gap_s < PACE_S
                assert house.is_there(honest), "its heartbeats cannot be forged"

    asyncio.run(main())


@BOTH_BROKERS
def test_12_its_keys_are_taken_back_within_a_second(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            await house.machine("atelier", slots=8)
            async with bandit(house) as wrong:
                await wrong.told(trick="slow")
                await until(lambda: house.offered("counting", wrong.node_id))
                asking = asyncio.create_task(house.ask(WORDS))
                await until(lambda: house.runs_of(wrong.node_id))
                await asyncio.sleep(0.5)
                before_s = time.monotonic()
                await house.revoke(wrong.node_id)
                cut = await until(lambda: [one for one in wrong.said("link") if one.startswith("False")])
                cut_s = float(cut[0].split()[1]) - before_s
                answer = await asking
                check([answer])
                assert answer.complete, "another machine went on"
                measured(f"12, revoked ({version})", cut_s=cut_s, silence_s=answer.longest_silence_s)
                assert cut_s <= 1
                asked = len(wrong.said("asked"))
                await asyncio.sleep(2)
                assert wrong.said("link")[-1].startswith("False"), "nor does it come back"
                assert not house.offered("counting", wrong.node_id)
                assert (await house.ask(5)).complete
                assert len(wrong.said("asked")) == asked

    asyncio.run(main())


@pytest.mark.long
@BOTH_BROKERS_LONG
def test_12_mute_slow_or_with_a_wrong_clock_or_file(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            honest = await house.machine("atelier", slots=8)
            async with bandit(house) as wrong:
                gaps_s = await _tricks(house, wrong, ("slow", "clock", "never_answers"))
                measured(f"12, mute, slow, wrong clock ({version})", others_gap_s=max(gaps_s.values()))
                await wrong.told(trick="no_place")
                await until(lambda: not house.offered("counting", wrong.node_id))
                asking = asyncio.create_task(house.ask(WORDS))
                await until(lambda: house.runs_of(honest.node_id))
                await wrong.told(trick="other_file")
                await until(lambda: house.offered("counting", wrong.node_id))
                await asyncio.sleep(0.3)
                honest.kill()
                answer = await asking
                assert answer.error == "node_lost", "an answer is never gone on with by another file"
                assert counted(WORDS).startswith(answer.text)

    asyncio.run(main())


@pytest.mark.long
@BOTH_BROKERS_LONG
def test_12_an_identity_on_two_machines_serves_on_neither(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            await house.machine("atelier", slots=8)
            async with bandit(house) as wrong:
                await until(lambda: house.offered("counting", wrong.node_id))
                asking = [asyncio.create_task(house.ask(WORDS, about=f"Question {n}:")) for n in range(4)]
                held = read_identity(house.folder / "bandit")
                async with bandit(house, "copie", of=held):
                    await until(lambda: not house.offered("counting", wrong.node_id))
                    check(list(await asyncio.gather(*asking)))
                    caught, others = await together(house, wrong)
                    assert not caught
                    assert all(one.complete for one in others)

    asyncio.run(main())
