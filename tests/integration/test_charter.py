"""Rules in force: enacted once, kept for ever, noticed by a running server, chained in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from affouage.assembly.charter import Charter
from affouage.errors import AffouageError, DatabaseUnusable, RuleRefused
from affouage.footprint.budget import BudgetRules, HoursRules, Limit, PotRules, Rates, check_budget
from affouage.footprint.hours import check_hours
from affouage.ledger.ledger import verify
from affouage.storage import Database, open_database
from affouage.storage.home import prepare
from affouage.storage.tables import journal_leaf, journal_node, journal_record, ledger_entry, rule_version
from affouage.testing import ManualClock

AREAS = {"budget": BudgetRules, "hours": HoursRules, "pot": PotRules}
CHECKS = {"budget": lambda rules: check_budget(rules, Rates()), "hours": check_hours}
NIGHT = HoursRules(closed_from="23:00", closed_until="06:00")
TWO_KWH = BudgetRules(limits=(Limit(scope="commons", span="day", unit="kwh", amount=2.0),))


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    prepare(home)
    database = open_database(home / "affouage.db")
    yield database
    database.close()


def a_charter(db: Database, clock: ManualClock) -> Charter:
    return Charter(db, clock, AREAS, CHECKS)


def test_nothing_decided_is_the_default_and_version_0(db: Database) -> None:
    charter = a_charter(db, ManualClock())
    assert charter.in_force("budget") == (BudgetRules(), 0)
    assert charter.in_force("hours") == (HoursRules(), 0)
    assert charter.in_force("pot") == (PotRules(), 0)
    assert charter.history("pot") == []
    with pytest.raises(KeyError):
        charter.in_force("taxes")


def test_a_decision_is_in_force_at_once_kept_with_its_reason_and_in_the_books(db: Database) -> None:
    clock = ManualClock()

    async def story() -> None:
        charter = a_charter(db, clock)
        new = await charter.enact("budget", TWO_KWH, "Odile", "  Assemblée du\n 22 novembre ")
        assert charter.in_force("budget") == (TWO_KWH, 1)
        assert (new.decided_by, new.reason) == ("Odile", "Assemblée du 22 novembre")
        assert a_charter(db, clock).history("budget") == [new], "as the next start reads it"

    asyncio.run(story())
    found = db.read_now(verify)
    assert (found.entries, found.problems) == (1, [])
    entry = db.read_now(lambda c: c.execute(select(ledger_entry)).one())
    said = msgspec.json.decode(entry.body)["content"]
    assert (entry.kind, entry.member_id) == ("rule", "")
    assert (said["area"], said["version"], said["decided_by"]) == ("budget", 1, "Odile")
    assert said["rule"]["limits"][0]["amount"] == 2.0


def test_a_future_date_takes_effect_when_the_clock_passes_it(db: Database) -> None:
    clock = ManualClock()

    async def story() -> None:
        charter = a_charter(db, clock)
        await charter.enact("hours", NIGHT, "Odile", "nuits", clock.now_ms() + 60_000)
        assert charter.in_force("hours").version == 0
        clock.advance(ms=59_999)
        assert charter.in_force("hours").version == 0
        clock.advance(ms=1)
        assert charter.in_force("hours") == (NIGHT, 1)
        assert charter.in_force("hours", clock.now_ms() - 1).version == 0

    asyncio.run(story())


def test_a_later_decision_replaces_one_planned_before_it(db: Database) -> None:
    clock = ManualClock()

    async def story() -> None:
        charter = a_charter(db, clock)
        await charter.enact("hours", NIGHT, "Odile", "en décembre", clock.now_ms() + 60_000)
        await charter.enact("hours", HoursRules(), "Ali", "finalement non")
        clock.advance(ms=120_000)
        assert charter.in_force("hours") == (HoursRules(), 2)

    asyncio.run(story())


def test_a_running_server_notices_what_another_program_enacted(home: Path, db: Database) -> None:
    clock = ManualClock()
    running = a_charter(db, clock)
    other = open_database(home / "affouage.db")
    try:
        asyncio.run(a_charter(other, clock).enact("hours", NIGHT, "the command line", "nuits"))
    finally:
        other.close()
    clock.advance(ms=999)
    assert running.in_force("hours").version == 0, "it looks once a second, not at each question"
    clock.advance(ms=1)
    assert running.in_force("hours") == (NIGHT, 1)


@pytest.mark.parametrize(
    ("area", "value", "who", "why", "code"),
    [
        ("budget", BudgetRules(notice_percent=0), "Odile", "x", "budget_notice"),
        (
            "budget",
            BudgetRules(limits=(Limit(scope="commons", span="day", unit="kwh", amount=0),)),
            "O",
            "x",
            "budget_zero",
        ),
        ("hours", HoursRules(closed_from="23:00"), "Odile", "x", "hours_half"),
        ("hours", {"closed_from": 23}, "Odile", "x", "rule_refused"),
        ("hours", PotRules(sharing="equal"), "Odile", "x", None),
        ("hours", NIGHT, "Odile", "   ", "rule_reason"),
        ("hours", NIGHT, "", "x", "rule_reason"),
        ("hours", NIGHT, "Odile", "x" * 501, "rule_reason"),
    ],
)
def test_what_cannot_be_enacted_writes_nothing(
    db: Database, area: str, value: object, who: str, why: str, code: str | None
) -> None:
    charter = a_charter(db, ManualClock())
    if code is None:  # another area's rule has none of these keys: it is the default, and harmless
        assert asyncio.run(charter.enact(area, value, who, why)).value == HoursRules()
        return
    with pytest.raises(RuleRefused) as refused:
        asyncio.run(charter.enact(area, value, who, why))
    assert refused.value.code == code
    assert refused.value.remedy
    assert db.read_now(verify).entries == 0
    assert charter.in_force(area).version == 0


def test_a_rule_cannot_have_been_in_force_yesterday(db: Database) -> None:
    clock = ManualClock()
    with pytest.raises(RuleRefused) as refused:
        asyncio.run(a_charter(db, clock).enact("hours", NIGHT, "Odile", "x", clock.now_ms() - 1))
    assert refused.value.code == "rule_past"


def test_two_programs_at_once_get_two_versions(home: Path, db: Database) -> None:
    clock = ManualClock()
    other = open_database(home / "affouage.db")

    async def story() -> list[int]:
        one, two = a_charter(db, clock), a_charter(other, clock)
        done = await asyncio.gather(*(who.enact("pot", PotRules(sharing="equal"), "O", "x") for who in [one, two] * 10))
        return sorted(one.version for one in done)

    try:
        assert asyncio.run(story()) == list(range(1, 21))
    finally:
        other.close()
    assert db.read_now(verify).problems == []


def test_rules_of_a_newer_version_are_not_guessed(db: Database) -> None:
    row = {
        "area": "pot",
        "version": 1,
        "in_force_ms": 0,
        "body": '{"sharing":"by lot"}',
        "decided_by": "O",
        "reason": "x",
    }
    db.write_now(lambda c: c.execute(insert(rule_version), row))
    with pytest.raises(DatabaseUnusable) as refused:
        a_charter(db, ManualClock())
    assert isinstance(refused.value, AffouageError)
    assert "version 1" in str(refused.value).lower()


_BOOKS = (rule_version, ledger_entry, journal_leaf, journal_node, journal_record)

decisions = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 100)), max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(decisions=decisions)
def test_the_rule_read_at_a_moment_is_the_one_in_force_then(db: Database, decisions: list[tuple[int, int]]) -> None:
    """Decisions at growing times, each for a moment from then on: version numbers only grow, read now or later."""
    clock, made = ManualClock(), []
    db.write_now(lambda c: [c.execute(delete(table)) for table in _BOOKS])

    async def story() -> None:
        charter = a_charter(db, clock)
        seen: list[tuple[int, int]] = []
        for pause_ms, delay_ms in decisions:
            clock.advance(ms=pause_ms)
            rules = BudgetRules(notice_percent=1 + len(made))
            made.append(await charter.enact("budget", rules, "O", "x", clock.now_ms() + delay_ms))
            seen.append((clock.now_ms(), charter.in_force("budget").version))
        clock.advance(ms=200)
        seen.append((clock.now_ms(), charter.in_force("budget").version))
        assert [version for _, version in seen] == sorted(version for _, version in seen)
        for moment_ms in range(clock.now_ms() - 700, clock.now_ms() + 1, 7):
            value, version = charter.in_force("budget", moment_ms)
            passed = [one.version for one in made if one.in_force_ms <= moment_ms]
            assert version == max(passed, default=0)
            assert value == (made[version - 1].value if version else BudgetRules())

    asyncio.run(story())
