"""Everyday words and what official sheets write instead: "toubib" is looked for as "médecin" too. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from affouage.sheets.search.french_words import as_written, terms

WEIGHT = 0.5
"""Of a term nobody wrote, beside 1 for one of the question."""
_MOST_SAID = 6
"""Official expressions a question is said again with."""
_MOST_EACH = 2


class _Words(NamedTuple):
    """``official``: by the terms of the everyday expression. ``longest``: expression, in terms. ``known``: every word
    of them, as written."""

    official: dict[tuple[str, ...], tuple[str, ...]]
    longest: int
    known: frozenset[str]


@cache
def _words() -> _Words:
    read = tomllib.loads(resources.files(__package__).joinpath("everyday_words.toml").read_text("utf-8"))
    official: dict[tuple[str, ...], tuple[str, ...]] = {}
    known: set[str] = set()
    for section in read.values():
        for said, written in section.items():
            known.update(as_written().analyze(said))
            if key := tuple(terms(said)):
                official[key] = (*official.get(key, ()), *written)
    return _Words(official, max(map(len, official)), frozenset(known))


def known_words() -> frozenset[str]:
    """Everyday words that are spelt as they should be, although no sheet holds them."""
    return _words().known


def official_words(asked: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """For the terms of a question: the official expressions of each everyday one in it, longest expressions first.

    The words of an expression ("mettre à la porte") are not looked up again one by one.
    """
    words, found = _words(), []
    taken = [False] * len(asked)
    for length in range(min(words.longest, len(asked)), 0, -1):
        for start in range(len(asked) - length + 1):
            if any(taken[start : start + length]):
                continue
            if (official := words.official.get(tuple(asked[start : start + length]))) is not None:
                taken[start : start + length] = [True] * length
                found.append(official)
    return tuple(found)


def weighed_terms(asked: Sequence[str]) -> dict[str, float]:
    """The terms to look for: those of the question, and the official ones, which count less."""
    weighed = dict.fromkeys(asked, 1.0)
    for official in official_words(asked):
        for term in terms(" ".join(official)):
            weighed.setdefault(term, WEIGHT)
    return weighed


def said_officially(question: str) -> str:
    """The question with official words added in brackets; itself where there are none to add."""
    flat = question.lower()
    found = [one for official in official_words(terms(question)) for one in official[:_MOST_EACH]]
    added = [one for one in dict.fromkeys(found) if one.lower() not in flat][:_MOST_SAID]
    return f"{question} ({', '.join(added)})" if added else question
