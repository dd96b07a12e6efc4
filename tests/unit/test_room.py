"""Room in the memory: who leaves for whom, and when the answer is no."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from affouage.errors import EngineFailed
from affouage.pool.engine import Occupancy
from affouage.pool.room import Room, plan
from affouage.testing import EchoEngine

GB = 1_000_000_000
sizes = st.integers(0, 64 * GB)
occupancies = st.builds(
    Occupancy,
    loaded=st.booleans(),
    need_bytes=st.none() | sizes,
    private_bytes=sizes,
    idle_since_us=st.none() | st.integers(0, 10),
)
neighbours = st.dictionaries(st.sampled_from("abcdef"), occupancies)


def freed(one: Occupancy) -> int:
    return max(one.need_bytes or 0, one.private_bytes)


def found(available: int, others: dict[str, Occupancy]) -> int:
    """What is really free: the system counts the file of a loaded model as free, and all of one that only begins."""
    return available - sum(max(0, (one.need_bytes or 0) - one.private_bytes) for one in others.values() if one.loaded)


@seed(1)
@given(need=sizes, available=sizes, others=neighbours)
def test_only_idle_ones_leave_the_longest_unused_first_and_no_more_than_needed(
    need: int, available: int, others: dict[str, Occupancy]
) -> None:
    decided = plan(need, available, others)
    idle = {n: o.idle_since_us for n, o in others.items() if o.loaded and o.idle_since_us is not None}
    free = found(available, others)
    assert decided.enough == (free + sum(freed(others[name]) for name in idle) >= need)
    if not decided.enough:
        assert decided.leave == (), "nobody is sent away in vain"
        return
    assert set(decided.leave) <= set(idle)
    stay = [since for name, since in idle.items() if name not in decided.leave]
    assert all(idle[name] <= since for name in decided.leave for since in stay)
    gained = [freed(others[name]) for name in decided.leave]
    assert free + sum(gained) >= need
    assert not gained or free + sum(gained[:-1]) < need


@seed(2)
@given(need=sizes, available=sizes, more=sizes, others=neighbours)
def test_more_memory_never_refuses_what_less_admits(
    need: int, available: int, more: int, others: dict[str, Occupancy]
) -> None:
    before, after = plan(need, available, others), plan(need, available + more, others)
    assert after.enough or not before.enough
    assert not before.enough or len(after.leave) <= len(before.leave)


def test_the_second_model_takes_the_place_of_the_idle_first() -> None:
    async def scenario() -> None:
        room = Room(lambda: 5 * GB)
        first = EchoEngine("first", need_bytes=4 * GB, make_room=room.make)
        second = EchoEngine("second", need_bytes=4 * GB, make_room=room.make)
        await first.ensure_ready(0)
        assert first.occupancy().loaded
        await second.ensure_ready(0)
        assert (first.occupancy().loaded, second.occupancy().loaded) == (False, True)
        await first.ensure_ready(0)
        assert (first.occupancy().loaded, second.occupancy().loaded) == (True, False)

    asyncio.run(scenario())


def test_a_model_at_work_stays_and_the_newcomer_is_told_both_figures() -> None:
    async def scenario() -> None:
        room = Room(lambda: 5 * GB)
        first = EchoEngine("first", need_bytes=4 * GB, make_room=room.make)
        second = EchoEngine("second", need_bytes=3 * GB, make_room=room.make)
        await first.ensure_ready(0)
        first.in_flight = 1
        with pytest.raises(EngineFailed, match=r"second needs about 3\.0 GB of memory; 1\.0 GB can be had") as refused:
            await second.ensure_ready(0)
        assert refused.value.code == "no_room"
        assert "first" in refused.value.message
        assert refused.value.remedy
        assert first.occupancy().loaded
        assert not second.occupancy().loaded
        first.in_flight = 0
        await second.ensure_ready(0)
        assert second.occupancy().loaded

    asyncio.run(scenario())


def test_two_that_load_at_once_do_not_share_the_same_room() -> None:
    async def scenario() -> None:
        room = Room(lambda: 5 * GB)
        engines = [EchoEngine(name, need_bytes=3 * GB, make_room=room.make) for name in ("one", "two")]
        for engine in engines:
            engine.in_flight = 1  # nobody may be sent away
        loads = await asyncio.gather(*(engine.ensure_ready(0) for engine in engines), return_exceptions=True)
        assert sorted(type(one).__name__ for one in loads) == ["EngineFailed", "NoneType"]

    asyncio.run(scenario())


@pytest.mark.parametrize(("need", "available"), [(None, 1), (4 * GB, None)])
def test_what_is_not_known_is_no_refusal(need: int | None, available: int | None) -> None:
    async def scenario() -> None:
        room = Room(lambda: available)
        engine = EchoEngine("one", need_bytes=need, make_room=room.make)
        await engine.ensure_ready(0)
        assert engine.occupancy().loaded

    asyncio.run(scenario())
