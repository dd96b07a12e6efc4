"""Components added up, and brought to the wall through the power supply.

Energy at the wall = (processors + memory + cards + declared base watts x time) / efficiency. The efficiency lies in the
interval of the settings (0.80 to 0.92 by default); its middle gives the central figure.
"""

from __future__ import annotations

from affouage.footprint.meter import Meter, MeterInfo, Reading
from affouage.units import worst

BASE_UNCERTAINTY = 0.25
"""Of declared watts."""


class PartsMeter:
    """``parts``: meters that cover different things (``ValueError`` otherwise). ``psu``: efficiency, (worst, best).

    ``base_watts``: board, disks, fans, as declared; 0: not declared, left out and said so.
    """

    def __init__(self, parts: list[Meter], *, base_watts: float, psu: tuple[float, float]) -> None:
        self._parts = parts
        self._base_uw = int(base_watts * 1_000_000)
        self._info = combined([one.info() for one in parts], base_watts=base_watts, psu=psu)
        self._before: dict[str, int] = {}

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        """Raises MeterUnreadable when any part is."""
        readings = [await one.read() for one in self._parts]
        at_us = max(one.at_us for one in readings)
        counters = {
            f"{part.info().id} {key}": value
            for part, reading in zip(self._parts, readings, strict=True)
            for key, value in reading.counters_uj.items()
        }
        foreign_ppm = self._foreign_ppm(readings)
        if self._base_uw:
            counters["base"] = self._base_uw * at_us // 1_000_000  # of the boot's own clock: comparable within it
        return Reading(
            at_us=at_us,
            epoch=" + ".join(one.epoch for one in readings),
            counters_uj=counters,
            foreign_ppm=foreign_ppm,
        )

    def _foreign_ppm(self, readings: list[Reading]) -> int:
        """Each part's, weighted by what it counted since the reading before."""
        passed = []
        for part, reading in zip(self._parts, readings, strict=True):
            name, now_uj = part.info().id, sum(reading.counters_uj.values())
            passed.append(max(0, now_uj - self._before.get(name, now_uj)))
            self._before[name] = now_uj
        total = sum(passed)
        weighted = sum(one.foreign_ppm * uj for one, uj in zip(readings, passed, strict=True))
        return weighted // total if total else max(one.foreign_ppm for one in readings)

    async def close(self) -> None:
        for one in self._parts:
            await one.close()


def combined(infos: list[MeterInfo], *, base_watts: float, psu: tuple[float, float]) -> MeterInfo:
    """What the sum is. Pure. Enclosure guaranteed whatever the mix: the widest part's range, times the supply's."""
    covers = [one for info in infos for one in info.covers]
    if len(set(covers)) != len(covers) or not covers or "machine" in covers:
        raise ValueError(f"these overlap, or are the whole machine: {covers}")
    low_psu, high_psu = psu
    central = (low_psu + high_psu) / 2
    lows = [one.low_factor for one in infos] + ([1 - BASE_UNCERTAINTY] if base_watts else [])
    highs = [one.high_factor for one in infos] + ([1 + BASE_UNCERTAINTY] if base_watts else [])
    rounds = [one.longest_window_ms for one in infos if one.longest_window_ms is not None]
    return MeterInfo(
        id="parts",
        kind="parts",
        covers=(*covers, *(["base"] if base_watts else [])),
        quality=worst([one.quality for one in infos] + (["declared"] if base_watts else [])),
        low_factor=min(lows) * central / high_psu,
        high_factor=max(highs) * central / low_psu,
        method="parts",
        facts=_facts(covers, base_watts, psu),
        wraps_uj={f"{one.id} {key}": range_uj for one in infos for key, range_uj in one.wraps_uj.items()},
        efficiency=central,
        min_window_ms=max(one.min_window_ms for one in infos),
        longest_window_ms=min(rounds) if rounds else None,
    )


def _facts(covers: list[str], base_watts: float, psu: tuple[float, float]) -> dict[str, str | int | float]:
    facts: dict[str, str | int | float] = {"psu_low": psu[0], "psu_high": psu[1]}
    if "platform" in covers:
        return {**facts, "includes": "sensor"}  # what it holds depends on the maker
    there = {
        "processors": "cpu" in covers,
        "memory": "dram" in covers,
        "cards": any(one.startswith("gpu:") for one in covers),
        "base": base_watts > 0,
    }
    facts["includes"] = " ".join(name for name, inside in there.items() if inside)
    # A machine without a card leaves none out, as far as can be seen from here; a declared base holds the memory.
    left_out = [
        name for name in ("processors", "memory", "base") if not there[name] and not (name == "memory" and base_watts)
    ]
    if left_out:
        facts["left_out"] = " ".join(left_out)
    if base_watts:
        facts["base_watts"] = base_watts
    return facts
