"""What a run's program has told so far, put together: where it is, its curves, its evaluation, its end. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from affouage.training import folder as told
from affouage.training.settings import RunSettings

POINTS_MOST = 400
"""Of a curve as it is kept: a plot shows no more."""


class Story(msgspec.Struct, kw_only=True):
    """``train`` and ``held_out``: (step, loss in nats a token), of the steps that still count: those after a checkpoint
    that was gone on from are forgotten. ``cpu_us``: of all lives. ``end``: of the last life, None while it goes on."""

    step: int = 0
    steps: int = 0
    tokens: int = 0
    tokens_per_s: float | None = None
    train: list[tuple[int, float]] = []
    held_out: list[tuple[int, float]] = []
    best: tuple[int, float] | None = None
    checkpoint_step: int | None = None
    began: told.Began | None = None
    first_ms: int | None = None
    last_ms: int | None = None
    evaluated: told.Evaluated | None = None
    exported: list[told.Exported] = []
    end: told.End | None = None
    lives: int = 0
    past_cpu_us: int = 0
    life_cpu_us: int = 0

    @property
    def cpu_us(self) -> int:
        return self.past_cpu_us + self.life_cpu_us


def hear(story: Story, event: told.Event) -> None:
    """One more event, in their order."""
    story.first_ms = event.at_ms if story.first_ms is None else story.first_ms
    story.last_ms = event.at_ms
    match event:
        case told.Began():
            _begin(story, event)
        case told.Progress():
            story.step, story.steps, story.tokens = event.step, event.steps, event.tokens
            story.tokens_per_s = event.tokens_per_s or story.tokens_per_s
            story.train.append((event.step, event.loss))
            story.life_cpu_us = max(story.life_cpu_us, event.cpu_us)
        case told.HeldOut():
            story.held_out.append((event.step, event.loss))
            story.best = min(story.held_out, key=lambda one: one[1])
        case told.Checkpoint():
            story.checkpoint_step = event.step
        case told.Evaluated():
            story.evaluated = event
        case told.Exported():
            story.exported = [one for one in story.exported if one.name != event.name] + [event]
        case told.End():
            story.end = event
            story.step = max(story.step, event.step)
            story.life_cpu_us = max(story.life_cpu_us, event.cpu_us)


def _begin(story: Story, event: told.Began) -> None:
    """A life goes on from a checkpoint: what the life before did after it was lost, and is done again."""
    story.began, story.end, story.evaluated = event, None, None
    story.lives += 1
    story.past_cpu_us, story.life_cpu_us = story.cpu_us, 0
    story.step = event.step
    story.train = [one for one in story.train if one[0] <= event.step]
    story.held_out = [one for one in story.held_out if one[0] <= event.step]
    story.best = min(story.held_out, key=lambda one: one[1], default=None)


def hear_all(events: Iterable[told.Event]) -> Story:
    story = Story()
    for event in events:
        hear(story, event)
    return story


def left_s(story: Story, settings: RunSettings) -> float | None:
    """Seconds to its last step at the pace of now; None before the first step, or once it is over."""
    if story.end is not None or not story.tokens_per_s or story.step >= settings.steps:
        return None
    return (settings.steps - story.step) * settings.step_tokens / story.tokens_per_s


def thinned(points: Sequence[tuple[int, float]], most: int = POINTS_MOST) -> list[tuple[int, float]]:
    """At most so many points, evenly chosen, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]
