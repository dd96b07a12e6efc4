"""A run that is looked at while it learns. It learns exactly as it would alone: looking draws from a chance of its own,
and moves no weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from affouage.training.learning.loop import Learner
from affouage.training.learning.program import Run, cpu_us
from affouage.training.learning.subject import Subject
from affouage.training.looks import Cut, Guess, Look, Watch, Writing, looks, read_watch, tell
from affouage.training.settings import RunSettings

FIRST, LONGEST = 24, 16
WARMTH = 0.8
"""Temperature of what it writes: at 1 it wanders, near 0 it repeats itself."""


class Watched(Run):
    def _tokens(self, texts: Any, subject: Subject) -> dict[str, npt.NDArray[np.uint32]]:
        found = super()._tokens(texts, subject)
        if not any(isinstance(one, Cut) for one in looks(self.folder.path)):
            tell(self.folder.path, cut(subject, read_watch(self.folder.path), len(found["train"])))
        return found

    def _evaluate(self, learner: Learner, settings: RunSettings, held_out: npt.NDArray[np.uint32]) -> None:
        super()._evaluate(learner, settings, held_out)
        watch, step, folder = read_watch(self.folder.path), self.course.step, self.folder.path
        if step not in (0, settings.steps, *watch.at):
            return
        if any(isinstance(one, Look) and one.step == step for one in looks(folder)):
            return  # it was stopped between this look and the next checkpoint, and learns that part again
        began_us = cpu_us()
        guesses, writings = look_at(learner.subject, watch, settings.context_tokens)
        look = Look(
            at_ms=self.clock.now_ms(),
            step=step,
            tokens=step * settings.step_tokens,
            guesses=guesses,
            writings=writings,
            cpu_us=cpu_us() - began_us,
        )
        tell(folder, look)


def cut(subject: Subject, watch: Watch, train_tokens: int) -> Cut:
    """The passage in pieces, and what pieces there are."""
    cutter = subject.cutter
    numbers = cutter.encode(watch.shown, add_special_tokens=False).ids
    known = cutter.get_vocab_size()
    decoded = (cutter.decode([number]) for number in range(known))
    learnt = [one for one in decoded if len(one) > 1 and "\ufffd" not in one]
    return Cut(
        pieces=tuple(cutter.decode([one]) for one in numbers),
        numbers=tuple(numbers),
        vocabulary=known,
        first=tuple(learnt[:FIRST]),
        longest=tuple(sorted(learnt, key=lambda one: (-len(one), one))[:LONGEST]),
        train_tokens=train_tokens,
    )


def look_at(subject: Subject, watch: Watch, context_tokens: int) -> tuple[tuple[Guess, ...], tuple[Writing, ...]]:
    """Deterministic: the same weights and watch, the same words."""
    subject.model.eval()
    try:
        with torch.no_grad():
            guesses = tuple(_guess(subject, *one, watch.guesses, context_tokens) for one in watch.given)
            writings = tuple(
                Writing(one, _write(subject, one, watch.pieces, context_tokens, watch.seed + place))
                for place, one in enumerate(watch.begun)
            )
    finally:
        subject.model.train()
    return guesses, writings


def _guess(subject: Subject, given: str, following: str, most: int, context_tokens: int) -> Guess:
    """The first piece of ``following`` is what is to be guessed."""
    told, after = (subject.cutter.encode(one, add_special_tokens=False).ids for one in (given, following))
    chances = torch.softmax(_scores(subject, told, context_tokens), 0)
    best = torch.topk(chances, min(most, len(chances)))
    return Guess(
        given,
        subject.cutter.decode([after[0]]),
        float(chances[after[0]]),
        tuple(
            (subject.cutter.decode([int(number)]), float(chance))
            for number, chance in zip(best.indices, best.values, strict=True)
        ),
    )


def _write(subject: Subject, begun: str, pieces: int, context_tokens: int, seed: int) -> str:
    numbers, end = subject.cutter.encode(begun, add_special_tokens=False).ids, subject.marks().end
    chance = torch.Generator().manual_seed(seed)
    first = len(numbers)
    while len(numbers) < first + pieces:
        chances = torch.softmax(_scores(subject, numbers, context_tokens) / WARMTH, 0)
        drawn = int(torch.multinomial(chances, 1, generator=chance))
        if drawn == end:
            break
        numbers.append(drawn)
    return str(subject.cutter.decode(numbers[first:]))


def _scores(subject: Subject, numbers: list[int], context_tokens: int) -> torch.Tensor:
    """Of every piece, as the next one."""
    read = torch.tensor([numbers[-context_tokens:]], device=subject.place.device)
    return subject.model(input_ids=read, use_cache=False).logits[0, -1].float().cpu()
