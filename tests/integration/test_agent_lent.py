"""What the owner lends, who passes first, and when the machine works for nobody any more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec

from affouage.pool.nodes.policy import with_changes
from affouage.pool.nodes.wire import (
    Cancel,
    Policy,
    Renew,
    SetPolicy,
)
from affouage.testing import EchoEngine, ManualClock
from tests.integration.node_bench import House, asked, node_at_work

LONG = " ".join(str(number) for number in range(400))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def set_policy(house: House, **changes: object) -> None:
    """As the command line does, in a process of its own."""
    house.policy.change(lambda kept: msgspec.structs.replace(kept, policy=with_changes(kept.policy, **changes)))


def test_nobody_renews_it_the_machine_stops(tmp_path: Path) -> None:
    async def work() -> None:
        clock, engine = ManualClock(), EchoEngine(word_ms=5)
        async with node_at_work(tmp_path, engine, clock=clock, metered=False) as (house, commons):
            await house.metering.cut()
            for rid in ("kept", "lost"):
                commons.say(asked(rid, LONG))
                await commons.until(lambda rid=rid: commons.text(rid))
            for _ in range(3):
                clock.advance(ms=1900)
                await house.metering.cut()
                commons.say(Renew(runs=("kept",)))
                await commons.heartbeat(lambda beat: beat.at_ms == clock.now_ms())
            assert set(house.agent.runs.rids) == {"kept", "lost"}
            clock.advance(ms=400)
            await commons.until(lambda: engine.in_flight == 1)
            clock.advance(ms=1000)
            await commons.heartbeat(lambda beat: beat.models[0].used == 1)
            await house.metering.cut()
            fin = await commons.fin("lost")
            assert fin.problem == "lease_lost"
            assert commons.chunks("kept")[-1].seq < 400
            assert house.agent.runs.rids == ("kept",)
            commons.say(Cancel(rid="kept", attempt=1))
            await commons.until(lambda: engine.in_flight == 0)
            clock.advance(ms=1000)
            await commons.heartbeat(lambda beat: beat.models[0].used == 0)
            await house.metering.cut()

    run(work())


def test_a_clock_wrong_by_a_day_changes_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, clock=_Late()) as (_, commons):
            commons.say(asked("r1", at_ms=4_000_000_000_000))
            assert (await commons.fin("r1")).problem == ""

    run(work())


class _Late:
    """The right pace, the wrong day, put back by an hour at each look."""

    def __init__(self) -> None:
        self._now_ms = 1_000_000_000

    def now_ms(self) -> int:
        self._now_ms -= 3_600_000
        return self._now_ms

    def monotonic_us(self) -> int:
        return int(asyncio.get_running_loop().time() * 1e6)


def test_places_are_never_exceeded_and_the_owner_gets_the_next(tmp_path: Path) -> None:
    async def work() -> None:
        engine = EchoEngine(slots=2, word_ms=5)
        async with node_at_work(tmp_path, engine) as (_, commons), commons.wanting("a", "b", "mine"):
            commons.say(asked("a", LONG))
            commons.say(asked("b", LONG))
            commons.say(asked("c"))
            assert (await commons.fin("c")).problem == "refused:node_busy"
            commons.say(asked("mine", own=True))
            beat = await commons.heartbeat(lambda beat: beat.closed == "owner")
            assert beat.models[0].used == 2
            assert set(beat.running) == {"a", "b", "mine"}
            commons.say(asked("d"))
            assert (await commons.fin("d")).problem == "refused:node_busy"
            await commons.until(lambda: any(not one.events for one in commons.chunks("mine")))  # it says it waits
            assert engine.in_flight == 2, "nobody is put out for the owner"
            commons.say(Cancel(rid="a", attempt=1))
            assert (await commons.fin("mine")).problem == ""
            assert commons.text("mine") == "un deux trois"
            await commons.heartbeat(lambda beat: beat.closed == "")

    run(work())


def test_without_owner_first_he_is_one_of_all(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(slots=1, word_ms=5)) as (house, commons):
            set_policy(house, owner_first=False)
            await commons.heartbeat(lambda beat: not beat.policy.owner_first)
            commons.say(asked("a", LONG))
            commons.say(asked("mine", own=True))
            assert (await commons.fin("mine")).problem == "refused:node_busy"

    run(work())


def test_closed_to_others_is_open_to_the_owner(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path) as (house, commons):
            for number, (changes, reason) in enumerate(
                [
                    ({"paused": True}, "paused"),
                    ({"paused": False, "hours": (("20:00", "07:00"),)}, "hours"),
                    ({"hours": (), "power_cap_w": 100.0}, "power"),
                ]
            ):
                house.watts = 150.0
                set_policy(house, **changes)
                beat = await commons.heartbeat(lambda beat, reason=reason: beat.closed == reason, within_s=1.5)
                assert beat.models[0].slots == 2, "what the owner himself may use"
                commons.say(asked(f"other{number}"))
                assert (await commons.fin(f"other{number}")).problem == "refused:node_closed"
                commons.say(asked(f"own{number}", own=True))
                assert (await commons.fin(f"own{number}")).problem == ""
            house.watts = 99.0
            await commons.heartbeat(lambda beat: beat.closed == "" and beat.watts == 99.0)
            commons.say(asked("at-last".replace("-", "_")))
            assert (await commons.fin("at_last")).problem == ""

    run(work())


def test_what_is_shared_is_at_most_so_much_and_only_those_models(tmp_path: Path) -> None:
    async def work() -> None:
        engines = [EchoEngine(slots=4, word_ms=5), EchoEngine("other", slots=4)]
        async with node_at_work(tmp_path, *engines) as (house, commons):
            set_policy(house, max_share_percent=50, models=("echo",))
            beat = await commons.heartbeat(lambda beat: beat.policy.max_share_percent == 50)
            assert [one.model_id for one in beat.models] == ["echo"]
            for rid in ("a", "b", "c"):
                commons.say(asked(rid, LONG))
            assert (await commons.fin("c")).problem == "refused:node_busy"
            commons.say(asked("mine", own=True))
            assert (await commons.fin("mine")).problem == ""
            commons.say(asked("d", model_id="other"))
            commons.say(asked("e", model_id="nowhere"))
            commons.say(asked("f", model_id="other", own=True))
            assert (await commons.fin("d")).problem == "refused:unknown_model"
            assert (await commons.fin("e")).problem == "refused:unknown_model"
            assert (await commons.fin("f")).problem == ""

    run(work())


def test_the_pages_change_it_and_an_old_message_does_not(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path) as (house, commons):
            commons.say(SetPolicy(policy=Policy(paused=True), serial=4))
            await commons.heartbeat(lambda beat: beat.closed == "paused")
            set_policy(house, paused=False)
            await commons.heartbeat(lambda beat: beat.closed == "")
            commons.say(SetPolicy(policy=Policy(paused=True), serial=4))
            commons.say(asked("r1"))
            assert (await commons.fin("r1")).problem == ""
            assert house.policy.now().serial == 4

    run(work())


def test_a_damaged_policy_leaves_what_was_in_force(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path) as (house, commons):
            set_policy(house, paused=True)
            await commons.heartbeat(lambda beat: beat.closed == "paused")
            house.policy.path.write_text("{", encoding="utf-8")
            await asyncio.sleep(0.3)
            commons.say(asked("r1"))
            assert (await commons.fin("r1")).problem == "refused:node_closed"

    run(work())


def test_leaving_says_so_finishes_what_runs_and_takes_nothing_new(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=2)) as (house, commons):
            commons.say(asked("r1", " ".join("abc" * 60)))
            await commons.until(lambda: commons.text("r1"))
            leaving = asyncio.create_task(house.agent.drain(10))
            beat = await commons.heartbeat(lambda beat: beat.closed == "draining")
            assert [one.slots for one in beat.models] == [0]
            commons.say(asked("r2", own=True))
            assert (await commons.fin("r2")).problem == "refused:node_closed"
            await leaving
            assert commons.fins("r1")[0].problem == ""
            assert len(commons.text("r1").split()) == 180

    run(work())


def test_leaving_in_a_hurry_stops_what_runs_and_tells_its_end(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=5)) as (house, commons):
            commons.say(asked("r1", LONG))
            await commons.until(lambda: commons.text("r1"))
            await house.agent.drain(0.1)
            assert (await commons.fin("r1")).problem == "node_stopped"

    run(work())


def test_learnt_figures_stand_in_the_heartbeat(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=2)) as (house, commons):
            beat = await commons.heartbeat()
            assert (beat.models[0].token_uj, beat.models[0].token_ms) == (None, None)
            assert (beat.machine_id, beat.models[0].context_tokens) == ("tower", 2048)
            commons.say(asked("r1", " ".join("abc" * 20)))
            await commons.until(lambda: commons.text("r1"))
            house.meter.count(6_000_000)
            await commons.fin("r1")
            beat = await commons.heartbeat(lambda beat: beat.models[0].token_uj)
            assert beat.models[0].token_ms == 2.0
            assert 80_000 < (beat.models[0].token_uj or 0) <= 100_000

    run(work())
