"""From what a meter shows to cumulative counters. Pure: times and figures come in, microjoules come out."""

from __future__ import annotations

from affouage.errors import SettingsError
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading
from affouage.settings import MeterSettings

LONGEST_STEP_US = 15_000_000
"""Power between two samples further apart is not known: a gap, not a straight line."""

LONGEST_STILL_US = 30_000_000
"""A machine that runs this program draws something: a counter that stands still longer tells nothing of it."""


class Integral:
    """Power samples added up by trapezoids. A new ``epoch`` begins after a silence, or when time went back."""

    def __init__(self, epoch: str) -> None:
        self._name = epoch
        self._breaks = 0
        self._before: tuple[int, int] | None = None
        self._twice_ujus = 0  # twice the area, in microwatts x microseconds: an exact integer

    @property
    def epoch(self) -> str:
        return f"{self._name}.{self._breaks}"

    def add(self, at_us: int, uw: int) -> int:
        """Microjoules of this epoch up to ``at_us``, when ``uw`` microwatts were drawn."""
        if self._before is not None:
            step_us = at_us - self._before[0]
            if 0 <= step_us <= LONGEST_STEP_US:
                self._twice_ujus += step_us * (uw + self._before[1])
            else:
                self._breaks += 1
                self._twice_ujus = 0
        self._before = (at_us, uw)
        return self._twice_ujus // 2_000_000


class Steps:
    """A counter that moves by steps, a plug's or a file's: while it stands still, its last reading is told again.

    A zero between two steps would be a fabricated one. Raises MeterUnreadable when it stands still for too long.
    """

    def __init__(self, longest_still_us: int = LONGEST_STILL_US) -> None:
        self._longest_still_us = longest_still_us
        self._moved: tuple[int, int] | None = None

    def note(self, at_us: int, counter_uj: int) -> tuple[int, int]:
        """(time of the last move, the counter)."""
        if self._moved is None or self._moved[1] != counter_uj or at_us < self._moved[0]:
            self._moved = (at_us, counter_uj)
        elif at_us - self._moved[0] > self._longest_still_us:
            raise MeterUnreadable(
                f"The meter's counter has not moved for {(at_us - self._moved[0]) // 1_000_000} s.",
                remedy="Its steps are too big, or it stopped: count by its power (power_field) rather than its energy.",
                code="meter_still",
            )
        return self._moved


class RowTally:
    """Readings of one ``[[meter]]`` row: by its energy counter, else by its power."""

    def __init__(self, row: MeterSettings, epoch: str) -> None:
        self._steps = Steps()
        self._integral = Integral(epoch)
        self._epoch = epoch
        self._name = row.id

    def counter(self, at_us: int, counter_uj: int) -> Reading:
        moved_us, counter_uj = self._steps.note(at_us, counter_uj)
        return Reading(at_us=moved_us, epoch=self._epoch, counters_uj={self._name: counter_uj})

    def power(self, at_us: int, uw: int) -> Reading:
        total_uj = self._integral.add(at_us, uw)
        return Reading(at_us=at_us, epoch=self._integral.epoch, counters_uj={self._name: total_uj})


def row_info(row: MeterSettings) -> MeterInfo:
    """What a ``[[meter]]`` row is. Raises SettingsError for one that says neither energy nor power."""
    is_file = row.kind == "counter_file"
    if not is_file and not (row.energy_field or row.power_field):
        raise SettingsError(
            f"The [[meter]] row {row.id!r} says neither energy_field nor power_field.",
            remedy="Name where the counter or the watts stand in what it answers: docs/how-to/add-a-meter.md.",
        )
    fraction = row.uncertainty_percent / 100
    return MeterInfo(
        id=row.id,
        kind="counter" if is_file else "plug",
        covers=("machine",),
        quality="measured",
        low_factor=1 - fraction,
        high_factor=1 + fraction,
        method="counter" if is_file else "plug",
        facts={"includes": "machine", "uncertainty_percent": row.uncertainty_percent},
        min_window_ms=200,
    )
