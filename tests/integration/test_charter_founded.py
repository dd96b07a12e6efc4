"""Rules once the members decide: only votes write, only the log is believed, emergencies end by themselves."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from affouage.assembly.area import Area
from affouage.assembly.charter import Charter, Warrant, read_in_force, stamp, stamps
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.suspensions import LONGEST_MS
from affouage.catalogue.rules import ModelRules
from affouage.errors import DatabaseUnusable, RuleRefused
from affouage.footprint.budget import BudgetRules, HoursRules, Limit, PotRules
from affouage.footprint.hours import check_hours
from affouage.journal import log
from affouage.rulebook import ANY_RATES, AREAS, open_charter
from affouage.storage import Database
from affouage.storage.tables import assembly_event, journal_leaf, rule_version
from affouage.testing import ManualClock
from tests.integration.founded import FoundedHouse, opened

NIGHT = HoursRules(closed_from="23:00", closed_until="06:00")
EVENING = HoursRules(closed_from="20:00", closed_until="06:00")
TWO_KWH = BudgetRules(limits=(Limit(scope="commons", span="day", unit="kwh", amount=2.0),))


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    with opened(home) as database:
        yield database


@pytest.fixture
def house(db: Database) -> FoundedHouse:
    return FoundedHouse(db)


def reopened(house: FoundedHouse) -> Charter:
    """As the next start reads it."""
    return open_charter(house.db, house.clock, ANY_RATES)


# --- who writes -----------------------------------------------------------------------------------------------------


def test_before_the_founding_a_rule_is_a_seed_with_its_leaf(house: FoundedHouse) -> None:
    new = asyncio.run(house.charter.enact("hours", NIGHT, "Odile", "nuits"))
    assert (new.warrant, new.proposal_id) == (Warrant(), None)
    assert new.leaf_seq is not None
    leaf = house.db.read_now(lambda c: log.leaf(c, new.leaf_seq or 0))
    assert leaf.kind == "rule"
    assert (leaf.public["area"], leaf.public["version"], leaf.public["content_sha256"]) == (
        "hours",
        1,
        new.content_sha256,
    )
    assert leaf.public["warrant"] == {"kind": "seed", "proposal_id": None}
    assert leaf.public["rule"] == {"closed_from": "23:00", "closed_until": "06:00"}
    assert "Odile" not in leaf.body, "a name is only committed to"
    assert reopened(house).problems() == []


def test_after_the_founding_nobody_enacts_and_the_refusal_says_how_to_propose(house: FoundedHouse) -> None:
    house.found()
    assert house.charter.founded
    with pytest.raises(RuleRefused) as refused:
        asyncio.run(house.charter.enact("hours", NIGHT, "Odile", "nuits"))
    assert refused.value.code == "assembly_decides"
    assert "/assembly/propose" in refused.value.remedy
    assert "affouage assembly propose" in refused.value.remedy
    assert house.charter.history("hours") == []


def test_a_founding_by_another_program_is_seen_within_the_transaction(house: FoundedHouse, db: Database) -> None:
    other = FoundedHouse(db)
    other.found()
    with pytest.raises(RuleRefused):
        asyncio.run(house.charter.enact("hours", NIGHT, "Odile", "nuits"))


def test_a_vote_writes_a_version_that_names_its_proposal(house: FoundedHouse) -> None:
    house.found()
    new = house.decide("hours", NIGHT, number=12)
    assert house.charter.in_force("hours") == (NIGHT, 1)
    for charter in (house.charter, reopened(house)):
        found = charter.version("hours", 1)
        assert found is not None
        assert (found.proposal_id, found.warrant.kind) == (12, "proposal")
        assert found.content_sha256 == new.content_sha256
        assert charter.problems() == []


def test_a_rule_of_a_proposal_without_its_enactment_is_not_applied(house: FoundedHouse) -> None:
    house.found()
    now_ms = house.clock.now_ms()

    def alone(connection: Any) -> None:
        house.charter.write_decided(
            connection,
            "hours",
            NIGHT,
            decided_by="proposal 9",
            reason="x",
            in_force_ms=now_ms,
            now_ms=now_ms,
            warrant=Warrant(kind="proposal", proposal_id=9),
        )

    house.db.write_now(alone)
    house.charter.refresh()
    assert house.charter.in_force("hours").version == 0
    assert [(one.area, one.what, one.applied) for one in house.charter.problems()] == [("hours", "no_enactment", False)]


def test_a_seed_after_the_founding_is_not_applied(house: FoundedHouse) -> None:
    house.found()
    now_ms = house.clock.now_ms()
    seed = Warrant()
    house.db.write_now(
        lambda c: house.charter.write_decided(
            c,
            "pot",
            PotRules(sharing="equal"),
            decided_by="x",
            reason="x",
            in_force_ms=now_ms,
            now_ms=now_ms,
            warrant=seed,
        )
    )
    house.charter.refresh()
    assert house.charter.in_force("pot").version == 0
    assert [one.what for one in house.charter.problems()] == ["after_founding"]


# --- what the log does not hold -------------------------------------------------------------------------------------


def test_a_row_written_by_hand_is_ignored_and_told(house: FoundedHouse) -> None:
    house.found()
    house.decide("hours", NIGHT)
    row = {
        "area": "hours",
        "version": 2,
        "in_force_ms": 0,
        "body": "{}",
        "decided_by": "me",
        "reason": "mine",
        "leaf_seq": None,
    }
    house.db.write_now(lambda c: c.execute(insert(rule_version), row))
    for charter in (house.charter, reopened(house)):
        house.clock.advance(ms=1_000)
        assert charter.in_force("hours") == (NIGHT, 1)
        assert [(one.version, one.what) for one in charter.problems()] == [(2, "not_in_log")]
    row_with_a_leaf = {**row, "version": 3, "leaf_seq": 0}
    house.db.write_now(lambda c: c.execute(insert(rule_version), row_with_a_leaf))
    assert reopened(house).in_force("hours") == (NIGHT, 1)
    assert house.decide("pot", PotRules(sharing="equal")).version == 1
    assert house.decide("hours", EVENING).version == 4, "a number is never given twice"


@pytest.mark.parametrize(
    "change",
    [
        {"body": '{"closed_from":"01:00","closed_until":"02:00"}'},
        {"in_force_ms": 2**40},
        {"reason": "another"},
        {"decided_by": "the mayor"},
        {"body": "not json"},
    ],
)
def test_an_altered_row_is_told_and_the_log_goes_on_applying(house: FoundedHouse, change: dict[str, Any]) -> None:
    house.found()
    house.decide("hours", NIGHT)
    house.db.write_now(lambda c: c.execute(update(rule_version).values(**change)))
    charter = reopened(house)
    assert charter.in_force("hours") == (NIGHT, 1)
    assert [(one.what, one.applied) for one in charter.problems()] == [("altered", True)]
    found = charter.version("hours", 1)
    assert found is not None
    assert (found.decided_by, found.reason) == ("proposal 1", "so")


def test_a_removed_row_is_told_and_the_log_goes_on_applying(house: FoundedHouse) -> None:
    asyncio.run(house.charter.enact("budget", TWO_KWH, "Odile", "x"))
    house.found()
    house.decide("hours", NIGHT)
    house.db.write_now(lambda c: c.execute(delete(rule_version)))
    charter = reopened(house)
    assert charter.in_force("hours") == (NIGHT, 1)
    assert charter.in_force("budget") == (TWO_KWH, 1)
    assert {one.what for one in charter.problems()} == {"removed"}


def test_an_altered_leaf_is_told_and_not_applied(house: FoundedHouse) -> None:
    house.found()
    house.decide("hours", NIGHT)
    new = house.decide("hours", EVENING)
    forged = update(journal_leaf).where(journal_leaf.c.seq == new.leaf_seq)
    house.db.write_now(
        lambda c: c.execute(forged.values(body=log.leaf(c, new.leaf_seq or 0).body.replace("20:00", "01:00")))
    )
    charter = reopened(house)
    assert charter.in_force("hours") == (NIGHT, 1)
    assert [one.what for one in charter.problems()] == ["leaf_altered"]


def test_rules_from_before_there_was_a_log_enter_it_once(house: FoundedHouse, db: Database) -> None:
    row = {"area": "hours", "version": 1, "in_force_ms": 5, "decided_by": "Odile", "reason": "nuits"}
    db.write_now(lambda c: c.execute(insert(rule_version), {**row, "body": msgspec.json.encode(NIGHT).decode()}))
    charter = reopened(house)
    assert charter.in_force("hours") == (NIGHT, 1)
    assert charter.history("hours")[0].leaf_seq == 0
    assert charter.problems() == []
    later = {**row, "version": 2, "body": "{}"}
    db.write_now(lambda c: c.execute(insert(rule_version), later))
    again = reopened(house)
    assert again.in_force("hours") == (NIGHT, 1)
    assert [(one.version, one.what) for one in again.problems()] == [(2, "not_in_log")]
    assert db.read_now(log.size) == 1


def test_nothing_enters_the_log_that_way_after_the_founding(house: FoundedHouse, db: Database) -> None:
    house.found()
    row = {"area": "hours", "version": 1, "in_force_ms": 5, "body": "{}", "decided_by": "O", "reason": "x"}
    db.write_now(lambda c: c.execute(insert(rule_version), row))
    charter = reopened(house)
    assert charter.in_force("hours").version == 0
    assert [one.what for one in charter.problems()] == ["not_in_log"]


decided = st.lists(st.tuples(st.sampled_from(["hours", "pot"]), st.integers(0, 9), st.integers(0, 50)), max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=decided)
def test_reading_again_gives_the_same_rules(tmp_path_factory: Any, steps: list[tuple[str, int, int]]) -> None:
    with opened(tmp_path_factory.mktemp("home")) as db:
        house = FoundedHouse(db)
        house.found()
        for area, hour, delay_ms in steps:
            values = {"hours": HoursRules(closed_from=f"0{hour}:00", closed_until="23:00"), "pot": PotRules()}
            house.decide(area, values[area], delay_ms=delay_ms)
            house.clock.advance(ms=7)
        again = reopened(house)
        for area in ("hours", "pot"):
            assert again.history(area) == house.charter.history(area)
            assert again.in_force(area) == house.charter.in_force(area)
            read, version = db.read_now(
                lambda c, area=area: read_in_force(c, AREAS[area], house.clock.now_ms())  # type: ignore[misc]
            )
            assert read == again.in_force(area)
            assert (version.version if version else 0) == read.version
        assert again.problems() == []


# --- emergencies ----------------------------------------------------------------------------------------------------


def test_an_emergency_suspends_for_its_time_is_named_and_ends_by_itself(house: FoundedHouse) -> None:
    house.found()
    house.decide("models", ModelRules(admitted=("good", "bad")))
    house.emergency(4, "models", {"refused/bad": True, "admitted/bad": False}, lasts_ms=60_000)
    found = house.charter.in_force("models")
    assert (found.value.admitted, found.value.refused, found.version) == (("good",), ("bad",), 1)
    assert found.suspended == (4,)
    assert stamp("models", found) == "models@1+emergency:4"
    assert stamps(house.charter, ("models", "hours")) == ("models@1+emergency:4",)
    assert house.charter.in_force("models", house.clock.now_ms() - 1).suspended == ()
    house.clock.advance(ms=59_999)
    assert house.charter.in_force("models").suspended == (4,)
    house.clock.advance(ms=1)
    for charter in (house.charter, reopened(house)):
        ended = charter.in_force("models")
        assert (ended.value.admitted, ended.suspended) == (("good", "bad"), ())
        assert stamp("models", ended) == "models@1"
    assert [one.id for one in house.charter.suspensions("models")] == [4]


def test_an_emergency_is_lifted_and_bears_on_rules_voted_meanwhile(house: FoundedHouse) -> None:
    house.found()
    house.emergency(1, "confidentiality", {"most": "local", "default": "local"}, lasts_ms=100_000)
    assert house.charter.in_force("confidentiality").value.most == "local"
    house.decide("machines", AREAS["machines"].default)
    house.clock.advance(ms=10)
    house.lift(1)
    assert house.charter.in_force("confidentiality").suspended == ()
    house.emergency(2, "hours", {"closed_from": "01:00", "closed_until": "05:00"}, lasts_ms=100_000)
    house.decide("hours", NIGHT)
    assert house.charter.in_force("hours").value.closed_from == "01:00"
    assert house.charter.in_force("hours").version == 1


def test_none_lasts_longer_than_the_software_allows_whatever_its_event_says(house: FoundedHouse) -> None:
    house.found()
    house.emergency(1, "machines", {"enrol": "nobody"}, lasts_ms=100 * LONGEST_MS)
    end_ms = house.clock.now_ms() + LONGEST_MS
    assert house.charter.in_force("machines", end_ms - 1).suspended == (1,)
    assert house.charter.in_force("machines", end_ms).suspended == ()


def test_an_emergency_that_the_log_does_not_hold_or_that_makes_no_rule_is_told(house: FoundedHouse) -> None:
    house.found()
    body = {"id": 7, "area": "machines", "patch": {"enrol": "nobody"}, "from_ms": 0, "until_ms": 2**45}
    row = {"seq": 50, "at_ms": 1, "kind": "emergency", "body": json.dumps(body)}
    house.db.write_now(lambda c: c.execute(insert(assembly_event), {**row, "leaf_seq": None}))
    house.db.write_now(lambda c: c.execute(insert(assembly_event), {**row, "seq": 51, "leaf_seq": 0}))
    charter = reopened(house)
    assert charter.in_force("machines").suspended == ()
    assert {one.what for one in charter.problems()} == {"emergency_not_in_log"}
    house.emergency(8, "hours", {"closed_from": "99:00"}, lasts_ms=1_000)
    assert house.charter.in_force("hours") == (HoursRules(), 0)
    assert "emergency_not_applicable" in {one.what for one in house.charter.problems()}


moments = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40), st.integers(1, 60)), max_size=5)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=moments, measures=moments)
def test_the_remembered_rule_is_the_one_that_a_fresh_look_gives(
    tmp_path_factory: Any, rules: list[tuple[int, int, int]], measures: list[tuple[int, int, int]]
) -> None:
    """At every millisecond, with rules planned and measures that begin, end and overlap."""
    with opened(tmp_path_factory.mktemp("home")) as db:
        house = FoundedHouse(db)
        house.found()
        for pause_ms, delay_ms, percent in rules:
            house.clock.advance(ms=pause_ms)
            house.decide("budget", BudgetRules(notice_percent=percent), delay_ms=delay_ms)
        for number, (pause_ms, _, lasts_ms) in enumerate(measures):
            house.emergency(number, "budget", {"notice_percent": 61 + number}, lasts_ms=lasts_ms)
            house.clock.advance(ms=pause_ms)
        for _ in range(160):
            now_ms = house.clock.now_ms()
            fresh, _version = db.read_now(lambda c, now_ms=now_ms: read_in_force(c, AREAS["budget"], now_ms))  # type: ignore[misc]
            kept = house.charter.in_force("budget")
            assert (kept, kept.suspended) == (fresh, fresh.suspended)
            assert all(one.end_ms > now_ms for one in house.charter.suspensions() if one.id in kept.suspended)
            house.clock.advance(ms=1)


# --- a rule whose schema a release changed --------------------------------------------------------------------------


class NewHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next release's: one period becomes a list."""

    periods: dict[str, bool] = {}


