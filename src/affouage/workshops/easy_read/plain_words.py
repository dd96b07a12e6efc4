"""Words that affouage proposes: plainer ones, what hard ones mean, what is short for what. Pure, but its files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec

from affouage.french.plain import level
from affouage.workshops.easy_read.lemmas import bases


class PlainWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By word or turn in small letters and base form. ``replace``: what everybody says. ``explain``: what it means.

    ``familiar``: never called rare. ``acronyms``: by capitals; ``abbreviations``: by small letters with their dots.
    """

    replace: dict[str, str]
    explain: dict[str, str]
    familiar: frozenset[str]
    acronyms: dict[str, str]
    abbreviations: dict[str, str]

    def turns_in(self, leveled: str) -> Iterator[tuple[str, int, int]]:
        """Turns of several words in a leveled sentence: (key, start, end). "de", "à", "que" also as they join."""
        for key, pattern in _turns(tuple(key for key in (*self.replace, *self.explain) if " " in key)):
            for found in pattern.finditer(leveled):
                yield key, found.start(), found.end()

    def names_in(self, leveled: str) -> Iterator[tuple[int, int]]:
        """Where a leveled sentence says what an acronym stands for: a name, whose words are not hard ones."""
        for whole in self.acronyms.values():
            start = leveled.find(level(whole))
            if start >= 0:
                yield start, start + len(whole)

    def base(self, word: str, among: dict[str, str]) -> str:
        """The key of ``among`` that ``word`` (small letters) is a form of; "" when there is none."""
        return next((one for one in bases(word) if one in among), "")


@cache
def _turns(keys: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((key, re.compile(r"\b" + _flexible(level(key)))) for key in keys)


def _flexible(turn: str) -> str:
    begin, _, last = turn.rpartition(" ")
    ends = {"de": r"(?:de\b|du\b|des\b|d')", "que": r"(?:que\b|qu')", "a": r"(?:a|au|aux)\b"}
    return " ".join((*map(re.escape, begin.split()), ends.get(last, re.escape(last) + r"s?\b")))


@cache
def plain_words(language: str) -> PlainWords:
    """Those shipped for French or English."""
    file = resources.files("affouage.workshops.easy_read").joinpath(f"plain_words.{language}.toml")
    read = tomllib.loads(file.read_text(encoding="utf-8"))
    return msgspec.convert({**read, "familiar": read["familiar"]["words"]}, PlainWords)
