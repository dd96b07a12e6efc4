"""Every parser of outside input, given its own seeds changed here and there, and bytes of no kind at all."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from tests.fuzz.changes import changed
from tests.fuzz.targets import BY_NAME, TARGETS, Target, kept

_AT_ONCE = 25


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_it_answers_or_refuses_by_name(name: str) -> None:
    """Many at a time: drawing each change by itself would take longer than trying it."""
    target = BY_NAME[name]
    seeds = [*target.seeds(), *kept(target)]

    @rules(max_examples=target.draws, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(number=st.integers(0, 2**32))
    def feed(number: int) -> None:
        chance = Random(number)
        for _ in range(_AT_ONCE):
            target.feed(changed(chance.choice(seeds), chance))
            target.feed(chance.randbytes(chance.randint(0, 60)))

    feed()


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_what_was_found_once_is_tried_for_ever(target: Target) -> None:
    for data in [*target.seeds(), *kept(target)]:
        target.feed(data)


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_the_seeds_are_well_formed(target: Target) -> None:
    """Or fuzzing would stop at the door."""
    if target.name == "sealed":  # nothing that was not sealed for it opens
        return
    taken = [target.feed(one) for one in target.seeds()]
    assert any(taken), f"all {len(taken)} seeds of {target.name} are refused"