def _upgrade(plain: dict[str, Any]) -> dict[str, Any]:
    if "closed_from" in plain:
        start, end = plain.pop("closed_from"), plain.pop("closed_until", "")
        plain["periods"] = {f"{start}-{end}": True} if start else {}
    return plain


def test_an_older_rule_is_read_by_a_newer_release_and_an_open_proposal_is_checked_again(house: FoundedHouse) -> None:
    old, new = AREAS["hours"], Area(name="hours", kind=NewHours, fields=(), upgrade=_upgrade)
    house.found()
    house.decide("hours", NIGHT)
    later = Charter(house.db, house.clock, {"hours": new})
    assert later.in_force("hours") == (NewHours(periods={"23:00-06:00": True}), 1)
    open_patch = Patch(set={"closed_from": "22:00"})
    document = patches.apply(old.shape(NIGHT), open_patch)
    assert new.unshape(document) == NewHours(periods={"22:00-06:00": True})
    without = Area(name="hours", kind=NewHours, fields=())
    with pytest.raises(RuleRefused):
        without.checked(document)
    with pytest.raises(DatabaseUnusable) as unusable:
        Charter(house.db, house.clock, {"hours": without})
    assert "version 1" in str(unusable.value).lower()


def test_bare_types_go_on_being_areas(house: FoundedHouse) -> None:
    charter = Charter(house.db, ManualClock(), {"hours": HoursRules}, {"hours": check_hours})
    with pytest.raises(RuleRefused):
        asyncio.run(charter.enact("hours", HoursRules(closed_from="23:00"), "O", "x"))


