"""A document on its way through the steps, and why one does not arrive. Pure shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from affouage.training.corpus.steps.words import Words

READ, CONSENT, LICENCE, RESERVATION = "read", "consent", "licence", "reservation"
"""Steps that no recipe can leave out."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document of a corpus: one line of ``documents.jsonl``.

    ``at``: its address, or its path in its source. ``day``: YYYY-MM-DD that its source gives it; None: not said.
    ``licence``: SPDX or LicenseRef. ``sha256``: of its text in UTF-8. ``masked``: personal data replaced in it.
    ``member``: who consented. ``override``: what it would have been refused for, and who let it in.
    """

    id: str
    source: str
    at: str
    title: str = ""
    licence: str
    day: str | None = None
    sha256: str
    characters: int
    split: str = ""
    masked: int = 0
    member: str = ""
    override: str = ""


class Removed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What did not enter: one line of ``removed.jsonl``. ``detail``: in what place, of what it is a copy."""

    id: str
    source: str
    at: str = ""
    step: str
    reason: str
    detail: str = ""


class Outcast(Exception):
    """A step refuses the document in hand."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


@dataclass(slots=True)
class Draft:
    """A document as a source gives it. ``page``: of a web page not yet extracted, ``text`` is then empty.
    ``reserved``: what the page itself reserves ("" for nothing). ``words``: of the text, once a step has looked."""

    id: str
    source: str
    at: str
    text: str = ""
    title: str = ""
    licence: str = ""
    day: str | None = None
    page: str | None = None
    reserved: str = ""
    address: str = ""
    masked: int = 0
    override: list[str] = field(default_factory=list)
    words: Words | None = None


class Unread(NamedTuple):
    """Something of a source that could not be read: a record, a line, the rest of a shard."""

    id: str
    at: str
    reason: str
    detail: str = ""
