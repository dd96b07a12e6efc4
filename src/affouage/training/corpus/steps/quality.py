"""Is it prose? Length, letters, little words, symbols, lists: rules in the manner of Gopher, for French. Pure.

The limits stand in the recipe; docs/reference/corpus.md says on which texts they were measured.
"""

from __future__ import annotations

import re

from affouage.training.corpus.document import Outcast
from affouage.training.corpus.recipe import Length, Quality
from affouage.training.corpus.steps.words import Words

_LITTLE = (
    "le la les l un une des de du d à a au aux en et ou où mais donc or ni car que qu qui quoi dont je j tu il elle on "
    "nous vous ils elles me m te t se s lui leur y ce c cet cette ces ça mon ma mes ton ta tes son sa ses notre nos "
    "votre vos leurs ne n pas plus est sont été être était ai as avez avons ont avait pour par avec sans sous sur dans "
    "entre vers chez si comme quand tout tous toute toutes même aussi très bien peut doit fait"
)
STOP_WORDS = frozenset(_LITTLE.split())
_SYMBOLS = re.compile(r"[#{}|<>\\^~=*_\[\]]|…|\.\.\.")
_BULLET = re.compile(r"^\s*(?:[-–—•▪‣◦·*]|\d{1,2}[.)])\s")
_SPOKEN = re.compile(r"^\s*[–—-]\s*\S")
_ELLIPSIS = ("...", "…")
_SHOUTED = 20_000
"""Characters among which capitals are counted."""


def check_length(words: Words, step: Length) -> None:
    """Raises Outcast."""
    count = len(words.lower)
    if count < step.least_words:
        raise Outcast("too_short", f"{count} words")
    if count > step.most_words:
        raise Outcast("too_long", f"{count} words")


def check_quality(words: Words, step: Quality) -> None:
    """Raises Outcast: with the share or the number that went beyond its limit."""
    for reason, found, least, most in measures(words, step):
        if not least <= found <= most:
            raise Outcast(reason, f"{found:.3f}")


def measures(words: Words, step: Quality) -> list[tuple[str, float, float, float]]:
    """(reason, what is measured, the least, the most it may be)."""
    lower, text = words.lower, words.text
    count = max(len(lower), 1)
    lettered = [one for one in lower if not one.isdigit()]
    stops = [one for one in lower if one in STOP_WORDS]
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    bullets = sum(bool(_BULLET.match(line)) and not _is_speech(line) for line in lines)
    ellipses = sum(line.rstrip().endswith(_ELLIPSIS) for line in lines)
    letters, capitals = (sum(map(kind, text[:_SHOUTED])) for kind in (str.isalpha, str.isupper))
    mean = sum(map(len, lettered)) / max(len(lettered), 1)
    unbound = float("inf")
    return [
        ("few_letters", len(lettered) / count, step.least_words_with_letters, 1),
        ("word_length", mean, step.least_mean_letters, step.most_mean_letters),
        ("few_stop_words", len(stops) / count, step.least_stop_words, 1),
        ("few_stop_words", float(len(set(stops))), step.least_different_stop_words, unbound),
        ("symbols", len(_SYMBOLS.findall(text)) / count, 0, step.most_symbols),
        ("bullets", bullets / len(lines), 0, step.most_bullet_lines),
        ("ellipses", ellipses / len(lines), 0, step.most_ellipsis_lines),
        ("capitals", capitals / max(letters, 1), 0, step.most_capitals),
    ]


def _is_speech(line: str) -> bool:
    """A dash before a sentence is somebody speaking, in French: dialogue is prose."""
    return bool(_SPOKEN.match(line)) and line.rstrip().endswith((".", "!", "?", "…", ",", ":", "»")) and len(line) > 20
