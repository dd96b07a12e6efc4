"""A queue put away as bytes and taken up again decides exactly as the one that lived on; and it stays small."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from affouage.pool.metering import Metering
from affouage.pool.model_queue import ModelQueue, Now
from affouage.pool.queue_state import ONE_GATEWAY, SEVERAL_GATEWAYS, Bounds, packed, unpacked
from affouage.pool.share_rules import ShareRules
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket
from affouage.testing import EchoEngine, FixedMeter, ManualClock

SMALL = Bounds(conversations=3, owing=2, away=2)
RULES = [
    ShareRules(batch_hours=()),
    ShareRules(batch_hours=(), unit="joules", batch_latest_h=1),
    ShareRules(batch_hours=(), unit="engine_seconds", floors={"desk": 30}),
]


def stations() -> list[Station]:
    """This machine, an owner's that serves him first, and one whose energy is known."""
    clock = ManualClock()
    facts = [
        {"slots": 2},
        {"slots": 1, "own_slots": 2, "trust": 2, "owner_id": "m0", "owner_first": True},
        {"slots": 1, "trust": 3, "owner_id": "m1", "token_uj": 700},
    ]
    found = []
    for place, one in enumerate(facts):
        metering = Metering(FixedMeter(clock), clock, machine_id=str(place))
        name = f"n_{place}" if place else ""
        found.append(Station(node_id=name, engine=EchoEngine("m"), metering=metering, **one))  # type: ignore[arg-type]
    found[0].metering.weights.note("m", prompt_tokens=10, prompt_ms=70.0, decoded_tokens=10, decode_ms=333.0)
    return found


class LivedAndRestored(RuleBasedStateMachine):
    """Two queues are told the same; one of them is put away as bytes before each time."""

    def __init__(self) -> None:
        super().__init__()
        self.stations = stations()
        self.rules = RULES[0]
        self.at_us = 1_000_000
        self.count = 0
        self.lived = ModelQueue("m", self.rules, SMALL)
        self.kept = packed(ModelQueue("m", self.rules, SMALL).snapshot())

    def both(self, act: Callable[[ModelQueue], object]) -> None:
        other = ModelQueue.restored("m", unpacked(self.kept), SMALL)
        mine, its = act(self.lived), act(other)
        assert mine == its
        self.kept = packed(other.snapshot())
        assert self.kept == packed(self.lived.snapshot())

    def now(self) -> Now:
        return Now(self.stations, self.rules, self.at_us, cheap=False)

    @rule(
        who=st.integers(0, 4),
        reach=st.integers(0, 3),
        batch=st.booleans(),
        again=st.integers(0, 6),
        tokens=st.integers(0, 50),
        gateway=st.sampled_from("ab"),
        talk=st.integers(0, 5),
    )
    def arrive(self, who: int, reach: int, batch: bool, again: int, tokens: int, gateway: str, talk: int) -> None:
        self.count += 1
        ticket = Ticket(
            request_id=f"r{self.count}",
            member_id=f"m{who}",
            model_id="m",
            weight_percent=(33, 100, 250)[who % 3],
            group=("", "desk", "none")[who % 3],
            batch=batch,
            reach=reach,
            prompt_tokens=tokens,
            decode_tokens=tokens or None,
            prefix_sha256=f"c{talk}" if talk else "",
            avoid=frozenset({"n_1", "n_2"}) if again == 1 else frozenset(),
            again=again == 0,
            gateway_id=gateway,
        )
        self.both(lambda queue: queue.arrive(ticket, self.now()))

    @rule()
    def hand_out(self) -> None:
        self.both(lambda queue: [(ticket, station.key) for ticket, station in queue.hand_out(self.now())])

    @precondition(lambda self: self.lived.running)
    @rule(data=st.data(), prompt=st.none() | st.integers(0, 60), decoded=st.integers(0, 90))
    def charge(self, data: st.DataObject, prompt: int | None, decoded: int) -> None:
        one = data.draw(st.sampled_from(sorted(self.lived.running)))
        work = {"prompt_tokens": prompt, "decoded_tokens": decoded, "energy_uj": decoded * 900}
        self.both(lambda queue: queue.charge(one, **work))

    @precondition(lambda self: self.lived.running)
    @rule(data=st.data(), owed=st.integers(0, 100_000))
    def finish(self, data: st.DataObject, owed: int) -> None:
        one = data.draw(st.sampled_from(sorted(self.lived.running)))
        self.both(lambda queue: queue.finish(one, self.at_us))
        self.both(lambda queue: queue.owe(one, owed))

    @precondition(lambda self: self.lived.waiting)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(sorted(self.lived.waiting)))
        self.both(lambda queue: queue.leave(one))

    @rule(us=st.integers(1, 5_000_000) | st.just(3_700_000_000))
    def time_passes(self, us: int) -> None:
        self.at_us += us

    @rule(place=st.integers(0, 2), slots=st.integers(0, 3))
    def open(self, place: int, slots: int) -> None:
        self.stations[place] = msgspec.structs.replace(self.stations[place], slots=slots)

    @rule(which=st.integers(0, 2))
    def vote(self, which: int) -> None:
        self.rules = RULES[which]

    @rule(living=st.sampled_from([{"a"}, {"b"}, {"a", "b"}]))
    def a_gateway_is_dead(self, living: set[str]) -> None:
        self.both(lambda queue: queue.drop(living, self.at_us))
        here = {ticket.gateway_id for ticket, _ in self.lived.waiting.values()}
        here |= {run.ticket.gateway_id for run in self.lived.running.values()}
        assert here <= living

    @rule()
    def an_engine_starts_again(self) -> None:
        self.both(lambda queue: queue.prefixes.forget("n_1"))

    @rule()
    def tell(self) -> None:
        self.both(lambda queue: list(queue.turns(self.now()).items()))

    @invariant()
    def slots_are_counted(self) -> None:
        other = ModelQueue.restored("m", unpacked(self.kept), SMALL)
        assert other.counts() == self.lived.counts()
        for station in self.stations:
            assert other.in_use(station.key) == self.lived.in_use(station.key)
        assert all(other.waiting_of(f"m{one}") == self.lived.waiting_of(f"m{one}") for one in range(5))


