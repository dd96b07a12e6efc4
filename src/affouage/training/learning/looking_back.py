"""What was learnt, at the end: perplexity on texts never seen, and whether it recites those it saw."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
import transformers

from affouage.training.learning.ending import stopped
from affouage.training.learning.loop import mean_loss
from affouage.training.learning.schedule import looked_at, spread, windows_of
from affouage.training.learning.subject import Subject
from affouage.training.settings import RunSettings

TEST_WINDOWS = 256
PASSAGES = 20
GIVEN_TOKENS, WANTED_TOKENS = 32, 32
_TOGETHER = 5
PERPLEXITY_MOST = 1e12


def perplexity(
    subject: Subject, tokens: npt.NDArray[np.uint32], settings: RunSettings, asked_to_stop: Callable[[], bool]
) -> float | None:
    """exp of the mean loss over the test split, at most ``TEST_WINDOWS`` windows of it; None: there is no such text."""
    if len(tokens) < 2:
        return None
    most = looked_at(settings.steps, settings, TEST_WINDOWS)
    windows = spread(windows_of(len(tokens), settings.context_tokens), most)
    loss, _seen = mean_loss(subject, tokens, windows, settings, asked_to_stop)
    return min(PERPLEXITY_MOST, math.exp(min(loss, 50.0)))


def recited(
    subject: Subject, tokens: npt.NDArray[np.uint32], settings: RunSettings, asked_to_stop: Callable[[], bool]
) -> tuple[int, int]:
    """(how many, of how many): training passages that it goes on word for word for ``WANTED_TOKENS`` tokens when it is
    given the ``GIVEN_TOKENS`` before. Greedy: what it would most readily say."""
    given = min(GIVEN_TOKENS, settings.context_tokens // 2)
    wanted = min(WANTED_TOKENS, settings.context_tokens - given)
    whole = given + wanted
    starts = [number * whole for number in spread(len(tokens) // whole, PASSAGES)]
    found = 0
    subject.model.eval()
    try:
        for first in range(0, len(starts), _TOGETHER):
            if asked_to_stop():
                raise stopped()
            passages = np.stack([tokens[start : start + whole] for start in starts[first : first + _TOGETHER]])
            said = greedy(subject, passages[:, :given].astype(np.int64), wanted)
            found += int((said == passages[:, given:]).all(axis=1).sum())
    finally:
        subject.model.train()
    return found, len(starts)


def greedy(subject: Subject, given: npt.NDArray[np.int64], wanted: int) -> npt.NDArray[np.int64]:
    """[sequences, wanted] most probable next tokens, one after another, marks of end included."""
    read = torch.from_numpy(given).to(subject.place.device)
    never = int(subject.model.config.vocab_size)  # no piece has this number, so none ends it
    how = transformers.GenerationConfig(do_sample=False, max_new_tokens=wanted, eos_token_id=never, pad_token_id=0)
    said = subject.model.generate(input_ids=read, attention_mask=torch.ones_like(read), generation_config=how)
    return np.asarray(said[:, given.shape[1] :].cpu().numpy(), np.int64)
