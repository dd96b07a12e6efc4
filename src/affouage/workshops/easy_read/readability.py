"""A readability score for French: the formula of Kandel and Moles over syllables counted by rule. Pure.

The score is a proxy: it counts words and syllables and understands nothing. People decide whether a text is easy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from affouage.workshops.easy_read.syllables import syllables
from affouage.workshops.easy_read.words import words_in

Ease = Literal["very_easy", "easy", "fairly_easy", "standard", "fairly_hard", "hard", "very_hard"]
"""The seven steps of Flesch's scale, which Kandel and Moles keep."""

_STEPS: tuple[tuple[float, Ease], ...] = (
    (90, "very_easy"),
    (80, "easy"),
    (70, "fairly_easy"),
    (60, "standard"),
    (50, "fairly_hard"),
    (30, "hard"),
)
_LETTERS = re.compile(r"[^\W\d_]+")
LEAST_WORDS = 20


class Readability(msgspec.Struct, frozen=True, kw_only=True):
    """``score``: 207 - 1.015 * words per sentence - 73.6 * syllables per word; over 100 for the easiest texts.

    None for fewer than ``LEAST_WORDS`` words: nothing can be said of so few. ``ease``: the same in a word.
    """

    words: int
    sentences: int
    syllables: int
    score: float | None
    ease: Ease | None


def readability(sentences: Iterable[str]) -> Readability:
    """Of a French text given as its sentences. A word stands between two spaces, as one counts them by hand."""
    words = syllable_count = sentence_count = 0
    for sentence in sentences:
        found = [syllables_of(one.text) for one in words_in(sentence)]
        words += len(found)
        syllable_count += sum(found)
        sentence_count += bool(found)
    score = round(kandel_moles(words, sentence_count, syllable_count), 1) if words >= LEAST_WORDS else None
    return Readability(
        words=words,
        sentences=sentence_count,
        syllables=syllable_count,
        score=score,
        ease=None if score is None else ease_of(score),
    )


def syllables_of(word: str) -> int:
    """Of what stands between two spaces: parts of a compound add up, an elided letter adds none, figures are one."""
    parts = [one for one in _LETTERS.findall(word) if len(one) > 1 or one.lower() in "aàyoôi"]
    return max(1, sum(syllables(one) for one in parts if one.lower() != "qu"))


def kandel_moles(words: int, sentences: int, syllable_count: int) -> float:
    """The score of a text of so many words, sentences and syllables (Kandel and Moles, 1958), each at least 1."""
    return 207 - 1.015 * words / sentences - 73.6 * syllable_count / words


def ease_of(score: float) -> Ease:
    return next((ease for least, ease in _STEPS if score >= least), "very_hard")
