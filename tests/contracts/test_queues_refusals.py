"""What cannot be waited for is refused in words; what is going on is told, never who."""

from __future__ import annotations

import asyncio

import pytest

from affouage.errors import TooMuch, Unavailable
from affouage.pool.scheduler import Turn
from tests.unit.queue_house import House, story

pytestmark = pytest.mark.usefixtures("each_keeper")

# -- refusals --------------------------------------------------------------------------------------------------------


def test_a_full_queue_says_so_but_takes_one_of_who_has_none() -> None:
    async def tale() -> None:
        house = House(1, max_waiting=2)
        await house.asked("a")
        await house.asked("a")
        await house.asked("a")
        refused = await house.asked("a")
        with pytest.raises(TooMuch) as full:
            await refused.task
        assert full.value.code == "rate_limit_exceeded"
        assert full.value.retry_after_s > 0
        light = [await house.asked(name) for name in "bcd"]
        assert [one.task.done() for one in light] == [False, False, True]
        await house.empty()

    story(tale)


def test_one_member_has_only_so_many_requests_waiting() -> None:
    async def tale() -> None:
        house = House(1, max_waiting_per_member=2)
        askers = [await house.asked("a") for _ in range(3)]
        one_more = await house.asked("a")
        with pytest.raises(TooMuch) as refused:
            await one_more.task
        assert refused.value.code == "too_many_waiting"
        askers[1].task.cancel()
        await house.settle()
        assert not (await house.asked("a")).task.done()
        await house.empty()

    story(tale)


def test_no_machine_at_all_is_told_and_a_closed_one_is_waited_for() -> None:
    async def tale() -> None:
        house = House()
        house.add(slots=0, trust=2)
        refused = await house.asked(reach=1)
        with pytest.raises(Unavailable) as nobody:
            await refused.task
        assert nobody.value.code == "no_machine"
        waiting = await house.asked(reach=2)
        assert waiting.turns == [Turn(1, 1, "closed")]
        house.alter(0, slots=1)
        house.scheduler.look_again()
        await house.settle()
        assert waiting.served
        await house.empty()

    story(tale)


def test_a_machine_that_stays_away_is_not_waited_for_for_ever() -> None:
    async def tale() -> None:
        house = House(1)
        first, second = await house.asked(), await house.asked()
        house.stations.clear()
        for _ in range(3):
            house.scheduler.look_again()
            house.clock.advance(ms=5_000)
        await house.settle()
        with pytest.raises(Unavailable) as gone:
            await second.task
        assert gone.value.code == "no_machine"
        assert first.served
        await house.empty()

    story(tale)


def test_nobody_waits_longer_than_he_accepts() -> None:
    async def tale() -> None:
        house = House(1)
        first = await house.asked()
        late = await house.asked(max_wait_ms=50)
        assert late.turns == [Turn(1, 1)]
        with pytest.raises(Unavailable) as refused:
            await asyncio.wait_for(late.task, 5)
        assert refused.value.code == "wait_exceeded"
        await house.settle()
        assert house.scheduler.waiting("m") == 0
        house.clock.advance(ms=60_000)
        await first.done(decoded_tokens=100)
        for _ in range(4):
            one = await house.asked()
            house.clock.advance(ms=60_000)
            await one.done(decoded_tokens=100)
        await house.asked()
        at_once = await house.asked(max_wait_ms=10_000)
        with pytest.raises(Unavailable) as known:
            await at_once.task
        assert known.value.code == "wait_exceeded"
        assert known.value.retry_after_s > 10
        patient = await house.asked(max_wait_ms=3_600_000)
        assert not patient.task.done()
        await house.empty()

    story(tale)


# -- what is going on -----------------------------------------------------------------------------------------------


def test_members_see_their_own_places_and_how_many_wait() -> None:
    async def tale() -> None:
        house = House(1)
        await house.asked("a")
        await house.asked("a")
        await house.asked("b", batch=True)
        house.clock.advance(ms=1_500)
        (mine,) = await house.scheduler.places_of("b")
        assert (mine.model_id, mine.turn.position, mine.turn.reason, mine.waited_ms) == ("m", 2, "no_hurry", 1_500)
        (line,) = house.scheduler.snapshot()
        assert (line.model_id, line.waiting, line.no_hurry, line.running, line.slots) == ("m", 2, 1, 1, 1)
        assert await house.scheduler.places_of("nobody") == []
        await house.empty()

    story(tale)


def test_time_alone_moves_the_queue_while_it_runs() -> None:
    async def tale() -> None:
        house = House(1)
        async with house.scheduler.running():
            await house.asked()
            second = await house.asked()
            house.add(slots=1)  # nobody says so
            await asyncio.wait_for(second.taken.wait(), 5)
            await house.empty()

    story(tale)
