"""Sensors of the machine under ``hwmon``: energy counters (microjoules) and powers (microwatts).

Only a sensor known to cover the whole machine counts by itself: what a driver's sensor measures differs from driver to
driver (one card, one disk, one rail), and adding them up would count some twice. Never exercised on real hardware.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import msgspec

from affouage.adapters.meters.aside import Aside
from affouage.adapters.meters.figures import energy_uj, number, power_uw
from affouage.adapters.meters.processors import boot_id
from affouage.adapters.meters.tally import Integral
from affouage.clock import Clock
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading

DEFAULT_PERCENT = 10.0
"""Uncertainty of a sensor whose driver does not tell its accuracy."""

_WHOLE = {
    "power_meter": frozenset[str](),
    "ibmpowernv": frozenset({"system"}),
    "macsmc_hwmon": frozenset({"total system power"}),
}
"""Drivers that meter the whole machine (``power_meter``: ACPI 4.0), and that channel's label where there are others."""
_PART = frozenset({"amdgpu", "radeon", "nouveau", "i915", "xe", "nvme", "zenpower", "fam15h_power", "amd_energy"})
_CHANNEL = re.compile(r"(?P<channel>(?:energy|power)(?P<number>\d{1,4}))_(?P<what>input|average)")


class Sensor(msgspec.Struct, frozen=True):
    """One sensor. ``covers``: machine, part (one component), or unknown: then its owner alone can say."""

    id: str
    driver: str
    path: Path
    covers: str
    percent: float

    @property
    def is_energy(self) -> bool:
        return self.path.name.startswith("energy")


def find_sensors(root: Path) -> list[Sensor]:
    """One per device that meters energy or power, by the number of the device; none when there is no tree."""
    found: list[Sensor] = []
    for folder in sorted(_listed(root), key=lambda one: (len(one.name), one.name)):
        driver = _text(folder / "name")
        if driver is None:
            continue
        channels = [one for one in _listed(folder) if _CHANNEL.fullmatch(one.name)]
        labelled = [one for one in channels if _label(one) in _WHOLE.get(driver, ())]
        if not channels:
            continue
        path = min(labelled or channels, key=_preference)
        whole = driver in _WHOLE and (bool(labelled) or not _WHOLE[driver])
        same = sum(one.driver == driver for one in found)
        found.append(
            Sensor(
                id=f"hwmon:{driver}" + (f":{same + 1}" if same else ""),
                driver=driver,
                path=path,
                covers="machine" if whole else "part" if driver in _PART else "unknown",
                percent=_percent(path),
            )
        )
    return found


def _preference(path: Path) -> tuple[bool, bool, int]:
    seen = _CHANNEL.fullmatch(path.name)
    assert seen is not None
    return not path.name.startswith("energy"), seen["what"] != "average", int(seen["number"])


def _label(path: Path) -> str:
    return (_text(path.with_name(path.name.rpartition("_")[0] + "_label")) or "").lower()


def _percent(path: Path) -> float:
    """100 less the accuracy the driver tells (``95.0%``), at least that of a wall meter."""
    text = _text(path.with_name(path.name.rpartition("_")[0] + "_accuracy"))
    try:
        accuracy = number((text or "").rstrip("%"))
    except MeterUnreadable:
        return DEFAULT_PERCENT
    return max(3.0, float(Decimal(100) - accuracy)) if 50 <= accuracy <= 100 else DEFAULT_PERCENT


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii")[:64].strip() or None
    except (OSError, UnicodeDecodeError):
        return None


class HwmonMeter:
    """One sensor of the machine; a power is added up by trapezoids."""

    def __init__(self, sensor: Sensor, clock: Clock) -> None:
        self._sensor = sensor
        self._clock = clock
        self._boot = boot_id()
        self._integral = Integral(self._boot)
        self._aside = Aside()
        self._info = _info(sensor)

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        figure = self._figure(await self._aside.run(self._text))
        at_us = self._clock.monotonic_us()
        if self._sensor.is_energy:
            return Reading(at_us=at_us, epoch=self._boot, counters_uj={self._sensor.id: figure})
        total_uj = self._integral.add(at_us, figure)
        return Reading(at_us=at_us, epoch=self._integral.epoch, counters_uj={self._sensor.id: total_uj})

    def check(self) -> None:
        """Read the sensor now. Raises MeterUnreadable."""
        self._figure(self._text())

    def _figure(self, text: str) -> int:
        return energy_uj(text, "uJ") if self._sensor.is_energy else power_uw(text, per_watt=1_000_000)

    def _text(self) -> str:
        try:
            with self._sensor.path.open("rb") as file:
                return file.read(64).decode("ascii", "replace").strip()
        except OSError as refused:
            raise MeterUnreadable(
                f"The sensor {self._sensor.id} cannot be read: {refused.strerror}.",
                remedy=f"Check that {self._sensor.path} is there and that this user may read it.",
                code="meter_sensor",
                sensor=self._sensor.id,
            ) from None

    async def close(self) -> None:
        return None


def _info(sensor: Sensor) -> MeterInfo:
    return MeterInfo(
        id=sensor.id,
        kind="hwmon",
        covers=("machine",),
        quality="measured",
        low_factor=1 - sensor.percent / 100,
        high_factor=1 + sensor.percent / 100,
        method="hwmon",
        facts={
            "sensor": sensor.driver,
            "includes": "machine" if sensor.covers == "machine" else "sensor",
            "uncertainty_percent": sensor.percent,
        },
        min_window_ms=200,
    )