TestLivedAndRestored = LivedAndRestored.TestCase
TestLivedAndRestored.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)


def crowd(queue: ModelQueue, members: int, rounds: int) -> None:
    """Many members ask, are served and go, in any order; one is always there, and is served least."""
    chance = random.Random(8)
    here = stations()
    now = Now(here, ShareRules(batch_hours=(), unit="joules"), 0, cheap=False)
    for count in range(rounds):
        ticket = Ticket(
            request_id=f"chatcmpl-{count:032x}",
            member_id=f"{chance.randrange(members):032x}",
            model_id="m",
            prompt_tokens=100,
            prefix_sha256=f"{chance.randrange(1000):016x}",
        )
        queue.arrive(ticket, now)
        for given_, _ in queue.hand_out(now):
            if count % 40 > 20 and given_.request_id in queue.running:
                queue.charge(given_.request_id, decoded_tokens=50, energy_uj=10**6)
                queue.finish(given_.request_id, 10**6)
        while len(queue.waiting) > 60:
            queue.leave(next(iter(queue.waiting)))
        while len(queue.running) > 3:
            one = next(iter(queue.running))
            queue.charge(one, decoded_tokens=chance.randrange(500), energy_uj=chance.randrange(10**9))
            queue.finish(one, 10**6)


def test_it_stays_small_whatever_has_been() -> None:
    bounded, grown = ModelQueue("m", RULES[1], SEVERAL_GATEWAYS), ModelQueue("m", RULES[1], ONE_GATEWAY)
    crowd(bounded, 5000, 6000)
    crowd(grown, 5000, 6000)
    assert len(packed(bounded.snapshot())) < 120_000
    assert len(packed(bounded.snapshot())) < len(packed(grown.snapshot())), "bounds hold something back"


@given(cost=st.integers(2**62, 2**90))
def test_counters_of_any_size_are_kept(cost: int) -> None:
    queue = ModelQueue("m", RULES[1], SMALL)
    now = Now(stations(), RULES[1], 0, cheap=False)
    queue.arrive(Ticket(request_id="r", member_id="m9", model_id="m", weight_percent=1), now)
    list(queue.hand_out(now))
    queue.charge("r", energy_uj=cost)
    assert unpacked(packed(queue.snapshot())) == queue.snapshot()


@pytest.mark.parametrize("body", [b"", b"[]", b"[99]", b"{}", b"\x00\xff", b"null"])
def test_what_is_no_queue_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its words are msgspec's
        unpacked(body)


def test_another_format_is_not_read() -> None:
    state = msgspec.structs.replace(ModelQueue("m", RULES[0]).snapshot(), format=2)
    with pytest.raises(ValueError, match="format 2"):
        unpacked(packed(state))
