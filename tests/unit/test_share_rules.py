"""The rule area "share": weights, cheap hours, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import RuleRefused
from affouage.footprint.period import Calendar
from affouage.pool.share_rules import (
    ShareRules,
    check_share,
    group_of,
    in_cheap_hours,
    next_cheap_ms,
    weight_percent,
)
from tests.unit.test_hours import at

PARIS = Calendar("Europe/Paris")
VOTED = ShareRules(
    class_percent={"steward": 150, "guest": 50}, use_percent={"accessibility": 300, "desk": 200}, floors={"desk": 30}
)


def test_the_rules_as_shipped_hold() -> None:
    check_share(ShareRules())
    check_share(VOTED)


@pytest.mark.parametrize(
    ("role", "use", "workshop", "hours", "expected"),
    [
        ("member", "", "", 0, 100),
        ("steward", "", "", 0, 150),
        ("guest", "accessibility", "", 0, 150),
        ("member", "", "desk", 0, 200),
        ("member", "accessibility", "desk", 0, 300),  # the use is nearer to the request than the workshop
        ("member", "unknown", "desk", 0, 200),
        ("member", "", "", 5, 125),
        ("member", "", "", 20, 200),
        ("member", "", "", 2_000, 200),
        ("member", "", "", -3, 100),
        ("steward", "", "desk", 10, 450),
    ],
)
def test_a_weight_is_role_times_use_plus_what_was_lent(
    role: str, use: str, workshop: str, hours: float, expected: int
) -> None:
    assert weight_percent(VOTED, role, use, workshop, hours) == expected


percents = st.dictionaries(st.sampled_from(["member", "desk", "school"]), st.integers(1, 10_000))


@given(
    by_class=percents,
    by_use=percents,
    most=st.integers(0, 1_000),
    full=st.integers(1, 600),
    hours=st.lists(st.floats(0, 1e6), min_size=2, max_size=2).map(sorted),
)
def test_any_admitted_rule_gives_a_weight_of_1_or_more_that_grows_with_what_was_lent(
    by_class: dict[str, int], by_use: dict[str, int], most: int, full: int, hours: list[float]
) -> None:
    rules = ShareRules(
        class_percent=by_class, use_percent=by_use, contribution_most_percent=most, contribution_full_h=full
    )
    check_share(rules)
    less, more = (weight_percent(rules, "member", "school", "desk", lent) for lent in hours)
    assert 1 <= less <= more
    assert more <= max(1, weight_percent(rules, "member", "school", "desk") * (100 + most) // 100 + (100 + most) // 100)


def test_a_request_counts_for_the_floor_of_its_use_else_of_its_workshop() -> None:
    rules = ShareRules(floors={"desk": 30, "accessibility": 10})
    assert group_of(rules, "accessibility", "desk") == "accessibility"
    assert group_of(rules, "", "desk") == "desk"
    assert group_of(rules, "school", "library") == ""


def test_cheap_hours_go_across_midnight() -> None:
    rules = ShareRules(batch_hours=(("22:00", "06:00"), ("12:30", "13:30")))
    hours = ("06:00", "12:29", "12:30", "13:30", "21:59", "22:00", "00:00", "05:59")
    found = [in_cheap_hours(rules, PARIS, at(f"2026-11-22T{hour}")) for hour in hours]
    assert found == [False, False, True, False, False, True, True, True]
    assert next_cheap_ms(rules, PARIS, at("2026-11-22T07:00")) == at("2026-11-22T12:30")
    assert next_cheap_ms(rules, PARIS, at("2026-11-22T14:00")) == at("2026-11-22T22:00")
    assert next_cheap_ms(rules, PARIS, at("2026-11-22T23:10:10")) == at("2026-11-22T23:10:10")


def test_without_cheap_hours_there_are_only_idle_machines() -> None:
    rules = ShareRules(batch_hours=())
    check_share(rules)
    assert not in_cheap_hours(rules, PARIS, at("2026-11-22T03:00"))
    assert next_cheap_ms(rules, PARIS, at("2026-11-22T03:00")) is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"prompt_weight": 0}, "share_amount"),
        ({"decode_weight": -1}, "share_amount"),
        ({"decode_weight": 1_001}, "share_amount"),
        ({"class_percent": {"member": 0}}, "share_weight"),
        ({"class_percent": {"member": -100}}, "share_weight"),
        ({"use_percent": {"desk": 10_001}}, "share_amount"),
        ({"use_percent": {"Le guichet": 100}}, "share_name"),
        ({"use_percent": {"": 100}}, "share_name"),
        ({"floors": {"desk": 0}}, "share_amount"),
        ({"floors": {"desk": 81}}, "share_amount"),
        ({"floors": {"desk": 41, "school": 40}}, "share_floors"),
        ({"batch_hours": (("22:00", "22:00"),)}, "share_hours_same"),
        ({"batch_hours": (("22:00", "25:00"),)}, "hours_time"),
        ({"batch_hours": (("22:00", ""),)}, "hours_time"),
        ({"batch_hours": tuple((f"{hour}:00", f"{hour}:30") for hour in range(9))}, "share_hours_many"),
        ({"batch_latest_h": 0}, "share_amount"),
        ({"batch_latest_h": 169}, "share_amount"),
        ({"contribution_days": 0}, "share_amount"),
        ({"contribution_most_percent": -1}, "share_amount"),
        ({"contribution_most_percent": 1_001}, "share_amount"),
        ({"contribution_full_h": 0}, "share_amount"),
        ({"contribution_days": 1, "contribution_full_h": 25}, "share_amount"),
    ],
)
def test_what_could_not_be_applied_is_refused_with_what_would_work(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        check_share(ShareRules(**wrong))
    assert refused.value.code == code
    assert refused.value.remedy


def test_a_rule_is_kept_as_json_and_read_again() -> None:
    assert msgspec.json.decode(msgspec.json.encode(VOTED), type=ShareRules) == VOTED
