"""A text read into sentences that know their line, from plain text, Markdown or HTML. Pure; reads anything.

Layout is noted on the way: justified lines, small letters, footnotes, hyphens at the end of lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal

from affouage.french.markup import Markup
from affouage.workshops.easy_read.shapes import Document, Kind, Mark, Sentence
from affouage.workshops.easy_read.words import sentences_of

Form = Literal["text", "markdown", "html"]

_BULLET = re.compile(r"^\s*(?:[-–—•*·▪◦‣+]|\d{1,2}[.)]|[a-z]\))\s+")
_ENDED = re.compile(r"[.!?…:;][»\"”)]*$")
_HYPHEN_END = re.compile(r"[^\W\d_]-$")
TITLE_WORDS_MOST = 12


def read_document(text: str, form: Form = "text") -> Document:
    """Its sentences and the marks of its layout. In HTML and Markdown the markup is left out."""
    if form == "html":
        reader = _Html()
        reader.read(text)
        return reader.made.document(reader.marks, reader.pictures, frozenset(reader.expanded))
    return _read_lines(text, markdown=form == "markdown")


class _Made:
    """The sentences so far. A block is a paragraph; a run of it, what one reads without a break of line."""

    def __init__(self, *, wraps: bool) -> None:
        """``wraps``: lines of the source break anywhere, as in HTML; else a line of the source is one on paper."""
        self.sentences: list[Sentence] = []
        self.block = 0
        self._wraps = wraps
        self._text = ""
        self._starts: list[int] = []
        self._lines: list[int] = []
        self._kind: Kind = "text"

    def add(self, text: str, line: int) -> None:
        """More of the run, from that line of the source."""
        said = re.sub(r"\s+", " ", text)
        if not self._text or self._text.endswith(" "):
            said = said.lstrip()
        if said:
            self._starts.append(len(self._text))
            self._lines.append(line)
            self._text += said

    def end_run(self, kind: Kind = "text") -> None:
        """The run is over; the next begins as ``kind``."""
        found = sentences_of(self._text)
        for number, one in enumerate(found):
            begins, ends = self._line(one.start), self._line(max(one.end - 1, one.start))
            following = found[number + 1] if number + 1 < len(found) else None
            self.sentences.append(
                Sentence(
                    text=one.text,
                    line=begins,
                    block=self.block,
                    kind=self._kind,
                    shares_line=following is not None and (self._wraps or self._line(following.start) == ends),
                )
            )
        self._text, self._starts, self._lines, self._kind = "", [], [], kind

    def end_block(self, kind: Kind = "text") -> None:
        self.end_run(kind)
        self.block += 1

    def _line(self, offset: int) -> int:
        return self._lines[bisect_right(self._starts, offset) - 1]

    def document(self, marks: list[Mark], pictures: int | None, expanded: frozenset[str]) -> Document:
        self.end_run()
        return Document(sentences=tuple(self.sentences), marks=tuple(marks), pictures=pictures, expanded=expanded)


# --- plain text and Markdown ------------------------------------------------------------------------------------------

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+|\s+#+\s*$")
_PICTURE = re.compile(r"!\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:?")
_STRONG = re.compile(r"\*\*(.+?)\*\*|__(.+?)__|`([^`]+)`")
_ITALIC = re.compile(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^_]+?)(?<=\S)_(?![\w_])")
_RULE = re.compile(r"^\s*(?:[-*_]\s*){3,}$|^\s*\|?[\s:|-]{3,}\|?\s*$")


def _read_lines(text: str, *, markdown: bool) -> Document:
    made, pictures, fenced = _Made(wraps=False), 0, False
    marks: list[Mark] = []
    lines = text.splitlines()
    open_line = ""
    for number, line in enumerate(lines, 1):
        kind: Kind = "text"
        if markdown:
            if _FENCE.match(line):
                fenced = not fenced
            if fenced or _FENCE.match(line) or _RULE.match(line):
                line = ""
            pictures += len(_PICTURE.findall(line))
            if _HEADING.match(line):
                kind, line = "heading", _HEADING.sub("", line)
            line = _without_markup(line, number, marks)
        said = line.strip()
        if not said:
            made.end_block()
            open_line = ""
            continue
        bullet = _BULLET.match(line)
        if bullet:
            kind, said = "item", line[bullet.end() :].strip()
        elif not markdown and _is_title(lines, number - 1):
            kind = "heading"
        goes_on = bool(open_line) and kind == "text" and said[:1].islower() and not _ENDED.search(open_line)
        if not goes_on:
            made.end_run(kind)
        if goes_on and _HYPHEN_END.search(open_line):
            marks.append(Mark(rule="hyphenation", line=number - 1, found=open_line.split()[-1]))
        made.add(said + ("" if _HYPHEN_END.search(said) else " "), number)
        open_line = said if kind != "heading" else ""
    return made.document(marks, pictures if markdown else None, frozenset())


def _is_title(lines: list[str], place: int) -> bool:
    """A short line that stands alone, ends with no mark, and has something after it."""
    line = lines[place].strip()
    alone = (place == 0 or not lines[place - 1].strip()) and (place + 1 < len(lines) and not lines[place + 1].strip())
    after = any(one.strip() for one in lines[place + 1 :][:3])
    return alone and after and not re.search(r"[.!…,;:]$", line) and len(line.split()) <= TITLE_WORDS_MOST


def _without_markup(line: str, number: int, marks: list[Mark]) -> str:
    for found in _FOOTNOTE.finditer(line):
        marks.append(Mark(rule="footnote", line=number, found=found[0]))
    line = _LINK.sub(r"\1", _PICTURE.sub("", _FOOTNOTE.sub("", line)))
    line = _STRONG.sub(lambda found: found[1] or found[2] or found[3], line)
    slanted = _ITALIC.search(line)
    if slanted:
        marks.append(Mark(rule="italics", line=number, found=slanted[0]))
    line = _ITALIC.sub(lambda found: found[1] or found[2], line)
    return line.replace("|", " ").removeprefix("> ") if line.lstrip().startswith(("|", ">")) else line


# --- HTML -------------------------------------------------------------------------------------------------------------

_SILENT = frozenset(("script", "style", "template", "noscript", "head", "svg", "math", "iframe", "object", "select"))
_TITLES = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "caption", "legend", "summary"))
_ITEMS = frozenset(("li", "td", "th", "dt", "dd"))
_OTHER_BLOCKS = """
    address article aside blockquote body br button div dl fieldset figcaption figure footer form header hr html label
    main nav ol p pre section table tbody thead tr ul
