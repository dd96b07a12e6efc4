"""How fast it learns at each step, and which windows of text it reads then. Pure: a step is all that has to be kept."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from affouage.training.settings import RunSettings

LAST_SHARE = 0.1
LOOKED_AT_LEAST = 8


def rate(step: int, settings: RunSettings) -> float:
    """The learning rate of a step (from 1): up a line over ``warmup_steps``, then down a cosine to a tenth."""
    warm = min(settings.warmup_steps, settings.steps)
    if step <= warm:
        return settings.learning_rate * step / warm
    far = (step - warm) / max(1, settings.steps - warm)
    share = LAST_SHARE + (1 - LAST_SHARE) * (1 + math.cos(math.pi * min(1.0, far))) / 2
    return settings.learning_rate * share


class Order:
    """The windows of a text, each once an epoch, in an order drawn for it. The n-th one is known from n alone."""

    def __init__(self, windows: int, seed: int) -> None:
        self.windows, self._seed = windows, seed
        self._epoch, self._drawn = -1, np.empty(0, np.int64)

    def window(self, number: int) -> int:
        epoch, place = divmod(number, self.windows)
        if epoch != self._epoch:
            self._epoch, self._drawn = epoch, np.random.default_rng([self._seed, epoch]).permutation(self.windows)
        return int(self._drawn[place])


def batches(step: int, settings: RunSettings, order: Order) -> Iterator[list[int]]:
    """The windows of each micro-batch of a step (from 1)."""
    first = (step - 1) * settings.sequences * settings.accumulate
    for micro in range(settings.accumulate):
        start = first + micro * settings.sequences
        yield [order.window(number) for number in range(start, start + settings.sequences)]


def windows_of(tokens: int, context_tokens: int) -> int:
    """Whole windows in a text: each has one token more than it teaches, which is the next one's first."""
    return max(0, (tokens - 1) // context_tokens)


def looked_at(steps: int, settings: RunSettings, most: int) -> int:
    """Windows to evaluate after so many steps: an eighth of what was read meanwhile, which costs about a twentieth of
    the time; at least eight."""
    return max(LOOKED_AT_LEAST, min(most, steps * settings.step_tokens // (8 * settings.context_tokens)))


def spread(windows: int, most: int) -> list[int]:
    """At most ``most`` of them, evenly over the text: what is evaluated."""
    return [number * windows // min(windows, most) for number in range(min(windows, most))]


def cut(tokens: npt.NDArray[np.uint32], windows: list[int], context_tokens: int) -> npt.NDArray[np.int64]:
    """[windows, context + 1] tokens."""
    starts = np.asarray(windows, np.int64)[:, None] * context_tokens
    return np.asarray(tokens[starts + np.arange(context_tokens + 1)], np.int64)
