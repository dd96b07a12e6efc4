"""Steps of several gateways: taken once or twice, they leave the same requests, and never more than there are slots."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.errors import TooMuch, Unavailable
from affouage.pool.metering import Metering
from affouage.pool.model_queue import ModelQueue, Now
from affouage.pool.queue_state import SEVERAL_GATEWAYS
from affouage.pool.queue_steps import Arrive, Charge, Forget, Over, Owe, Step, seen, take
from affouage.pool.share_rules import ShareRules
from affouage.pool.station import Station
from affouage.pool.ticket import Ticket
from affouage.pool.waiter import Limits
from affouage.testing import EchoEngine, FixedMeter, ManualClock

RULES = ShareRules(batch_hours=(), unit="joules")
FEW = Limits(waiting=3, waiting_per_member=2)
MANY = Limits(waiting=1000, waiting_per_member=1000)


def now(slots: int = 2, *, trust: int = 0) -> Now:
    clock = ManualClock()
    metering = Metering(FixedMeter(clock), clock, machine_id="here")
    station = Station(node_id="n_0", engine=EchoEngine("m"), metering=metering, slots=slots, trust=trust)  # type: ignore[arg-type]
    return Now([station], RULES, 1_000_000, cheap=False)


def arrive(name: str, member: str = "ada", gateway: str = "a", reach: int = 3) -> Arrive:
    return Arrive(Ticket(request_id=name, member_id=member, model_id="m", gateway_id=gateway, reach=reach))


NAMES = st.sampled_from([f"r{number}" for number in range(8)])
STEPS = st.one_of(
    st.builds(arrive, NAMES, st.sampled_from(["ada", "bob"]), st.sampled_from("ab")),
    st.builds(Over, NAMES, st.sampled_from([{}, {"decoded_tokens": 3}])),
    st.builds(Charge, NAMES, st.just({"decoded_tokens": 2, "energy_uj": 5})),
    st.builds(Owe, NAMES, st.integers(0, 9)),
    st.just(Forget("n_0")),
)


@settings(deadline=None)
@given(batches=st.lists(st.tuples(st.lists(STEPS, max_size=5), st.booleans()), max_size=12))
def test_a_batch_taken_twice_leaves_what_it_leaves_taken_once(batches: list[tuple[list[Step], bool]]) -> None:
    model, here = ModelQueue("m", RULES, SEVERAL_GATEWAYS), set()
    for steps, twice in batches:
        for _ in range(1 + twice):
            taken = take(model, steps, now(), MANY)
        assert taken.refused == {}
        for step in steps:
            if isinstance(step, Arrive):
                here.add(step.ticket.request_id)
            elif isinstance(step, Over):
                here.discard(step.request_id)
        assert model.waiting.keys() | model.running.keys() == here
        assert len(model.running) == min(2, len(here))


def test_one_too_many_is_refused_and_nothing_of_it_stays() -> None:
    model = ModelQueue("m", RULES, SEVERAL_GATEWAYS)
    taken = take(model, [arrive(f"r{number}") for number in range(4)], now(1), FEW)
    assert [(name, type(problem)) for name, problem in taken.refused.items()] == [("r3", TooMuch)]
    assert (list(model.running), list(model.waiting)) == (["r0"], ["r1", "r2"])


def test_who_can_be_read_by_no_machine_any_more_is_refused() -> None:
    model = ModelQueue("m", RULES, SEVERAL_GATEWAYS)
    taken = take(model, [arrive("r0", reach=1)], now(trust=2), FEW)
    assert isinstance(taken.refused["r0"], Unavailable)
    assert taken.refused["r0"].code == "no_machine"
    assert not model.waiting


def test_the_gateways_that_are_given_something_are_named_and_each_sees_its_own() -> None:
    model = ModelQueue("m", RULES, SEVERAL_GATEWAYS)
    take(model, [arrive("r0", gateway="a"), arrive("r1", gateway="b"), arrive("r2", gateway="b")], now(1), MANY)
    taken = take(model, [Over("r0")], now(1), MANY)
    assert taken.given == {"b"}
    found = seen("m", model.waiting.values(), model.running.values(), "b")
    assert (found.running, found.waiting) == ({"r1": ("n_0", "m")}, {"r2"})
    assert (found.counts.waiting, found.counts.running, found.used) == (1, 1, {("n_0", "m"): 1})
    assert seen("m", model.waiting.values(), model.running.values(), "a").running == {}


def test_looking_changes_nothing_when_there_is_nothing_to_change() -> None:
    model = ModelQueue("m", RULES, SEVERAL_GATEWAYS)
    take(model, [arrive("r0"), arrive("r1", "bob", "b")], now(1), MANY)
    assert not take(model, [], now(1), MANY, {"a", "b"}).changed
    assert take(model, [], now(1), MANY, {"b"}).changed
    assert list(model.running) == ["r1"]
    assert not take(model, [], now(1), MANY, {"b"}).changed
