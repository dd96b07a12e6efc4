"""What of a passage can be quoted: its sentences, each with what it cannot be read without. Pure."""

from __future__ import annotations

import re

import msgspec

from affouage.french.plain import Span, level
from affouage.french.sentences import sentences
from affouage.sheets.sheet import Passage
from affouage.workshops.explain.orders import orders_a_model
from affouage.workshops.explain.shapes import Quote


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence or item of a passage, at its place. ``intro``: the line that introduces the list it stands in (as
    offsets), without which an item says nothing, or the contrary. ``begin``: where a quote of it starts, so that "In
    this case" is not shown without the case. ``stretch``: no quote spans two of them: what was left out stands between.
    """

    start: int
    end: int
    text: str
    intro: tuple[int, int] | None = None
    begin: int = 0
    stretch: int = 0


_LEANS = re.compile(
    r"(?:dans ce(?:s|tte)? (?:cas|situation|hypothese)|dans tous les cas|a defaut|sinon|cependant|toutefois|neanmoins|"
    r"en revanche|par contre|mais|et|ou|puis|ensuite|il|elle|ils|elles|celui-ci|celle-ci|ceux-ci|celles-ci|cela|c'est|"
    r"ce |cet |cette |ces |de meme|autrement|pour cela|par exemple|il en est de meme|in this case|otherwise|however)\b"
)
_LONGEST_QUOTE = 900
"""Characters: a quote that would start further back starts with its own sentence."""


def units(text: str, *, quoted: bool = True) -> list[Unit]:
    """The sentences of a text, in order; of one that is ``quoted``, those that give a machine orders are left out."""
    flat = level(text)
    found: list[Unit] = []
    opener: Unit | None = None
    stretch = 0
    for one in sentences(text):
        if quoted and orders_a_model(one.text):
            opener, stretch = None, stretch + 1
            continue
        opener = opener if _is_item(text, one) else None
        begin = one.start
        if opener is not None and one.end - opener.begin <= _LONGEST_QUOTE:
            begin = opener.begin
        elif _leans(flat[one.start : one.end], found, one.end, stretch):
            begin = found[-1].begin
        intro = None if opener is None else (opener.start, opener.end)
        found.append(Unit(start=one.start, end=one.end, text=one.text, intro=intro, begin=begin, stretch=stretch))
        if one.text.endswith(":"):
            opener = found[-1]
    return found


def _leans(flat: str, found: list[Unit], end: int, stretch: int) -> bool:
    """Whether it is not understood without the sentence before it."""
    near = bool(found) and found[-1].stretch == stretch and end - found[-1].begin <= _LONGEST_QUOTE
    return near and bool(_LEANS.match(flat))


def quote(passage: Passage, start: int, end: int) -> Quote:
    """That span of the passage, word for word."""
    return Quote(
        collection_id=passage.collection_id,
        sheet_id=passage.sheet_id,
        passage=passage.number,
        start=start,
        end=end,
        text=passage.text[start:end],
        path=passage.path,
    )


_BOX = re.compile(r"(?:attention|a savoir|a noter|rappel|exemple|important|remarque) :")
_LONG_SENTENCE = 12
"""Words: a line that is a whole sentence of more than that goes on after a list, it is no item of it."""


def _is_item(text: str, one: Span) -> bool:
    """Whether it may belong to the list that a colon opened: it starts its line, and is neither a box nor a long
    sentence."""
    starts_line = one.start == 0 or "\n" in text[text.rfind("\n", 0, one.start) : one.start]
    if not starts_line or _BOX.match(level(one.text)):
        return False
    if one.text[0].isupper() and one.text.endswith(":"):
        return False  # another list begins
    whole = one.text[0].isupper() and one.text.endswith(".")
    return not (whole and len(one.text.split()) > _LONG_SENTENCE)
