"""The shapes of a library: a collection, its sheets, their passages and facts. Pure."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

FactKind = Literal["amount", "delay", "where", "form", "online", "law", "definition"]
"""Amounts and delays stand in the text; where to go, forms, online services and laws beside it; definitions explain."""

PUBLIC, MEMBERS = "public", "members"
"""Readers of a collection: everybody, every member. Others: ``role:steward``, ``college:agents``, ``member:<id>``."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something of a sheet that stands by itself. ``value``: as the sheet writes it ("11,52 €", "2 mois").

    ``path``: the headings it stands under, so that its condition is never lost.
    """

    kind: FactKind
    label: str
    value: str = ""
    url: str = ""
    id: str = ""
    path: tuple[str, ...] = ()


class Block(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a sheet's body in reading order.

    ``path``: headings and conditions above it, outermost first ("Cas général", "Vous êtes mineur", ...): a conditional
    block never loses its condition. ``kind``: plain text, an item of a list, a row of a table, or a box. ``name``: of
    the box ("Attention", "À savoir", "À noter", "Rappel", "Exemple").
    """

    text: str
    path: tuple[str, ...] = ()
    kind: Literal["text", "item", "row", "box"] = "text"
    name: str = ""


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another sheet or address this one names. ``sheet_id``: "" for an address alone."""

    title: str
    sheet_id: str = ""
    url: str = ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One document. ``id``: unique in its collection ("F1769"). ``day``: YYYY-MM-DD its source says it was checked or
    modified; None when it says nothing. ``language``: of the text, two letters. ``theme``: breadcrumb, widest first.
    ``kind``: "question" when the title is a question it answers, "information", "guided", "steps", "links", "document".
    ``notes``: what the reader should know of how it was read ("ocr:71" for scanned pages read at 71 % confidence).
    """

    id: str
    title: str
    description: str = ""
    url: str = ""
    day: str | None = None
    language: str = "fr"
    audience: str = ""
    theme: tuple[str, ...] = ()
    kind: str = "information"
    blocks: tuple[Block, ...] = ()
    facts: tuple[Fact, ...] = ()
    related: tuple[Link, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Of its canonical JSON: a sheet that did not change is left untouched."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class Passage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some 80 to 120 words of a sheet that stand under the same headings: what is found, quoted and checked.

    ``text``: word for word of the sheet, its blocks one a line. ``number``: 0, 1, 2 ... within the sheet; 0 is the
    description.
    """

    collection_id: str
    sheet_id: str
    number: int
    text: str
    path: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.collection_id}/{self.sheet_id}/{self.number}"


class Collection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A set of sheets of one source. ``readers``: who may read and search it (see ``PUBLIC``); ``old_after_days``: a
    sheet whose day is older is marked old; ``source``: the mention its licence asks for.

    ``origin``: where it was imported from and is updated from (an address, or a folder). ``kind``: which importer.
    """

    id: str
    name: str
    kind: str
    source: str
    licence: str
    origin: str
    readers: tuple[str, ...] = (MEMBERS,)
    old_after_days: int = 365
    language: str = "fr"
    imported_ms: int | None = None
    sheets: int = 0


def may_read(collection: Collection, tags: frozenset[str]) -> bool:
    """Whether somebody with these tags reads it. Everybody has ``public``."""
    return not tags.isdisjoint(collection.readers)
