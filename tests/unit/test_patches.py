"""Changes as data: what one makes of a document, and when two can stand together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.decisions.patches import Patch, apply, diff, disjoint, lines, merged, read_path
from affouage.errors import RuleRefused

_names = st.sampled_from(["a", "b", "c", "a/b", "~", "limits"])
_leaves = st.one_of(st.integers(0, 3), st.booleans(), st.text(max_size=2), st.lists(st.integers(0, 2), max_size=2))
documents = st.recursive(
    st.dictionaries(_names, _leaves, max_size=4), lambda inner: st.dictionaries(_names, inner | _leaves, max_size=4)
)


@given(documents, documents)
def test_a_change_made_from_two_documents_leads_from_one_to_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    found = apply(before, diff(before, after))
    assert found == after
    assert diff(found, after).empty


@given(documents, documents, documents)
def test_disjoint_changes_commute(base: dict[str, Any], one: dict[str, Any], other: dict[str, Any]) -> None:
    mine, theirs = diff(base, one), diff(base, other)
    if disjoint(mine, theirs):
        assert disjoint(theirs, mine)
        assert merged(base, apply(base, mine), theirs) == merged(base, apply(base, theirs), mine)
    else:
        assert merged(base, one, theirs) is None


@given(documents, documents)
def test_a_change_on_what_did_not_change_meanwhile_is_the_change(base: dict[str, Any], after: dict[str, Any]) -> None:
    assert merged(base, base, diff(base, after)) == after


def test_a_change_of_the_whole_is_against_a_change_of_a_part() -> None:
    part, whole = Patch(set={"ordinary/quorum_percent": 10}), Patch(set={"ordinary": {}})
    assert not disjoint(part, whole)
    assert disjoint(part, Patch(set={"ordinary/threshold": "2/3"}))
    assert not disjoint(part, Patch(set={"ordinary/quorum_percent": 11}))
    assert not disjoint(part, Patch(remove=("ordinary/quorum_percent",)))
    assert disjoint(part, Patch(set={"ordinary/quorum_percent": 10})), "the same twice is no conflict"


def test_true_is_not_one() -> None:
    assert diff({"a": 1}, {"a": True}).set == {"a": True}


@pytest.mark.parametrize("path", ["", "/", "a//b", "/a"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(RuleRefused):
        read_path(path)


def test_a_path_through_a_value_is_refused() -> None:
    with pytest.raises(RuleRefused, match="leads through"):
        apply({"a": 1}, Patch(set={"a/b": 2}))


def test_lines_tell_every_place() -> None:
    assert list(lines({"a": {"b": 1, "c/d": [1]}, "e": {}})) == [("a/b", 1), ("a/c~1d", [1]), ("e", {})]
