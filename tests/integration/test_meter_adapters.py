"""What each kind of meter does with the real world: files that vanish, plugs that hang, brokers that stop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from affouage.adapters.meters.aside import Aside
from affouage.adapters.meters.counter_file import CounterFileMeter
from affouage.adapters.meters.hwmon import HwmonMeter, find_sensors
from affouage.adapters.meters.nvml import NvmlMeter, check_cards, load_nvml
from affouage.adapters.meters.powercap import PowercapMeter, counted_zones, find_zones
from affouage.adapters.meters.processors import ForeignWork
from affouage.clock import SystemClock
from affouage.footprint.meter import Meter, MeterUnreadable, advance
from affouage.settings import MeterSettings
from affouage.testing import ManualClock
from tests.integration.meter_sources import (
    RANGE_UJ,
    Card,
    PowercapTree,
    hwmon_device,
    nvml_module,
)

SERVER = {
    "intel-rapl:0": "package-0",
    "intel-rapl:0:0": "core",
    "intel-rapl:0:1": "dram",
    "intel-rapl:1": "package-1",
    "intel-rapl:1:0": "dram",
    "intel-rapl:2": "psys",
    "intel-rapl-mmio:0": "package-0",
}


@contextmanager
def nobody() -> Iterator[None]:
    """Whoever runs the tests, files of mode 0 cannot be read inside."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


def read(meter: Meter) -> dict[str, int]:
    return asyncio.run(meter.read()).counters_uj


def gap(meter: Meter) -> MeterUnreadable:
    with pytest.raises(MeterUnreadable) as silent:
        asyncio.run(meter.read())
    return silent.value


# --- powercap


def test_packages_and_memory_are_counted_and_nothing_twice(tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path, SERVER)
    packages = PowercapMeter(counted_zones(tree.root, "packages"), SystemClock())
    assert set(read(packages)) == {"intel-rapl:0", "intel-rapl:0:1", "intel-rapl:1", "intel-rapl:1:0"}
    assert packages.info().covers == ("cpu", "dram")
    psys = PowercapMeter(counted_zones(tree.root, "psys"), SystemClock())
    assert set(read(psys)) == {"intel-rapl:2"}
    assert not set(psys.info().covers) & set(packages.info().covers)


def test_a_nested_tree_is_read_the_same(tmp_path: Path) -> None:
    top = tmp_path / "powercap" / "intel-rapl"
    for path, name in ((top / "intel-rapl:0", "package-0"), (top / "intel-rapl:0" / "intel-rapl:0:0", "dram")):
        path.mkdir(parents=True)
        (path / "name").write_text(name)
        (path / "energy_uj").write_text("7")
    zones = find_zones(tmp_path / "powercap")
    assert [(one.key, one.domain, one.range_uj) for one in zones] == [
        ("intel-rapl:0", "packages", None),
        ("intel-rapl:0:0", "packages", None),
    ]
    assert find_zones(tmp_path / "none") == []


def test_a_counter_that_goes_round(tmp_path: Path) -> None:
    tree, clock = PowercapTree(tmp_path), ManualClock()
    meter = PowercapMeter(counted_zones(tree.root, "packages"), clock)
    tree.write("intel-rapl:0", str(RANGE_UJ - 10_000_000))
    before = asyncio.run(meter.read())
    tree.write("intel-rapl:0", "50000000")
    clock.advance(ms=1000)
    passed = advance(before, asyncio.run(meter.read()), meter.info())
    assert (passed.energy_uj, passed.flags) == (60_000_000, ("wrap",))
    clock.advance(ms=300_000)  # at 1000 W it may have gone round more than once
    tree.count("intel-rapl:0", 5)
    assert advance(before, asyncio.run(meter.read()), meter.info()).energy_uj is None


def test_a_counter_that_stands_still_is_no_machine_that_draws_nothing(tmp_path: Path) -> None:
    tree, clock = PowercapTree(tmp_path), ManualClock()
    meter = PowercapMeter(counted_zones(tree.root, "packages"), clock)
    before = asyncio.run(meter.read())
    clock.advance(ms=5_000)
    assert asyncio.run(meter.read()) == before  # the same reading, not a window of zero
    clock.advance(ms=1)
    assert gap(meter).code == "meter_still"