# --- its cost -------------------------------------------------------------------------------------------------------


def test_a_rule_in_force_costs_microseconds(house: FoundedHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """Median of a request's reading, against a bare dictionary's; with a long history and a measure at work."""
    house.found()
    for hour in range(40):
        house.decide("hours", HoursRules(closed_from=f"{hour % 10:02}:00", closed_until="23:00"))
    house.emergency(1, "hours", {"closed_from": "12:00"}, lasts_ms=3_600_000)
    plain = {"hours": house.charter.in_force("hours")}
    charter, rounds, calls = house.charter, 30, 2_000

    def timed(read: Any) -> float:
        start_ns = time.perf_counter_ns()
        for _ in range(calls):
            read("hours")
        return (time.perf_counter_ns() - start_ns) / calls / 1_000

    ours = statistics.median(timed(charter.in_force) for _ in range(rounds))
    bare = statistics.median(timed(plain.__getitem__) for _ in range(rounds))
    with capsys.disabled():
        print(f"\nin_force: {ours:.3f} us median, {ours / bare:.1f} times a dictionary ({bare:.3f} us)")
    assert ours <= 5.0


def test_a_clock_set_back_before_the_founding_takes_no_seed_away(house: FoundedHouse) -> None:
    asyncio.run(house.charter.enact("hours", NIGHT, "Odile", "x"))
    earlier = FoundedHouse(house.db, ManualClock(house.clock.now_ms() - 10_000_000))
    earlier.found()
    charter = reopened(house)
    assert charter.in_force("hours") == (NIGHT, 1)
    assert charter.problems() == []
