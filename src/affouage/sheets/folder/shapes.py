"""What the child program tells of a document, message by message. Pure shapes.

a document of text            Whole
a PDF, a picture              Head, then per page in order one of Lines, Scan (its pixels follow), Plain
refused                       Refusal, at any moment, and nothing after
"""

from __future__ import annotations

import msgspec

from affouage.sheets.sheet import Block


class Draft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a document says of itself; "" and None where it says nothing. ``heading``: the title in its text; ``name``:
    the title among its properties. ``day``: YYYY-MM-DD, ``day_from``: ``front matter`` or ``properties``."""

    heading: str = ""
    name: str = ""
    day: str | None = None
    day_from: str = ""
    language: str = ""
    description: str = ""
    audience: str = ""
    licence: str = ""
    url: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of a page. ``size``: of its letters, in any unit that is the same all over the page. ``opens``: it begins
    a paragraph."""

    text: str
    size: float = 1.0
    bold: bool = False
    opens: bool = False


class Mark(msgspec.Struct, frozen=True):
    """An entry of a PDF's own outline. ``level``: 0 the widest; ``page``: 1, 2, ..., 0 unknown."""

    level: int
    title: str
    page: int


class Whole(msgspec.Struct, frozen=True, tag="whole"):
    draft: Draft
    blocks: tuple[Block, ...]


class Head(msgspec.Struct, frozen=True, tag="head"):
    """``pages``: how many will follow. ``marks``: the outline."""

    draft: Draft
    pages: int
    marks: tuple[Mark, ...] = ()


class Lines(msgspec.Struct, frozen=True, tag="lines"):
    """A page with its text. Empty for one that is blank."""

    lines: tuple[Line, ...]


class Scan(msgspec.Struct, frozen=True, tag="scan"):
    """A page to be read by sight: ``width * height`` bytes of grey follow, rows from the top. ``dpi``: dots per inch
    that the page was scanned at, as far as can be told. ``lines``: the little text it has besides."""

    width: int
    height: int
    dpi: int
    lines: tuple[Line, ...] = ()


class Plain(msgspec.Struct, frozen=True, tag="plain"):
    """A page of a picture that is to be given to Tesseract as it is. ``page``: 0, 1, ... within the file."""

    page: int


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    code: str
    details: dict[str, str | int] = {}


Message = Whole | Head | Lines | Scan | Plain | Refusal
