"""The meter at work: what requests are told, what the books get, and that the two add up to the counter."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.footprint.meter import MeterInfo, Reading
from affouage.footprint.windows import share_out, unpack
from affouage.ledger.receipt import Block, Energy
from affouage.pool.metering import KeptBlock, Metering
from affouage.testing import FixedMeter, ManualClock

SECOND_UJ = 1_000_000


class Books:
    """What was handed over, and the sums of it."""

    def __init__(self) -> None:
        self.kept: list[KeptBlock] = []

    async def keep(self, blocks: list[KeptBlock]) -> None:
        self.kept += blocks

    @property
    def blocks(self) -> list[Block]:
        return [one.block for one in self.kept]

    def sum_uj(self) -> int:
        return sum(
            sum(static + dynamic for static, dynamic, _ in one.parts.values())
            + one.idle_uj
            + one.unattributed_uj
            + one.contended_uj
            for one in self.blocks
        )

    def part_uj(self, request_id: str) -> int:
        return sum(sum(one.parts.get(request_id, (0, 0, 0))[:2]) for one in self.blocks)


class Held:
    """A meter that goes on telling the same reading."""

    def __init__(self, reading: Reading, info: MeterInfo) -> None:
        self._reading = reading
        self._info = info

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        return self._reading

    async def close(self) -> None:
        return None


class Bench:
    """A meter, a clock and somebody to serve; time passes only when told to."""

    def __init__(self, *, idle_watts: float | None = 0) -> None:
        self.clock = ManualClock()
        self.meter = FixedMeter(self.clock)
        idle_uw = None if idle_watts is None else round(idle_watts * 1e6)
        self.metering = Metering(self.meter, self.clock, machine_id="here", idle_uw=idle_uw)
        self.books = Books()

    async def pass_time(self, ms: int, *, watts: float) -> None:
        self.clock.advance(ms=ms)
        self.meter.count(round(watts * ms * 1000))
        await self.metering.cut()

    async def end(self, request_id: str) -> Energy:
        self.metering.stop(request_id)
        await self.metering.cut()
        return await self.metering.finished(request_id)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_two_requests_share_by_tokens_and_by_time() -> None:
    async def main() -> None:
        bench = Bench(idle_watts=90)
        async with bench.metering.running(bench.books.keep):
            bench.metering.start("a", "m")
            bench.metering.start("b", "m")
            bench.metering.count("a", decoded_tokens=200)
            bench.metering.count("b", decoded_tokens=100)
            await bench.pass_time(1000, watts=390)
            a, b = await bench.end("a"), await bench.end("b")
            assert (a.static_uj, a.dynamic_uj) == (45 * SECOND_UJ, 200 * SECOND_UJ)
            assert (b.static_uj, b.dynamic_uj) == (45 * SECOND_UJ, 100 * SECOND_UJ)
            assert a.machine_share_us == b.machine_share_us == 500_000
            assert a.quality == "measured"
            assert a.interval_uj is not None
            assert a.interval_uj.central == 245 * SECOND_UJ
        assert bench.books.sum_uj() == 390 * SECOND_UJ
        assert bench.books.part_uj("a") == 245 * SECOND_UJ

    run(main())


def test_an_idle_machine_is_counted_and_nobody_is_charged() -> None:
    async def main() -> None:
        bench = Bench(idle_watts=None)
        async with bench.metering.running(bench.books.keep):
            for _ in range(6):
                await bench.pass_time(10_000, watts=30)
            assert bench.metering.idle_uw == 30_000_000, "learnt from the quiet"
        assert sum(one.idle_uj for one in bench.books.blocks) == 6 * 300 * SECOND_UJ
        assert bench.books.blocks[-1].clean

    run(main())


def test_work_that_the_engine_has_not_told_yet_waits_for_its_tokens() -> None:
    async def main() -> None:
        bench = Bench(idle_watts=10)
        async with bench.metering.running(bench.books.keep):
            bench.metering.start("a", "m")
            await bench.pass_time(1000, watts=100)
            await bench.pass_time(1000, watts=100)
            bench.metering.count("a", prompt_tokens=64)
            await bench.pass_time(1000, watts=100)
            energy = await bench.end("a")
            assert energy.dynamic_uj == 270 * SECOND_UJ, "reading the prompt was its work"
        assert sum(one.unattributed_uj for one in bench.books.blocks) == 0

    run(main())


def test_a_silent_meter_leaves_a_gap_and_receipts_that_say_at_least() -> None:
    async def main() -> None:
        bench = Bench(idle_watts=10)
        async with bench.metering.running(bench.books.keep):
            bench.metering.start("a", "m")
            bench.metering.count("a", decoded_tokens=5)
            await bench.pass_time(1000, watts=50)
            bench.meter.fail()
            bench.metering.count("a", decoded_tokens=9)
            await bench.pass_time(1000, watts=50)
            bench.metering.stop("a")
            await bench.pass_time(6000, watts=50)
            energy = await bench.metering.finished("a")
            assert energy.at_least
            assert energy.quality == "unknown"
            assert energy.interval_uj is not None
            assert energy.interval_uj.central == 50 * SECOND_UJ
            assert bench.metering.silent_since_ms is not None
            bench.meter.mend()
            await bench.pass_time(1000, watts=50)
            assert bench.metering.silent_since_ms is None
        assert bench.books.sum_uj() == 9 * 50 * SECOND_UJ, "what was counted meanwhile is in the books"
        assert bench.books.part_uj("a") == 50 * SECOND_UJ, "and the receipt is not rewritten"
        assert "gap" in bench.books.blocks[-1].flags

    run(main())


def test_a_meter_never_heard_gives_an_unknown_energy() -> None:
    async def main() -> None:
        bench = Bench()
        bench.meter.fail()
        async with bench.metering.running(bench.books.keep):
            bench.metering.start("a", "m")
            bench.metering.count("a", decoded_tokens=5)
            bench.metering.stop("a")
            await bench.pass_time(6000, watts=50)
            energy = await bench.metering.finished("a")
            assert (energy.interval_uj, energy.quality) == (None, "unknown")
            bench.meter.mend()
            await bench.pass_time(1000, watts=50)
            await bench.pass_time(1000, watts=50)
        assert bench.books.sum_uj() == 50 * SECOND_UJ, "counted from the first reading on"
        assert bench.books.part_uj("a") == 0

    run(main())


def test_after_an_unclean_stop_the_counter_goes_on_where_the_books_stood() -> None:
    async def main() -> None:
        bench = Bench(idle_watts=10)
        bench.metering.start("a", "m")
        await bench.metering.cut()
        bench.metering.count("a", decoded_tokens=5)
        await bench.pass_time(1000, watts=50)
        before = bench.metering.blocks()
        await bench.books.keep(before)
        bench.clock.advance(ms=3000)  # killed; the engine went on for a moment
        bench.meter.count(120 * SECOND_UJ)
        again = Metering(bench.meter, bench.clock, machine_id="here", idle_uw=10_000_000, resume=before[-1].block.last)
        async with again.running(bench.books.keep):
            pass
        assert bench.books.sum_uj() == 170 * SECOND_UJ
        assert bench.books.part_uj("a") == 50 * SECOND_UJ

    run(main())


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["start", "work", "stop", "time", "silence", "voice", "block"]),
        st.integers(0, 5),
        st.integers(1, 4000),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_whatever_happens_the_books_add_up_to_the_counter_and_receipts_to_the_books(
    steps: list[tuple[str, int, int]],
) -> None:
    async def main() -> None:
        bench = Bench(idle_watts=20)
        told: dict[str, Energy] = {}
        running: list[str] = []
        tokens = serial = 0
        await bench.metering.cut()
        for what, which, amount in steps:
            if what == "start":
                serial += 1
                running.append(f"r{serial:03}")
                bench.metering.start(running[-1], f"m{which % 2}")
            elif what == "work" and running:
                tokens += amount
                bench.metering.count(running[which % len(running)], decoded_tokens=tokens)
            elif what == "stop" and running:
                name = running.pop(which % len(running))
                bench.metering.stop(name)
                await bench.pass_time(5001, watts=which * 30)
                told[name] = await asyncio.wait_for(bench.metering.finished(name), 1)
            elif what == "time":
                await bench.pass_time(amount, watts=which * 30)
            elif what in ("silence", "voice"):
                (bench.meter.fail if what == "silence" else bench.meter.mend)()
            elif what == "block":
                await bench.books.keep(blocks := bench.metering.blocks())
                bench.metering.kept(blocks)
        bench.meter.mend()
        await bench.pass_time(31_000, watts=30)
        await bench.books.keep(bench.metering.blocks())
        assert bench.books.sum_uj() == sum(one.energy_uj for one in bench.books.blocks) == bench.meter.counter_uj
        for name, energy in told.items():
            told_uj = (energy.static_uj or 0) + (energy.dynamic_uj or 0)
            assert told_uj == bench.books.part_uj(name)
        for kept in bench.books.kept:
            again = share_out(unpack(kept.body)[0])
            assert again.energy_uj == kept.block.energy_uj
            assert again.idle_uj == kept.block.idle_uj
            assert {key: (p.static_uj, p.dynamic_uj, p.machine_share_us) for key, p in again.parts.items()} == dict(
                kept.block.parts
            )

    run(main())


def test_finishing_waits_for_the_meter_a_moment_not_a_second() -> None:
    async def main() -> None:
        bench = Bench()
        async with bench.metering.running(bench.books.keep):
            bench.metering.start("a", "m")
            bench.clock.advance(ms=40)
            bench.metering.stop("a")
            await asyncio.wait_for(bench.metering.finished("a"), 0.5)

    run(main())


def test_nobody_waits_for_a_meter_that_has_long_been_silent() -> None:
    async def main() -> None:
        bench = Bench()
        async with bench.metering.running(bench.books.keep):
            bench.meter.fail()
            await bench.pass_time(1000, watts=50)
            for serial in range(300):  # hours of answers, one line in the window they left open
                await bench.pass_time(6000, watts=50)
                bench.metering.start(f"r{serial}", "m")
                bench.metering.count(f"r{serial}", decoded_tokens=5)
                bench.metering.stop(f"r{serial}")
                energy = await asyncio.wait_for(bench.metering.finished(f"r{serial}"), 0.5)
                assert (energy.interval_uj, energy.quality) == (None, "unknown")
            bench.meter.mend()
            await bench.pass_time(1000, watts=50)
        assert bench.books.sum_uj() == bench.meter.counter_uj
        [window] = [one for kept in bench.books.kept for one in unpack(kept.body)[0].counted]
        assert [one.decoded_tokens for one in window.requests] == [1500]

    run(main())


def test_a_reading_older_than_the_tokens_leaves_them_their_own_window() -> None:
    """A plug that publishes: its message came 100 ms after the beginning, and is read when the answer ends."""

    async def main() -> None:
        bench = Bench(idle_watts=0)
        async with bench.metering.running(bench.books.keep):
            bench.clock.advance(ms=900)
            bench.metering.start("a", "m")
            bench.clock.advance(ms=100)
            bench.meter.count(100 * SECOND_UJ)
            bench.metering.meter = Held(await bench.meter.read(), bench.meter.info())
            bench.clock.advance(ms=900)
            bench.metering.count("a", decoded_tokens=100)
            bench.metering.stop("a")
            await bench.metering.cut()
            bench.metering.meter = bench.meter
            await bench.pass_time(100, watts=1000)
            energy = await bench.metering.finished("a")
            assert energy.dynamic_uj == 200 * SECOND_UJ
            await bench.books.keep(bench.metering.blocks())
        [window, after] = [one for kept in bench.books.kept[:1] for one in unpack(kept.body)[0].counted]
        assert [one.requests[0].decoded_tokens for one in (window, after)] == [10, 90]

    run(main())


def test_idle_energy_is_handed_over_whatever_the_clock_on_the_wall_does() -> None:
    class Wall(ManualClock):
        back_ms = 0

        def now_ms(self) -> int:
            return super().now_ms() - self.back_ms

    async def main() -> None:
        clock, books = Wall(), Books()
        metering = Metering(meter := FixedMeter(clock), clock, machine_id="here", idle_uw=0)
        async with metering.running(books.keep):
            clock.back_ms = 30 * 86_400_000
            clock.advance(ms=301_000)
            meter.count(SECOND_UJ)
            await metering.cut()
            metering.start("a", "m")  # wakes the loop
            for _ in range(5):
                await asyncio.sleep(0)
            assert books.sum_uj() == SECOND_UJ

    run(main())


@pytest.mark.parametrize("kind", ["start", "stop"])
def test_a_request_unknown_to_the_meter_is_a_fault_of_the_caller(kind: str) -> None:
    async def main() -> None:
        bench = Bench()
        if kind == "stop":
            with pytest.raises(KeyError):
                bench.metering.stop("nobody")
        else:
            bench.metering.start("a", "m")
            assert bench.metering.spent_uj("a") == 0

    run(main())
