"""What the templates of explanation, sheets and evaluations receive. Shapes for reading: every code is in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from affouage.ledger.receipt import Receipt
from affouage.web.explain.sheet_parts import Entry, Heading, Run
from affouage.web.explain.words import Dated
from affouage.web.pages import Choice, Page
from affouage.web.reach import ReachField


@dataclass(frozen=True)
class SheetLink:
    """A sheet in a list or under a quote. ``href``: of its page here; ``source``: the mention its licence asks for."""

    title: str
    href: str
    source: str
    licence: str
    dated: Dated
    description: str = ""
    language: str = "fr"


@dataclass(frozen=True)
class Quoted:
    """Words of a sheet, letter for letter. ``path``: headings and conditions they stand under; ``href``: their place
    in the sheet; ``number``: 1, 2, 3 ... where an answer refers to them, 0 elsewhere."""

    lines: tuple[str, ...]
    path: tuple[str, ...]
    href: str
    sheet: SheetLink | None = None
    number: int = 0


@dataclass(frozen=True)
class Found:
    """A sheet that was found: the very sentences that answer, and the whole passages that speak of the question."""

    sheet: SheetLink
    quotes: tuple[Quoted, ...]
    passages: tuple[Quoted, ...]


@dataclass(frozen=True)
class Told:
    """A sentence of an answer. ``marks``: numbers of the quotes it stands on."""

    text: str
    marks: tuple[int, ...]


@dataclass(frozen=True)
class Dropped:
    """A sentence that was left out, why, and what the sheet says instead (None when nothing is near)."""

    text: str
    why: str
    quote: Quoted | None


@dataclass(frozen=True)
class WriteForm:
    """By which a model is asked to write. ``choices`` empty: none may be; ``shut``: some are here, none admitted."""

    choices: tuple[Choice, ...]
    model: str
    reach: ReachField | None
    no_hurry: bool
    shut: bool


@dataclass(frozen=True)
class Looked:
    """What a question led to, before any generation. ``question``: with what was personal masked; ``corrected``: how it
    was understood, "" when as it is; ``searched``: what the search could not do, "" for nothing. ``why_not``: why no
    sheet can answer, "" when one may; ``needless``: no model is needed, the sheet answers. ``answers``: the sheets
    that answer, quoted; ``others``: those found besides."""

    question: str = field(repr=False)
    masked: str
    corrected: str = field(repr=False)
    warnings: tuple[str, ...]
    searched: str
    why_not: str
    ask_instead: tuple[str, ...]
    answers: tuple[Found, ...]
    others: tuple[Found, ...]
    sources: tuple[str, ...]
    needless: bool
    write: WriteForm | None


@dataclass(frozen=True)
class ExplainPage(Page):
    """``collections``: how many one may search; ``looked`` None: nothing was asked yet. ``mark``: where the page is cut
    and the written answer put, "" when none is written."""

    template: ClassVar[str] = "explain/explain.html"
    collections: int
    question: str = field(default="", repr=False)
    problem: str = ""
    looked: Looked | None = None
    mark: str = ""

    @property
    def asking(self) -> bool:
        return bool(self.mark)


@dataclass(frozen=True)
class Explained(Page):
    """The end of an explanation, checked. ``sentences``: each with its marks; ``quotes``: what they stand on;
    ``to_check``: the sheets of these that are old, undated or withdrawn.

    No sentence, but quotes, where nothing written could be checked. ``outcome``: completed | cancelled | failed.
    """

    template: ClassVar[str] = "explain/explained.html"
    outcome: str
    sentences: tuple[Told, ...]
    quotes: tuple[Quoted, ...]
    to_check: tuple[SheetLink, ...]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    receipt: Receipt | None
    exact: str | None = field(repr=False)
    salt: str = field(repr=False)
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Shelf:
    """A collection, with who may read it and when its sheets are marked old, in words."""

    id: str
    name: str
    source: str
    licence: str
    sheets: int
    imported_ms: int | None
    old_after: str
    readers: str


@dataclass(frozen=True)
class Sheets(Page):
    """The collections one may read, and what a search among them found. ``progress``: how far the search is, in words;
    ``searched``: something was looked for; ``nearest``: no sheet holds a word of it, those near by meaning are shown.
    """

    template: ClassVar[str] = "explain/sheets.html"
    shelves: tuple[Shelf, ...]
    progress: str
    words: str = field(repr=False)
    shelf: str
    searched: bool
    nearest: bool
    corrected: str = field(repr=False)
    found: tuple[SheetLink, ...]


@dataclass(frozen=True)
class SheetPage(Page):
    """One part of a sheet. ``here``: blocks of the passage asked for, ``first`` the first of them; ``notes``: how it
    was read, in words; ``address``: of the sheet here, without its part; ``related``: on the last part."""

    template: ClassVar[str] = "explain/sheet.html"
    sheet: SheetLink
    theme: tuple[str, ...]
    notes: tuple[str, ...]
    part: int
    parts: int
    contents: tuple[Entry, ...]
    read: tuple[Heading | Run, ...]
    related: tuple[SheetLink, ...]
    address: str
    here: frozenset[int]
    first: int
