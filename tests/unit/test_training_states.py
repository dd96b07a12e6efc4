"""The declared machine of a run: what may follow what, and nothing else."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import Conflict
from affouage.training.runs.states import (
    AT_WORK,
    FOLLOWS,
    NOTES,
    OVER,
    TIMEOUTS,
    Event,
    Kind,
    Standing,
    State,
    after,
    overdue,
    stand,
)

KINDS: tuple[Kind, ...] = get_args(Kind)
STATES: tuple[State, ...] = get_args(State)


def event(kind: Kind, at_ms: int = 1, **body: Any) -> Event:
    return Event(kind=kind, at_ms=at_ms, body={"job": "1@2", "offset": 3} | body if kind == "started" else body)


def test_every_state_is_declared_and_reached_and_only_two_are_the_end() -> None:
    assert set(FOLLOWS) == set(STATES)
    reached = {state for follows in FOLLOWS.values() for state in follows.values()} | {"planned"}
    assert reached == set(STATES)
    assert {state for state, follows in FOLLOWS.items() if not follows} == set(OVER)
    assert set(TIMEOUTS) <= set(STATES)
    for kind in KINDS:
        used = kind in NOTES or any(kind in follows for follows in FOLLOWS.values())
        assert used or kind == "planned", kind


def test_from_every_state_an_end_can_be_reached() -> None:
    can_end = set(OVER)
    while True:
        more = {state for state, follows in FOLLOWS.items() if can_end & set(follows.values())} - can_end
        if not more:
            break
        can_end |= more
    assert can_end == set(STATES)


@given(st.lists(st.sampled_from(KINDS), max_size=30))
def test_a_history_stands_or_is_refused_and_a_refusal_changes_nothing(kinds: list[Kind]) -> None:
    standing = after(Standing(), event("planned"))
    kept = [event("planned")]
    for at_ms, kind in enumerate(kinds, 2):
        happened = event(kind, at_ms)
        allowed = (standing.state in NOTES[kind]) if kind in NOTES else kind in FOLLOWS[standing.state]
        if not allowed:
            with pytest.raises(Conflict) as refused:
                after(standing, happened)
            assert refused.value.code == "run_state"
            assert refused.value.remedy
            continue
        new = after(standing, happened)
        assert new.state == (standing.state if kind in NOTES else FOLLOWS[standing.state][kind])
        assert (new.job is not None) == (new.state in ("running", "stopping") or _requeued(kept, happened, new))
        standing = new
        kept.append(happened)
    assert stand(kept) == standing
    assert standing.lives == sum(1 for one in kept if one.kind == "started")


def _requeued(kept: list[Event], happened: Event, new: Standing) -> bool:
    """In a queue again, under the same job."""
    steps = [one.kind for one in (*kept, happened) if one.kind not in NOTES]
    return new.state == "queued" and steps[-1] == "requeued"


def test_what_happens_by_itself_happens_once_and_may_happen() -> None:
    for state, timeout in TIMEOUTS.items():
        standing = Standing(state=state, since_ms=1_000)
        assert overdue(standing, 1_000 + timeout.after_ms - 1) is None
        assert overdue(standing, 1_000 + timeout.after_ms) == timeout.then
        late = after(standing, event(timeout.then, 1_000 + timeout.after_ms))
        assert overdue(late, 10 * timeout.after_ms) is None
    assert all(overdue(Standing(state=state), 10**15) is None for state in STATES if state not in TIMEOUTS)


def test_a_new_life_forgets_how_the_last_one_ended() -> None:
    history: list[Event] = [event("planned"), event("admitted"), event("queued"), event("started")]
    history.append(event("failed", reason="out_of_memory", told="No memory was left.", remedy="Fewer sequences."))
    failed = stand(history)
    assert (failed.state, failed.job, failed.remedy) == ("failed", None, "Fewer sequences.")
    history += [event("queued"), event("started", job="5@6")]
    again = stand(history)
    assert (again.state, again.job, again.told, again.lives) == ("running", "5@6", "", 2)
    assert again.state in AT_WORK
    with pytest.raises(Conflict):
        after(again, event("queued"))
