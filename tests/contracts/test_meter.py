"""What every meter promises, tried on each: counters that never go down, time that never goes back, gaps said aloud."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from affouage.adapters.engines.vital_signs import cpu_us
from affouage.adapters.meters.counter_file import CounterFileMeter
from affouage.adapters.meters.declared import DeclaredMeter
from affouage.adapters.meters.estimate import EstimateMeter
from affouage.adapters.meters.hwmon import HwmonMeter, find_sensors
from affouage.adapters.meters.nvml import NvmlMeter, load_nvml
from affouage.adapters.meters.parts import PartsMeter
from affouage.adapters.meters.plug_http import HttpPlugMeter
from affouage.adapters.meters.plug_mqtt import MqttPlugMeter
from affouage.adapters.meters.powercap import PowercapMeter, counted_zones
from affouage.adapters.meters.processors import busy_us
from affouage.adapters.meters.summed import SummedMeter
from affouage.clock import SystemClock
from affouage.footprint.meter import METHODS, Meter, MeterUnreadable, Reading, advance
from affouage.settings import MeterSettings
from affouage.testing import FixedMeter
from tests.integration import meter_sources as sources


@dataclass
class Subject:
    """A meter under contract; ``work`` makes the machine draw more, ``fail`` breaks it, ``mend`` undoes that."""

    meter: Meter
    work: Callable[[], Awaitable[None]]
    fail: Callable[[], Awaitable[None]]
    mend: Callable[[], Awaitable[None]]


async def _nothing() -> None:
    return None


def fixed(_: Path, stack: AsyncExitStack) -> Subject:
    meter = FixedMeter(SystemClock())

    async def fail() -> None:
        meter.fail()

    async def mend() -> None:
        meter.mend()

    async def work() -> None:
        meter.count(5_000_000)

    return Subject(meter, work, fail, mend)


def powercap(folder: Path, stack: AsyncExitStack) -> Subject:
    tree = sources.PowercapTree(folder)
    meter = PowercapMeter(counted_zones(tree.root, "packages"), SystemClock())

    async def work() -> None:
        tree.count("intel-rapl:0", 5_000_000)

    async def fail() -> None:
        tree.write("intel-rapl:0", "not a number")

    async def mend() -> None:
        tree.write("intel-rapl:0", str(tree.uj["intel-rapl:0"]))

    return Subject(meter, work, fail, mend)


def hwmon_power(folder: Path, stack: AsyncExitStack) -> Subject:
    path = sources.hwmon_device(folder, 0, "power_meter", power1_average="60000000")
    (sensor,) = find_sensors(folder)

    async def fail() -> None:
        path.rename(path.with_name("gone"))

    async def mend() -> None:
        path.with_name("gone").rename(path)

    return Subject(HwmonMeter(sensor, SystemClock()), _nothing, fail, mend)


def nvml(folder: Path, stack: AsyncExitStack) -> Subject:
    library = sources.nvml_module()
    card = library.cards[0]

    async def work() -> None:
        card.energy_mj += 5_000

    async def fail() -> None:
        card.lost = True

    async def mend() -> None:
        card.lost = False

    return Subject(NvmlMeter(load_nvml(library), SystemClock()), work, fail, mend)


def parts(folder: Path, stack: AsyncExitStack) -> Subject:
    inside, cards = powercap(folder, stack), nvml(folder, stack)
    meter = PartsMeter([inside.meter, cards.meter], base_watts=20, psu=(0.8, 0.92))
    return Subject(meter, inside.work, cards.fail, cards.mend)


async def plug_http(folder: Path, stack: AsyncExitStack) -> Subject:
    plug = await stack.enter_async_context(sources.http_plug())
    row = MeterSettings(id="plug", url=plug.url, energy_field="aenergy.total", energy_unit="Wh")

    async def work() -> None:
        plug.wh += 0.001

    async def fail() -> None:
        plug.mode = "500"

    async def mend() -> None:
        plug.mode = ""

    return Subject(HttpPlugMeter(row, SystemClock(), timeout_s=0.5), work, fail, mend)


async def plug_http_power(folder: Path, stack: AsyncExitStack) -> Subject:
    plug = await stack.enter_async_context(sources.http_plug())
    row = MeterSettings(id="plug", url=plug.url, power_field="apower")

    async def fail() -> None:
        plug.mode = "html"

    async def mend() -> None:
        plug.mode = ""

    return Subject(HttpPlugMeter(row, SystemClock(), timeout_s=0.5), _nothing, fail, mend)


async def plug_mqtt(folder: Path, stack: AsyncExitStack) -> Subject:
    broker = await stack.enter_async_context(sources.mosquitto(folder))
    row = MeterSettings(id="plug", kind="plug_mqtt", url=broker.url, topic="plug/state", energy_field="energy")
    meter = MqttPlugMeter(row, SystemClock(), first_wait_s=5)
    publisher = await stack.enter_async_context(broker.publishing("plug/state"))

    async def until_heard(text: str) -> None:
        before = meter._came_us
        while meter._came_us == before:  # published before the subscription stands, it is lost
            await publisher(text)
            await asyncio.sleep(0.02)

    total = [1.0]

    async def work() -> None:
        total[0] += 0.001
        await until_heard(f'{{"energy": {total[0]}}}')

    async def fail() -> None:
        await until_heard("<html>")

    reading = asyncio.ensure_future(meter.read())
    await work()
    await reading
    return Subject(meter, work, fail, work)


def counter_file(folder: Path, stack: AsyncExitStack) -> Subject:
    path = folder / "energy"
    path.write_text("1000 J\n")
    total = [1000]

    async def work() -> None:
        total[0] += 5
        path.write_text(f"{total[0]} J\n")

    async def fail() -> None:
        path.unlink()

    row = MeterSettings(id="slurm", kind="counter_file", path=str(path))
    return Subject(CounterFileMeter(row, SystemClock()), work, fail, work)


def declared(folder: Path, stack: AsyncExitStack) -> Subject:
    seen = [True]

    async def fail() -> None:
        seen[0] = False

    async def mend() -> None:
        seen[0] = True

    busy = lambda: busy_us() if seen[0] else None  # noqa: E731
    return Subject(DeclaredMeter(SystemClock(), full_watts=80, idle_watts=20, busy=busy), _nothing, fail, mend)


def estimate(folder: Path, stack: AsyncExitStack) -> Subject:
    """With a real child process that works."""
    program = "import sys\nfor line in sys.stdin:\n  sum(range(400000)); print(flush=True)"
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    stack.callback(child.stdout.close)
    stack.callback(child.stdin.close)
    stack.callback(child.wait)
    stack.callback(child.kill)
    seen = [True]

    async def work() -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
        await asyncio.to_thread(child.stdout.readline)

    async def fail() -> None:
        seen[0] = False

    async def mend() -> None:
        seen[0] = True

    meter = EstimateMeter(SystemClock(), lambda: cpu_us(child.pid) if seen[0] else None)
    return Subject(meter, work, fail, mend)


async def summed(folder: Path, stack: AsyncExitStack) -> Subject:
    first, second = await plug_http(folder, stack), counter_file(folder, stack)
    return Subject(SummedMeter([first.meter, second.meter]), first.work, second.fail, second.mend)


KINDS = (
    *(fixed, powercap, hwmon_power, nvml, parts, plug_http, plug_http_power, plug_mqtt),
    *(counter_file, declared, estimate, summed),
)

Open = Callable[[], AbstractAsyncContextManager[Subject]]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    @asynccontextmanager
    async def open_one() -> AsyncIterator[Subject]:
        async with AsyncExitStack() as stack:
            made = request.param(tmp_path, stack)
            subject = await made if asyncio.iscoroutine(made) else made
            stack.push_async_callback(subject.meter.close)
            yield subject

    return open_one


def test_its_card_is_sound(opened: Open) -> None:
    async def look() -> None:
        async with opened() as subject:
            info = subject.meter.info()
            assert 0 <= info.low_factor <= 1 <= info.high_factor < 100
            assert info.method in METHODS
            assert info.quality in ("measured", "declared", "estimated")
            assert info.covers
            assert 0 < info.efficiency <= 1
            assert info.min_window_ms <= 1000
            assert not [one for one in info.facts.values() if "://" in str(one) or "/" in str(one)]
            reading = await subject.meter.read()
            assert set(info.wraps_uj) <= set(reading.counters_uj)

    asyncio.run(look())


def test_counters_never_go_down_and_time_never_goes_back(opened: Open) -> None:
    async def look() -> None:
        async with opened() as subject:
            info, readings = subject.meter.info(), [await subject.meter.read()]
            for _ in range(3):
                await asyncio.sleep(0.06)
                await subject.work()
                readings.append(await subject.meter.read())
            for before, after in pairwise(readings):
                _in_order(before, after)
            assert len({one.epoch for one in readings}) == 1
            whole = advance(readings[0], readings[-1], info)
            assert whole.energy_uj is not None
            assert whole.energy_uj > 0
            assert "reset" not in whole.flags

    asyncio.run(look())


def _in_order(before: Reading, after: Reading) -> None:
    assert before.counters_uj.keys() == after.counters_uj.keys()
    assert after.at_us >= before.at_us
    assert all(type(one) is int for one in (after.at_us, after.foreign_ppm, *after.counters_uj.values()))
    assert 0 <= after.foreign_ppm <= 1_000_000
    for name, value in after.counters_uj.items():
        assert value >= before.counters_uj[name] >= 0


def test_a_failure_is_a_gap_with_a_remedy_and_it_comes_back(opened: Open) -> None:
    async def look() -> None:
        async with opened() as subject:
            before = await subject.meter.read()
            await subject.fail()
            with pytest.raises(MeterUnreadable) as silent:
                await subject.meter.read()
            assert silent.value.message
            assert silent.value.remedy
            await subject.mend()
            await asyncio.sleep(0.06)
            after = await subject.meter.read()
            told = advance(before, after, subject.meter.info()).energy_uj
            assert told is None or told >= 0

    asyncio.run(look())


def test_closing_is_idempotent_and_leaves_nothing(opened: Open) -> None:
    async def look() -> None:
        async with opened() as subject:
            await subject.meter.read()
            await subject.meter.close()
            await subject.meter.close()
        left = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        assert left == []

    before = _descriptors()
    asyncio.run(look())
    assert _descriptors() <= before


def _descriptors() -> int:
    """Files and sockets this process holds; 0 where the system does not tell."""
    own = Path("/proc/self/fd")
    return len(list(own.iterdir())) if own.is_dir() else 0


def test_it_can_be_closed_before_it_was_ever_read(opened: Open) -> None:
    async def look() -> None:
        async with opened() as subject:
            await subject.meter.close()

    asyncio.run(look())