"""
_BLOCKS = _TITLES | _ITEMS | frozenset(_OTHER_BLOCKS.split())
_FONT_SIZE = re.compile(r"font(?:-size)?\s*:[^;}]*?(\d+(?:\.\d+)?)\s*(pt|px|rem|em|%)", re.IGNORECASE)
_LEAST = {"pt": 14.0, "px": 18.5, "rem": 1.0, "em": 1.0, "%": 100.0}
"""14 points, which are 18.7 px; a size told against another is small when it is smaller than that one."""
_JUSTIFIED = re.compile(r"text-align\s*:\s*justify", re.IGNORECASE)
_ORDINAL = re.compile(r"\s*(?:er|ers|re|e|è|ème|eme|nd|nde|o|os|st|th|rd|m?²|m)\s*", re.IGNORECASE)


class _Html(Markup):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.made = _Made(wraps=True)
        self.marks: list[Mark] = []
        self.pictures = 0
        self.expanded: set[str] = set()
        self._silent: list[str] = []
        self._raised = False
        self._explains = False

    def read(self, text: str) -> None:
        self.feed(text)
        self.close()

    @property
    def _line(self) -> int:
        return self.getpos()[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self._look_at_style(told.get("style", ""))
        if told.get("align", "").lower() == "justify":
            self.marks.append(Mark(rule="justified", line=self._line))
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag == "img":
            self.pictures += 1
        elif tag in ("i", "em", "u"):
            self.marks.append(Mark(rule="italics", line=self._line, found=f"<{tag}>"))
        elif tag == "small":
            self.marks.append(Mark(rule="small_font", line=self._line, found="<small>"))
        self._raised = tag == "sup" or (self._raised and tag == "a")
        self._explains = tag == "abbr" and bool(told.get("title"))
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        self._raised = self._explains = False
        self._break(tag)

    def _break(self, tag: str) -> None:
        if tag == "br":
            self.made.end_run()
        elif tag in _BLOCKS:
            self.made.end_block("heading" if tag in _TITLES else "item" if tag in _ITEMS else "text")

    def handle_data(self, data: str) -> None:
        if self._silent:
            if self._silent[-1] == "style":
                self._look_at_style(data)
            return
        if self._raised and data.strip() and not _ORDINAL.fullmatch(data):
            self.marks.append(Mark(rule="footnote", line=self._line, found=data.strip()[:20]))
            return
        if self._explains:
            self.expanded.add(data.strip())
        for down, part in enumerate(data.split("\n")):
            self.made.add(f" {part}" if down else part, self._line + down)

    def _look_at_style(self, style: str) -> None:
        if _JUSTIFIED.search(style):
            self.marks.append(Mark(rule="justified", line=self._line))
        for size, unit in _FONT_SIZE.findall(style):
            if float(size) < _LEAST[unit.lower()]:
                self.marks.append(Mark(rule="small_font", line=self._line, found=f"{size} {unit}"))
