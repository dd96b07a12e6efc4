"""What a check of a text is made of. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

Level = Literal["error", "warning"]
"""``error``: against a rule, to be changed. ``warning``: to be looked at; the program may be wrong."""

Kind = Literal["heading", "item", "text"]
"""Of a sentence: a title of a part, an item of a list, or anything else."""


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence as one reads it. ``line``: of the source, from 1, where it begins. ``block``: number of the
    paragraph it stands in. ``shares_line``: another sentence begins on the line where this one ends."""

    text: str
    line: int
    block: int = 0
    kind: Kind = "text"
    shares_line: bool = False


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Something of the layout that a rule speaks of. ``rule``: its code; ``found``: what was seen."""

    rule: str
    line: int
    found: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A text read: its sentences in order and what its layout says. ``pictures``: None where the format has none.

    ``expanded``: acronyms that the markup itself explains.
    """

    sentences: tuple[Sentence, ...]
    marks: tuple[Mark, ...] = ()
    pictures: int | None = None
    expanded: frozenset[str] = frozenset()


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to change or to look at. ``rule``: its code. ``line``: of the source, from 1. ``sentence``: number of
    the sentence, from 0; None for what concerns the layout or the whole.

    ``start``, ``end``: in characters of the sentence (both 0: the whole of it). ``found``: the words it is about.
    ``instead``: plainer words; ``gloss``: what a rare word means; ``gloss_source``: who says so.
    """

    rule: str
    level: Level
    line: int
    sentence: int | None = None
    start: int = 0
    end: int = 0
    found: str = ""
    instead: str = ""
    gloss: str = ""
    gloss_source: Literal["", "affouage", "wiktionary"] = ""


class Spot(NamedTuple):
    """What one rule says of one sentence; ``start``, ``end`` as in a finding."""

    rule: str
    level: Level
    start: int = 0
    end: int = 0
    instead: str = ""
    gloss: str = ""


class Gloss(msgspec.Struct, frozen=True, kw_only=True):
    """A word for the glossary. ``text``: what it means; ``source``: ``affouage`` or ``wiktionary`` (CC BY-SA 4.0)."""

    word: str
    text: str
    source: Literal["affouage", "wiktionary"]
