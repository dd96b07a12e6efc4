"""Machines, broker and link that fail under clients: each ends with a whole answer or an error that says so.

Each machine counts aloud, so that an answer with a hole, a repetition or a false end is seen at once.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from pathlib import Path

import pytest

from affouage.testing import EchoEngine
from tests.brokers import VERSIONS
from tests.faults.counting import counted
from tests.faults.pool_house import Answer, Machine, PoolHouse, pool_house, until

LONG = 120
both_brokers = pytest.mark.parametrize("version", VERSIONS)


def serving_machine(house: PoolHouse) -> Machine:
    """The one that works now."""
    (busy,) = [one.id for one in house.nodes() if one.running]
    return next(one for one in house.machines if one.node_id == busy)


async def lost_receipts(house: PoolHouse) -> list[str]:
    """Problems of attempts that were settled as failed."""
    rows = await house.receipts()
    return [one.problem or "" for one in rows if one.outcome == "failed"]


@both_brokers
def test_1_killed_before_the_first_word_another_machine_answers(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            for name in ("atelier", "bureau"):
                await house.machine(name, word_ms=1500)
            asking = asyncio.create_task(house.ask(3))
            await until(lambda: any(one.running for one in house.nodes()))
            killed_s = time.monotonic()
            serving_machine(house).kill()
            answer = await asking
            assert answer.complete, answer
            assert answer.text == counted(3)
            assert answer.at_s[0] - killed_s - 1.5 < 3.0, "detected and begun again within 3 s"

    asyncio.run(main())


@both_brokers
def test_2_killed_in_the_middle_another_goes_on_and_it_is_said(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            for name in ("atelier", "bureau"):
                await house.machine(name)
            answer = await house.ask(LONG, on_word=lambda n: serving_machine(house).kill() if n == 20 else None)
            assert answer.complete, answer
            assert answer.text == counted(LONG), "nothing repeated, nothing missing"
            assert "resumed" in answer.notices
            assert answer.longest_silence_s < 5
            assert await lost_receipts(house) == ["node_lost"], "the lost machine's work is in the books, as lost"

    asyncio.run(main())


def test_3_killed_in_the_middle_and_nobody_else_an_error_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        chance = random.Random(3)
        async with pool_house(tmp_path) as house:
            machine = await house.machine("atelier")
            for _ in range(4):
                at = chance.randrange(1, 30)
                killed_s: list[float] = []

                def kill(count: int, at: int = at, killed_s: list[float] = killed_s) -> None:
                    if count == at:
                        killed_s.append(time.monotonic())
                        machine.kill()

                answer = await house.ask(LONG, on_word=kill)
                assert answer.error == "node_lost", answer
                assert not answer.broken
                assert answer.finish is None, "never a false end"
                assert counted(LONG).startswith(answer.text)
                assert answer.text.count("mot") >= at
                assert time.monotonic() - killed_s[0] < 5
                machine.start()
                await house.until_there(machine, False)
                await house.until_there(machine)

    asyncio.run(main())


def test_4_stopped_it_is_given_up_and_what_it_says_later_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        async with pool_house(tmp_path) as house:
            for name in ("atelier", "bureau"):
                await house.machine(name)
            stopped: list[Machine] = []

            def stop(count: int) -> None:
                if count == 20:
                    stopped.append(serving_machine(house))
                    stopped[0].signal(signal.SIGSTOP)

            answer = await house.ask(LONG, on_word=stop)
            assert answer.complete, answer
            assert answer.text == counted(LONG)
            assert answer.longest_silence_s < 5
            stopped[0].signal(signal.SIGCONT)
            await house.until_there(stopped[0])
            again = await house.ask(30)
            assert again.text == counted(30)

    asyncio.run(main())


@both_brokers
def test_5_the_broker_killed_and_back_fifty_answers_are_whole(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version, AFFOUAGE_POOL_MAX_WAITING_PER_MEMBER="64") as house:
            for name in ("atelier", "bureau"):
                await house.machine(name, slots=25, word_ms=40)
            asking = [asyncio.create_task(house.ask(LONG)) for _ in range(50)]
            await until(lambda: sum(one.running for one in house.nodes()) == 50)
            await asyncio.sleep(0.5)
            house.broker.kill()
            await asyncio.sleep(1)
            await house.broker.start()
            answers: list[Answer] = await asyncio.gather(*asking)
            assert [one.text == counted(LONG) for one in answers] == [True] * 50
            assert all(one.complete for one in answers)
            pause = max(one.longest_silence_s for one in answers)
            assert pause < 3 + 1, f"{pause:.2f} s, one of them the broker's own absence"

    asyncio.run(main())


def test_6_the_broker_gone_says_so_and_this_machine_still_answers(tmp_path: Path) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, engines=(EchoEngine(),)) as house:
            machine = await house.machine("atelier")
            began: list[float] = []

            def stop(count: int) -> None:
                if count == 10:
                    began.append(time.monotonic())
                    house.broker.kill()

            cut = await house.ask(LONG, on_word=stop)
            assert cut.error == "node_lost", cut
            assert time.monotonic() - began[0] < 8
            echo = await house.ask(3, model="echo")
            assert echo.complete
            refused = await house.ask(3)
            assert refused.error in ("no_machine", "model_not_found"), refused
            await house.broker.start()
            await house.until_there(machine)
            assert (await house.ask(5)).text == counted(5)

    asyncio.run(main())


def test_7_a_link_cut_for_three_seconds_loses_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with pool_house(tmp_path) as house, house.link() as link:
            await house.machine("atelier", word_ms=50, through=link)
            cutting: list[asyncio.Task[None]] = []
            answer = await house.ask(
                LONG, on_word=lambda n: cutting.append(asyncio.create_task(link.cut_for(3))) if n == 10 else None
            )
            assert answer.complete, answer
            assert answer.text == counted(LONG)
            assert "resumed" not in answer.notices
            await cutting[0]

    asyncio.run(main())


def test_7_a_link_cut_for_twelve_seconds_another_machine_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with pool_house(tmp_path) as house, house.link() as link:
            cut_off = await house.machine("atelier", word_ms=50, through=link)
            other: list[asyncio.Task[Machine]] = []
            cutting: list[asyncio.Task[None]] = []

            def on_word(count: int) -> None:
                if count == 1:
                    other.append(asyncio.create_task(house.machine("bureau", word_ms=50)))
                if other[0].done() and not cutting:
                    cutting.append(asyncio.create_task(link.cut_for(12)))

            answer = await house.ask(300, on_word=on_word)
            assert answer.complete, answer
            assert answer.text == counted(300)
            assert "resumed" in answer.notices
            assert answer.longest_silence_s < 5
            await cutting[0]
            await house.until_there(cut_off)
            assert (await house.ask(5)).text == counted(5)

    asyncio.run(main())
