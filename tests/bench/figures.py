"""A figure of the bench: what was measured, its spread over the rounds, its target; and the circumstances of a run."""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from affouage import __version__
from tests.conftest import ROOT

BUSY = 0.5
"""Load by core at the start, above which figures are marked as those of a busy machine."""


class Row(msgspec.Struct, frozen=True):
    """One figure with its spread over ``values``, one a round. ``most``/``least``: the target; None: only told.

    ``mark``: its name in the list of targets (P1, S2); "" for what has none.
    """

    name: str
    unit: str
    median: float
    quartiles: tuple[float, float]
    most: float | None = None
    least: float | None = None
    mark: str = ""
    values: int = 1

    @property
    def verdict(self) -> str:
        if self.most is None and self.least is None:
            return ""
        held = (self.most is None or self.median <= self.most) and (self.least is None or self.median >= self.least)
        return "met" if held else "MISSED"

    @property
    def target(self) -> str:
        return f"<= {self.most:g}" if self.most is not None else f">= {self.least:g}" if self.least is not None else ""


def row(name: str, unit: str, values: Sequence[float], mark: str = "", **target: float) -> Row:
    if len(values) > 1:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    else:
        low = high = values[0]
    return Row(name, unit, statistics.median(values), (low, high), mark=mark, values=len(values), **target)


class Section(msgspec.Struct, frozen=True):
    """Figures measured together. ``skipped``: why there are none, "" when there are."""

    title: str
    rows: list[Row] = []
    skipped: str = ""


class Report(msgspec.Struct, frozen=True):
    """A run of the bench, as it is written in ``docs/performance.json``."""

    circumstances: dict[str, Any]
    sections: list[Section]

    @property
    def missed(self) -> list[Row]:
        return [one for section in self.sections for one in section.rows if one.verdict == "MISSED"]


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def circumstances(load_before: float, **more: Any) -> dict[str, Any]:
    cores = os.cpu_count() or 1
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(["git", "status", "--porcelain", "src"], cwd=ROOT, capture_output=True, text=True).stdout
    return {
        "affouage": __version__,
        "commit": (commit + (" and changes" if changed else "")) if commit else None,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("aiohttp", "sqlalchemy", "starlette", "uvicorn", "uvloop")},
        "processor": _processor(),
        "cores": cores,
        "system": platform.platform(),
        "load_before": load_before,
        "load_after": os.getloadavg()[0],
        "busy": load_before > BUSY * cores,
        **more,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*: (.+)$", text, re.M)
    return found[1] if found else platform.machine()


def table(rows: Sequence[Row]) -> str:
    width = max((len(one.name) for one in rows), default=0) + 1
    lines = [f"{'':<4} {'':<{width}} {'median':>9}  {'quartiles':<26} {'target':<9}"]
    for one in rows:
        spread = f"{figure(one.quartiles[0])} - {figure(one.quartiles[1])} {one.unit}"
        lines.append(
            f"{one.mark:<4} {one.name:<{width}} {figure(one.median):>9}  {spread:<26} {one.target:<9} {one.verdict}"
        )
    return "\n".join(lines)


def figure(value: float) -> str:
    digits = 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return "0" if value == 0 else f"{value:.{digits}f}"
