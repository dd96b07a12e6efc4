"""RAPL: the processors' own energy counters, as Linux shows them under ``powercap`` (Intel, and AMD since 5.8).

Counted: each package, and its memory where that is a counter of its own. Never ``core`` or ``uncore``, which are inside
the package; never ``psys`` with packages; never ``intel-rapl-mmio``, which shows the same package again.
Never exercised on real hardware: the layout is that of Documentation/power/powercap in the kernel's sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from affouage.adapters.meters.figures import energy_uj
from affouage.adapters.meters.processors import ForeignWork, boot_id
from affouage.adapters.meters.tally import Steps
from affouage.clock import Clock
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading

Domain = Literal["packages", "psys"]

UNCERTAINTY = 0.10
"""RAPL packages against a reference: docs/reference/footprint.md."""
MOST_WATTS_PER_PACKAGE = 1000
SHORTEST_ROUND_MS = 30_000
LONGEST_STILL_US = 5_000_000
"""The processor moves its counters every millisecond. One that stands still longer is none: some virtual machines
show such, and their zeros must not pass for a machine that draws nothing."""

RULE = (
    'SUBSYSTEM=="powercap", ACTION=="add", KERNEL=="intel-rapl:*", '
    'RUN+="/bin/chgrp {group} /sys%p/energy_uj", RUN+="/bin/chmod 0440 /sys%p/energy_uj"'
)
RULE_PATH = "/etc/udev/rules.d/70-affouage-powercap.rules"
COMMAND = (
    "echo '{rule}' | sudo tee {path} && sudo udevadm control --reload && "
    "sudo udevadm trigger --subsystem-match=powercap --action=add"
)

_ZONE = re.compile(r"intel-rapl:\d+")
_SUBZONE = re.compile(r"intel-rapl:\d+:\d+")


class Zone(msgspec.Struct, frozen=True):
    """One counter. ``key``: the folder's name; ``name``: package-0, dram, psys; ``range_uj``: where it starts again."""

    key: str
    name: str
    path: Path
    range_uj: int | None

    @property
    def domain(self) -> Domain | None:
        """None: inside another zone (core, uncore), or unknown."""
        if self.name == "psys":
            return "psys"
        return "packages" if self.name.startswith("package") or self.name == "dram" else None


def find_zones(root: Path) -> list[Zone]:
    """Every zone of the tree, flat (``/sys/class/powercap``) or nested; none when there is no tree. Sorted by key."""
    found: dict[str, Zone] = {}
    for folder in _folders(root):
        if folder.name in found:
            continue
        name = _text(folder / "name")
        if name is not None:
            found[folder.name] = Zone(folder.name, name, folder, _range_uj(folder / "max_energy_range_uj"))
    return [found[key] for key in sorted(found)]


def counted_zones(root: Path, domain: Domain) -> list[Zone]:
    return [one for one in find_zones(root) if one.domain == domain]


def _folders(root: Path) -> Iterator[Path]:
    for top in _listed(root):
        if _ZONE.fullmatch(top.name):
            yield top
            yield from (one for one in _listed(top) if _SUBZONE.fullmatch(one.name))
        elif _SUBZONE.fullmatch(top.name):
            yield top
        elif top.name == "intel-rapl":
            yield from _folders(top)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii")[:64].strip()
    except (OSError, UnicodeDecodeError):
        return None


def _range_uj(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0 else None


class PowercapMeter:
    """Processors' packages and memory, or the platform (psys), never both. ``foreign``: whose work it was."""

    def __init__(
        self,
        zones: list[Zone],
        clock: Clock,
        *,
        foreign: ForeignWork | None = None,
        group: str = "YOUR-GROUP",
        meter_id: str = "powercap",
    ) -> None:
        if not zones:
            raise ValueError("a meter has at least one counter")
        self._zones = zones
        self._clock = clock
        self._foreign = foreign
        self._group = group
        self._epoch = boot_id()
        self._steps = Steps(LONGEST_STILL_US)
        self._info = _info(zones, meter_id)

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        at_us = self._clock.monotonic_us()
        counters = {zone.key: self._count(zone) for zone in self._zones}
        ppm = self._foreign.ppm(at_us) if self._foreign else 0
        moved_us, _ = self._steps.note(at_us, sum(counters.values()))
        return Reading(at_us=moved_us, epoch=self._epoch, counters_uj=counters, foreign_ppm=ppm)

    def check(self) -> None:
        """Read every counter now. Raises MeterUnreadable."""
        for zone in self._zones:
            self._count(zone)

    def _count(self, zone: Zone) -> int:
        try:
            with (zone.path / "energy_uj").open("rb") as file:
                text = file.read(64).decode("ascii", "replace")
        except PermissionError:
            raise no_permission(self._group) from None
        except OSError as gone:
            raise MeterUnreadable(
                f"The processor's counter {zone.key} cannot be read: {gone.strerror}.",
                remedy="If it stays so: modprobe intel_rapl_msr, or another meter (affouage meter list).",
                code="powercap_gone",
            ) from None
        return energy_uj(text.strip(), "uJ")

    async def close(self) -> None:
        return None


def no_permission(group: str) -> MeterUnreadable:
    """The counters are there, for root alone (since 2020: CVE-2020-8694). ``details``: the udev rule, the command."""
    rule = RULE.format(group=group)
    command = COMMAND.format(rule=rule, path=RULE_PATH)
    return MeterUnreadable(
        "The processor's energy counters are there, but not readable: since 2020 Linux shows them to root alone.",
        remedy=f"Put this line in {RULE_PATH}: {rule}   One command does it: {command}",
        code="powercap_permission",
        rule=rule,
        path=RULE_PATH,
        command=command,
    )


def _info(zones: list[Zone], meter_id: str) -> MeterInfo:
    psys = zones[0].domain == "psys"
    memory = any(one.name == "dram" for one in zones)
    ranges = [one.range_uj for one in zones if one.range_uj is not None]
    return MeterInfo(
        id=meter_id,
        kind="powercap",
        covers=("platform",) if psys else ("cpu", "dram") if memory else ("cpu",),
        quality="measured",
        low_factor=1 - UNCERTAINTY,
        high_factor=1 + UNCERTAINTY,
        method="powercap",
        facts={"includes": "sensor"}
        if psys
        else {
            "includes": "processors memory" if memory else "processors",
            "left_out": "cards base" if memory else "memory cards base",
        },
        wraps_uj={one.key: one.range_uj for one in zones if one.range_uj is not None},
        longest_window_ms=max(SHORTEST_ROUND_MS, min(ranges) // (MOST_WATTS_PER_PACKAGE * 1000)) if ranges else None,
    )
