"""The processors' counters vanish, or cannot be read, while a commons serves: answers go on and tell what is known."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.faults.metered_house import House
from tests.faults.package import Package


def vanish(tree: Path) -> None:
    """The module is unloaded: no folder any more."""
    tree.unlink()


def unreadable(tree: Path) -> None:
    """Opening a counter fails, whoever this user is."""
    closed = tree.parent / "closed"
    (closed / "intel-rapl:0" / "energy_uj").mkdir(parents=True)
    tree.symlink_to(closed)


def said(receipt: dict[str, Any]) -> tuple[bool, bool, str]:
    """(energy known, at least, quality), which must agree with one another."""
    energy, impacts = receipt["energy"], receipt["impacts"]
    if energy["interval_uj"] is None:
        assert (energy["static_uj"], energy["dynamic_uj"]) == (None, None), "unknown is never 0"
    assert impacts["gwp_g"] is None
    return energy["interval_uj"] is not None, energy["at_least"], energy["quality"]


def test_answers_go_on_and_tell_the_truth(home: Path) -> None:
    house = House(home)
    counters, seen = home.parent / "counters", house.tree
    package = Package(counters, 7)  # which goes on whatever can be seen of it
    seen.symlink_to(counters)

    async def lived() -> None:
        status, receipt = await house.ask()
        assert (status, said(receipt)) == (200, (True, False, "measured"))
        under_way = asyncio.create_task(house.ask("mot " * 900))
        await asyncio.sleep(1.5)  # a window of it is counted
        vanish(seen)
        status, receipt = await under_way
        assert (status, said(receipt)) == (200, (True, True, "unknown"))
        assert receipt["energy"]["interval_uj"]["central"] > 0
        unreadable(seen)
        status, receipt = await house.ask()
        assert (status, said(receipt)) == (200, (False, True, "unknown"))
        seen.unlink()
        seen.symlink_to(counters)
        status, receipt = await house.ask()
        assert status == 200
        status, receipt = await house.ask()
        assert (status, said(receipt)) == (200, (True, False, "measured"))

    house.start()
    with package.drawing():
        asyncio.run(lived())
    told = house.stop()
    assert "cannot be read" in told
    assert "Traceback" not in told
    counted = house.rows("SELECT sum(energy_uj) FROM machine_day")
    assert counted == [(package.drawn_uj,)], "the counter went on meanwhile: the books have all of it"
