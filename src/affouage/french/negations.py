"""What a text denies: ``ne ... pas``, ``jamais``, ``aucun``, ``sans``, ``ni``, ``interdit``, and in English. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

import msgspec

from affouage.french.plain import content_words, level

NegationKind = Literal["not", "no_more", "never", "without", "only"]
"""``not``: also ``aucun``, ``rien``, ``ni``, ``interdit``, ``impossible``. ``only``: ``ne ... que``, a restriction."""


class Negation(msgspec.Struct, frozen=True, kw_only=True):
    """``start`` .. ``end``: from the first to the last of its words. ``text``: its last word ("pas", "aucun").

    ``focus``: stems of what it denies: the words inside it and the next one that carries meaning, in the same clause.
    """

    kind: NegationKind
    start: int
    end: int
    text: str
    focus: tuple[str, ...] = ()


_NE = re.compile(r"\bne\b|\bn'")
_BORN = re.compile(r"\bn[éÉ]\b", re.IGNORECASE)
"""Without its accent, "né en France" would deny."""
_CLAUSE_END = re.compile(r"[,;:.!?()\n]|\bne\b|\bn'")
_STOP = re.compile(r"[,;:.!?()\n]")
_SECOND = re.compile(r"\b(?:pas|plus|jamais|rien|aucune?s?|personne|nulle?s?|guere|point|ni|que|qu')(?![\w-])")
_BEFORE = re.compile(r"\b(?:aucune?s?|personne|rien|nulle?s?|jamais|ni|pas une?)\b[^,;:.!?()\n]*$")
_EXPLETIVE = re.compile(r"\b(?:a moins qu|avant qu|de peur qu|de crainte qu|sans qu)(?:e\b|')[^,;:.!?()\n]*$")
_ALONE = re.compile(
    r"\b(?P<not>pas|aucune?s?|non|ni|rien|interdite?s?|interdictions?|interdisent|interdit|defendue?s?|impossibles?|"
    r"not|cannot|no|none|nothing|nobody|neither|nor|forbidden|prohibited|impossible|unable)\b"
    r"|(?P<nt>n't\b)|\b(?P<never>jamais|never)\b|\b(?P<without>sans|without)\b|\b(?P<no_more>no longer|no more)\b"
)
_ALONE_KINDS: dict[str, NegationKind] = {
    "not": "not",
    "nt": "not",
    "never": "never",
    "without": "without",
    "no_more": "no_more",
}
_NEAR = 200
"""Characters around a negation in which its words are looked for: a text without marks stays cheap to read."""
_KINDS: dict[str, NegationKind] = {"plus": "no_more", "jamais": "never", "que": "only", "qu'": "only"}
_NO_NEGATION = re.compile(
    r"\b(?:pas a pas|sans doute|non seulement|n'importe)\b|\bn° ?|\bpas[- ]de[- ](?:porte|calais)\b|\bno\. ?\d"
)


def negations(text: str) -> list[Negation]:
    """Every negation of ``text`` in order. ``aucun document n'est demande`` is one, ``ne ... ni ... ni`` is one."""
    flat = _NO_NEGATION.sub(lambda found: "_" * len(found[0]), level(_BORN.sub(lambda born: "_" * len(born[0]), text)))
    found: list[Negation] = []
    for ne in _NE.finditer(flat):
        end = _CLAUSE_END.search(flat, ne.end())
        clause_end = end.start() if end else len(flat)
        second = _SECOND.search(flat, ne.end(), clause_end)
        if second:
            kind = _KINDS.get(second[0], "not")
            found.append(_made(text, kind, ne.start(), second.end(), second.start()))
            continue
        before = flat[max(0, ne.start() - _NEAR) : ne.start()]
        if not _BEFORE.search(before) and not _EXPLETIVE.search(before):
            found.append(_made(text, "not", ne.start(), ne.end(), ne.start()))
    for alone in _ALONE.finditer(flat):
        if any(one.start <= alone.start() < one.end for one in found):
            continue
        found.append(_made(text, _ALONE_KINDS[alone.lastgroup or ""], alone.start(), alone.end(), alone.start()))
    return _one_ni(sorted(found, key=lambda one: one.start), flat)


def denied(text: str) -> Counter[str]:
    """How many negations of each kind: equal for two texts that deny as much."""
    return Counter(one.kind for one in negations(text))


def _made(text: str, kind: NegationKind, start: int, end: int, word: int) -> Negation:
    stop = _STOP.search(text, end, end + _NEAR)
    inside = content_words(text[start:word])
    after = content_words(text[end : stop.start() if stop else end + _NEAR])
    before = content_words(re.split(r"[,;:.!?()\n]", text[max(0, start - _NEAR) : start])[-1])
    focus = (*inside, *after[:1]) or before[-1:]
    return Negation(kind=kind, start=start, end=end, text=text[word:end], focus=focus)


def _one_ni(found: list[Negation], flat: str) -> list[Negation]:
    """``ni l'un ni l'autre`` denies once, with the ``ne`` that stands in the same sentence."""
    kept: list[Negation] = []
    for one in found:
        same = bool(kept) and not re.search(r"[.!?;\n]", flat[kept[-1].end : one.start])
        second = flat[one.start : one.end].startswith("ni")
        first = bool(kept) and flat[kept[-1].start : kept[-1].end].startswith("ni")
        if same and (second or (first and flat[one.start : one.end] in ("ne", "n'"))):
            continue
        kept.append(one)
    return kept
