"""What the templates of the desk receive. Shapes for reading: every code is in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from affouage.web.explain.pages import Quoted, SheetLink
from affouage.web.pages import Page


@dataclass(frozen=True)
class Row:
    """A question in a list. ``state``: where it stands, in words; ``flags``: what to be careful about."""

    id: str
    question: str = field(repr=False)
    created_ms: int
    from_public: bool
    state: str
    late: bool
    mine: bool
    blind: bool
    flags: tuple[str, ...]


@dataclass(frozen=True)
class SwitchShown:
    """Whether drafts are made. ``who``: name of whoever stopped it; ``may_resume``: the reader may start it again."""

    stopped: bool
    at_ms: int | None
    who: str
    reason: str
    may_resume: bool
    problem: str = ""
    typed: str = ""


@dataclass(frozen=True)
class Queue(Page):
    """``lists``: (name, words) of the lists, ``which`` the one shown. ``late``: so many wait longer than
    ``alarm_hours``; ``per_hour``: answers of one person; ``problems``: by field."""

    template: ClassVar[str] = "desk/queue.html"
    which: str
    lists: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    late: int
    alarm_hours: int
    per_hour: int
    public_open: bool
    keep_days: int
    switch: SwitchShown
    notice: str = ""
    question: str = field(default="", repr=False)
    contact: str = field(default="", repr=False)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CodeMade(Page):
    """A code, shown this once. ``item_id``: "" for the public."""

    template: ClassVar[str] = "desk/code.html"
    code: str = field(repr=False)
    item_id: str
    masked: str
    keep_days: int


@dataclass(frozen=True)
class PassageRow:
    """A passage found. ``quoted`` None: not opened yet; ``cited``: a sentence of the draft stands on it."""

    key: str
    cited: bool
    path: tuple[str, ...]
    quoted: Quoted | None


@dataclass(frozen=True)
class SheetRow:
    """A sheet found. ``name``: collection/sheet, for forms; ``named``: it leaves with the answer unless unticked."""

    name: str
    sheet: SheetLink
    passages: tuple[PassageRow, ...]
    named: bool


@dataclass(frozen=True)
class DraftRow:
    """A sentence of the draft. ``why``: what no quoted text says of it, "" for a supported one; ``quote``: the words it
    stands on."""

    text: str = field(repr=False)
    supported: bool
    why: str
    quote: str = field(repr=False)
    sheet: str


@dataclass(frozen=True)
class SourceRow:
    """A sheet that left with a letter."""

    title: str
    href: str
    day: str
    age: str
    source: str
    licence: str
    old: bool


@dataclass(frozen=True)
class LetterRow:
    """What left. ``kind``: in words; ``correction``: it corrects what stands below it."""

    kind: str
    at_ms: int
    paragraphs: tuple[str, ...] = field(repr=False)
    language: str
    sources: tuple[SourceRow, ...]
    signed: str
    correction: bool


@dataclass(frozen=True)
class ItemPage(Page):
    """One question. ``acts``: what the reader may do; ``draft_told``: why there is no draft to see, in words;
    ``draft_text``: as it would leave. ``problems``: by form (``send``, ``edit`` ...); ``typed``: what stood in the form
    that was refused."""

    template: ClassVar[str] = "desk/item.html"
    row: Row
    language: str
    contact: str = field(repr=False)
    masked: str
    held_until_ms: int | None
    acts: tuple[str, ...]
    must_open: bool
    sheets: tuple[SheetRow, ...]
    looked: bool
    why_not: str
    ask_instead: tuple[str, ...]
    draft: tuple[DraftRow, ...]
    draft_there: bool
    draft_text: str = field(repr=False)
    draft_sha256: str
    draft_told: str
    by_model: bool
    receipt_id: str
    reading: str
    written: str = field(repr=False)
    letters: tuple[LetterRow, ...]
    complaints: tuple[str, ...] = field(repr=False)
    events: tuple[tuple[int, str, str], ...]
    to_call: bool
    switch: SwitchShown
    notice: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    typed: str = field(default="", repr=False)


@dataclass(frozen=True)
class PrintedLetter(Page):
    """What left, for paper."""

    template: ClassVar[str] = "desk/letter.html"
    item_id: str
    question: str = field(repr=False)
    asked_ms: int
    letters: tuple[LetterRow, ...]


@dataclass(frozen=True)
class AskPage(Page):
    """Where anybody asks. ``open``: the rule lets them; ``errors``, ``corrected``: since ever."""

    template: ClassVar[str] = "desk/ask.html"
    open: bool
    answered: int
    errors: int
    corrected: int
    waiting: int
    keep_days: int
    most: int
    question: str = field(default="", repr=False)
    contact: str = field(default="", repr=False)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PickUpPage(Page):
    """Where a code opens an answer. ``letters``: newest first, None before a code was given; ``told``: a complaint was
    just received."""

    template: ClassVar[str] = "desk/pick_up.html"
    code: str = field(default="", repr=False)
    problem: str = ""
    question: str = field(default="", repr=False)
    asked_ms: int | None = None
    letters: tuple[LetterRow, ...] | None = None
    disputed: bool = False
    told: bool = False
    complaint_problem: str = ""
    words: str = field(default="", repr=False)
