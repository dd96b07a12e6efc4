"""``python -m tests.bench.learning``: tokens a processor-second of the program that learns, beside a plain loop.

The plain loop is what one writes first: transformers' model with its own loss, AdamW, clipping, nothing else. Both
learn the same model on the same windows, in one process, in alternating rounds; the order turns round each time. Prints
the ratio of each round, their median and quartiles, and whether it is at least 0.9; ``--strict``: ends with 1 if not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from affouage.training.settings import RunSettings
from tests.training_fixture import recipe

LEAST = 0.9
STEPS = 4  # in a round


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--strict", action="store_true")
    asked = parser.parse_args(arguments)

    from affouage.training.learning.place import steady

    settings = msgspec.structs.replace(recipe(), threads=1, sequences=8, context_tokens=128)
    steady(settings.seed, settings.threads, on_card=False)
    ways = {"device": device(settings), "plain": plain(settings)}
    rounds: list[dict[str, float]] = []
    for number in range(-1, asked.rounds):  # the first one warms up and is not kept
        order = list(ways) if number % 2 else list(reversed(ways))
        found = {name: tokens_per_cpu_s(ways[name], settings) for name in order}
        if number >= 0:
            rounds.append(found)
    ratios = [one["device"] / one["plain"] for one in rounds]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    for name in ways:
        print(f"{name}: {statistics.median(one[name] for one in rounds):.0f} tokens per CPU-second")
    print("ratios: " + " ".join(f"{one:.3f}" for one in ratios))
    print(
        f"median {middle:.3f} (quartiles {low:.3f} to {high:.3f}): {'met' if middle >= LEAST else 'MISSED'} ({LEAST})"
    )
    return 1 if asked.strict and middle < LEAST else 0


def tokens_per_cpu_s(step: Callable[[], None], settings: RunSettings) -> float:
    began = time.process_time()
    for _ in range(STEPS):
        step()
    return STEPS * settings.step_tokens / (time.process_time() - began)


def windows(settings: RunSettings, vocabulary: int) -> Any:
    return np.random.default_rng(0).integers(0, vocabulary, (64, settings.context_tokens + 1), dtype=np.int64)


def device(settings: RunSettings) -> Callable[[], None]:
    from affouage.training.learning.loop import Learner
    from affouage.training.learning.schedule import Order
    from affouage.training.learning.subject import from_nothing

    assert settings.shape is not None
    drawn = windows(settings, settings.shape.vocabulary)
    subject = from_nothing(settings, settings.shape.vocabulary, list)
    learner = Learner(subject, settings, lambda some: drawn[some], Order(len(drawn), 0))
    steps = iter(range(1, 1 << 30))
    return lambda: void(learner.step(next(steps)))


def plain(settings: RunSettings) -> Callable[[], None]:
    import torch

    from affouage.training.learning.subject import from_nothing

    assert settings.shape is not None
    drawn = torch.from_numpy(windows(settings, settings.shape.vocabulary))
    model = from_nothing(settings, settings.shape.vocabulary, list).model
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    chance = torch.Generator().manual_seed(0)

    def step() -> None:
        some = drawn[torch.randint(0, len(drawn), (settings.sequences,), generator=chance)][:, :-1]
        loss = model(input_ids=some, labels=some).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
        optimiser.step()
        optimiser.zero_grad()

    return step


def void(_value: object) -> None:
    return None


if __name__ == "__main__":
    sys.exit(main())
