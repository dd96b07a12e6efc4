"""What does not hold, decided from what was looked at; and the text that watchers read."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from affouage.gateway.exposition import family, histogram
from affouage.gateway.ready import CHECKS, Found, problems
from affouage.ledger.counted import Counted
from affouage.pool.engine import EngineState
from affouage.storage.delays import BOUNDS_MS, Delays

states = st.sampled_from(["stopped", "loading", "ready", "failed"]).map(lambda one: EngineState(one))  # type: ignore[arg-type]
found = st.builds(
    Found,
    writes=st.sampled_from(["", "The disk is full."]),
    free_bytes=st.none() | st.integers(0, 10**12),
    engines=st.lists(states, max_size=3).map(tuple),
    broker=st.none() | st.booleans(),
)


@given(found)
def test_each_check_says_at_most_one_thing_and_holds_when_it_should(one: Found) -> None:
    said = [problem.check for problem in problems(one)]
    assert len(said) == len(set(said))
    assert set(said) <= set(CHECKS)
    assert ("database" in said) == bool(one.writes)
    assert ("disk" in said) == (one.free_bytes is None or one.free_bytes < 100_000_000)
    assert ("engine" in said) == (not [state for state in one.engines if state.status != "failed"])
    assert ("broker" in said) == (one.broker is False), "None: there is no pool to reach"


@given(st.lists(st.integers(0, 10_000_000), max_size=50))
def test_every_delay_falls_into_the_classes_that_bound_it(delays_us: list[int]) -> None:
    delays = Delays()
    for one in delays_us:
        delays.add(one)
    for bound_ms, count in delays.up_to():
        assert count == sum(one <= bound_ms * 1000 for one in delays_us)
    assert [bound for bound, _ in delays.up_to()] == list(BOUNDS_MS)
    assert (delays.count, delays.sum_us) == (len(delays_us), sum(delays_us))


SAMPLE = re.compile(r'[a-z_]+(\{[a-z]+="([^"\\\n]|\\["\\n])*"\})? [0-9.e+-]+')


@given(st.text(max_size=20), st.floats(0, 1e15))
def test_any_label_stays_on_its_line(label: str, value: float) -> None:
    told = family("affouage_things", "gauge", "Things.", [({"model": label}, value)])
    lines = told.split("\n")
    assert lines[:2] == ["# HELP affouage_things Things.", "# TYPE affouage_things gauge"]
    assert len(lines) == 4
    assert SAMPLE.fullmatch(lines[2]), lines[2]


def test_a_histogram_ends_with_all_of_them() -> None:
    told = histogram("affouage_wait_seconds", "Waits.", [(0.005, 2), (2, 3)], 4, 9.5).splitlines()
    assert told[2:] == [
        'affouage_wait_seconds_bucket{le="0.005"} 2',
        'affouage_wait_seconds_bucket{le="2"} 3',
        'affouage_wait_seconds_bucket{le="+Inf"} 4',
        "affouage_wait_seconds_sum 9.5",
        "affouage_wait_seconds_count 4",
    ]


def test_unknown_energy_is_counted_as_unknown_and_not_as_nought() -> None:
    from affouage.ledger.receipt import Durations, EngineStamp, ModelStamp, Receipt, TokenCounts

    counted = Counted()
    counted.add(
        Receipt(
            id="rcp_1",
            member_id="m_1",
            door="api",
            kind="chat",
            created_ms=0,
            outcome="completed",
            model=ModelStamp(id="echo", name="Echo"),
            engine=EngineStamp("echo", "1", "here"),
            tokens=TokenCounts(prompt=3),
            durations=Durations(wait_ms=0, wait_reason="none", total_ms=1),
        )
    )
    assert counted.answers == {("echo", "completed"): 1}
    assert counted.tokens == {("echo", "prompt"): 3}, "what is not known is not counted"
    assert (dict(counted.energy_uj), counted.energy_unknown) == ({}, {"echo": 1})
