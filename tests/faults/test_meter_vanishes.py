"""The processors' counters vanish, or say nonsense, while a commons serves: answers go on, and tell what is not known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.metered_house import LONG, House
from tests.faults.test_books_add_up import Package


def vanish(tree: Path) -> Callable[[], object]:
    """The module is unloaded: no folder any more."""
    zone = tree / "intel-rapl:0"
    gone = zone.rename(tree.parent / "gone")
    return lambda: gone.rename(zone)


def unreadable(tree: Path) -> Callable[[], object]:
    """Nobody may read it any more: opening it fails, whoever this user is."""
    zone = tree / "intel-rapl:0"
    kept = zone.rename(tree.parent / "kept")
    (zone / "energy_uj").mkdir(parents=True)

    def mend() -> None:
        (zone / "energy_uj").rmdir()
        zone.rmdir()
        kept.rename(zone)

    return mend


def said(receipt: dict[str, Any]) -> tuple[bool, bool, str]:
    """(energy known, at least, quality), which must agree with one another."""
    energy, impacts = receipt["energy"], receipt["impacts"]
    if energy["interval_uj"] is None:
        assert (energy["static_uj"], energy["dynamic_uj"]) == (None, None), "unknown is never 0"
    assert impacts["gwp_g"] is None
    return energy["interval_uj"] is not None, energy["at_least"], energy["quality"]


@pytest.mark.parametrize("fault", [vanish, unreadable])
def test_answers_go_on_and_tell_the_truth(home: Path, fault: Callable[[Path], Callable[[], object]]) -> None:
    house = House(home)
    package = Package(house.tree, 7)

    async def lived() -> None:
        status, receipt = await house.ask()
        assert (status, said(receipt)) == (200, (True, False, "estimated"))
        under_way = asyncio.create_task(house.ask(LONG))
        await asyncio.sleep(1.5)  # a window of it is counted
        mend = fault(house.tree)
        status, receipt = await under_way
        assert (status, said(receipt)) == (200, (True, True, "unknown"))
        assert receipt["energy"]["interval_uj"]["central"] > 0
        status, receipt = await house.ask()
        assert (status, said(receipt)) == (200, (False, True, "unknown"))
        mend()
        status, receipt = await house.ask()
        assert status == 200
        status, receipt = await house.ask()
        assert (status, said(receipt)) == (200, (True, False, "estimated"))

    house.start()
    with package.drawing():
        asyncio.run(lived())
    told = house.stop()
    assert "cannot be read" in told
    assert "Traceback" not in told
    ((counted_uj, gap_us),) = house.rows("SELECT sum(energy_uj), sum(gap_us) FROM machine_day")
    assert counted_uj == package.drawn_uj, "the counter went on meanwhile: the books have all of it"
