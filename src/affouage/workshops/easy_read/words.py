"""The words of a sentence, with their places. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from affouage.french.plain import Span
from affouage.french.sentences import sentences

_SPACED = re.compile(r"\S+")
_LETTERS = re.compile(r"[^\W\d_]+(?:[-‑.](?=[^\W\d_])[^\W\d_]+)*")
ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>()\"»]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
    r"|(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:fr|org|com|net|eu|be|ch|ca)\b(?:/[^\s<>()\"»]*)?"
)
"""An address of a site or of mail, its parts no longer than such parts are."""
_ELIDED = re.compile(r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['’]", re.IGNORECASE)


LONGEST = 1_500
"""Characters of one sentence: what goes on longer without a mark is cut at a blank. Nobody reads such a sentence, and
no rule has to."""


class Word(msgspec.Struct, frozen=True):
    """``start``, ``end``: in characters of the sentence."""

    text: str
    start: int
    end: int


def sentences_of(text: str) -> list[Span]:
    """The sentences of ``text`` in order, at their places; one that is endless is cut."""
    return [piece for one in sentences(text) for piece in _cut(one)]


def _cut(sentence: Span) -> Iterator[Span]:
    start, text = sentence.start, sentence.text
    while len(text) > LONGEST:
        end = text.rfind(" ", 1, LONGEST) + 1 or LONGEST
        yield Span(start, start + len(text[:end].rstrip()), text[:end].rstrip())
        start, text = start + end, text[end:]
    yield Span(start, start + len(text), text)


def words_in(sentence: str) -> Iterator[Word]:
    """What stands between two spaces and holds a letter or a digit: so one counts words by hand ("l'été" is one)."""
    for found in _SPACED.finditer(sentence):
        if any(one.isalnum() for one in found[0]):
            yield Word(found[0], found.start(), found.end())


def plain_words_in(sentence: str) -> Iterator[Word]:
    """Its words without figures, without what is elided before them ("l'été" gives "été"), addresses left out."""
    masked = without_addresses(sentence)
    masked = _ELIDED.sub(lambda found: " " * len(found[0]), masked)
    for found in _LETTERS.finditer(masked):
        yield Word(found[0], found.start(), found.end())


def without_addresses(sentence: str) -> str:
    """The sentence with blanks in the place of addresses of sites and of mail: same length."""
    return ADDRESS.sub(lambda found: " " * len(found[0]), sentence)
