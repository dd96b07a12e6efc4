"""Turns: never more than the slots, first come first served, nobody forgotten, the place always told."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.errors import TooMuch
from affouage.pool.scheduler import Scheduler, Turn


def _nothing(_turn: Turn) -> None:
    return None


class _Asker:
    """Somebody who takes a slot, holds it until told to leave, and remembers the places announced."""

    def __init__(self, scheduler: Scheduler, slots: int) -> None:
        self.turns: list[Turn] = []
        self.served = asyncio.Event()
        self.leave = asyncio.Event()
        self.task = asyncio.create_task(self._live(scheduler, slots))

    async def _live(self, scheduler: Scheduler, slots: int) -> None:
        async with scheduler.lease("m", slots, self.turns.append):
            self.served.set()
            await self.leave.wait()


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_first_come_first_served_and_the_place_is_told() -> None:
    async def story() -> None:
        scheduler = Scheduler(max_waiting=10)
        askers = []
        for _ in range(4):
            askers.append(_Asker(scheduler, 1))
            await _settle()
        assert [one.served.is_set() for one in askers] == [True, False, False, False]
        assert askers[3].turns == [Turn(3, 3)]
        askers[0].leave.set()
        await _settle()
        assert askers[1].served.is_set()
        assert askers[3].turns[-1] == Turn(2, 2)
        askers[2].task.cancel()
        await _settle()
        assert askers[3].turns[-1] == Turn(1, 1)
        askers[1].leave.set()
        await _settle()
        assert askers[3].served.is_set()
        askers[3].leave.set()
        await asyncio.gather(*(one.task for one in askers), return_exceptions=True)
        assert scheduler.in_use("m") == scheduler.waiting("m") == 0

    asyncio.run(story())


def test_a_full_queue_says_no_and_how_many_wait() -> None:
    async def story() -> None:
        scheduler = Scheduler(max_waiting=1)
        first, second = _Asker(scheduler, 1), _Asker(scheduler, 1)
        await _settle()
        with pytest.raises(TooMuch) as refused:
            async with scheduler.lease("m", 1, _nothing):
                pass
        assert refused.value.retry_after_s > 0
        for one in (first, second):
            one.leave.set()
        await asyncio.gather(first.task, second.task)

    asyncio.run(story())


def test_models_do_not_wait_for_one_another() -> None:
    async def story() -> None:
        scheduler = Scheduler(max_waiting=0)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(scheduler.lease("a", 1, _nothing))
            await stack.enter_async_context(scheduler.lease("b", 1, _nothing))

    asyncio.run(story())


def test_a_slot_given_to_someone_who_leaves_at_that_very_moment_is_not_lost() -> None:
    async def story() -> None:
        scheduler = Scheduler(max_waiting=5)
        first, second = _Asker(scheduler, 1), _Asker(scheduler, 1)
        await _settle()
        first.leave.set()
        await asyncio.sleep(0)  # the slot passes to the second, which has not woken up yet
        second.task.cancel()
        await _settle()
        third = _Asker(scheduler, 1)
        await _settle()
        assert third.served.is_set()
        third.leave.set()
        await asyncio.gather(first.task, second.task, third.task, return_exceptions=True)
        assert scheduler.in_use("m") == 0

    asyncio.run(story())


moves = st.lists(st.tuples(st.sampled_from(["come", "leave", "cancel", "breathe"]), st.integers(0, 30)), max_size=60)


@settings(max_examples=150, deadline=None)
@given(story=moves, slots=st.integers(1, 4))
def test_whatever_happens_the_slots_are_respected_and_given_back(story: list[tuple[str, int]], slots: int) -> None:
    async def live() -> None:
        scheduler = Scheduler(max_waiting=1000)
        askers: list[_Asker] = []
        for move, who in story:
            if move == "come":
                askers.append(_Asker(scheduler, slots))
            elif move == "leave" and askers:
                askers[who % len(askers)].leave.set()
            elif move == "cancel" and askers:
                askers[who % len(askers)].task.cancel()
            else:
                await _settle()
            serving = [one for one in askers if one.served.is_set() and not one.task.done()]
            assert scheduler.in_use("m") <= slots
            assert len([one for one in serving if not one.leave.is_set()]) <= slots
        await _settle()
        # nobody waits while a slot is free
        assert scheduler.waiting("m") == 0 or scheduler.in_use("m") == slots
        for one in askers:
            one.leave.set()
        await asyncio.gather(*(one.task for one in askers), return_exceptions=True)
        assert scheduler.in_use("m") == scheduler.waiting("m") == 0

    asyncio.run(live())
