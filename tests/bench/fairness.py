"""What the queue of production does with a crowd, in simulated time: the same on any machine, whatever its load."""

from __future__ import annotations

import random

from affouage.pool.outcome import Outcome
from tests.bench.figures import Row, Section, row
from tests.unit.test_simulation import Draw, asking, backlogged, drawn, light_waits, played, trace_of

SEEDS = (1, 2, 3)


def measure(seeds: tuple[int, ...] = SEEDS) -> Section:
    """Half an hour on four slots of 20 tokens a second, lengths from lognormals; first come first served beside."""
    even = [_one_asks_ten_times(seed) for seed in seeds]
    light = [_light_beside_flooder(seed) for seed in seeds]
    rows: list[Row] = [
        row("served most / least, one asks ten times as much", "x", [one[0] for one in even], "F1", most=1.02),
        row("the same, first come first served", "x", [one[1] for one in even]),
        row("Jain's index of what was served", "", [one[2] for one in even], "F2", least=0.999),
        row("wait of who asks little, median, beside a flood", "s", [one[0] for one in light]),
        row("the same, first come first served", "s", [one[1] for one in light]),
        row("the first of these waits / the second", "x", [one[0] / one[1] for one in light], "F3", most=0.01),
        row("slots in use / first come first served", "x", [one[2] for one in light], "F4", least=0.99),
        row("slots idle while somebody waited", "us", [max(one[3] for one in light)], "F4", most=0),
    ]
    return Section("Fair sharing, simulated with the queue of production", rows)


def _draw(seed: int) -> tuple[random.Random, Draw]:
    chance = random.Random(seed)
    return chance, drawn(chance)


def _one_asks_ten_times(seed: int) -> tuple[float, float, float]:
    chance, draw = _draw(seed)
    trace = trace_of(asking(chance, "a", 1.5, draw), asking(chance, "b", 15, draw))
    (_, fair), (_, first_come) = played(trace, "vtc"), played(trace, "fcfs")
    ratio, jain = backlogged(fair)
    return ratio, backlogged(first_come)[0], jain


def _light_beside_flooder(seed: int) -> tuple[float, float, float, float]:
    chance, draw = _draw(seed)
    trace = trace_of(asking(chance, "light", 1 / 60, draw), asking(chance, "flooder", 6, draw))
    (run, fair), (other, first_come) = played(trace, "vtc"), played(trace, "fcfs")
    return light_waits(run)[0], light_waits(other)[0], _in_use(fair, first_come), fair.idle_while_backlog_us


def _in_use(fair: Outcome, first_come: Outcome) -> float:
    return fair.utilisation / first_come.utilisation
