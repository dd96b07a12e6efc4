"""Machines, broker and link that fail under clients: each ends with a whole answer or an error that says so.

Each machine counts aloud, so that an answer with a hole, a repetition or a false end is seen at once. Numbers are those
of docs/reference/faults.md. `make test` runs what is quick; `make faults` both brokers, and what takes minutes.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from pathlib import Path

import pytest

from affouage.testing import EchoEngine
from tests.faults.counting import counted
from tests.faults.pool_house import (
    BOTH_BROKERS,
    BOTH_BROKERS_LONG,
    Answer,
    Machine,
    PoolHouse,
    measured,
    pool_house,
    until,
)

WORDS = 80
pytestmark = [pytest.mark.timeout(300), pytest.mark.alone]


def serving_machine(house: PoolHouse) -> Machine:
    """The one that works now."""
    (busy,) = [one.id for one in house.nodes() if one.running]
    return next(one for one in house.machines if one.node_id == busy)


async def lost_receipts(house: PoolHouse) -> list[str]:
    """Problems of attempts that were settled as failed."""
    rows = await house.receipts()
    return [one.problem or "" for one in rows if one.outcome == "failed"]


@BOTH_BROKERS
def test_1_killed_before_the_first_word_another_machine_answers(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            await house.machines_of("atelier", "bureau", word_ms=800)
            asking = asyncio.create_task(house.ask(3))
            await until(lambda: any(one.running for one in house.nodes()))
            killed_s = time.monotonic()
            victim = serving_machine(house)
            victim.kill()
            detected_s = await until(lambda: not house.is_there(victim) and time.monotonic() - killed_s)
            answer = await asking
            assert answer.complete, answer
            assert answer.text == counted(3)
            assert detected_s < 1
            again_s = answer.at_s[0] - killed_s - 0.8
            measured(f"1 ({version})", detected_s=detected_s, first_word_after_s=again_s)
            assert again_s < 3

    asyncio.run(main())


@BOTH_BROKERS
def test_2_killed_in_the_middle_another_goes_on_and_it_is_said(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            await house.machines_of("atelier", "bureau")
            answer = await house.ask(WORDS, on_word=lambda n: serving_machine(house).kill() if n == 20 else None)
            assert answer.complete, answer
            assert answer.text == counted(WORDS), "nothing repeated, nothing missing"
            assert "resumed" in answer.notices
            measured(f"2 ({version})", silence_s=answer.longest_silence_s)
            assert answer.longest_silence_s < 5
            assert await lost_receipts(house) == ["node_lost"], "the lost machine's work is in the books, as lost"

    asyncio.run(main())


def test_3_killed_in_the_middle_and_nobody_else_an_error_says_so(tmp_path: Path) -> None:
    asyncio.run(_killed_at_any_moment(tmp_path, "2.15.1", lanes=1, rounds=2))


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(("version", "rounds"), [("2.15.1", 25), ("2.9.10", 5)])
def test_3_killed_a_hundred_times_at_any_moment(tmp_path: Path, version: str, rounds: int) -> None:
    asyncio.run(_killed_at_any_moment(tmp_path, version, lanes=4, rounds=rounds))


async def _killed_at_any_moment(folder: Path, version: str, *, lanes: int, rounds: int) -> None:
    """Each lane has a model of its own, and one machine for it: nobody can take over."""
    async with pool_house(folder, version=version) as house:
        names = [f"atelier-{lane}" for lane in range(lanes)]
        machines = [await house.machine(name, model_id=name) for name in names]
        lost = [_kill_again_and_again(house, one, random.Random(one.name), rounds) for one in machines]
        ended = [one for lane in await asyncio.gather(*lost) for one in lane]
        late_s = [seconds for _, seconds in ended]
        errors = sum(bool(answer.error) for answer, _ in ended)
        shown = sum(bool(answer.error and answer.text) for answer, _ in ended)
        assert sorted(await lost_receipts(house)) == ["node_lost"] * errors
        measured(f"3 ({version})", kills=len(ended), errors=errors, with_partial_text=shown, told_within_s=max(late_s))
        assert errors >= len(ended) // 2
        assert max(late_s) < 5


async def _kill_again_and_again(
    house: PoolHouse, machine: Machine, chance: random.Random, rounds: int
) -> list[tuple[Answer, float]]:
    ended = []
    for _ in range(rounds):
        asking = asyncio.create_task(house.ask(60, model=machine.model_id))
        await until(lambda: any(one.running for one in house.nodes() if one.id == machine.node_id))
        await asyncio.sleep(chance.uniform(0, 1.3))
        machine.kill()
        killed_s = time.monotonic()
        answer = await asking
        ended.append((answer, time.monotonic() - killed_s))
        _check_end(answer)
        machine.start()
        await house.until_there(machine, False)
        await house.until_there(machine)
    return ended


def _check_end(answer: Answer) -> None:
    """Whole, or an error with what had come: never broken off, never a false end."""
    assert not answer.broken, answer
    if answer.complete:
        assert answer.text == counted(60)
    else:
        assert answer.error == "node_lost", answer
        assert answer.finish is None, "never a false end"
        assert counted(60).startswith(answer.text)


@BOTH_BROKERS
def test_4_stopped_it_is_given_up_and_what_it_says_later_is_refused(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house:
            await house.machines_of("atelier", "bureau")
            stopped: list[Machine] = []

            def stop(count: int) -> None:
                if count == 20:
                    stopped.append(serving_machine(house))
                    stopped[0].signal(signal.SIGSTOP)

            answer = await house.ask(WORDS, on_word=stop)
            assert answer.complete, answer
            assert answer.text == counted(WORDS)
            measured(f"4 ({version})", silence_s=answer.longest_silence_s)
            assert answer.longest_silence_s < 5
            stopped[0].signal(signal.SIGCONT)
            await house.until_there(stopped[0])
            again = await house.ask(30)
            assert again.text == counted(30)

    asyncio.run(main())


def test_5_the_broker_killed_and_back_twenty_answers_are_whole(tmp_path: Path) -> None:
    asyncio.run(_broker_killed(tmp_path, "2.15.1", 20))


@pytest.mark.long
@BOTH_BROKERS_LONG
def test_5_the_broker_killed_and_back_fifty_answers_are_whole(tmp_path: Path, version: str) -> None:
    asyncio.run(_broker_killed(tmp_path, version, 50))


async def _broker_killed(folder: Path, version: str, streams: int) -> None:
    async with pool_house(folder, version=version, AFFOUAGE_POOL_MAX_WAITING_PER_MEMBER="64") as house:
        await house.machines_of("atelier", "bureau", slots=streams // 2, word_ms=40)
        asking = [asyncio.create_task(house.ask(WORDS)) for _ in range(streams)]
        await until(lambda: sum(one.running for one in house.nodes()) == streams)
        await asyncio.sleep(0.5)
        house.broker.kill()
        await asyncio.sleep(1)
        await house.broker.start()
        answers: list[Answer] = await asyncio.gather(*asking)
        whole = sum(one.complete and one.text == counted(WORDS) for one in answers)
        pause_s = max(one.longest_silence_s for one in answers)
        measured(f"5 ({version})", streams=streams, whole=whole, pause_s=pause_s)
        assert whole == streams
        assert pause_s < 3 + 1, "one second of it is the broker's own absence"


@pytest.mark.long
@BOTH_BROKERS_LONG
def test_6_the_broker_gone_for_a_minute_it_is_said_and_this_machine_still_answers(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version, engines=(EchoEngine(),)) as house:
            machine = await house.machine("atelier")
            began: list[float] = []

            def stop(count: int) -> None:
                if count == 10:
                    began.append(time.monotonic())
                    house.broker.kill()

            cut = await house.ask(WORDS, on_word=stop)
            told_s = time.monotonic() - began[0]
            assert cut.error == "node_lost", cut
            assert not cut.broken
            while time.monotonic() - began[0] < 60:
                echo = await house.ask(3, model="echo")
                assert echo.complete
                refused = await house.ask(3)
                assert refused.error == "no_machine", refused
                await asyncio.sleep(5)
            await house.broker.start()
            back_s = time.monotonic()
            await house.until_there(machine)
            back_s = time.monotonic() - back_s
            assert (await house.ask(5)).text == counted(5), "without any restart"
            measured(f"6 ({version})", told_within_s=told_s, back_within_s=back_s)
            assert told_s < 8

    asyncio.run(main())


def test_a_disk_that_refuses_a_new_credential_does_not_end_a_machine(tmp_path: Path) -> None:
    async def main() -> None:
        async with pool_house(tmp_path) as house:
            machine = await house.machine("atelier")
            assert machine.process is not None
            in_the_way = machine.home / "node" / f".identity.json.{machine.process.pid}"
            in_the_way.mkdir()  # as a full disk does, for root as well: that file cannot be written
            house.broker.kill()
            await until(lambda: any("not kept for the next start" in line for line in machine.said()))
            await house.until_there(machine, False)
            await house.broker.start()
            await until(lambda: sum(line.startswith("link True") for line in machine.said()) >= 2)
            await house.until_there(machine)
            answer = await house.ask(5)
            assert answer.text == counted(5), answer

    asyncio.run(main())


@pytest.mark.long
@BOTH_BROKERS_LONG
def test_7_a_link_cut_for_three_seconds_loses_nothing(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house, house.link() as link:
            await house.machine("atelier", word_ms=50, through=link)
            cutting: list[asyncio.Task[None]] = []
            answer = await house.ask(
                120, on_word=lambda n: cutting.append(asyncio.create_task(link.cut_for(3))) if n == 10 else None
            )
            assert answer.complete, answer
            assert answer.text == counted(120)
            assert "resumed" not in answer.notices
            measured(f"7, cut 3 s ({version})", silence_s=answer.longest_silence_s)
            await cutting[0]

    asyncio.run(main())


@pytest.mark.long
@BOTH_BROKERS_LONG
def test_7_a_link_cut_for_twelve_seconds_another_machine_goes_on(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        async with pool_house(tmp_path, version=version) as house, house.link() as link:
            cut_off = await house.machine("atelier", word_ms=50, through=link)
            asking = asyncio.create_task(house.ask(1000))
            await until(lambda: any(one.running for one in house.nodes()))
            await house.machine("bureau", word_ms=20)
            cut_s = time.monotonic()
            cutting = asyncio.create_task(link.cut_for(12))
            orphan_s = await _stops(cut_off) - cut_s
            answer = await asking
            assert answer.complete, answer
            assert answer.text == counted(1000)
            assert "resumed" in answer.notices
            measured(f"7, cut 12 s ({version})", silence_s=answer.longest_silence_s, orphan_stops_s=orphan_s)
            assert answer.longest_silence_s < 5
            assert orphan_s < 8
            await cutting
            await house.until_there(cut_off)
            assert (await house.ask(5)).text == counted(5)

    asyncio.run(main())


async def _stops(machine: Machine) -> float:
    """When, by its own log, the machine's engine stopped working."""
    line: str = await until(lambda: next((one for one in machine.said() if one.startswith("idle ")), ""))
    return float(line.split()[1])
