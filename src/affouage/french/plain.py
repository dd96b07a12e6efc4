"""Words laid flat: small letters without accents, stems, and which words carry meaning. Pure.

The stems are crude (they cut endings, they know no grammar) and are compared with one another only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import msgspec


class Span(msgspec.Struct, frozen=True):
    """A piece of a text: ``text == source[start:end]``."""

    start: int
    end: int
    text: str


class _Level(dict[int, int]):
    """Maps a code point to the bare small letter it draws, one to one, so that offsets stay true."""

    def __missing__(self, point: int) -> int:
        bare = unicodedata.normalize("NFD", chr(point))[0].lower()
        self[point] = ord(bare) if len(bare) == 1 else point
        return self[point]


_LEVEL = _Level()
_LEVEL.update({ord(one): ord("'") for one in "’ʼ‘`´"})
_LEVEL.update({ord(one): ord("-") for one in "‐‑–—−"})
_LEVEL.update({ord(one): ord(" ") for one in "\u00a0\u202f\u2009\u2007\t"})


def level(text: str) -> str:
    """``text`` in small letters without accents, plain apostrophes, dashes and blanks. As long as ``text`` itself."""
    return text.translate(_LEVEL)


def squeeze(text: str) -> str:
    """``text`` leveled, its blanks made one: for comparing what two hands typed."""
    return " ".join(level(text).split())


_WORD = re.compile(r"[^\W_]+(?:[.\-][^\W_]+)*")
_ELIDED = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu)'")


def words(text: str) -> list[Span]:
    """The words of a text, leveled, at their places: ``l’ancienne carte`` gives ``ancienne``, ``carte``.

    A compound (``rez-de-chaussee``, ``3.5``) is one word; the elided little words are left out.
    """
    flat = _ELIDED.sub(lambda found: " " * len(found[0]), level(text))
    return [Span(found.start(), found.end(), found[0]) for found in _WORD.finditer(flat)]


_NOUN_ENDINGS = (
    "ation ations ateur ateurs atrice ement ements ite ites ance ances ence ences ant ants ante antes eur eurs euse "
    "euses eux if ifs ive ives el els elle elles al ale ales aux able ables ible ibles age ages ure ures ion ions "
    "aire aires ier iers iere ieres ique iques"
)
_VERB_ENDINGS = (
    "er ez e es ee ees ent ons ais ait aient iez ira era eront erez ir is it irez issez issent issant re u ue us ues "
    "s x i ie ies"
)
_ENDINGS = tuple(sorted(f"{_NOUN_ENDINGS} {_VERB_ENDINGS}".split(), key=len, reverse=True))
_SHORTEST_STEM = 4


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A leveled word without its ending: ``demandez``, ``demande``, ``demander`` give ``demand``."""
    if word.isdigit() or len(word) <= _SHORTEST_STEM:
        return word.rstrip("sx") if len(word) > 2 and not word.isdigit() else word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return _undouble(word[: -len(ending)])
    return word


def _undouble(base: str) -> str:
    return base[:-1] if len(base) > _SHORTEST_STEM and base[-1] == base[-2] else base


def content_words(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order, repeated as they are; numbers in digits too."""
    return tuple(stem(one.text) for one in content_spans(text))


def content_spans(text: str) -> Iterator[Span]:
    """The words that carry meaning, leveled, at their places."""
    for one in words(text):
        if one.text not in LITTLE_WORDS and (len(one.text) > 1 or one.text.isdigit()):
            yield one


def alike(one: str, other: str) -> bool:
    """Whether two stems are likely of one family: equal, or one begins the other (``age`` and ``agee``)."""
    short, long = sorted((one, other), key=len)
    near = len(short) >= 3 and len(long) - len(short) <= min(3, len(short) - 2)
    return one == other or (near and long.startswith(short))


_FRENCH = (  # articles, pronouns, prepositions, conjunctions, auxiliaries, the polite fillers of a question
    "a ai aie aient ainsi alors apres as au aucun aucune aura aurai auraient aurais aurait aurez auront aussi autre "
    "autres aux avaient avais avait avec avez aviez avoir avons ayant beaucoup bien bonjour bonsoir c ca car ce ceci "
    "cela celle celles celui cependant ces cet cette ceux chaque chez comme comment d dans de dedans depuis des "
    "donc dont du elle elles en encore entre envers es est et etaient etais etait etant ete etes etre eu eux fait "
    "faire fais faites faut font hors ici il ils j je jusque l la laquelle le lequel les lesquelles lesquels leur "
    "leurs lors lui combien m ma mais me meme memes merci mes mien moi moins mon n ne ni nos notre nous on ont or ou "
    "par parce pas pendant peu peut peuvent peux plus pour pourra pourquoi pourrez pouvez pouvoir puis quand que quel "
    "quelle quelles quels qui quoi s sa sans se sera serai seraient serait seront ses si soi soient sois soit sommes "
    "son sont sous suis sur svp t ta tandis te tel telle telles tels tes toi ton tous tout toute toutes tres trop tu "
    "un une va vais vas vers veut veux vont vos votre voudrais vous y doit doivent dois devez devoir lorsque "
    "afin notamment deja ceux-ci celui-ci celle-ci est-ce peut-on dois-je puis-je"
)
_ENGLISH = (
    "about after all also am and any are at be because been before being but by can cannot could did do does doing "
    "down each few for from had has have having he her here him his how i if in into is it its just may me might "
    "more most must my no nor not of off on once only or other our out over own same shall she should so some such "
    "than that the their them then there these they this those through to too under until up very was we were what "
    "when where which while who whom why will with would you your yours please hello"
)
LITTLE_WORDS = frozenset(f"{_FRENCH} {_ENGLISH}".split())
