"""A group of machines that answers as one (docs/how-to/node-llama-rpc.md): a meter at the wall of each, added up."""

from __future__ import annotations

from affouage.footprint.meter import Meter, MeterInfo, Reading
from affouage.units import worst


class SummedMeter:
    """``meters``: each of the whole of another machine (``ValueError`` otherwise), two or more.

    Nothing is known of the group while one of them is silent: a gap, never the others alone.
    """

    def __init__(self, meters: list[Meter]) -> None:
        self._meters = meters
        self._info = summed([one.info() for one in meters])

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        """Raises MeterUnreadable when any of them is."""
        readings = [await one.read() for one in self._meters]
        return Reading(
            at_us=max(one.at_us for one in readings),
            epoch=" + ".join(one.epoch for one in readings),
            counters_uj={
                f"{meter.info().id} {key}": value
                for meter, reading in zip(self._meters, readings, strict=True)
                for key, value in reading.counters_uj.items()
            },
            foreign_ppm=max(one.foreign_ppm for one in readings),
        )

    async def close(self) -> None:
        for one in self._meters:
            await one.close()


def name_of(ids: list[str]) -> str:
    """What a sum of meters is called, in the settings and on receipts."""
    return " + ".join(ids)


def summed(infos: list[MeterInfo]) -> MeterInfo:
    """What the sum is. Pure. As far from the truth as the farthest of them, whatever each counted."""
    if len(infos) < 2 or any(one.covers != ("machine",) or one.efficiency != 1 for one in infos):
        raise ValueError("only meters of whole machines at the wall are added up")
    only_plugs = all(one.method == "plug" for one in infos)
    rounds = [one.longest_window_ms for one in infos if one.longest_window_ms is not None]
    return MeterInfo(
        id=name_of([one.id for one in infos]),
        kind="plug" if only_plugs else "counter",
        covers=("machine",),
        quality=worst([one.quality for one in infos]),
        low_factor=min(one.low_factor for one in infos),
        high_factor=max(one.high_factor for one in infos),
        method="plug" if only_plugs else "counter",
        facts={
            "includes": "machine",
            "uncertainty_percent": max(float(one.facts.get("uncertainty_percent", 0)) for one in infos),
            "machines": len(infos),
        },
        wraps_uj={f"{one.id} {key}": range_uj for one in infos for key, range_uj in one.wraps_uj.items()},
        min_window_ms=max(one.min_window_ms for one in infos),
        max_watts=sum(one.max_watts for one in infos),
        longest_window_ms=min(rounds) if rounds else None,
    )
