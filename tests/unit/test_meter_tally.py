"""From figures to counters: trapezoids, steps, whose work it was, parts added up. All pure."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.adapters.meters.declared import DeclaredMeter
from affouage.adapters.meters.estimate import ASSUMED_IDLE_WATTS, ASSUMED_WATTS_PER_PROCESSOR, EstimateMeter
from affouage.adapters.meters.parts import PartsMeter, combined
from affouage.adapters.meters.processors import ForeignWork, share_ppm
from affouage.adapters.meters.tally import LONGEST_STEP_US, LONGEST_STILL_US, Integral, Steps
from affouage.errors import SettingsError
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading, advance
from affouage.testing import FixedMeter, ManualClock

SECOND = 1_000_000


def test_a_constant_power_by_hand() -> None:
    integral = Integral("e")
    assert [integral.add(t * SECOND, 60_000_000) for t in range(4)] == [0, 60_000_000, 120_000_000, 180_000_000]


@given(st.lists(st.tuples(st.integers(0, LONGEST_STEP_US), st.integers(0, 20_000_000_000)), max_size=20))
def test_trapezoids_are_exact_and_never_go_down(samples: list[tuple[int, int]]) -> None:
    integral, at_us, before, twice, totals = Integral("e"), 0, None, 0, [0]
    for step_us, uw in samples:
        at_us += step_us
        if before is not None:
            twice += step_us * (uw + before)
        before = uw
        totals.append(integral.add(at_us, uw))
        assert totals[-1] == twice // 2_000_000
    assert totals == sorted(totals)
    assert integral.epoch == "e.0"


@pytest.mark.parametrize("step_us", [LONGEST_STEP_US + 1, -1, -(10**12)])
def test_a_silence_or_a_clock_that_went_back_begins_anew(step_us: int) -> None:
    integral = Integral("e")
    integral.add(10**13, 50_000_000)
    assert integral.add(10**13 + step_us, 50_000_000) == 0
    assert integral.epoch == "e.1"


def test_a_counter_that_stands_still_is_told_once_then_is_a_gap() -> None:
    steps = Steps()
    assert steps.note(0, 100) == (0, 100)
    assert steps.note(5 * SECOND, 100) == (0, 100)
    assert steps.note(6 * SECOND, 3700) == (6 * SECOND, 3700)
    assert steps.note(6 * SECOND + LONGEST_STILL_US, 3700) == (6 * SECOND, 3700)
    with pytest.raises(MeterUnreadable) as still:
        steps.note(6 * SECOND + LONGEST_STILL_US + 1, 3700)
    assert "power_field" in still.value.remedy
    assert steps.note(50 * SECOND, 7300) == (50 * SECOND, 7300)
    assert steps.note(51 * SECOND, 10) == (51 * SECOND, 10)  # it went back: footprint.meter.advance tells a reset


@pytest.mark.parametrize(
    ("own", "busy", "ppm"),
    [(100, 100, 0), (0, 100, 1_000_000), (25, 100, 750_000), (200, 100, 0), (0, 0, 0), (-5, 100, 0), (5, -100, 0)],
)
def test_whose_work_it_was(own: int, busy: int, ppm: int) -> None:
    assert share_ppm(own, busy) == ppm


@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15))
def test_a_share_is_a_share(own: int, busy: int) -> None:
    assert 0 <= share_ppm(own, busy) <= 1_000_000


def test_foreign_work_over_too_short_a_time_is_the_last_known() -> None:
    own, busy = [0], [0]
    foreign = ForeignWork(lambda: own[0], lambda: busy[0])
    assert foreign.ppm(0) == 0
    own[0], busy[0] = 250_000, 1_000_000
    assert foreign.ppm(SECOND) == 750_000
    busy[0] += 10_000
    assert foreign.ppm(SECOND + 20_000) == 750_000
    own[0] += 990_000
    busy[0] += 980_000
    assert foreign.ppm(2 * SECOND) == 0
    assert ForeignWork(None, lambda: busy[0]).ppm(5 * SECOND) == 0


def test_an_estimate_by_hand() -> None:
    clock, cpu = ManualClock(), [0]
    meter = EstimateMeter(clock, lambda: cpu[0])

    async def read() -> Reading:
        return await meter.read()

    before = asyncio.run(read())
    clock.advance(ms=10_000)
    cpu[0] += 8_000_000
    after = asyncio.run(read())
    expected = round((10 * ASSUMED_IDLE_WATTS + 8 * ASSUMED_WATTS_PER_PROCESSOR) * 1e6)
    assert advance(before, after, meter.info()).energy_uj == expected == 315_000_000
    assert meter.info().quality == "estimated"
    assert (meter.info().low_factor, meter.info().high_factor) == (1 / 3, 3)
    cpu[0] = 5  # another program stands behind the clock
    assert advance(after, asyncio.run(read()), meter.info()).energy_uj is None
    with pytest.raises(MeterUnreadable):
        asyncio.run(EstimateMeter(clock, lambda: None).read())


def test_declared_watts_by_hand() -> None:
    clock, busy = ManualClock(), [0]
    meter = DeclaredMeter(clock, full_watts=100, idle_watts=20, busy=lambda: busy[0], count=4)
    before = asyncio.run(meter.read())
    clock.advance(ms=10_000)
    busy[0] += 20_000_000  # half of four processors for ten seconds
    after = asyncio.run(meter.read())
    assert advance(before, after, meter.info()).energy_uj == 600_000_000
    clock.advance(ms=10_000)
    busy[0] += 10**12  # ticks that came late are caught up, never beyond what the time in all allows
    assert advance(before, asyncio.run(meter.read()), meter.info()).energy_uj == 100_000_000 * 20
    assert meter.info().quality == "declared"
    assert meter.info().idle_uw == 20_000_000


def test_half_a_declaration_is_an_estimate_and_an_impossible_one_is_refused() -> None:
    info = DeclaredMeter(ManualClock(), full_watts=90).info()
    assert (info.quality, info.method, info.facts["idle_watts"]) == ("estimated", "half_declared", 30)
    assert info.low_factor * 30 <= 10
    assert info.high_factor * 30 >= 0.5 * 90
    with pytest.raises(SettingsError, match="above"):
        DeclaredMeter(ManualClock(), full_watts=50, idle_watts=60)
    with pytest.raises(MeterUnreadable):
        asyncio.run(DeclaredMeter(ManualClock(), full_watts=50, busy=lambda: None).read())


def _info(name: str, *covers: str, low: float = 0.9, high: float = 1.1) -> MeterInfo:
    return MeterInfo(
        id=name,
        kind="powercap",
        covers=covers,
        quality="measured",
        low_factor=low,
        high_factor=high,
        method="powercap",
    )


@given(
    st.lists(st.tuples(st.floats(1, 1e9), st.floats(0.5, 1), st.floats(1, 2), st.floats(0, 1)), min_size=1, max_size=4),
    st.floats(0, 500),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_truth_at_the_wall_stays_inside_whatever_the_mix(
    parts: list[tuple[float, float, float, float]], base: float, base_at: float, psu_at: float
) -> None:
    infos = [_info(f"m{i}", f"c{i}", low=low, high=high) for i, (_, low, high, _) in enumerate(parts)]
    info = combined(infos, base_watts=base, psu=(0.8, 0.92))
    counted = sum(one[0] for one in parts) + base
    truth = sum(uj * (low + at * (high - low)) for uj, low, high, at in parts) + base * (0.75 + 0.5 * base_at)
    at_wall = truth / (0.8 + psu_at * 0.12)
    central = counted / info.efficiency
    assert central * info.low_factor * 0.999999 <= at_wall <= central * info.high_factor * 1.000001
    assert info.quality == ("declared" if base else "measured")


def test_parts_that_overlap_are_never_added() -> None:
    for infos in ([_info("a", "cpu"), _info("b", "cpu")], [_info("a", "machine")], []):
        with pytest.raises(ValueError, match="overlap"):
            combined(infos, base_watts=0, psu=(0.8, 0.92))


def test_what_is_left_out_is_said() -> None:
    facts = combined([_info("a", "cpu")], base_watts=0, psu=(0.8, 0.92)).facts
    assert (facts["includes"], facts["left_out"]) == ("processors", "memory base")
    facts = combined([_info("a", "cpu"), _info("n", "gpu:0")], base_watts=30, psu=(0.8, 0.92)).facts
    assert (facts["includes"], facts["base_watts"]) == ("processors cards base", 30)
    assert "left_out" not in facts


def test_foreign_work_of_parts_weighs_by_their_energy() -> None:
    clock = ManualClock()
    one, other = FixedMeter(clock), FixedMeter(clock)
    one._info, other._info = _info("cpu", "cpu"), _info("gpu", "gpu:0")
    meter = PartsMeter([one, other], base_watts=10, psu=(0.8, 0.8))

    async def read_twice() -> tuple[Reading, Reading]:
        before = await meter.read()
        clock.advance(ms=1000)
        one.count(30_000_000)
        other.count(10_000_000)
        one.foreign_ppm = 200_000
        return before, await meter.read()

    before, after = asyncio.run(read_twice())
    assert after.foreign_ppm == 150_000
    assert advance(before, after, meter.info()).energy_uj == 50_000_000 / 0.8


def test_a_window_longer_than_a_round_of_the_counter_tells_nothing() -> None:
    import msgspec

    info = msgspec.structs.replace(_info("a", "cpu"), wraps_uj={"x": 1000 * SECOND}, longest_window_ms=30_000)
    before = Reading(at_us=0, epoch="e", counters_uj={"x": 5})
    assert advance(before, Reading(at_us=30 * SECOND, epoch="e", counters_uj={"x": 9}), info).energy_uj == 4
    late = advance(before, Reading(at_us=30 * SECOND + 1, epoch="e", counters_uj={"x": 9}), info)
    assert (late.energy_uj, late.flags) == (None, ("gap",))
