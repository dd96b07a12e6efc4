"""``kill -9`` while energy is promised: nothing stays promised, nobody pays for idleness, the month adds up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from affouage.ledger.receipt import Receipt
from tests.faults.metered_house import LONG, House, until
from tests.faults.package import Package

BEGUN = "SELECT count(*) FROM ledger_entry WHERE kind = 'reserved'"
HELD = "SELECT request_id, energy_uj FROM allowance_hold"
MEMBERS = "SELECT coalesce(sum(static_uj + dynamic_uj), 0) FROM usage_day WHERE dimension = 'member'"
COUNTED = "SELECT sum(energy_uj), sum(idle_uj + unattributed_uj + contended_uj) FROM machine_day"


class _Body(msgspec.Struct):
    content: Receipt


def receipts(house: House) -> dict[str, Receipt]:
    bodies = house.rows("SELECT body FROM ledger_entry WHERE kind IN ('settled', 'voided')")
    return {one.id: one for (body,) in bodies if (one := msgspec.json.decode(body, type=_Body).content)}


async def _kill_in_the_middle(house: House, answers: int) -> dict[str, int]:
    """Long answers under way, one short one settled meanwhile, then the end. What was promised then."""
    long = [asyncio.create_task(house.ask(LONG)) for _ in range(answers)]
    await until(lambda: house.rows(BEGUN) == [(answers,)])
    status, _ = await house.ask()
    assert status == 200
    house.kill()
    await asyncio.gather(*long, return_exceptions=True)
    return dict(house.rows(HELD))


def test_nothing_stays_promised_and_the_month_adds_up(home: Path) -> None:
    house = House(home)
    package = Package(house.tree, 5)
    house.run("footprint", "budget", "set", "--commons-day-kwh", "2", "--reason", "Tests")
    house.start()  # nothing is drawn yet, and nothing is in the books
    with package.drawing():
        held = asyncio.run(_kill_in_the_middle(house, 3))
        house.start()
    assert len(held) == 3
    assert min(held.values()) > 0, "energy was promised when it was killed"
    assert house.rows(HELD) == []
    house.stop()
    told = receipts(house)
    killed = [told[request_id] for request_id in held]
    assert {(one.outcome, one.problem) for one in killed} == {("failed", "server_stopped")}
    known = {one.id: (one.energy.static_uj or 0) + (one.energy.dynamic_uj or 0) for one in killed}
    assert min(known.values()) > 0, "the short answer's settlement brought what they had used by then"
    ((counted_uj, _),) = house.rows(COUNTED)
    assert counted_uj == package.drawn_uj
    assert house.run("footprint", "report")["total"]["energy_uj"] == counted_uj
    (limit,) = house.run("footprint", "budget", "show")["limits"]
    assert limit["held"] == 0
    assumed_uj = sum(max(0, held[one] - known[one]) for one in held)
    assert round(limit["used"] * 3.6e12) == counted_uj + assumed_uj, "what is not known of them is not free"


def test_what_is_drawn_after_a_kill_is_nobody_s(home: Path) -> None:
    house = House(home)
    package = Package(house.tree, 6)
    house.start()
    with package.drawing():
        assert asyncio.run(_kill_in_the_middle(house, 2)) == {}, "without a limit nothing is promised"
        ((members_uj,),) = house.rows(MEMBERS)
        killed_at_uj = package.drawn_uj
        house.start()
    house.stop()
    assert package.drawn_uj - killed_at_uj > 1_000_000, "the machine stayed on while nobody was served"
    told = receipts(house)
    parts_uj = sum((one.energy.static_uj or 0) + (one.energy.dynamic_uj or 0) for one in told.values())
    failed = [one for one in told.values() if one.outcome == "failed"]
    assert len(failed) == 2
    in_blocks = sum((one.energy.static_uj or 0) + (one.energy.dynamic_uj or 0) for one in failed)
    ((after_uj,),) = house.rows(MEMBERS)
    assert after_uj == parts_uj == members_uj + in_blocks
    ((counted_uj, common_uj),) = house.rows(COUNTED)
    assert counted_uj == package.drawn_uj
    assert common_uj == counted_uj - after_uj
    assert common_uj >= package.drawn_uj - killed_at_uj
