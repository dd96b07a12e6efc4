"""How long it should still take: ranges that hold, against a simulated counter with several tills."""

from __future__ import annotations

import heapq
import math
import random

import pytest

from affouage.gateway.waiting import limit_ms, told
from affouage.pool.ticket import Turn
from affouage.pool.waits import Served, ServiceTimes, ranges
from affouage.web.language import language
from affouage.web.waiting import sentence

ONE = [1, 0, 0, 0]


def seen(*ms: int) -> ServiceTimes:
    times = ServiceTimes()
    for one in ms:
        times.note(one, 100)
    return times


def test_nothing_seen_nothing_told() -> None:
    assert list(ranges([3, 3], [Served(0, 0)], ONE, ServiceTimes())) == [None, None]


def test_no_machine_open_nothing_told() -> None:
    assert list(ranges([3], [], [0, 0, 0, 0], seen(10_000, 12_000))) == [None]


def test_the_range_grows_with_the_place_and_shrinks_with_slots_and_what_was_seen() -> None:
    times = seen(*[10_000, 12_000, 8_000] * 10)
    first, second, third = ranges([3, 3, 3], [Served(0, 1_000)], ONE, times)
    assert first is not None
    assert second is not None
    assert third is not None
    assert first[0] <= 9_000 <= first[1]
    assert second[0] <= 19_000 <= second[1]
    assert third[0] <= 29_000 <= third[1]
    (_, _, faster) = ranges([3, 3, 3], [Served(0, 1_000)] * 4, [4, 0, 0, 0], times)
    assert faster is not None
    assert faster[1] < third[0]
    (_, _, doubtful) = ranges([3, 3, 3], [Served(0, 1_000)], ONE, seen(10_000, 12_000))
    assert doubtful is not None
    assert doubtful[1] - doubtful[0] > third[1] - third[0]


def test_an_answer_longer_than_all_seen_is_not_said_to_end_at_once() -> None:
    short = seen(500, 600)
    (soon,) = ranges([3], [Served(0, 1_000)], ONE, short)
    (late,) = ranges([3], [Served(0, 60_000)], ONE, short)
    assert soon is not None
    assert late is not None
    assert late[1] > 60_000 > soon[1]


def test_who_may_be_read_by_more_machines_is_served_by_more() -> None:
    times = seen(*[10_000] * 40)
    running = [Served(0, 5_000), Served(3, 5_000), Served(3, 5_000), Served(3, 5_000)]
    order = [3, 3, 3, 3, 3, 3, 0]
    slots = [1, 0, 0, 3]
    *_, private = ranges(order, running, slots, times)
    *_, alone = ranges([0] * 7, running, slots, times)
    assert private is not None
    assert alone is not None
    assert private[1] < alone[0], "those before it are shared out among four machines, not one"


def test_people_hear_round_figures() -> None:
    times = seen(*[7_123, 9_456, 11_789] * 10)
    for low, high in filter(None, ranges([3] * 300, [Served(0, 4_321)], ONE, times)):
        for ms in (low, high):
            assert ms % 1_000 == 0
            assert ms < 20_000 or ms % 5_000 == 0
            assert ms < 120_000 or ms % 30_000 == 0
            assert ms < 600_000 or ms % 60_000 == 0


@pytest.mark.parametrize("slots", [1, 2, 4, 16])
@pytest.mark.parametrize("unequal", [0.1, 0.5, 1.0])
def test_of_simulated_waits_most_end_within_their_range(slots: int, unequal: float) -> None:
    waits = [one for seed in range(4) for one in _waits(seed, slots, unequal)]
    within = sum(low <= ms <= high for ms, (low, high) in waits) / len(waits)
    assert within > 0.8, f"{within:.0%} of {len(waits)}"
    width = sum(high - low for _, (low, high) in waits) / sum(ms for ms, _ in waits)
    assert width < 1.2, "and the range says something"


