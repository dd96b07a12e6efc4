"""Sampling once a second costs at most 1 % of one core: 10 ms of processor time a reading."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from affouage.adapters.meters.estimate import EstimateMeter
from affouage.adapters.meters.powercap import PowercapMeter, counted_zones
from affouage.adapters.meters.processors import ForeignWork, own_programs_us
from affouage.clock import SystemClock
from affouage.footprint.meter import Meter
from tests.integration.meter_sources import PowercapTree

pytestmark = pytest.mark.alone

READINGS = 200
MOST_US = 5_000
"""Half of what is allowed: this machine is not the slowest there is."""


def powercap(folder: Path) -> Meter:
    tree = PowercapTree(folder, {"intel-rapl:0": "package-0", "intel-rapl:0:0": "dram", "intel-rapl:1": "package-1"})
    return PowercapMeter(counted_zones(tree.root, "packages"), SystemClock(), foreign=ForeignWork(own_programs_us))


def estimate(folder: Path) -> Meter:
    return EstimateMeter(SystemClock(), own_programs_us)


@pytest.mark.parametrize("make", [powercap, estimate], ids=lambda make: make.__name__)
def test_a_reading_costs_little(make: object, tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    assert callable(make)
    meter = make(tmp_path)

    async def look() -> float:
        await meter.read()
        began = time.process_time_ns()
        for _ in range(READINGS):
            await meter.read()
        return (time.process_time_ns() - began) / 1000 / READINGS

    each_us = asyncio.run(look())
    record_property("microseconds of processor time a reading", round(each_us))
    print(f"{make.__name__}: {each_us:.0f} us a reading, {each_us / 10_000:.3f} % of one core at one a second")
    assert each_us < MOST_US
