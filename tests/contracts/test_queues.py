"""Who gets a slot, and what the others are told, wherever the queues are kept: in memory, or in PostgreSQL.

The scheduler with real tasks, stations and meters, over each of the two.
"""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from affouage.footprint.period import Calendar
from affouage.pool.scheduler import Turn
from affouage.pool.share_rules import ShareRules
from affouage.pool.ticket import Ticket
from tests.brokers import until
from tests.unit.queue_house import NO_HOURS, House, story

pytestmark = pytest.mark.usefixtures("each_keeper")

# -- slots -----------------------------------------------------------------------------------------------------------


def test_a_free_slot_is_given_at_once_and_no_place_is_told() -> None:
    async def tale() -> None:
        house = House(2, max_waiting=0)
        first, second = await house.asked(), await house.asked()
        assert first.served
        assert second.served
        assert first.turns == second.turns == []
        await house.empty()

    story(tale)


def test_the_place_is_told_at_once_and_when_it_changes() -> None:
    async def tale() -> None:
        house = House(1)
        askers = [await house.asked() for _ in range(4)]
        assert [one.served for one in askers] == [True, False, False, False]
        assert askers[3].turns == [Turn(3, 3)]
        await askers[0].done(decoded_tokens=10)
        assert askers[1].served
        await until(lambda: (askers[3].turns[-1].position, askers[3].turns[-1].waiting) == (2, 2))
        assert askers[3].turns[-1].reason == "turn"
        askers[2].task.cancel()
        await until(lambda: (askers[3].turns[-1].position, askers[3].turns[-1].waiting) == (1, 1))
        await askers[1].done()
        assert askers[3].served
        await house.empty()

    story(tale)


def test_a_slot_given_to_someone_who_leaves_at_that_very_moment_is_not_lost() -> None:
    async def tale() -> None:
        house = House(1)
        first, second = await house.asked(), await house.asked()
        first.leave.set()
        await asyncio.sleep(0)  # the slot passes to the second, which has not woken up yet
        second.task.cancel()
        await house.settle()
        third = await house.asked()
        assert third.served
        await house.empty()

    story(tale)


def test_somebody_who_has_just_left_is_passed_over() -> None:
    async def tale() -> None:
        house = House(1)
        first, second, third = [await house.asked() for _ in range(3)]
        first.leave.set()
        second.task.cancel()  # it has not woken up when the first gives its slot back
        await asyncio.wait_for(third.taken.wait(), 20)
        await house.settle()
        assert first.task.exception() is None
        await house.empty()

    story(tale)


def test_models_do_not_wait_for_one_another() -> None:
    async def tale() -> None:
        house = House(1)
        await house.asked()
        other = house.brought(Ticket(request_id="x", member_id="m", model_id="another"))
        await house.settle()
        assert other.served
        await house.empty()

    story(tale)


def test_stations_that_open_close_and_come_are_followed() -> None:
    async def tale() -> None:
        house = House(1)
        first, second, third = [await house.asked() for _ in range(3)]
        house.add(slots=1, trust=1)
        house.scheduler.look_again()
        await house.settle()
        assert (first.node_id, second.node_id, third.served) == ("", "n_1", False)
        house.alter(0, slots=0)
        await first.done()
        assert not third.served, "it closed"
        house.alter(0, slots=1)
        house.scheduler.look_again()
        await house.settle()
        assert third.node_id == ""
        await house.empty()

    story(tale)


# -- whose turn ------------------------------------------------------------------------------------------------------


def test_who_used_less_passes_before_who_used_more_and_both_are_told() -> None:
    async def tale() -> None:
        house = House(1)
        greedy = await house.asked("greedy")
        waiting = [await house.asked("greedy") for _ in range(3)]
        greedy.held.charge(prompt_tokens=10, decoded_tokens=500)  # type: ignore[union-attr]
        light = await house.asked("light")
        assert light.turns[0].position == 2, "level with the other on arriving, then in the order of arrival"
        house.scheduler.look_again()
        await until(lambda: [one.turns[-1].position for one in waiting] == [1, 3, 4])
        assert [one.turns[-1].reason for one in waiting] == ["turn", "lighter", "lighter"]
        await greedy.done(decoded_tokens=500)
        await waiting[0].done(decoded_tokens=1)
        assert light.served
        assert not waiting[1].served
        await house.empty()

    story(tale)


