"""How much a text repeats itself: lines, the most frequent sequences, sequences seen before. Pure.

In the manner of Gopher (Rae et al. 2021, A1.1), with one difference: shares are of the characters of the words, and a
word that stands in several repeated sequences counts once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from affouage.training.corpus.document import Outcast
from affouage.training.corpus.recipe import Repetition
from affouage.training.corpus.steps.words import Hashes, Words

Share = Callable[[Hashes, NDArray[np.int64], int], float]
"""Of the runs of a window, the lengths of its words, the size of a run."""

_WINDOW_WORDS = 20_000
"""Repetition is looked for within so many words: a novel says "il y a" more often than any limit for a page allows."""


def check(words: Words, step: Repetition) -> None:
    """Raises Outcast."""
    for reason, found, most in measures(words, step):
        if found > most:
            raise Outcast(reason, f"{found:.3f}")


def measures(words: Words, step: Repetition) -> list[tuple[str, float, float]]:
    """(reason, share measured, the most it may be). A long text is measured in windows; their worst counts."""
    lines, characters = _lines(words.text)
    found = [("repeated_lines", lines, step.most_lines), ("repeated_lines", characters, step.most_line_characters)]
    tops = ((2, step.most_top_2), (3, step.most_top_3), (4, step.most_top_4))
    seen = ((5, step.most_seen_5), (10, step.most_seen_10))
    for size, most in tops:
        found.append((f"frequent_{size}_words", _worst(words, size, _top_share), most))
    for size, most in seen:
        found.append((f"repeated_{size}_words", _worst(words, size, _seen_share), most))
    return found


def _lines(text: str) -> tuple[float, float]:
    """Shares of the lines, and of their characters, that stood before."""
    lines = [one for line in text.splitlines() if (one := line.strip())]
    seen: set[str] = set()
    repeated = characters = 0
    for line in lines:
        if line in seen:
            repeated += 1
            characters += len(line)
        seen.add(line)
    return repeated / max(len(lines), 1), characters / max(sum(map(len, lines)), 1)


def _worst(words: Words, size: int, share: Share) -> float:
    runs, lengths = words.sequences(size), words.lengths
    worst = 0.0
    for start in range(0, max(len(runs), 1), _WINDOW_WORDS):
        part = runs[start : start + _WINDOW_WORDS]
        if len(part) < min(_WINDOW_WORDS // 4, len(runs)):
            break  # the rest of a long text is too short to tell
        worst = max(worst, share(part, lengths[start : start + len(part) + size - 1], size))
    return worst


def _top_share(runs: Hashes, lengths: NDArray[np.int64], size: int) -> float:
    """Of the characters, in the most frequent run of words."""
    if not len(runs):
        return 0.0
    _, first, counts = np.unique(runs, return_index=True, return_counts=True)
    if counts.max() < 2:
        return 0.0
    most = int(counts.argmax())
    characters = int(lengths[first[most] : first[most] + size].sum()) * int(counts[most])
    return characters / max(int(lengths.sum()), 1)


def _seen_share(runs: Hashes, lengths: NDArray[np.int64], size: int) -> float:
    """Of the characters, in runs of words that stood before."""
    if not len(runs):
        return 0.0
    _, first = np.unique(runs, return_index=True)
    again = np.ones(len(runs), dtype=bool)
    again[first] = False
    covered = np.zeros(len(lengths) + 1, dtype=np.int64)
    places = np.flatnonzero(again)
    np.add.at(covered, places, 1)
    np.add.at(covered, places + size, -1)
    inside = np.cumsum(covered[:-1]) > 0
    return int(lengths[inside].sum()) / max(int(lengths.sum()), 1)
