"""The small examination of French: what is told is what the model finds likelier, by an independent sum."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from msgspec.structs import replace  # noqa: E402 - torch first: without it there is nothing to test

from affouage.training.learning import french, pieces  # noqa: E402
from affouage.training.learning.subject import Subject, from_nothing  # noqa: E402
from affouage.training.settings import RunSettings, Shape  # noqa: E402

SHAPE = Shape(layers=2, width=64, feed_forward=128, heads=2, kv_heads=1, vocabulary=600, context_tokens=64)
SETTINGS = RunSettings(kind="scratch", steps=1, sequences=1, context_tokens=64, learning_rate=3e-3, threads=1)


@pytest.fixture
def subject() -> Subject:
    torch.set_num_threads(1)
    tokenizer = pieces.learn((right for right, _ in french.pairs()), SHAPE.vocabulary)
    made = from_nothing(replace(SETTINGS, shape=SHAPE), tokenizer.get_vocab_size(), list)
    made.tokenizer = tokenizer
    return made


def never() -> bool:
    return False


def likelihood(subject: Subject, text: str) -> float:
    """By transformers' own loss, a sentence at a time."""
    ids = [subject.marks().end, *subject.cutter.encode(text, add_special_tokens=False).ids]
    read = torch.tensor([ids])
    with torch.no_grad():
        return -float(subject.model(input_ids=read, labels=read).loss) * (len(ids) - 1)


def test_pairs_differ_and_none_comes_twice() -> None:
    every = [one for pair in french.pairs() for one in pair]
    assert len(french.pairs()) == 60
    assert len(set(every)) == len(every)
    assert all(one[0].isupper() and one[-1] in ".?" for one in every)


def test_what_is_counted_is_what_transformers_finds_likelier(subject: Subject) -> None:
    subject.model.eval()
    known = [(likelihood(subject, right), likelihood(subject, wrong)) for right, wrong in french.pairs()]
    subject.model.train()
    assert min(abs(right - wrong) for right, wrong in known) > 1e-3, "no pair is too near to tell"
    expected = sum(right > wrong for right, wrong in known)
    assert french.right_of(subject, SETTINGS, never) == (expected, len(known))
    assert all(math.isfinite(one) for pair in known for one in pair)
    assert subject.model.training


def test_whoever_read_the_right_sentences_finds_them_likelier(subject: Subject) -> None:
    before, of = french.right_of(subject, SETTINGS, never)
    rate = torch.optim.AdamW(subject.model.parameters(), lr=5e-4, weight_decay=0.0)
    for _ in range(6):
        for right, _wrong in french.pairs():
            read = torch.tensor([[subject.marks().end, *subject.cutter.encode(right, add_special_tokens=False).ids]])
            subject.model(input_ids=read, labels=read).loss.backward()
            rate.step()
            rate.zero_grad()
    after, _of = french.right_of(subject, SETTINGS, never)
    assert before < after
    assert after > 0.9 * of


def test_pairs_longer_than_the_context_are_left_out(subject: Subject) -> None:
    some = french.right_of(subject, replace(SETTINGS, context_tokens=12), never)
    assert 0 < some[1] < len(french.pairs())
    assert french.right_of(subject, replace(SETTINGS, context_tokens=2), never) == (0, 0)
