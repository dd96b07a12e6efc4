"""A small French examination: of two sentences that differ in one thing, does the model find the right one likelier?

Half is what chance gives. It says something of the language, nothing of truth; models of any size can take it, without
being taught to answer. Sums of log-probabilities over the whole sentence, as minimal pairs are usually read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import torch

from affouage.training.learning.ending import stopped
from affouage.training.learning.subject import Subject
from affouage.training.settings import RunSettings

_TOGETHER = 16
"""Pairs at once."""


@cache
def pairs() -> tuple[tuple[str, str], ...]:
    """(right, wrong), those of every kind one after another."""
    told = tomllib.loads(Path(__file__).with_name("french_pairs.toml").read_text(encoding="utf-8"))
    return tuple((right, wrong) for kind in told.values() for right, wrong in kind)


def right_of(subject: Subject, settings: RunSettings, asked_to_stop: Callable[[], bool]) -> tuple[int, int]:
    """(how many right, of how many): of the pairs that its context holds. Raises RunEnds: stopped."""
    right = of = 0
    subject.model.eval()
    try:
        for some in _batches(_cut(subject, settings.context_tokens)):
            if asked_to_stop():
                raise stopped()
            likely = _log_likelihoods(subject, [one for pair in some for one in pair])
            right += sum(good > bad for good, bad in zip(likely[::2], likely[1::2], strict=True))
            of += len(some)
    finally:
        subject.model.train()
    return right, of


def _cut(subject: Subject, context_tokens: int) -> Iterator[tuple[list[int], list[int]]]:
    """In tokens, each as a document that follows another one."""
    marks = subject.marks()
    before = marks.end if marks.begin is None else marks.begin
    for pair in pairs():
        right, wrong = ([before, *subject.cutter.encode(one, add_special_tokens=False).ids] for one in pair)
        if max(len(right), len(wrong)) <= context_tokens:
            yield right, wrong


def _batches(
    every: Iterator[tuple[list[int], list[int]]],
) -> Iterator[list[tuple[list[int], list[int]]]]:
    while some := list(islice(every, _TOGETHER)):
        yield some


def _log_likelihoods(subject: Subject, sentences: list[list[int]]) -> list[float]:
    """Of each sentence after its first token. What fills the shorter ones up stands after their end: it is not read."""
    longest = max(map(len, sentences))
    read = torch.zeros((len(sentences), longest), dtype=torch.int64)
    counted = torch.zeros((len(sentences), longest - 1))
    for row, one in enumerate(sentences):
        read[row, : len(one)] = torch.tensor(one)
        counted[row, : len(one) - 1] = 1.0
    read = read.to(subject.place.device)
    with torch.no_grad():
        scores = subject.model(input_ids=read[:, :-1], use_cache=False).logits.float()
    wanted = read[:, 1:].to(scores.device)
    chances = torch.log_softmax(scores, dim=-1).gather(2, wanted.unsqueeze(2)).squeeze(2)
    return [float(one) for one in (chances * counted.to(chances.device)).sum(dim=1).cpu()]
