"""What the templates of easy reading receive. Shapes for reading: every code is in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from affouage.web.pages import Choice, Page
from affouage.web.reach import ReachField
from affouage.workshops.easy_read.rewriting import Status
from affouage.workshops.easy_read.shapes import Kind


@dataclass(frozen=True)
class Advice:
    """What is seen and what to do. ``level``: error | warning, ``level_word`` in words."""

    level: str
    level_word: str
    text: str


@dataclass(frozen=True)
class Row:
    """A sentence of a text with what is said of it. ``line``: of the text, from 1; ``number``: from 1."""

    number: int
    line: int
    kind: Kind
    text: str = field(repr=False)
    advice: tuple[Advice, ...] = ()


@dataclass(frozen=True)
class Checked:
    """A report in words. ``whole``: of the text as a whole; ``differences``: against the original, None when none was
    given; ``credit``: whose meanings are shown, "" for nobody's."""

    lang: str
    rows: tuple[Row, ...]
    errors: int
    warnings: int
    whole: tuple[Advice, ...]
    score: str
    not_checked: tuple[str, ...]
    differences: tuple[str, ...] | None
    credit: str


@dataclass(frozen=True)
class RewriteForm:
    """Which model may write, whose machines may read. ``to_rewrite``: sentences it would be asked for, one by one;
    ``beyond``: others, which are too many for once. ``shut``: models are here, and none is admitted."""

    choices: tuple[Choice, ...]
    model: str
    reach: ReachField | None
    to_rewrite: int
    beyond: int
    shut: bool = False


@dataclass(frozen=True)
class EasyReadPage(Page):
    """``checked`` None: nothing was checked yet."""

    template: ClassVar[str] = "easy_read/check.html"
    most: int
    text: str = field(default="", repr=False)
    original: str = field(default="", repr=False)
    problem: str = ""
    checked: Checked | None = None
    rewrite: RewriteForm | None = None


@dataclass(frozen=True)
class ProposedRow:
    """A sentence, and what may stand for it. ``proposal``: "" when there is none; ``own``: what the field for one's own
    words begins with. ``chosen``: proposal | keep | own, ticked beforehand. ``block``: number of its paragraph."""

    number: int
    block: int
    kind: Kind
    source: str = field(repr=False)
    status: Status
    status_word: str
    proposal: str = field(repr=False)
    own: str = field(repr=False)
    chosen: str
    differences: tuple[str, ...] = ()
    new_words: str = ""
    lost_words: str = ""
    advice: tuple[Advice, ...] = ()
    still: tuple[Advice, ...] = ()
    receipt_id: str = ""


@dataclass(frozen=True)
class RewritePage(Page):
    """``mark``: where the page is cut to put what comes; "" when no model is asked, ``choosing`` then holds it all."""

    template: ClassVar[str] = "easy_read/rewrite.html"
    count: int
    mark: str = ""
    choosing: Choosing | None = None


@dataclass(frozen=True)
class Choosing(Page):
    """The form in which a person takes, edits or refuses each sentence. ``problem``: what ended the rewriting.

    ``exact``: all that the model read for the first sentence it was given, None when it cannot be told."""

    template: ClassVar[str] = "easy_read/choosing.html"
    lang: str
    rows: tuple[ProposedRow, ...]
    original: str = field(repr=False)
    with_model: bool
    problem: str = ""
    exact: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Line:
    """A line of the result. ``gap``: a new part begins."""

    text: str = field(repr=False)
    kind: Kind
    gap: bool


@dataclass(frozen=True)
class Word:
    """A word of the glossary. ``kept``: it is printed."""

    word: str
    meaning: str
    kept: bool
    doubtful: bool


@dataclass(frozen=True)
class EasyResult(Page):
    """What is printed, and beside it what still has to be looked at. ``label``, ``credit``: printed."""

    template: ClassVar[str] = "easy_read/result.html"
    lang: str
    lines: tuple[Line, ...]
    label: str
    glossary: tuple[Word, ...]
    credit: str
    differences: tuple[str, ...]
    errors: int
    warnings: int
    score: str
    text: str = field(repr=False)
    original: str = field(repr=False)
