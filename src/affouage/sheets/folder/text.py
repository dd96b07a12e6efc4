"""Plain text: which encoding it is in, what it says of itself at its head, its paragraphs. Pure."""

from __future__ import annotations

import codecs
import re
from datetime import date

from msgspec.structs import replace

from affouage.sheets.folder.outline import Outline, clean
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.shapes import Draft
from affouage.sheets.sheet import Block

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins the same
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BULLET = re.compile(r"^[ \t]*(?:[-*•–—▪‣◦·]|\d{1,2}[.)])[ \t]+")
_RULE = re.compile(r"[=\-_*~ ]{3,}")
LONGEST_TITLE = 120
_NAMED = {"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "cp1250", "cp1251", "cp1256", "iso8859-6", "koi8-r"}
_READ_AS = {"ascii": "cp1252", "iso8859-1": "cp1252"}


def decode(data: bytes, declared: str = "") -> str:
    """By its mark, else as ``declared``, else UTF-8, else Windows' western code page. Raises CannotRead."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data, encoding)
    if b"\0" in data[:4096]:  # UTF-16 without a mark, or no text at all
        return _decoded(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be")
    for encoding in (*_named(declared), "utf-8"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("cp1252", errors="replace")


def _named(declared: str) -> tuple[str, ...]:
    """The encoding meant by a page that names one, as browsers understand it; none for one that no page is in."""
    try:
        name = codecs.lookup(declared).name if declared else ""
    except (LookupError, ValueError):
        return ()
    return (_READ_AS.get(name, name),) if name in _NAMED else ()


def _decoded(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise CannotRead("document_encoding") from None
    if "\0" in text:
        raise CannotRead("document_encoding")
    return text


# --- What a text says of itself -------------------------------------------------------------------------------------

_FIELDS = {
    "title": "heading",
    "titre": "heading",
    "date": "day",
    "updated": "day",
    "language": "language",
    "lang": "language",
    "langue": "language",
    "description": "description",
    "résumé": "description",
    "resume": "description",
    "audience": "audience",
    "public": "audience",
    "licence": "licence",
    "license": "licence",
    "url": "url",
    "adresse": "url",
}
_FRONT = re.compile(r"\A\s*---[ \t]*\r?\n(.{0,20000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)-(\d\d)-(\d\d)(?!\d)")
_FRENCH_DAY = re.compile(r"(?<!\d)(\d{1,2})[/.](\d{1,2})[/.]((?:19|20)\d\d)(?!\d)")


def front_matter(text: str) -> tuple[Draft, str]:
    """The fields between two lines of ``---`` at the head (``title: ...``, ``date: 2026-03-01``), and the rest."""
    found = _FRONT.match(text)
    if found is None:
        return Draft(), text
    said: dict[str, str] = {}
    for line in found[1].splitlines():
        name, colon, value = line.partition(":")
        field = _FIELDS.get(name.strip().lower())
        value = clean(value).strip("\"'")
        if colon and field and value:
            said.setdefault(field, value)
    day = day_of(said.pop("day", ""))
    if not re.fullmatch(r"[a-z]{2}([-_].*)?", said.get("language", "").lower()):
        said.pop("language", None)
    said["language"] = said.get("language", "").lower()[:2]
    return Draft(day=day, day_from="front matter" if day else "", **said), text[found.end() :]


def day_of(text: str) -> str | None:
    """The first day written in figures, as YYYY-MM-DD: ``2026-03-01``, ``01/03/2026``, ``2026-03-01T10:00Z``."""
    for pattern, order in ((_DAY, (1, 2, 3)), (_FRENCH_DAY, (3, 2, 1))):
        if found := pattern.search(text):
            year, month, day = (int(found[i]) for i in order)
            return valid_day(year, month, day)
    return None


def valid_day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


# --- Paragraphs -----------------------------------------------------------------------------------------------------


def read_text(data: bytes, most: int) -> tuple[Draft, tuple[Block, ...]]:
    """Blank lines part paragraphs; a short first line alone, or one that is underlined, is a heading."""
    draft, text = front_matter(decode(data))
    outline = Outline(most)
    lines_ended = text.replace("\r\n", "\n").replace("\r", "\n")
    pieces = [piece for piece in re.split(r"\n[ \t]*\n|\f", lines_ended) if piece.strip()]
    for number, piece in enumerate(pieces):
        lines = [line for line in piece.split("\n") if line.strip()]
        if len(lines) > 1 and _RULE.fullmatch(lines[1].strip()) and len(lines[0].strip()) <= LONGEST_TITLE:
            outline.heading(1 if "=" in lines[1] else 2, lines[0])
            lines = lines[2:]
        elif number == 0 and len(lines) == 1 and len(pieces) > 1 and _titles(lines[0]):
            outline.heading(1, lines[0])
            continue
        _paragraphs(outline, lines)
    heading, blocks = outline.finish()
    return replace(draft, heading=draft.heading or heading), blocks


def _titles(line: str) -> bool:
    line = line.strip()
    return len(line) <= LONGEST_TITLE and not line.endswith((".", ";", ",", ":")) and not _BULLET.match(line)


def _paragraphs(outline: Outline, lines: list[str]) -> None:
    """A line that begins with a bullet begins an item; what follows it belongs to it."""
    gathered: list[str] = []
    add = outline.text
    for line in lines:
        if _RULE.fullmatch(line.strip()):
            continue
        if bullet := _BULLET.match(line):
            add(" ".join(gathered))
            gathered, add = [line[bullet.end() :] if not bullet[0].strip()[:1].isdigit() else line], outline.item
        else:
            gathered.append(line)
    add(" ".join(gathered))
