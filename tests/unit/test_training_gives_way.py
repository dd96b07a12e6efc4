"""Work behind the answers: what stands still draws nothing of a window, and the sums close all the same."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from affouage.footprint.budget import BudgetRules, Limit, Standing
from affouage.footprint.windows import share_out, unpack
from affouage.ledger.receipt import Block
from affouage.pool.metering import Metering
from affouage.pool.run import KeptBlock
from affouage.testing import FixedMeter, ManualClock
from affouage.training.runs.following import Following
from affouage.training.runs.trainer import JobLook
from affouage.training_room import QUIET_S, GivingWay

SECOND_UJ = 1_000_000


class Kept:
    def __init__(self) -> None:
        self.blocks: list[KeptBlock] = []

    async def keep(self, blocks: list[KeptBlock]) -> None:
        self.blocks += blocks

    def sum_uj(self) -> int:
        return sum(_whole(one.block) for one in self.blocks)


def _whole(one: Block) -> int:
    parts = sum(static + dynamic for static, dynamic, _ in one.parts.values())
    return parts + one.idle_uj + one.unattributed_uj + one.contended_uj


ACTS = st.sampled_from(["aside", "on", "answer", "answered", "tick", "work"])


@given(st.lists(st.tuples(ACTS, st.integers(1, 3_000)), min_size=1, max_size=25))
def test_whatever_stands_still_and_goes_on_the_sums_close_and_are_computed_again(acts: list[tuple[str, int]]) -> None:
    async def main() -> None:
        clock = ManualClock()
        meter = FixedMeter(clock)
        metering, kept = Metering(meter, clock, machine_id="here", idle_uw=90_000_000), Kept()
        async with metering.running(kept.keep):
            metering.start_behind("trn_1", "training:x")
            work = aside_ms = served_ms = 0
            aside = answering = False
            for number, (act, ms) in enumerate(acts):
                if act == "aside":
                    metering.set_aside("trn_1")
                    aside = True
                elif act == "on":
                    metering.go_on("trn_1")
                    aside = False
                elif act == "answer" and not answering:
                    metering.start("answer", "m")
                    answering = True
                elif act == "answered" and answering:
                    metering.stop("answer")
                    await metering.cut()
                    await metering.finished("answer")
                    answering = False
                elif act == "work" and not aside:
                    work += 100
                    metering.count("trn_1", decoded_tokens=work)
                assert metering.serving() == answering
                assert metering.working()
                clock.advance(ms=ms)
                aside_ms += ms if aside else 0
                served_ms += ms
                meter.count(390 * ms * 1000)
                if number % 2:
                    await metering.cut()
            if answering:
                metering.stop("answer")
                await metering.cut()
                await metering.finished("answer")
            metering.go_on("trn_1")
            metering.stop("trn_1")
            await metering.cut()
            energy = await metering.finished("trn_1")
            assert (energy.machine_share_us or 0) <= (served_ms - aside_ms) * 1000
            if aside_ms == served_ms:
                assert energy.machine_share_us == 0
                assert (energy.static_uj or 0) == 0
            assert not energy.at_least
        assert kept.sum_uj() == 390 * served_ms * 1000
        for one in kept.blocks:
            again = share_out(unpack(one.body)[0])
            assert {
                key: (part.static_uj, part.dynamic_uj, part.machine_share_us) for key, part in again.parts.items()
            } == (one.block.parts)

    asyncio.run(main())


def test_a_window_in_which_it_stands_still_is_the_answers_alone() -> None:
    async def main() -> None:
        clock = ManualClock()
        meter = FixedMeter(clock)
        metering, kept = Metering(meter, clock, machine_id="here", idle_uw=90_000_000), Kept()
        async with metering.running(kept.keep):
            metering.start_behind("trn_1", "training:x")
            metering.count("trn_1", decoded_tokens=500)
            clock.advance(ms=1_000)
            meter.count(390 * SECOND_UJ)
            await metering.cut()
            metering.set_aside("trn_1")
            metering.start("answer", "m")
            metering.count("answer", decoded_tokens=10)
            clock.advance(ms=1_000)
            meter.count(290 * SECOND_UJ)
            metering.stop("answer")
            await metering.cut()
            answer = await metering.finished("answer")
            metering.stop("trn_1")
            await metering.cut()
            run = await metering.finished("trn_1")
            assert (answer.static_uj, answer.dynamic_uj) == (90 * SECOND_UJ, 200 * SECOND_UJ)
            assert (run.static_uj, run.dynamic_uj) == (90 * SECOND_UJ, 300 * SECOND_UJ)

    asyncio.run(main())


class Jobs:
    """What was asked of the place and of the meter, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def set_aside(self, name: str) -> None:
        self.asked.append(f"aside {name}")

    def go_on(self, name: str) -> None:
        self.asked.append(f"on {name}")


def test_runs_stand_still_while_somebody_is_answered_and_a_moment_longer() -> None:
    clock, local, booked = ManualClock(), Jobs(), Jobs()
    following = Following.__new__(Following)
    following.looks, following.jobs = {"trn_1": JobLook(state="running")}, {"trn_1": "1@2"}
    serving = True
    giving_way = GivingWay(following, local, booked, lambda: serving, clock)  # type: ignore[arg-type]  # what it needs
    giving_way.look_once()
    giving_way.look_once()
    assert (local.asked, booked.asked) == (["aside 1@2"], ["aside trn_1"])
    serving = False
    clock.advance(ms=int(QUIET_S * 1000) - 1)
    giving_way.look_once()
    assert local.asked == ["aside 1@2"], "who reads an answer often asks again"
    clock.advance(ms=1)
    giving_way.look_once()
    giving_way.look_once()
    assert (local.asked[1:], booked.asked[1:]) == (["on 1@2"], ["on trn_1"])
    giving_way.no_energy = True
    giving_way.look_once()
    assert local.asked[-1] == "aside 1@2", "what is left of the allowance is for answers"
    following.looks = {"trn_1": JobLook(state="running", aside=True)}
    fresh = GivingWay(following, local, booked, lambda: False, clock)  # type: ignore[arg-type]
    fresh.look_once()
    assert local.asked[-1] == "on 1@2", "one that a killed server left standing still"


def test_answers_keep_the_last_part_of_the_allowance() -> None:
    rules = BudgetRules(limits=(Limit(scope="commons", span="day", unit="kwh", amount=1.0),), notice_percent=80)
    standing = Standing(limit=rules.limits[0], key="", limit_uj=1_000, used_uj=700, held_uj=0, resets_ms=1)
    assert not standing.noticed(99, rules.notice_percent)
    assert standing.noticed(100, rules.notice_percent)
