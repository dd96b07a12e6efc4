"""Where sentences end, in French and in English: abbreviations, decimals, addresses and lists do not fool it. Pure."""

from __future__ import annotations

import re

from affouage.french.plain import Span, level

_ENDS = re.compile(r"[.!?…]+(?:[ \u00a0\u202f]?»|[\"”’)\]])*(?=\s|$)|\n+")
_ABBREVIATED = re.compile(
    r"(?:^|[\s('’«-])(?:m|mm|mme|mmes|mlle|dr|pr|me|mgr|st|ste|art|al|ch|chap|p|pp|n|no|num|tel|fax|av|bd|boul|r|rte|"
    r"ex|cf|c\.-a-d|env|max|min|vol|ed|fig|dept|ref|resp|hab|h|j|cie|ets|sté|ste|bat|esc|etc|i\.e|e\.g|mr|mrs|ms|vs|inc|"
    r"approx|[a-z])$"
)
_ENDS_IF_CAPITAL = ("etc", "max", "min", "hab", "h", "j", "p")
"""Abbreviations that often close a sentence: they do when a capital follows."""
_BULLET = re.compile(r"^\s*(?:[-–—•*·▪◦‣>]|\d{1,2}[.)]|[a-z]\))\s+")
_NUMBERED = re.compile(r"^\s*\d{1,2}$")


def sentences(text: str) -> list[Span]:
    """The sentences of ``text`` in order, each at its place, without the blanks and the bullet before it.

    A line end always ends one: titles and items of lists are sentences of their own. An item keeps its mark of
    punctuation; nothing but blanks and bullets is ever left out.
    """
    found: list[Span] = []
    begin = 0
    flat = level(text)
    for end in _ENDS.finditer(text):
        if "\n" in end[0] or _closes(flat, text, begin, end.start(), end.end()):
            _add(found, text, begin, end.start() if "\n" in end[0] else end.end())
            begin = end.end()
    _add(found, text, begin, len(text))
    return found


def _closes(flat: str, text: str, begin: int, dot: int, after: int) -> bool:
    if text[dot] != "." or after - dot > 1:
        return True
    following = text[after:].lstrip()[:1]
    before = flat[begin:dot]
    if _NUMBERED.match(before):
        return False  # "1. Remplir le formulaire"
    shortened = _ABBREVIATED.search(before)
    if shortened:
        return before.endswith(_ENDS_IF_CAPITAL) and len(shortened[0].strip()) > 1 and following.isupper()
    return not following.islower()


def _add(found: list[Span], text: str, start: int, end: int) -> None:
    bullet = _BULLET.match(text[start:end])
    start += bullet.end() if bullet else 0
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if any(one.isalnum() for one in text[start:end]):
        found.append(Span(start, end, text[start:end]))