def test_no_permission_says_the_line_to_add(tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path)
    meter = PowercapMeter(counted_zones(tree.root, "packages"), SystemClock(), group="commun")
    (tree.root / "intel-rapl:0" / "energy_uj").chmod(0)
    with nobody():
        refused = gap(meter)
    assert refused.code == "powercap_permission"
    assert 'SUBSYSTEM=="powercap"' in refused.remedy
    assert "chgrp commun /sys%p/energy_uj" in refused.details["rule"]
    assert "udevadm trigger" in refused.details["command"]
    assert refused.details["rule"] in refused.details["command"]


@pytest.mark.parametrize("text", ["", "nan", "-5", "beaucoup", "1" * 70, "12 34", "\x00"])
def test_a_counter_that_says_anything_else_is_a_gap(tmp_path: Path, text: str) -> None:
    tree = PowercapTree(tmp_path)
    meter = PowercapMeter(counted_zones(tree.root, "packages"), SystemClock())
    tree.write("intel-rapl:0", text)
    assert gap(meter).remedy
    (tree.root / "intel-rapl:0" / "energy_uj").unlink()
    assert gap(meter).code == "powercap_gone"


def test_work_of_others_is_told_apart(tmp_path: Path) -> None:
    tree, clock, own, busy = PowercapTree(tmp_path), ManualClock(), [0], [0]
    foreign = ForeignWork(lambda: own[0], lambda: busy[0])
    meter = PowercapMeter(counted_zones(tree.root, "packages"), clock, foreign=foreign)
    asyncio.run(meter.read())
    clock.advance(ms=1000)
    own[0], busy[0] = 400_000, 1_600_000
    tree.count("intel-rapl:0", 5)
    assert asyncio.run(meter.read()).foreign_ppm == 750_000


# --- hwmon


def test_only_a_sensor_of_the_whole_machine_counts_by_itself(tmp_path: Path) -> None:
    hwmon_device(tmp_path, 0, "amdgpu", power1_average="30000000")
    hwmon_device(tmp_path, 1, "power_meter", power1_average="90000000", power1_accuracy="95.0%")
    hwmon_device(tmp_path, 2, "ibmpowernv", energy2_input="5", energy2_label="System", power1_input="1")
    hwmon_device(tmp_path, 3, "somebody", power1_input="1000000")
    hwmon_device(tmp_path, 4, "somebody", power1_input="1000000")
    hwmon_device(tmp_path, 10, "coretemp", temp1_input="40000")
    found = {one.id: one for one in find_sensors(tmp_path)}
    assert list(found) == [
        "hwmon:amdgpu",
        "hwmon:power_meter",
        "hwmon:ibmpowernv",
        "hwmon:somebody",
        "hwmon:somebody:2",
    ]
    assert {name: one.covers for name, one in found.items()} == {
        "hwmon:amdgpu": "part",
        "hwmon:power_meter": "machine",
        "hwmon:ibmpowernv": "machine",
        "hwmon:somebody": "unknown",
        "hwmon:somebody:2": "unknown",
    }
    info = HwmonMeter(found["hwmon:power_meter"], SystemClock()).info()
    assert (info.low_factor, info.high_factor) == (0.95, 1.05)
    assert read(HwmonMeter(found["hwmon:ibmpowernv"], SystemClock())) == {"hwmon:ibmpowernv": 5}


def test_a_power_is_added_up(tmp_path: Path) -> None:
    path = hwmon_device(tmp_path, 0, "power_meter", power1_average="60000000")
    clock = ManualClock()
    meter = HwmonMeter(find_sensors(tmp_path)[0], clock)
    before = asyncio.run(meter.read())
    clock.advance(ms=2000)
    path.write_text("100000000")
    after = asyncio.run(meter.read())
    assert advance(before, after, meter.info()).energy_uj == 160_000_000
    path.write_text("N/A")
    assert gap(meter).code == "meter_figure"
    path.write_text("100000000")
    clock.advance(ms=60_000)
    assert advance(after, asyncio.run(meter.read()), meter.info()).energy_uj is None  # nobody looked for a minute


