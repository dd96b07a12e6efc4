"""Previews on the real books: what is read of them, and how long a month of a hundred thousand answers takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from affouage.catalogue.rules import Candidate
from affouage.errors import NotFound, RuleRefused
from affouage.footprint.budget import Rates
from affouage.footprint.period import Calendar
from affouage.inference.prompt import read_prefixes
from affouage.ledger import chain
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import Durations, Energy, PrefixStamp, TokenCounts
from affouage.previews.facts import NEEDS
from affouage.previews.previews import BY_AREA, Previews
from affouage.previews.shapes import FEW
from affouage.rulebook import AREAS
from affouage.storage.tables import conversation, ledger_entry, machine_day
from tests.integration.assembly_house import DAY, AssemblyHouse, assembly_house
from tests.integration.books import a_receipt

CALENDAR = Calendar("Europe/Paris")
KWH_UJ = 3_600_000_000_000


@pytest.fixture
def house(home: Path) -> Iterator[AssemblyHouse]:
    with assembly_house(home) as found:
        found.found()
        yield found


def answer(house: AssemblyHouse, name: str, who: str, kwh: float | None, **more: Any) -> None:
    """Settle an answer, now."""
    uj = None if kwh is None else round(kwh * KWH_UJ)
    receipt = msgspec.structs.replace(
        a_receipt(name, house[who].id),
        created_ms=house.clock.now_ms(),
        reach="everyone",
        prefix=PrefixStamp("0", "fr", "0" * 64),
        durations=Durations(wait_ms=9, wait_reason="turn", total_ms=20),
        energy=Energy(static_uj=uj, dynamic_uj=None if uj is None else 0),
        **more,
    )
    house.run(Ledger(house.db, house.clock, day=CALENDAR.day).settle(receipt, b"s" * 16))


def previews(house: AssemblyHouse, **more: Any) -> Previews:
    return Previews(house.db, house.clock, house.charter, CALENDAR, Rates(), **more)


def preview(house: AssemblyHouse, area: str, made: Previews | None = None, **changes: Any) -> dict[str, Any]:
    """By code, what changing these paths (``__`` for a slash) would have done."""
    document = house.document(area)
    for path, value in changes.items():
        *way, name = path.split("__")
        here = document
        for step in way:
            here = here.setdefault(step, {})
        here[name] = value
    told = house.run((made or previews(house)).of(area, document))
    return {one.code: one.numbers for one in told}


def test_a_budget_is_tried_on_what_was_really_answered(house: AssemblyHouse) -> None:
    answer(house, "old", "ali", 50)
    house.clock.advance(ms=31 * DAY)
    for number in range(6):
        answer(house, f"r{number}", "ali" if number < 4 else "bea", 1)
    answer(house, "unknown", "bea", None)
    told = preview(house, "budget", limits={"commons-day-kwh": 3})
    assert told["budget_refused"] == {"refused": 4, "before": 0, "requests": 7, "members": FEW, "days": 1}
    assert told["budget_assumed"] == {"unknown": 1}
    assert preview(house, "budget", limits={"commons-year-kwh": 55})["budget_refused"]["refused"] == 2
    own = preview(house, "budget", limits={"member-month-kwh": 3.5})
    assert own["budget_refused"]["refused"] == 1


def test_the_idle_energy_of_the_machines_counts_as_in_the_books(house: AssemblyHouse) -> None:
    answer(house, "r1", "ali", 1)
    day = CALENDAR.day(house.clock.now_ms())
    zeros = {one.name: 0 for one in machine_day.columns if one.name.endswith(("_uj", "_us"))}
    row = {**zeros, "day": day, "machine_id": "m", "meter_id": "m", "factor_set": "", "quality": "measured"}
    house.db.write_now(lambda c: c.execute(insert(machine_day), {**row, "idle_uj": 24 * KWH_UJ}))
    assert preview(house, "budget", limits={"commons-day-kwh": 1.5})["budget_refused"]["refused"] == 1
    assert preview(house, "pot", sharing="equal")["pot_equal"]["kwh"] == 24


def test_every_area_has_its_preview_and_reads_its_facts(house: AssemblyHouse) -> None:
    assert set(AREAS) == set(BY_AREA) == set(NEEDS)
    answer(house, "r1", "ali", 1)
    made = previews(house, installed=lambda: [Candidate("echo")], shipped={"fr": read_prefixes()["fr"].text})
    changes: dict[str, dict[str, Any]] = {
        "budget": {"limits": {"commons-day-kwh": 0.5}},
        "hours": {"closed_from": "23:00", "closed_until": "06:00"},
        "pot": {"sharing": "equal"},
        "share": {"class_percent": {"member": 50}},
        "confidentiality": {"most": "local", "default": "local"},
        "models": {"refused": {"echo": True}},
        "prefixes": {"commons__fr": "Répondez brièvement."},
        "retention": {"conversations": 7},
        "machines": {"enrol": "nobody"},
        "membership": {"members_most": 3},
        "desk": {"clerks": "members", "blind_percent": 20, "items_per_hour": 5, "public_open": True},
        "training": {"ask": "members", "without_vote_kwh": 5.0, "at_once": 2, "admitted": {"mairie": 9.0}},
        "mandates": {"days__operator": 100},
        "uses": {"moderators": 1},
        "governance": {"ordinary__quorum_percent": 90},
    }
    for area in AREAS:
        assert preview(house, area, made, **changes[area]), area
    told = preview(house, "models", made, **changes["models"])
    assert told["models_refused"]["refused"] == 1
    assert told["models_none_left"] == {"installed": 1}
    assert preview(house, "confidentiality", made, **changes["confidentiality"])["reach_further"]["really"] == 0
    assert preview(house, "mandates", made, **changes["mandates"])["mandates_days"]["longer"] == 1
    assert preview(house, "share", made, **changes["share"])["share_waited"] == {"waited": 1, "requests": 1}
    with pytest.raises(RuleRefused):
        preview(house, "budget", made, limits={"commons-day-kwh": -1})
    with pytest.raises(NotFound):
        house.run(made.of("taxes", {}))


def test_conversations_that_would_be_deleted_are_counted_whoever_they_are_of(house: AssemblyHouse) -> None:
    now_ms = house.clock.now_ms()

    def keep(name: str, age_days: int) -> dict[str, Any]:
        created_ms = now_ms - age_days * DAY
        owner = house["ali"].id
        return {"id": name, "member_id": owner, "title": "x", "created_ms": created_ms, "expires_ms": now_ms + DAY}

    rows = [keep("a", 3), keep("b", 10), keep("c", 20)]
    house.db.write_now(lambda c: c.execute(insert(conversation), rows))
    told = preview(house, "retention", conversations=7)
    assert told["retention_deleted"]["deleted"] == 2
    assert told["retention_owners"] == {"members": FEW}
    answer(house, "r1", "ali", 1)
    house.clock.advance(ms=40 * DAY)
    assert preview(house, "retention", receipt_salts=30)["retention_deleted"]["deleted"] == 1


def test_votes_that_are_over_are_counted_again_under_other_thresholds(house: AssemblyHouse) -> None:
    poll = house.to_vote(house.propose("pot", sharing="equal"))
    house.vote(poll, odile="for", ali="for", bea="for", chloe="against")
    house.later(20)
    assert house.proposal(1).state == "adopted"
    told = preview(house, "governance", ordinary__quorum_percent=90)
    assert told["governance_recounted"] == {"votes": 1, "changed": 1, "unknown": 0}
    assert told["governance_vote"] == {"proposal": 1, "before": "adopted", "after": "no_quorum"}
    same = preview(house, "governance", proxies_most=0)
    assert same["governance_recounted"]["changed"] == 0


def fill_month(house: AssemblyHouse, number: int) -> None:
    """``number`` receipts over the last thirty days, written as the ledger writes them."""
    people = [one.id for one in house.people.values()]
    first_ms = house.clock.now_ms() - 29 * DAY
    template = msgspec.structs.replace(
        a_receipt(), energy=Energy(static_uj=KWH_UJ // 1000, dynamic_uj=5), tokens=TokenCounts(prompt=500, decoded=200)
    )

    def write(connection: Any) -> None:
        previous, rows = chain.GENESIS, []
        for seq in range(1, number + 1):
            at_ms = first_ms + seq * 29 * DAY // number
            one = msgspec.structs.replace(
                template, id=f"r{seq}", member_id=people[seq % 5], created_ms=at_ms, reach="trusted"
            )
            entry = chain.write(seq, previous, "settled", one, created_ms=at_ms)
            previous = entry.hash
            rows.append(msgspec.structs.asdict(entry))
        connection.execute(insert(ledger_entry), rows)

    house.db.write_now(write)


@pytest.mark.alone
def test_a_month_of_twenty_thousand_answers_does_not_hold_up_the_event_loop(home: Path) -> None:
    with assembly_house(home) as house:
        fill_month(house, 20_000)
        house.open()
        made = previews(house)
        document = {**house.document("budget"), "limits": {"commons-day-kwh": 0.5, "member-month-kwh": 3}}

        async def story() -> tuple[Any, float, float]:
            longest, going = 0.0, True

            async def beat() -> None:
                nonlocal longest
                while going:
                    before = time.perf_counter()
                    await asyncio.sleep(0.005)
                    longest = max(longest, time.perf_counter() - before)

            task = asyncio.create_task(beat())
            began = time.perf_counter()
            told = await made.of("budget", document)
            took = time.perf_counter() - began
            going = False
            await task
            return told, took, longest

        told, took, longest = house.run(story())
        print(f"20,000 answers: {took:.2f} s, the loop held {longest * 1000:.0f} ms at most")
        refused = next(one.numbers for one in told if one.code == "budget_refused")
        assert refused["requests"] == 20_000
        assert isinstance(refused["refused"], int)
        assert refused["refused"] > 5_000
        assert longest < 0.5, "other requests are served meanwhile"
