"""Gateways in processes of their own take turns at the same machines: never one too many, each member his right, and
what a killed one held comes back."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter

import pytest

from tests.integration.gateways_played import Played
from tests.integration.turns_seen import Taken, end, held_at, most_at_once, processes, until_turns
from tests.integration.turns_taken import Plan, take_turns

LIGHT = [f"m{number:02d}" for number in range(25)]


TURNS = 26 * 18
"""So many that a fifth of one's right is several turns."""


def plans(url: str, many: int, **facts: object) -> list[Plan]:
    """One member asks as much as all 25 others together, at every gateway; each of the others at one of them."""
    return [
        Plan(
            url=url,
            gateway_id=f"g{place}",
            askers=[("greedy", -(-25 // many)), *((name, 1) for name in LIGHT[place::many])],
            slots=[2, 1, 1],
            seed=place,
            **facts,  # type: ignore[arg-type]
        )
        for place in range(many)
    ]


def check_right(tokens: Counter[str]) -> None:
    """Test 11 of the design: half of the demand is one member's, and he is served a 26th, within a fifth of it."""
    whole = sum(tokens.values())
    assert 0.8 / 26 <= tokens["greedy"] / whole <= 1.2 / 26, tokens
    assert min(tokens[name] for name in LIGHT) >= 0.7 * whole / 26, tokens


def test_each_has_his_right_in_memory() -> None:
    taken = Taken()

    async def tale() -> None:
        begin, enough = asyncio.Event(), asyncio.Event()

        def tell(*line: object) -> None:
            taken.note(*line)  # type: ignore[arg-type]
            if len(taken.ended) >= TURNS:
                enough.set()

        begin.set()
        (plan,) = plans("", 1)
        await take_turns(plan, tell, begin.wait(), enough.wait())

    asyncio.run(tale())
    check_right(taken.tokens())
    assert most_at_once([taken]) == 4


@pytest.mark.parametrize("many", [2, pytest.param(4, marks=pytest.mark.long)])
def test_each_has_his_right_and_no_machine_too_much_with_several_gateways(pg_url: str, many: int) -> None:
    with processes(plans(pg_url, many)) as started:
        until_turns(started, TURNS)
        end(started)
    assert not any(one.taken.lost for one in started)
    assert most_at_once(one.taken for one in started) == 4
    check_right(sum((one.taken.tokens() for one in started), Counter[str]()))
    assert Played(pg_url).state("m").running == []


def test_what_a_killed_gateway_and_a_stopped_one_had_comes_back(pg_url: str) -> None:
    """Two of three gateways go in the middle of turns that last; the third goes on with all slots, and when the stopped
    one is back it ends what it had, and has its part again."""
    long_turns = plans(pg_url, 3, ms_per_token=5.0)
    with processes(long_turns) as (killed, stopped, living):
        until_turns([killed, stopped, living], 6)
        while not stopped.taken.held:
            until_turns([killed, living], len(killed.taken.ended) + len(living.taken.ended) + 1)
        stopped.popen.send_signal(signal.SIGSTOP)
        killed.popen.kill()
        killed.gone()
        gone_ns = time.monotonic_ns()
        until_turns([living], len(living.taken.ended) + 20)
        all_back_ns = min(moment for moment, held in held_at(living.taken) if held == 4 and moment > gone_ns)
        assert all_back_ns - gone_ns < 15e9, "within 10 s; the rest is for a machine that has other things to do"
        back_ns = time.monotonic_ns()
        stopped.popen.send_signal(signal.SIGCONT)
        until_turns([stopped], len(stopped.taken.ended) + 8)
        until_turns([living], len(living.taken.ended) + 5)
        end([stopped, living])
    late = dict(stopped.taken.spanning(gone_ns, back_ns)) | {
        one: stopped.taken.ended[one][1] for one in stopped.taken.lost
    }
    assert late, "it was in the middle of something"
    assert all(0 < at_ns - back_ns < 5e9 for at_ns in late.values()), "its last words, or the news that it was lost"
    assert not living.taken.lost
    for name in late:
        stopped.taken.ended.pop(name)
    assert most_at_once([stopped.taken, living.taken]) == 4
    served = {member for member, _, tokens in living.taken.ended.values() if tokens >= 0}
    assert served >= set(LIGHT[2::3]), "nobody starves"