def _waits(seed: int, slots: int, unequal: float, mean_ms: float = 20_000, asked: int = 500) -> list:  # type: ignore[type-arg]
    """(true wait, range told on arrival) of each who waited: a crowd somewhat larger than the machine serves."""
    chance = random.Random(seed)
    times, running, queue, found = ServiceTimes(), [], [], []  # type: ignore[var-annotated]
    at, arrival = 0.0, 0.0

    def begin() -> None:
        held_ms = chance.lognormvariate(math.log(mean_ms) - unequal**2 / 2, unequal)
        heapq.heappush(running, (at + held_ms, at))

    while asked or queue:
        if running and (running[0][0] <= arrival or not asked):
            at, since = heapq.heappop(running)
            times.note(int(at - since), 100)
            if queue:
                since, span = queue.pop(0)
                found.append((at - since, span))
                begin()
            continue
        at, asked = arrival, asked - 1
        arrival += chance.expovariate(1.2 * slots / mean_ms)
        if len(running) < slots:
            begin()
        elif len(queue) < 60:
            served = [Served(0, int(at - since)) for _, since in running]
            *_, span = ranges([3] * (len(queue) + 1), served, [slots, 0, 0, 0], times)
            if span is not None:
                queue.append((at, span))
    return found


# -- in words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn(3, 5), "turn 3 of 5"),
        (Turn(3, 5, "turn", 20_000, 45_000), "turn 3 of 5, about 20-45 s"),
        (Turn(1, 1, "turn", 5_000, 5_000), "turn 1 of 1, about 5 s"),
        (Turn(9, 9, "turn", 120_000, 300_000), "turn 9 of 9, about 2-5 min"),
        (Turn(90, 90, "turn", 3_600_000, 12_600_000), "turn 90 of 90, about 1-4 h"),
        (Turn(2, 5, "lighter", 0, 9_000), "turn 2 of 5, about 0-9 s; somebody who has used less passes before"),
        (Turn(2, 2, "no_hurry"), "turn 2 of 2; it goes when nothing else is asked, or in cheap hours"),
    ],
)
def test_what_a_stream_says_of_a_turn(turn: Turn, words: str) -> None:
    assert told(turn) == words


@pytest.mark.parametrize(
    ("headers", "ms"),
    [
        ([], None),
        ([b"wait=10"], 10_000),
        ([b'respond-async, WAIT = "7"; strict'], 7_000),
        ([b"return=minimal", b"wait=3, wait=9"], 3_000),
        ([b"wait=0"], 0),
        ([b"wait"], None),
        ([b"wait=-1"], None),
        ([b"wait=soon"], None),
        ([b"wait=9999999999999999"], None),
        ([b"await=3"], None),
        (["wait=\u00b2".encode()], None),
    ],
)
def test_the_limit_a_client_prefers(headers: list[bytes], ms: int | None) -> None:
    assert limit_ms(headers) == ms


@pytest.mark.parametrize(
    ("turn", "french"),
    [
        (Turn(1, 4), "C’est bientôt votre tour : votre réponse commence dès qu’une autre se termine."),
        (
            Turn(3, 4, "lighter", 20_000, 90_000),
            "Votre tour vient : vous êtes 3e sur 4 dans la file. Quelqu’un qui a moins consommé passe avant vous. "
            "Cela devrait prendre de 20 s à 1 min 30 s.",
        ),
        (
            Turn(1, 1, "closed"),
            "Votre tour vient : vous êtes 1er sur 1 dans la file. "
            "Aucune machine qui peut lire votre question n’est ouverte en ce moment.",
        ),
        (
            Turn(2, 2, "turn", 0, 5_000),
            "Votre tour vient : vous êtes 2e sur 2 dans la file. On répond d’abord à ceux qui sont avant vous. "
            "Cela devrait prendre moins de 5 s.",
        ),
    ],
)
def test_what_a_page_says_of_a_turn(turn: Turn, french: str) -> None:
    said = sentence(turn, language("fr"))
    assert said.replace("\u202f", " ").replace("\u00a0", " ") == french