def test_a_new_unit_or_new_floors_keep_everybodys_place() -> None:
    async def tale() -> None:
        house = House(1)
        first = await house.asked("a")
        waiting = [await house.asked("b", group="desk"), await house.asked("c"), await house.asked("a")]
        house.rules = msgspec.structs.replace(NO_HOURS, unit="joules", floors={"desk": 50})
        house.scheduler.look_again()
        await house.settle()
        assert house.scheduler.in_use("m") == 1
        assert house.scheduler.waiting("m") == 3
        first.held.charge(decoded_tokens=5, energy_uj=3_000_000)  # type: ignore[union-attr]
        await first.done()
        for one in waiting:
            await house.settle()
            assert one.served
            await one.done(energy_uj=1_000_000)
        await house.empty()

    story(tale)


def test_the_owner_passes_first_on_his_machine_and_others_are_told() -> None:
    async def tale() -> None:
        house = House()
        house.add(slots=1, trust=2, owner_id="olga", owner_first=True)
        first = await house.asked("a")
        other = await house.asked("b")
        owner = await house.asked("olga")
        await until(lambda: other.turns[-1].reason == "owner")
        assert owner.turns[-1].reason != "owner"
        await first.done(decoded_tokens=1)
        assert owner.served
        assert not other.served
        await house.empty()

    story(tale)


def test_a_machine_closed_to_others_still_serves_its_owner() -> None:
    async def tale() -> None:
        house = House()
        house.add(slots=0, own_slots=1, trust=2, owner_id="olga")
        other = await house.asked("b")
        owner = await house.asked("olga")
        assert owner.served
        assert not other.served
        assert other.turns[0].reason == "closed"
        house.alter(0, slots=1, own_slots=1)
        house.scheduler.look_again()
        await house.settle()
        assert not other.served, "its only slot is the owner's for now"
        await owner.done()
        assert other.served
        await house.empty()

    story(tale)


def test_who_lost_a_machine_passes_before_everybody_on_another() -> None:
    async def tale() -> None:
        house = House(1, 1)
        first, second = await house.asked(), await house.asked()
        waiting = await house.asked()
        back = await house.asked(again=True, avoid=frozenset({first.node_id}))
        assert back.turns[0].position == 1
        await first.done()
        assert waiting.served, "it may not go where it was lost"
        assert not back.served
        await second.done()
        assert back.node_id != first.node_id
        await house.empty()

    story(tale)


def test_what_goes_no_further_waits_for_a_machine_that_may_read_it() -> None:
    async def tale() -> None:
        house = House(1)
        house.add(slots=1, trust=3)
        first = await house.asked(reach=0)
        private = await house.asked(reach=0)
        public = await house.asked(reach=3)
        assert (first.node_id, public.node_id) == ("", "n_1")
        assert not private.served
        await first.done()
        assert private.node_id == ""
        await house.empty()

    story(tale)


# -- what does not press -----------------------------------------------------------------------------------------------


def test_what_does_not_press_waits_for_an_idle_machine() -> None:
    async def tale() -> None:
        house = House(2)
        pressing = await house.asked("a")
        patient = await house.asked("b", batch=True)
        assert not patient.served
        assert patient.turns[0].reason == "no_hurry"
        await pressing.done(decoded_tokens=1)
        assert patient.served
        await house.empty()

    story(tale)


def test_cheap_hours_begin_and_the_last_hour_ends() -> None:
    async def tale() -> None:
        house = House(2)
        await house.asked("a")
        patient = await house.asked("b", batch=True)
        hour = Calendar("UTC").minute(house.clock.now_ms()) // 60
        house.rules = ShareRules(batch_hours=((f"{hour:02d}:00", f"{(hour + 1) % 24:02d}:00"),))
        house.scheduler.look_again()
        await house.settle()
        assert patient.served
        house.rules = NO_HOURS
        overdue = await house.asked("c", batch=True)
        assert not overdue.served
        house.clock.advance(ms=24 * 3_600_000 + 1)
        await patient.done()
        assert overdue.served, "after a day it presses"
        await house.empty()

    story(tale)
