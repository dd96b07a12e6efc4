"""A meter for faults: a processor package in a powercap tree, moved by a thread of the test as the kernel would."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RANGE_UJ = 2_000_000_000
START_UJ = RANGE_UJ - 60_000_000
"""The counter starts again from zero once, a second or so into the test; not twice while the server is down."""


class Package:
    """A processor package in a powercap tree, drawing between 20 and 90 W. ``drawn_uj``: what it really used."""

    def __init__(self, root: Path, seed: int, every_s: float = 0.005) -> None:
        self.drawn_uj = 0
        self._every_s = every_s
        self._zone = root / "intel-rapl:0"
        self._zone.mkdir(parents=True)
        (self._zone / "name").write_text("package-0\n")
        (self._zone / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self._write()

    def _write(self) -> None:
        new = self._zone / "new"
        new.write_text(f"{(START_UJ + self.drawn_uj) % RANGE_UJ}\n")
        new.replace(self._zone / "energy_uj")  # never half a number

    @contextmanager
    def drawing(self) -> Iterator[None]:
        thread = threading.Thread(target=self._draw)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
            self._stop.clear()

    def _draw(self) -> None:
        while not self._stop.wait(self._every_s):
            self.drawn_uj += self._random.randrange(20, 90) * round(self._every_s * 1e6)
            self._write()
