"""Who gets a slot, and what the others are told: the scheduler with real tasks, stations and meters."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.unit.queue_house import NO_HOURS, House, settle, story


def test_what_is_charged_is_what_was_done() -> None:
    async def tale() -> None:
        house = House(2)
        await house.asked("other")
        one = await house.asked("a", prompt_tokens=1000)
        assert one.held is not None
        counter = house.queue_of("m").model._share.counter
        assert counter("a") == 1_000_000_000, "the estimated prompt, at once"
        one.held.charge(decoded_tokens=2)
        assert counter("a") == 1_004_000_000, "no news of the prompt yet"
        one.held.charge(prompt_tokens=4, decoded_tokens=3)
        assert counter("a") == 10_000_000, "the engine's own count; what its cache held is not charged"
        one.held.charge(prompt_tokens=0, decoded_tokens=0)
        assert counter("a") == 0, "its machine was lost: the collective's loss, not the member's"
        await house.empty()

    story(tale)


def test_nothing_is_charged_for_a_turn_of_which_no_work_came() -> None:
    async def tale() -> None:
        house = House(2)
        await house.asked("other")
        one = await house.asked("a", prompt_tokens=1000)
        one.leave.set()
        await settle()
        assert house.queue_of("m").model._share.counter("a") == 0
        await house.empty()

    story(tale)


@pytest.mark.parametrize(("unit", "expected"), [("tokens", 24), ("engine_seconds", 2), ("joules", 7)])
def test_the_voted_unit_is_what_is_charged(unit: str, expected: int) -> None:
    async def tale() -> None:
        house = House(2)
        house.rules = msgspec.structs.replace(NO_HOURS, unit=unit)
        weights = house.stations[0].metering.weights
        weights.note("m", prompt_tokens=100, prompt_ms=5000.0, decoded_tokens=100, decode_ms=20_000.0)
        await house.asked("other")
        one = await house.asked("a")
        one.held.charge(prompt_tokens=8, decoded_tokens=8, energy_uj=7_000_000)  # type: ignore[union-attr]
        assert house.queue_of("m").model._share.counter("a") == expected * 1_000_000
        await house.empty()

    story(tale)


def test_ten_thousand_requests_of_one_member_harm_nobody() -> None:
    async def tale() -> None:
        house = House(1, max_waiting=64, max_waiting_per_member=32)
        first = await house.asked("flood")
        for _ in range(10_000):
            house.ask("flood")
        await settle()
        assert house.scheduler.waiting("m") == 32
        light = await house.asked("light")
        await first.done(decoded_tokens=50)
        assert light.served
        await house.empty()

    story(tale)


def test_a_thousand_who_wait_are_told_their_places_within_a_fraction_of_a_second() -> None:
    async def tale() -> None:
        house = House(1)
        loop = asyncio.get_running_loop()
        await house.asked()
        began = loop.time()
        for number in range(1000):
            house.ask(f"m{number % 50}")
        await settle()
        assert loop.time() - began < 3, "about 0.1 s on an idle machine"
        await asyncio.sleep(0.5)
        places = sorted(one.turns[-1].position for one in house.askers[1:])
        assert places == list(range(1, 1001))
        for one in house.askers:
            one.task.cancel()
        await house.empty()

    story(tale)
