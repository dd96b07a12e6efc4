"""The laws of PC-1 (docs/reference/footprint.md, section 11), each on windows nobody chose."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from affouage.footprint.allocation import MILLION, Allocation, Part, Presence, Window, allocate

replace = msgspec.structs.replace
IDS = ("a", "b", "c", "d", "e")
weights = st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 1.0, 2.5, 1e-9, 1e9]) | st.floats(0, 100)


@st.composite
def presences(draw: st.DrawFn, request_id: str) -> Presence:
    start = draw(st.integers(-5_000, 15_000))
    spans = draw(st.lists(st.tuples(st.integers(-5_000, 15_000), st.integers(0, 9_000)), max_size=2))
    return Presence(
        request_id=request_id,
        start_us=start,
        end_us=start + draw(st.integers(0, 20_000)),
        prompt_tokens=draw(st.integers(0, 5_000)),
        decoded_tokens=draw(st.integers(0, 500)),
        kappa=draw(weights),
        weight=draw(weights),
        again_us=tuple((first, first + length) for first, length in spans),
    )


@st.composite
def windows(draw: st.DrawFn, least: int = 0) -> Window:
    ids = draw(st.lists(st.sampled_from(IDS), min_size=least, unique=True))
    return Window(
        t0_us=0,
        t1_us=draw(st.integers(1, 10_000)),
        energy_uj=draw(st.integers(0, 10**12) | st.integers(0, 7)),
        p0_uw=draw(st.none() | st.integers(0, 10**12)),
        foreign_ppm=draw(st.sampled_from([0, 0, 0, 1, 333_333, MILLION])),
        requests=tuple(draw(presences(one)) for one in ids),
    )


def _dynamic(window: Window) -> int:
    """The dynamic part, found again from the outside."""
    shared = allocate(window)
    return sum(part.dynamic_uj for part in shared.parts.values()) + shared.unattributed_uj + shared.contended_uj


@given(windows())
def test_conservation_to_the_microjoule(window: Window) -> None:
    shared = allocate(window)
    parts = sum(part.static_uj + part.dynamic_uj for part in shared.parts.values())
    assert parts + shared.idle_uj + shared.unattributed_uj + shared.contended_uj == window.energy_uj
    assert shared.energy_uj == window.energy_uj


@given(windows())
def test_the_machine_s_time_is_shared_out_exactly(window: Window) -> None:
    shared = allocate(window)
    assert sum(part.machine_share_us for part in shared.parts.values()) + shared.idle_us == window.t1_us


@given(windows())
def test_never_negative(window: Window) -> None:
    shared = allocate(window)
    for part in shared.parts.values():
        assert min(part.static_uj, part.dynamic_uj, part.machine_share_us) >= 0
    assert min(shared.idle_uj, shared.unattributed_uj, shared.contended_uj, shared.idle_us) >= 0


@given(windows(), st.randoms(use_true_random=False))
def test_the_order_in_which_requests_are_told_changes_nothing(window: Window, random: object) -> None:
    shuffled = list(window.requests)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert allocate(replace(window, requests=tuple(shuffled))) == allocate(window)


@given(windows(least=1), st.integers(0, 10))
def test_who_did_no_work_pays_no_dynamic(window: Window, prompt: int) -> None:
    lazy = replace(window.requests[0], prompt_tokens=0, decoded_tokens=0)
    unweighted = replace(window.requests[0], prompt_tokens=prompt, weight=0.0)
    for one in (lazy, unweighted):
        shared = allocate(replace(window, requests=(one, *window.requests[1:])))
        assert shared.parts[one.request_id].dynamic_uj == 0


@given(windows(least=1))
def test_equal_requests_pay_equal(window: Window) -> None:
    twin = replace(window.requests[0], request_id="twin")
    shared = allocate(replace(window, requests=(*window.requests, twin)))
    mine, other = shared.parts[window.requests[0].request_id], shared.parts["twin"]
    assert abs(mine.static_uj - other.static_uj) <= 1
    assert abs(mine.dynamic_uj - other.dynamic_uj) <= 1
    assert abs(mine.machine_share_us - other.machine_share_us) <= 1


@given(windows(least=2), st.integers(1, 5_000), st.booleans())
def test_more_tokens_never_pay_less(window: Window, more: int, decoded: bool) -> None:
    first, *others = window.requests
    grown = (
        replace(first, decoded_tokens=first.decoded_tokens + more)
        if decoded
        else replace(first, prompt_tokens=first.prompt_tokens + more)
    )
    before, after = allocate(window), allocate(replace(window, requests=(grown, *others)))
    assert after.parts[first.request_id].energy_uj >= before.parts[first.request_id].energy_uj
    if sum(part.dynamic_uj for part in before.parts.values()):
        for other in others:  # and nobody else pays more for it, but for a microjoule of rounding
            one = other.request_id
            assert after.parts[one].energy_uj <= before.parts[one].energy_uj + 1


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=4),
    st.integers(1, 9),
)
def test_cutting_a_steady_window_changes_nothing(
    p0_uw: int, watts_uw: int, work: list[tuple[int, int]], cut: int
) -> None:
    """Power and token rates are constant; the pieces are whole, so that only the last step rounds."""
    pieces = [cut, 10 - cut]
    second = MILLION

    def window(at: int, seconds: int) -> Window:
        return Window(
            t0_us=at * second,
            t1_us=(at + seconds) * second,
            energy_uj=(p0_uw + watts_uw) * seconds,
            p0_uw=p0_uw,
            requests=tuple(
                Presence(
                    request_id=IDS[i],
                    start_us=0,
                    end_us=10 * second,
                    prompt_tokens=prompt * seconds,
                    decoded_tokens=decoded * seconds,
                    kappa=0.3,
                )
                for i, (prompt, decoded) in enumerate(work)
            ),
        )

    whole = allocate(window(0, 10))
    first, last = allocate(window(0, pieces[0])), allocate(window(pieces[0], pieces[1]))
    assert first.idle_uj + last.idle_uj == whole.idle_uj == 0
    assert abs(first.unattributed_uj + last.unattributed_uj - whole.unattributed_uj) <= 1
    for one, part in whole.parts.items():
        both = first.parts[one] + last.parts[one]
        assert abs(both.static_uj - part.static_uj) <= 2
        assert abs(both.dynamic_uj - part.dynamic_uj) <= 2


def _shapley(fixed: int, own: list[int]) -> list[Fraction]:
    """By brute force: the mean, over every order of arrival, of what each one adds to the cost."""
    totals = [Fraction(0)] * len(own)
    orders = list(permutations(range(len(own))))
    for order in orders:
        cost = 0
        for place, who in enumerate(order):
            now = fixed + sum(own[one] for one in order[: place + 1])
            totals[who] += now - cost
            cost = now
    return [total / len(orders) for total in totals]


def _together(fixed: int, own: list[int]) -> Allocation:
    """Simultaneous requests: a fixed cost of the machine being on, and work that adds up (1 token = 1 µJ)."""
    return allocate(
        Window(
            t0_us=0,
            t1_us=MILLION,
            energy_uj=fixed + sum(own),
            p0_uw=fixed,
            requests=tuple(
                Presence(request_id=IDS[i], start_us=0, end_us=MILLION, decoded_tokens=work)
                for i, work in enumerate(own)
            ),
        )
    )


def test_shapley_of_the_reference_page() -> None:
    assert _shapley(600, [100, 200, 300]) == [300, 400, 500]
    assert [part.energy_uj for part in _together(600, [100, 200, 300]).parts.values()] == [300, 400, 500]


@rules(max_examples=60)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 10**5), min_size=1, max_size=5))
def test_pc1_is_shapley_for_a_fixed_cost_and_additive_work(fixed: int, own: list[int]) -> None:
    truth = _shapley(fixed, own)
    for part, value in zip(_together(fixed, own).parts.values(), truth, strict=True):
        assert abs(part.energy_uj - value) < 1
    exact = _together(fixed * 60, own)
    assert [part.energy_uj for part in exact.parts.values()] == _shapley(fixed * 60, own)


def test_ties_go_to_the_lowest_request_id() -> None:
    requests = tuple(Presence(request_id=one, start_us=0, end_us=100, decoded_tokens=1) for one in ("c", "a", "b"))
    shared = allocate(Window(t0_us=0, t1_us=100, energy_uj=100, p0_uw=0, requests=requests))
    assert {one: part.dynamic_uj for one, part in shared.parts.items()} == {"a": 34, "b": 33, "c": 33}


def test_a_tenth_is_a_tenth() -> None:
    """0.1 x 30 tokens is exactly the work of 3, whatever binary makes of 0.1."""
    shared = allocate(
        Window(
            t0_us=0,
            t1_us=100,
            energy_uj=10**15 + 1,
            p0_uw=0,
            requests=(
                Presence(request_id="a", start_us=0, end_us=100, prompt_tokens=30, kappa=0.1),
                Presence(request_id="b", start_us=0, end_us=100, decoded_tokens=3),
            ),
        )
    )
    assert shared.parts["a"].dynamic_uj - shared.parts["b"].dynamic_uj == 1


def test_a_pause_is_not_presence() -> None:
    """Served at 0-2 and 6-8 of 10 seconds, beside one served throughout."""
    second = MILLION
    window = Window(
        t0_us=0,
        t1_us=10 * second,
        energy_uj=1000,
        p0_uw=100,
        requests=(
            Presence(request_id="a", start_us=0, end_us=2 * second, again_us=((6 * second, 8 * second),)),
            Presence(request_id="b", start_us=0, end_us=10 * second),
        ),
    )
    shared = allocate(window)
    assert shared.parts["a"] == Part(static_uj=200, dynamic_uj=0, machine_share_us=2 * second)
    assert shared.parts["b"] == Part(static_uj=800, dynamic_uj=0, machine_share_us=8 * second)


@given(windows(least=1), st.integers(0, 5_000))
def test_presence_told_in_two_pieces_is_the_same_presence(window: Window, cut: int) -> None:
    first, *others = window.requests
    middle = min(first.start_us + cut, first.end_us)
    pieces = replace(first, end_us=middle, again_us=((middle, first.end_us), *first.again_us))
    overlapping = replace(first, again_us=((first.start_us, first.end_us), *first.again_us))
    for one in (pieces, overlapping):
        assert allocate(replace(window, requests=(one, *others))) == allocate(window)


@given(windows(least=1))
def test_what_a_foreign_program_did_is_nobody_s_here(window: Window) -> None:
    shared = allocate(replace(window, foreign_ppm=MILLION))
    assert shared.contended_uj == _dynamic(window)
    assert not any(part.dynamic_uj for part in shared.parts.values())
    assert shared.unattributed_uj == 0


@given(windows())
def test_static_power_unknown_makes_idle_time_alone_static(window: Window) -> None:
    shared = allocate(replace(window, p0_uw=None))
    if not shared.idle_us:
        assert not any(part.static_uj for part in shared.parts.values())
    if not window.requests:
        assert shared.idle_uj == window.energy_uj


BAD = [
    {"t1_us": 0},
    {"t1_us": -1},
    {"energy_uj": -1},
    {"p0_uw": -1},
    {"foreign_ppm": -1},
    {"foreign_ppm": MILLION + 1},
    {"requests": (Presence(request_id="a", start_us=5, end_us=4),)},
    {"requests": (Presence(request_id="a", start_us=0, end_us=4, again_us=((9, 8),)),)},
    {"requests": (Presence(request_id="a", start_us=0, end_us=4, decoded_tokens=-1),)},
    {"requests": (Presence(request_id="a", start_us=0, end_us=4, kappa=float("nan")),)},
    {"requests": (Presence(request_id="a", start_us=0, end_us=4, kappa=float("inf")),)},
    {"requests": (Presence(request_id="a", start_us=0, end_us=4, weight=-0.1),)},
    {"requests": (Presence(request_id="a", start_us=0, end_us=4), Presence(request_id="a", start_us=0, end_us=4))},
]


@pytest.mark.parametrize("wrong", BAD, ids=str)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        allocate(replace(Window(t0_us=0, t1_us=10, energy_uj=100, p0_uw=5), **wrong))
