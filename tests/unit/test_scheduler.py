"""Who gets a slot, and what the others are told: the scheduler with real tasks, stations and meters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.errors import TooMuch, Unavailable
from affouage.footprint.period import Calendar
from affouage.pool.metering import Metering
from affouage.pool.scheduler import Held, Scheduler, Turn
from affouage.pool.share_rules import ShareRules
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket
from affouage.testing import EchoEngine, FixedMeter, ManualClock

NO_HOURS = ShareRules(batch_hours=())


class House:
    """Stations that the test opens and closes, rules that it changes, and the scheduler over them."""

    def __init__(self, *slots: int, max_waiting: int = 1000, max_waiting_per_member: int = 1000) -> None:
        self.clock = ManualClock()
        self.rules = NO_HOURS
        self.stations: list[Station] = []
        self.askers: list[Asker] = []
        for count in slots:
            self.add(slots=count)
        self.scheduler = Scheduler(
            lambda _model_id: list(self.stations),
            self.clock,
            rules=lambda: self.rules,
            wall=Calendar("UTC"),
            max_waiting=max_waiting,
            max_waiting_per_member=max_waiting_per_member,
        )

    def add(self, **facts: Any) -> Station:
        name = f"n_{len(self.stations)}" if self.stations else ""
        metering = Metering(FixedMeter(self.clock), self.clock, machine_id=name or "here")
        station = Station(node_id=name, engine=EchoEngine("m"), metering=metering, **facts)
        self.stations.append(station)
        return station

    def alter(self, place: int, **facts: Any) -> None:
        self.stations[place] = msgspec.structs.replace(self.stations[place], **facts)

    def ask(self, member_id: str = "", **facts: Any) -> Asker:
        number = len(self.askers)
        ticket = Ticket(request_id=f"r{number}", member_id=member_id or f"m{number}", model_id="m", **facts)
        asker = Asker(self.scheduler, ticket)
        self.askers.append(asker)
        return asker

    async def asked(self, member_id: str = "", **facts: Any) -> Asker:
        asker = self.ask(member_id, **facts)
        await settle()
        return asker

    async def empty(self) -> None:
        for one in self.askers:
            one.leave.set()
        await asyncio.gather(*(one.task for one in self.askers), return_exceptions=True)
        assert self.scheduler.in_use("m") == self.scheduler.waiting("m") == 0


class Asker:
    """Somebody who takes a slot, holds it until told to leave, and remembers the places announced."""

    def __init__(self, scheduler: Scheduler, ticket: Ticket) -> None:
        self.ticket = ticket
        self.turns: list[Turn] = []
        self.leave = asyncio.Event()
        self.held: Held | None = None
        self.taken = asyncio.Event()
        self.task = asyncio.create_task(self._live(scheduler))

    async def _live(self, scheduler: Scheduler) -> None:
        async with scheduler.lease(self.ticket, self.turns.append) as held:
            self.held = held
            self.taken.set()
            await self.leave.wait()

    @property
    def served(self) -> bool:
        return self.held is not None

    @property
    def node_id(self) -> str:
        assert self.held is not None
        return self.held.station.node_id

    async def done(self, **work: int) -> None:
        """It is answered, for that much work."""
        assert self.held is not None
        self.held.charge(**work)
        self.leave.set()
        await asyncio.wait([self.task])
        await settle()


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


def story(tale: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(tale())


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
        await asyncio.sleep(0.3)
        told = askers[3].turns[-1]
        assert (told.position, told.waiting, told.reason) == (2, 2, "turn")
        askers[2].task.cancel()
        await asyncio.sleep(0.3)
        assert askers[3].turns[-1].position == askers[3].turns[-1].waiting == 1
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
        await settle()
        third = await house.asked()
        assert third.served
        await house.empty()

    story(tale)


def test_models_do_not_wait_for_one_another() -> None:
    async def tale() -> None:
        house = House(1)
        await house.asked()
        other = Asker(house.scheduler, Ticket(request_id="x", member_id="m", model_id="another"))
        house.askers.append(other)
        await settle()
        assert other.served
        await house.empty()

    story(tale)


def test_stations_that_open_close_and_come_are_followed() -> None:
    async def tale() -> None:
        house = House(1)
        first, second, third = [await house.asked() for _ in range(3)]
        house.add(slots=1, trust=1)
        house.scheduler.look_again()
        await settle()
        assert (first.node_id, second.node_id, third.served) == ("", "n_1", False)
        house.alter(0, slots=0)
        await first.done()
        assert not third.served, "it closed"
        house.alter(0, slots=1)
        house.scheduler.look_again()
        await settle()
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
        await asyncio.sleep(0.3)
        assert [one.turns[-1].position for one in waiting] == [1, 3, 4]
        assert [one.turns[-1].reason for one in waiting] == ["turn", "lighter", "lighter"]
        await greedy.done(decoded_tokens=500)
        await waiting[0].done(decoded_tokens=1)
        assert light.served
        assert not waiting[1].served
        await house.empty()

    story(tale)


def test_what_is_charged_is_what_was_done() -> None:
    async def tale() -> None:
        house = House(2)
        await house.asked("other")
        one = await house.asked("a", prompt_tokens=1000)
        assert one.held is not None
        counter = house.scheduler._queues["m"].model._share.counter
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
        assert house.scheduler._queues["m"].model._share.counter("a") == 0
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
        assert house.scheduler._queues["m"].model._share.counter("a") == expected * 1_000_000
        await house.empty()

    story(tale)


def test_a_new_unit_or_new_floors_keep_everybodys_place() -> None:
    async def tale() -> None:
        house = House(1)
        first = await house.asked("a")
        waiting = [await house.asked("b", group="desk"), await house.asked("c"), await house.asked("a")]
        house.rules = msgspec.structs.replace(NO_HOURS, unit="joules", floors={"desk": 50})
        house.scheduler.look_again()
        await settle()
        assert house.scheduler.in_use("m") == 1
        assert house.scheduler.waiting("m") == 3
        first.held.charge(decoded_tokens=5, energy_uj=3_000_000)  # type: ignore[union-attr]
        await first.done()
        for one in waiting:
            await settle()
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
        await asyncio.sleep(0.3)
        assert other.turns[-1].reason == "owner"
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
        await settle()
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
        await settle()
        assert patient.served
        house.rules = NO_HOURS
        overdue = await house.asked("c", batch=True)
        assert not overdue.served
        house.clock.advance(ms=24 * 3_600_000 + 1)
        await patient.done()
        assert overdue.served, "after a day it presses"
        await house.empty()

    story(tale)


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
        await settle()
        assert not (await house.asked("a")).task.done()
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
        await settle()
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
        await settle()
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
        (mine,) = house.scheduler.places_of("b")
        assert (mine.model_id, mine.turn.position, mine.turn.reason, mine.waited_ms) == ("m", 2, "no_hurry", 1_500)
        (line,) = house.scheduler.snapshot()
        assert (line.model_id, line.waiting, line.no_hurry, line.running, line.slots) == ("m", 2, 1, 1, 1)
        assert house.scheduler.places_of("nobody") == []
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


# -- a crowd ---------------------------------------------------------------------------------------------------------

MOVES = st.tuples(
    st.sampled_from(["come", "come", "finish", "cancel", "breathe", "slots", "own", "rules", "work"]),
    st.integers(0, 30),
    st.integers(0, 3),
)


class Crowd:
    """A house with three machines, and people who come, leave and are served in any order."""

    def __init__(self) -> None:
        self.house = House(2)
        self.house.add(slots=1, trust=2, owner_id="m0", owner_first=True)
        self.house.add(slots=1, own_slots=2, trust=3, owner_id="m1")

    def do(self, move: str, who: int, what: int) -> None:
        house, askers = self.house, self.house.askers
        one = askers[who % len(askers)] if askers else None
        if move == "come":
            avoid = frozenset({"n_1"}) if who % 7 == 0 else frozenset[str]()
            house.ask(f"m{who % 5}", reach=what, batch=who % 6 == 1, avoid=avoid, again=bool(avoid), prompt_tokens=who)
        elif move == "slots":
            house.alter(who % 3, slots=what)
            house.scheduler.look_again()
        elif move == "own":
            house.alter(1 + who % 2, own_slots=what)
            house.scheduler.look_again()
        elif move == "rules":
            unit = ("tokens", "joules", "engine_seconds", "tokens")[what]
            house.rules = ShareRules(unit=unit, floors={"desk": 10 + who} if what else {}, batch_hours=())  # type: ignore[arg-type]
        elif one is not None and move == "finish":
            one.leave.set()
        elif one is not None and move == "cancel":
            one.task.cancel()
        elif one is not None and move == "work" and one.held is not None:
            one.held.charge(prompt_tokens=what, decoded_tokens=who, energy_uj=who * 1000)

    def serving(self) -> list[Asker]:
        return [one for one in self.house.askers if one.served and not one.task.done()]

    def check(self, before: dict[str, int]) -> None:
        """Never more than its slots, but for those given before it closed some."""
        for station in self.house.stations:
            used = sum(one.node_id == station.node_id for one in self.serving())
            assert used <= max(station.slots, station.own_slots, before.get(station.node_id, 0))
        for one in self.serving():
            assert one.held is not None
            assert one.held.station.trust <= one.ticket.reach
            assert one.node_id not in one.ticket.avoid

    def check_nobody_waits_for_nothing(self) -> None:
        """Where a slot is free, nobody waits who might have it."""
        waiting = [one for one in self.house.askers if not one.served and not one.task.done()]
        pressing = [one for one in (*waiting, *self.serving()) if not one.ticket.batch]
        assert len(waiting) == self.house.scheduler.waiting("m")
        for station in self.house.stations:
            serving = [one for one in self.serving() if one.node_id == station.node_id]
            lent = sum(one.ticket.member_id != station.owner_id for one in serving)
            free = max(station.slots, station.own_slots) - len(serving)
            for one in waiting:
                fits = station.trust <= one.ticket.reach and station.node_id not in one.ticket.avoid
                open_to_it = one.ticket.member_id == station.owner_id or lent < station.slots
                assert not (fits and free > 0 and open_to_it and (not one.ticket.batch or not pressing))


@settings(max_examples=150, deadline=None)
@given(moves=st.lists(MOVES, max_size=60))
def test_whatever_happens_slots_are_respected_given_back_and_never_idle_for_nothing(
    moves: list[tuple[str, int, int]],
) -> None:
    async def tale() -> None:
        crowd = Crowd()
        for move, who, what in moves:
            before = {
                station.node_id: sum(one.node_id == station.node_id for one in crowd.serving())
                for station in crowd.house.stations
            }
            crowd.do(move, who, what)
            if move == "breathe":
                await settle()
            else:
                await asyncio.sleep(0)
            crowd.check(before)
        await settle()
        await settle()
        crowd.house.scheduler.look_again()
        await settle()
        crowd.check_nobody_waits_for_nothing()
        for place in range(3):
            crowd.house.alter(place, slots=3)
        for one in crowd.house.askers:
            one.leave.set()
        crowd.house.scheduler.look_again()
        await asyncio.wait_for(
            asyncio.gather(*(one.task for one in crowd.house.askers), return_exceptions=True), timeout=20
        )
        assert crowd.house.scheduler.in_use("m") == crowd.house.scheduler.waiting("m") == 0
        model = crowd.house.scheduler._queues.get("m")
        assert model is None or not (model.waiters or model.model._used or model.model._lent or model.model._pressing)

    asyncio.run(tale())
