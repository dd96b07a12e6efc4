"""The limit that a sheet sets right after what was quoted: shown with it, word for word. Pure.

"One may work from 16 on" is true to its source, and misleads when the source goes on "every minor needs the leave of a
parent". A model that sums up leaves such sentences out; nothing of what it wrote is then wrong, and nothing is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from affouage.french.conditions import conditions, obliges
from affouage.french.plain import level
from affouage.workshops.explain.passages import Unit, quote, units
from affouage.workshops.explain.shapes import Quote, Sentence
from affouage.workshops.explain.support import Source

MOST = 2
"""Limits shown with one answer."""
LONGEST = 320
"""Characters: a longer one is a paragraph of its own, and stays in the passage."""

_HOWEVER = re.compile(r"(?:toutefois|cependant|neanmoins|en revanche|mais|attention|sauf|however|but|except)\b")


def with_limits(sentences: Sequence[Sentence], given: Sequence[Source]) -> tuple[Sentence, ...]:
    """The sentences, each followed by what limits it in the sentence after its quote, unless one of them says it."""
    quotes = [one.quote for one in sentences if one.quote is not None]
    told: list[Sentence] = []
    added = 0
    for one in sentences:
        told.append(one)
        limit = _limit(one.quote, given) if one.quote is not None and added < MOST else None
        if limit is not None and not any(_meet(limit, other) for other in quotes):
            added += 1
            quotes.append(limit)
            told.append(msgspec.structs.replace(one, text=limit.text, quote=limit))
    return tuple(told)


def _limit(said: Quote, given: Sequence[Source]) -> Quote | None:
    for source in given:
        passage = source.passage
        if _key(said) == (passage.collection_id, passage.sheet_id, passage.number):
            found = units(passage.text)
            here = next((n for n, one in enumerate(found) if one.end == said.end), None)
            if here is not None and here + 1 < len(found) and _limits(found[here], found[here + 1]):
                return quote(passage, found[here + 1].start, found[here + 1].end)
    return None


def _limits(said: Unit, after: Unit) -> bool:
    """Whether the sentence after one takes something away from it. An item of a list is another case, not a limit."""
    near = said.stretch == after.stretch and said.intro is None and after.intro is None
    if not near or len(after.text) > LONGEST or after.text.endswith(":"):
        return False
    but = any(one.kind == "unless" for one in conditions(after.text))
    return but or obliges(after.text) or bool(_HOWEVER.match(level(after.text)))


def _key(one: Quote) -> tuple[str, str, int]:
    return one.collection_id, one.sheet_id, one.passage


def _meet(one: Quote, other: Quote) -> bool:
    return _key(one) == _key(other) and one.start < other.end and other.start < one.end
