"""A file that holds a counter: what a site's own script writes from IPMI, or Slurm's ConsumedEnergyRaw."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from affouage.adapters.meters.aside import Aside
from affouage.adapters.meters.figures import counter_text
from affouage.adapters.meters.processors import boot_id
from affouage.adapters.meters.tally import RowTally, row_info
from affouage.clock import Clock
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading
from affouage.settings import MeterSettings


class CounterFileMeter:
    """One number, with its unit if that is not ``energy_unit`` (joules when nothing is said)."""

    def __init__(self, row: MeterSettings, clock: Clock) -> None:
        self._path = Path(row.path)
        self._unit = row.energy_unit or "J"
        self._clock = clock
        self._tally = RowTally(row, boot_id())
        self._aside = Aside()
        self._info = row_info(row)

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        text = await self._aside.run(self._text)
        return self._tally.counter(self._clock.monotonic_us(), counter_text(text, self._unit))

    def _text(self) -> str:
        try:
            # A pipe would be waited for, for ever.
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise _unreadable("it is not an ordinary file")
                return os.read(descriptor, 256).decode("ascii", "replace")
            finally:
                os.close(descriptor)
        except OSError as refused:
            raise _unreadable(refused.strerror or type(refused).__name__) from None
        except ValueError:  # a NUL in the path
            raise _unreadable("its path is no path") from None

    async def close(self) -> None:
        return None


def _unreadable(why: str) -> MeterUnreadable:
    return MeterUnreadable(
        f"The counter's file cannot be read: {why}.",
        remedy="Check path in the [[meter]] row, and that this user may read it.",
        code="meter_file",
        why=why,
    )
