"""Everything killed at random under load (see :mod:`.chaos`): each part once in `make test`, for minutes in
`make faults`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.faults.chaos import Report, chaos
from tests.faults.pool_house import measured

MINUTES = float(os.environ.get("AFFOUAGE_TEST_CHAOS_MINUTES", "10"))
SEED = int(os.environ.get("AFFOUAGE_TEST_CHAOS_SEED", "1"))


def lived(folder: Path, minutes: float, seed: int) -> Report:
    report = asyncio.run(chaos(folder, minutes, seed))
    back_s = max(one.back_s for one in report.rounds)
    measured("chaos", minutes=minutes, seed=seed, rounds=len(report.rounds), whole=report.seen["whole"], back_s=back_s)
    return report


@pytest.mark.timeout(400)  # a dozen programs are started, some seconds of work in all
def test_all_holds_when_each_part_is_killed_once(tmp_path: Path) -> None:
    report = lived(tmp_path, 0, SEED)
    assert report.wrong == []
    assert sorted(name for one in report.rounds for name in one.killed) == ["broker", "engine", "gateway", "node"]
    assert report.seen["whole"] > 10
    assert report.seen["argument"] > 3


@pytest.mark.long
@pytest.mark.timeout(MINUTES * 60 + 600)
def test_all_holds_for_minutes_of_kills(tmp_path: Path) -> None:
    report = lived(tmp_path, MINUTES, SEED + 1)
    assert report.wrong == []
    assert {name for one in report.rounds for name in one.killed} == {"broker", "engine", "gateway", "node"}
