"""Days by kind of data: bounds, what may be shortened by the configuration, what may be told of deletions."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.purging import told_counts
from affouage.assembly.rules.retention import BOUNDS, CLASSES, RetentionRules, check_retention, lengthens, lowered
from affouage.errors import RuleRefused

DAYS = st.integers(-5, 4000)


def test_the_default_is_within_its_bounds_and_every_class_has_one() -> None:
    check_retention(RetentionRules())
    assert tuple(one.name for one in msgspec.structs.fields(RetentionRules)) == CLASSES
    assert {one.basis for one in BOUNDS.values()} == {"law", "choice"}


@given(name=st.sampled_from(CLASSES), days=DAYS)
def test_outside_the_bounds_nothing_is_enacted(name: str, days: int) -> None:
    rules = msgspec.structs.replace(RetentionRules(idle_sessions=1), **{name: days})
    bound = BOUNDS[name]
    if bound.least <= days <= bound.most:
        check_retention(rules)
        return
    with pytest.raises(RuleRefused) as refused:
        check_retention(rules)
    assert refused.value.details["field"] == name
    assert (refused.value.details["least"], refused.value.details["most"]) == (bound.least, bound.most)


def test_a_session_does_not_idle_longer_than_it_lasts() -> None:
    with pytest.raises(RuleRefused) as refused:
        check_retention(RetentionRules(sessions=5, idle_sessions=6))
    assert refused.value.code == "retention_idle"


@given(days=st.integers(1, 365), settings=st.lists(st.integers(0, 400), max_size=3))
def test_the_configuration_may_only_shorten(days: int, settings: list[int]) -> None:
    rules = RetentionRules(conversations=days)
    found = lowered(rules, *settings)
    assert 1 <= found.conversations <= days
    assert msgspec.structs.replace(found, conversations=days) == rules
    assert not lengthens(rules, found)


@given(name=st.sampled_from(CLASSES), more=st.integers(-3, 3))
def test_lengthening_anything_is_seen(name: str, more: int) -> None:
    before = RetentionRules()
    after = msgspec.structs.replace(before, **{name: getattr(before, name) + more})
    assert lengthens(before, after) == (more > 0)


def test_few_deletions_are_not_counted_in_public() -> None:
    assert told_counts({"sessions": 1, "conversations": 5, "reports": 4, "ballots": 0}) == {
        "sessions": "1-4",
        "conversations": 5,
        "reports": "1-4",
    }
