"""Traces through the queue of production: the scenarios of fair sharing, with their targets, in simulated time.

Conditions: 4 slots of 20 tokens a second, lengths drawn from lognormals, half an hour, several seeds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from affouage.pool.outcome import Outcome, outcome_of
from affouage.pool.simulation import Policy, Run
from affouage.pool.trace import EXAMPLE, Member, Request, Station, Trace, read_trace

HALF_HOUR_S = 1_800.0
SEEDS = (1, 2)
SLOTS, PACE = 4, 20.0
Draw = Callable[[], tuple[int, int]]


def drawn(chance: random.Random, outputs: float = 50.0) -> Draw:
    """(prompt, output) tokens: lognormal, an answer of ``outputs`` tokens in the median, 1,500 at most."""

    def draw() -> tuple[int, int]:
        prompt = min(400, max(1, round(chance.lognormvariate(4.0, 0.8))))
        return prompt, min(1_500, max(1, round(outputs * chance.lognormvariate(0.0, 0.8))))

    return draw


def fixed(output: int) -> Draw:
    return lambda: (50, output)


def asking(
    chance: random.Random,
    member: str,
    per_s: float,
    draw: Draw,
    start_s: float = 0,
    end_s: float = HALF_HOUR_S,
    **more: Any,
) -> list[Request]:
    """Requests that come at random, ``per_s`` of them on average."""
    found: list[Request] = []
    at_s = start_s
    while (at_s := at_s + chance.expovariate(per_s)) < end_s:
        prompt, output = draw()
        found.append(
            Request(
                id=f"{member}.{len(found)}",
                member=member,
                at_s=round(at_s, 6),
                prompt_tokens=prompt,
                output_tokens=output,
                **more,
            )
        )
    return found


def trace_of(*requests: list[Request], **more: Any) -> Trace:
    until_s = more.pop("until_s", HALF_HOUR_S)
    return Trace(
        version=1,
        until_s=until_s,
        slots=SLOTS,
        tokens_per_s=PACE,
        requests=[one for some in requests for one in some],
        **more,
    )


def played(trace: Trace, policy: Policy) -> tuple[Run, Outcome]:
    """One policy; what must hold of any run is asserted here."""
    run = Run(trace, policy)
    run.play()
    found = outcome_of(run)
    assert found.idle_while_backlog_us == 0
    if policy == "vtc":
        assert found.gap_held, (found.worst_gap, found.gap_bound)
    return run, found


def play(trace: Trace, policy: Policy = "vtc") -> Outcome:
    return played(trace, policy)[1]


def both(trace: Trace) -> tuple[Outcome, Outcome]:
    fair, first_come = play(trace), play(trace, "fcfs")
    assert fair.utilisation >= 0.99 * first_come.utilisation
    return fair, first_come


def backlogged(found: Outcome) -> tuple[float, float]:
    assert found.backlogged is not None
    assert found.backlogged.service_ratio is not None
    return found.backlogged.service_ratio, found.backlogged.jain


@pytest.mark.parametrize("seed", SEEDS)
def test_a_one_sends_ten_times_as_much(seed: int) -> None:
    chance = random.Random(seed)
    draw = drawn(chance)
    fair, first_come = both(trace_of(asking(chance, "a", 1.5, draw), asking(chance, "b", 15, draw)))
    ratio, jain = backlogged(fair)
    assert ratio <= 1.02
    assert jain >= 0.999
    assert backlogged(first_come)[0] > 5


def light_waits(run: Run) -> tuple[float, float]:
    """Median and 99th percentile wait of all but the flooder, seconds."""
    waits = sorted(
        job.start_us - job.at_us for job in run.jobs if job.start_us is not None and job.ask.member != "flooder"
    )
    return waits[(len(waits) - 1) // 2] / 1e6, waits[-(-99 * len(waits) // 100) - 1] / 1e6


def residual_s(trace: Trace) -> float:
    """Mean time until one of the busy slots is free, about E[answer] / slots."""
    return sum(one.output_tokens / PACE for one in trace.requests) / len(trace.requests) / SLOTS


def check_light(trace: Trace) -> Outcome:
    run, fair = played(trace, "vtc")
    alone, first_come = played(trace, "fcfs")
    assert fair.utilisation >= 0.99 * first_come.utilisation
    median_s, p99_s = light_waits(run)
    assert median_s <= 1.5 * residual_s(trace)
    assert p99_s <= light_waits(alone)[1] / 100
    return fair


@pytest.mark.parametrize("seed", SEEDS)
def test_b_a_light_member_beside_a_flooder(seed: int) -> None:
    chance = random.Random(seed)
    draw = drawn(chance)
    fair = check_light(trace_of(asking(chance, "light", 1 / 60, draw), asking(chance, "flooder", 6, draw)))
    light = fair.members["light"]
    assert light.waiting_at_end + light.running_at_end <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_c_nineteen_light_members_and_a_flooder(seed: int) -> None:
    chance = random.Random(seed)
    draw = drawn(chance)
    mean_tokens = 50 * math.exp(0.8**2 / 2)
    each_per_s = 0.4 * SLOTS * PACE / mean_tokens / 19
    light = [asking(chance, f"light{one}", each_per_s, draw) for one in range(19)]
    fair = check_light(trace_of(*light, asking(chance, "flooder", 6, draw)))
    assert fair.members["flooder"].service > 0.45 * fair.service  # nothing is lost: the rest is the flooder's


@pytest.mark.parametrize("seed", SEEDS)
def test_d_answers_of_40_tokens_against_400(seed: int) -> None:
    chance = random.Random(seed)
    fair, first_come = both(trace_of(asking(chance, "short", 2, fixed(40)), asking(chance, "long", 2, fixed(400))))
    assert backlogged(fair)[0] <= 1.02
    assert backlogged(first_come)[0] > 3


@pytest.mark.parametrize("seed", SEEDS)
def test_e_shares_voted_two_to_one(seed: int) -> None:
    chance = random.Random(seed)
    draw = drawn(chance)
    voted = {"a": Member(weight_percent=200), "b": Member(weight_percent=100)}
    fair = play(trace_of(asking(chance, "a", 2, draw), asking(chance, "b", 2, draw), members=voted))
    served = fair.members
    assert served["a"].service / served["b"].service == pytest.approx(2.0, rel=0.01)
    assert backlogged(fair)[0] <= 1.02


@pytest.mark.parametrize("seed", SEEDS)
def test_f_an_hour_away_brings_at_most_one_batch_ahead(seed: int) -> None:
    chance = random.Random(seed)
    draw = drawn(chance)
    away = [*asking(chance, "away", 2, draw, 0, 60), *asking(chance, "away", 2, draw, 3_660, 4_200)]
    away = [replace(one, id=f"away.{number}") for number, one in enumerate(away)]
    others = [asking(chance, name, 1, draw, 0, 4_200) for name in ("b", "c")]
    until_back = play(trace_of(away, *others, until_s=3_660.0))
    for later_s in (30, 120, 300):
        found = play(trace_of(away, *others, until_s=3_660.0 + later_s))
        since = {name: one.service - until_back.members[name].service for name, one in found.members.items()}
        batch = found.gap_bound / 2
        assert since["away"] - min(since["b"], since["c"]) <= batch


def test_f_newcomers_and_leavers_leave_the_others_equal() -> None:
    chance = random.Random(8)
    draw = drawn(chance)
    passing = [asking(chance, f"p{one}", 0.5, draw, one * 150, one * 150 + 300) for one in range(10)]
    fair, _ = both(trace_of(asking(chance, "a", 2, draw), asking(chance, "b", 4, draw), *passing))
    assert fair.backlogged is not None
    assert {"a", "b"} <= fair.backlogged.members.keys()
    assert fair.members["a"].service == pytest.approx(fair.members["b"].service, rel=0.02)


def test_g_cancelled_in_the_middle_costs_what_was_written() -> None:
    one = Request(id="a", member="a", at_s=0, prompt_tokens=30, cached_tokens=10, output_tokens=500, cancel_at_s=12.34)
    waiting = Request(id="w", member="w", at_s=1, prompt_tokens=30, output_tokens=500, cancel_at_s=2)
    trace = Trace(version=1, until_s=60, slots=1, tokens_per_s=20, prompt_tokens_per_s=10, requests=[one, waiting])
    found = play(trace)
    written = int((12.34 - 20 / 10) * 20)
    assert found.members["a"].output_tokens == written
    assert found.members["a"].service == 20 + 2 * written
    assert found.members["a"].cancelled == 1
    assert (found.members["w"].left, found.members["w"].service) == (1, 0)


def test_h_a_newcomer_has_no_burst_while_others_only_run() -> None:
    """Four answers run and nobody waits when a newcomer and one of the runners ask for more, at the same moment."""
    running = [
        Request(id=f"old{one}", member="old", at_s=0, prompt_tokens=0, output_tokens=1_000 + one)
        for one in range(SLOTS)
    ]
    more = [
        Request(id=f"{member}.{one}", member=member, at_s=30, prompt_tokens=0, output_tokens=100)
        for one in range(200)
        for member in ("new", "old")
    ]
    found = play(trace_of(running, more, until_s=200.0))
    old_before_s = 30 * SLOTS * PACE * 2
    assert found.members["new"].service - (found.members["old"].service - old_before_s) <= found.gap_bound / 2


def test_h_a_slow_machine_for_some_gives_newcomers_elsewhere_no_credit() -> None:
    """One member allows only a slow machine, and lags; who comes later for the fast one has no burst there."""
    machines = [Station(name="here", slots=1, tokens_per_s=5), Station(name="pool", trust=3, slots=4, tokens_per_s=50)]
    asks = [
        Request(id=f"{member}.{one}", member=member, at_s=from_s, prompt_tokens=50, output_tokens=200, reach=reach)
        for member, from_s, reach in (("narrow", 0, 0), ("wide", 0, 3), ("new", 600, 3))
        for one in range(1_200)
    ]
    both(Trace(version=1, until_s=1_200, requests=asks, stations=machines))  # the gap is within the bound


def test_i_a_cached_prefix_costs_nothing() -> None:
    draw: Draw = lambda: (400, 40)  # noqa: E731
    chance = random.Random(3)
    cached = asking(chance, "cached", 2, draw, cached_tokens=380)
    found = play(trace_of(cached, asking(chance, "cold", 2, draw)))
    assert backlogged(found)[0] <= 1.02
    ratio = found.members["cached"].finished / found.members["cold"].finished
    assert ratio == pytest.approx((400 + 80) / (20 + 80), rel=0.03)


def test_j_beyond_the_budget_it_is_refused_and_never_starved() -> None:
    chance = random.Random(4)
    draw = drawn(chance)
    trace = trace_of(
        asking(chance, "spent", 0.05, draw),
        asking(chance, "flooder", 6, draw),
        members={"spent": Member(budget=2_000)},
    )
    found = play(trace).members["spent"]
    assert 1_500 < found.service <= 2_000
    assert found.refused > 0
    assert found.finished + found.refused + found.running_at_end + found.waiting_at_end == found.requests
    assert found.waiting_at_end <= 1


def test_j_what_was_held_and_not_used_is_given_back() -> None:
    asked = Request(id="1", member="a", at_s=0, cancel_at_s=1, prompt_tokens=0, output_tokens=100)
    first, second, third = (asked, *(replace(asked, id=str(at), at_s=at, cancel_at_s=None) for at in (2, 3)))
    trace = Trace(version=1, until_s=60, requests=[first, second, third], members={"a": Member(budget=250)})
    found = play(trace).members["a"]
    assert (found.finished, found.cancelled, found.refused) == (1, 1, 1)


def test_k_ten_thousand_members_are_served_as_ten_are() -> None:
    """Each member of the crowd asks once: everybody is served once before the flooder is served again."""
    crowd = [
        Request(id=f"m{one}", member=f"m{one}", at_s=1, prompt_tokens=0, output_tokens=20) for one in range(10_000)
    ]
    flood = [Request(id=f"f{one}", member="f", at_s=0, prompt_tokens=0, output_tokens=20) for one in range(2_000)]
    found = play(trace_of(crowd, flood, until_s=2_400.0))
    assert found.members["f"].service <= 3 * SLOTS * 40
    assert sum(one.finished for name, one in found.members.items() if name != "f") >= 9_590
    assert found.utilisation == pytest.approx(1.0, abs=0.001)


def test_the_same_trace_gives_the_same_bytes_whatever_the_order_it_is_written_in() -> None:
    chance = random.Random(6)
    draw = drawn(chance)
    requests = [
        *asking(chance, "a", 1, draw, 0, 300, group="desk"),
        *asking(chance, "b", 1, draw, 0, 300, reach=1),
        *asking(chance, "c", 1, draw, 0, 300, batch=True),
    ]
    stations = [Station(name="here", slots=1), Station(name="bob's", slots=2, trust=2, owner="c", tokens_per_s=7.3)]
    written: list[bytes] = []
    for _ in range(3):
        chance.shuffle(requests)
        run = Run(trace_of(requests, stations=stations, floors={"desk": 40}, until_s=400.0), "vtc", written.append)
        run.play()
        written.append(run.decisions_sha256.encode())
    third = len(written) // 3
    assert written[:third] == written[third : 2 * third] == written[2 * third :]


asks = st.lists(
    st.tuples(
        st.sampled_from("abcd"),  # member
        st.floats(0, 60).map(lambda at: round(at, 3)),
        st.integers(0, 100),  # prompt
        st.integers(0, 100),  # output
        st.booleans(),  # batch
        st.integers(0, 3),  # reach
        st.none() | st.floats(0, 60).map(lambda after: round(after, 3)),
        st.sampled_from(["", "desk"]),
    ),
    max_size=60,
)
machines = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["", "a"]), st.integers(1, 3), st.sampled_from([0.7, 20.0, 33.3])),
    max_size=3,
)


@given(asks=asks, machines=machines, unit=st.sampled_from(["tokens", "engine_seconds", "joules"]))
@settings(max_examples=150)
def test_any_trace_ends_with_every_request_accounted_for(asks: Any, machines: Any, unit: Any) -> None:
    trace = Trace(
        version=1,
        until_s=50,
        slots=2,
        unit=unit,
        slot_watts=30.0,
        prompt_tokens_per_s=50,
        floors={"desk": 50},
        batch_latest_s=10,
        stations=[
            Station(name=str(number), trust=trust, owner=owner, slots=slots, tokens_per_s=pace)
            for number, (trust, owner, slots, pace) in enumerate(machines)
        ],
        requests=[
            Request(
                id=str(number),
                member=member,
                at_s=at_s,
                prompt_tokens=prompt,
                output_tokens=output,
                batch=batch,
                reach=reach,
                cancel_at_s=None if after is None else at_s + after,
                group=group,
            )
            for number, (member, at_s, prompt, output, batch, reach, after, group) in enumerate(asks)
        ],
    )
    trusts = {one.name: one.trust for one in trace.stations} or {"machine": 0}
    owners = {one.name: one.owner for one in trace.stations}
    for policy in ("vtc", "fcfs"):
        lines: list[bytes] = []
        run = Run(trace, policy, lines.append)
        run.play()
        found = outcome_of(run)
        assert found.idle_while_backlog_us == 0
        assert found.utilisation <= 1
        assert policy == "fcfs" or found.gap_held
        by_id = {one.id: one for one in trace.requests}
        admitted = [msgspec.json.decode(line) for line in lines if b'"admitted"' in line]
        assert len({one["request"] for one in admitted}) == len(admitted)
        assert all(by_id[one["request"]].reach >= trusts[one["station"]] for one in admitted)
        for one in found.members.values():
            ended = one.finished + one.cancelled + one.left + one.refused
            here = [job for job in run.jobs if job.at_us >= run.until_us and not job.outcome]
            assert ended + one.running_at_end + one.waiting_at_end <= one.requests
            assert one.requests - ended - one.running_at_end - one.waiting_at_end <= len(here)
        if unit == "tokens":
            assert found.service == sum(one.prompt_tokens + 2 * one.output_tokens for one in found.members.values())
        if policy == "vtc":
            _owners_first(run, lines, owners)


def _owners_first(run: Run, lines: list[bytes], owners: dict[str, str]) -> None:
    """Nobody else was admitted on a machine while a pressing request of its owner waited that it could serve."""
    trusts = {machine.name: machine.trust for machine in run.machines}
    pressing = [job for job in run.jobs if not job.ask.batch]
    for decision in (msgspec.json.decode(line) for line in lines if b'"admitted"' in line):
        owner, at_us = owners.get(decision["station"], ""), decision["at_us"]
        ask = next(job.ask for job in run.jobs if job.ask.id == decision["request"])
        if not owner or ask.member == owner:
            continue
        for job in pressing:
            if job.ask.member == owner and job.ask.reach >= trusts[decision["station"]] and job.at_us <= at_us:
                gone = job.start_us if job.start_us is not None else job.end_us
                assert gone is not None
                assert gone <= at_us


def test_the_owner_is_first_on_its_machine_in_a_trace() -> None:
    flood = [Request(id=f"f{one}", member="f", at_s=0, prompt_tokens=0, output_tokens=100) for one in range(500)]
    own = [Request(id=f"o{one}", member="o", at_s=5 * one, prompt_tokens=0, output_tokens=80) for one in range(40)]
    stations = [Station(name="home", slots=1, owner="o", trust=2), Station(name="hall", slots=1)]
    found = play(Trace(version=1, until_s=200, requests=flood + own, stations=stations))
    assert found.members["o"].service > 0.98 * 40 * 160
    assert (found.members["o"].waits.max_ms or 0) <= 5_000


def test_a_floor_holds_in_a_trace_and_what_does_not_press_takes_what_is_left() -> None:
    chance = random.Random(2)
    crowd = [asking(chance, f"m{one}", 1, fixed(60), 0, 600) for one in range(20)]
    desk = asking(chance, "agent", 2, fixed(60), 0, 600, group="desk")
    night = asking(chance, "night", 1, fixed(60), 0, 600, batch=True)
    found = play(trace_of(*crowd, desk, night, floors={"desk": 40}, until_s=600.0))
    assert found.members["agent"].service / found.service == pytest.approx(0.40, abs=0.03)
    assert found.members["night"].service < 0.02 * found.service
    quiet = play(trace_of(desk, night, floors={"desk": 40}, until_s=900.0))
    assert quiet.members["night"].service > 0


def test_nobody_came() -> None:
    found = play(Trace(version=1, until_s=10, requests=[]))
    assert (found.service, found.utilisation, found.members, found.jain_all) == (0, 0, {}, None)
    assert found.waits.p50_ms is None


def test_the_example_is_a_trace() -> None:
    found = play(read_trace(EXAMPLE.encode()))
    assert found.requests_finished == 8
    assert found.members["c"].cancelled + found.members["c"].left == 1