def test_a_driver_that_hangs_costs_no_more_than_its_time() -> None:
    import threading

    stuck = threading.Event()

    async def look() -> None:
        aside = Aside(timeout_s=0.05)
        for _ in range(2):
            with pytest.raises(MeterUnreadable) as late:
                await aside.run(stuck.wait)
            assert late.value.code == "meter_late"
        stuck.set()
        while aside._busy:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await aside.run(lambda: 7) == 7

    asyncio.run(look())


# --- NVIDIA


def test_cards_old_and_new() -> None:
    clock = ManualClock()
    library = nvml_module(Card(), Card(name="NVIDIA GeForce GTX 1080 Ti", energy_mj=None))
    meter = NvmlMeter(load_nvml(library), clock)
    before = asyncio.run(meter.read())
    clock.advance(ms=1000)
    library.cards[0].energy_mj += 200_000
    after = asyncio.run(meter.read())
    assert advance(before, after, meter.info()).energy_uj == 320_000_000
    assert "1080 Ti" in str(meter.info().facts["cards"])
    asyncio.run(meter.close())
    asyncio.run(meter.close())
    assert library.started == 0


def test_foreign_work_on_a_card() -> None:
    library, clock = nvml_module(Card(samples=[(1, 100, 30), (2, 110, 90)])), ManualClock()
    meter = NvmlMeter(load_nvml(library), clock, own_pids=lambda: {1})
    assert asyncio.run(meter.read()).foreign_ppm == 750_000
    assert asyncio.run(meter.read()).foreign_ppm == 0  # nobody worked since
    library.cards[0].samples = None
    library.cards[0].programs = [1]
    assert asyncio.run(meter.read()).foreign_ppm == 0
    library.cards[0].programs = [1, 99]
    assert asyncio.run(meter.read()).foreign_ppm == 1_000_000
    untold = NvmlMeter(load_nvml(library), clock)
    assert asyncio.run(untold.read()).foreign_ppm == 0


@pytest.mark.parametrize("power", [float("nan"), -1, "N/A", 10**12])
def test_a_card_that_says_nonsense_is_a_gap(power: object) -> None:
    library = nvml_module(Card(energy_mj=None, power_mw=power))
    assert gap(NvmlMeter(load_nvml(library), SystemClock())).code == "meter_figure"


def test_no_card_no_driver_no_library() -> None:
    empty = nvml_module()
    empty.cards.clear()
    with pytest.raises(MeterUnreadable):
        check_cards(empty, SystemClock())
    assert empty.started == 0

    def refuse() -> None:
        raise empty.NVMLError(3)

    empty.nvmlInit = refuse
    with pytest.raises(MeterUnreadable) as absent:
        load_nvml(empty)
    assert absent.value.code == "nvml_absent"


# --- a file


def test_counter_files_of_all_sorts(tmp_path: Path) -> None:
    path = tmp_path / "energy"
    meter = CounterFileMeter(MeterSettings(id="f", kind="counter_file", path=str(path)), SystemClock())
    assert gap(meter).code == "meter_file"
    path.write_text("1234")
    assert read(meter) == {"f": 1_234_000_000}
    path.write_text("0.5 kWh\n")
    assert read(meter) == {"f": 1_800_000_000_000}
    for text in ("", "soon", "12 apples", "9" * 300, "-3"):
        path.write_text(text)
        assert gap(meter).code == "meter_figure"
    path.unlink()
    os.mkfifo(path)
    assert gap(meter).code == "meter_file"
    path.unlink()
    path.mkdir()
    assert gap(meter).code == "meter_file"
    assert (
        gap(CounterFileMeter(MeterSettings(id="f", kind="counter_file", path="a\0b"), SystemClock())).code
        == "meter_file"
    )


def test_the_date_of_the_machine_changes_nothing(tmp_path: Path) -> None:
    """Meters follow the monotonic clock: a date set to another year is not a time that passed."""

    class Moved(SystemClock):
        def now_ms(self) -> int:
            return super().now_ms() - 10**12

    tree = PowercapTree(tmp_path)
    zones = counted_zones(tree.root, "packages")
    before = asyncio.run(PowercapMeter(zones, SystemClock()).read())
    after = asyncio.run(PowercapMeter(zones, Moved()).read())
    assert 0 <= after.at_us - before.at_us < 60_000_000
