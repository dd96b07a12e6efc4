"""What DOCX and ODT share: a ZIP of XML parts, both unpacked and parsed within bounds."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO, Protocol
from xml.parsers import expat

from affouage.sheets.folder.outline import clean
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.shapes import Draft
from affouage.sheets.folder.text import day_of

DEEPEST = 300
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, NotImplementedError, ValueError, RuntimeError),
)
"""All that zipfile and what it rests on raise over a spoilt or strange archive."""


class Package:
    """A packed document. Raises CannotRead: damaged, protected, swelling. No part is ever written anywhere."""

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        try:
            self._zip = zipfile.ZipFile(file)
        except _DAMAGED:
            raise CannotRead("document_damaged") from None

    def part(self, name: str) -> bytes | None:
        """The bytes of a part; None when there is none of that name."""
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            return None
        if info.flag_bits & 1:
            raise CannotRead("document_protected")
        try:
            with self._zip.open(info) as part:
                data = part.read(self._most_bytes + 1)
        except _DAMAGED:
            raise CannotRead("document_damaged") from None
        if len(data) > self._most_bytes:
            raise CannotRead("document_swells", most_mb=self._most_bytes // 1_000_000)
        return data


class Listener(Protocol):
    """Told the elements of a part in order. Names are ``prefix:name``, by the prefixes given to :func:`parse`."""

    def begin(self, name: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def chars(self, text: str) -> None: ...


def parse(data: bytes, prefixes: Mapping[str, str], listener: Listener) -> None:
    """XML without a document type, so without entities, of a bounded depth. Raises CannotRead.

    ``prefixes``: address of a namespace -> prefix; elements and attributes of others lose theirs (``?:name``).
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0
    known: dict[str, str] = {}

    def named(name: str) -> str:
        if name not in known:
            address, _, local = name.rpartition(" ")
            known[name] = f"{prefixes.get(address, '?' if address else '')}:{local}"
        return known[name]

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise CannotRead("document_twisted")
        listener.begin(named(name), {named(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        listener.end(named(name))

    def no_document_type(*_declared: object) -> None:
        raise CannotRead("document_twisted")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = listener.chars
    parser.StartDoctypeDeclHandler = no_document_type
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):  # unknown encodings are the last two
        raise CannotRead("document_damaged") from None


def properties(part: bytes | None, prefixes: Mapping[str, str], days: tuple[str, ...], heading: str) -> Draft:
    """What a part of properties says (Dublin Core). ``days``: elements that hold a date, best first.

    Raises CannotRead.
    """
    listener = _Properties(("dc:title", "dc:language", "dc:description", *days))
    if part:
        parse(part, prefixes, listener)
    said = listener.said
    day = next((day for name in days if (day := day_of(said.get(name, "")))), None)
    return Draft(
        heading=heading,
        name=clean(said.get("dc:title", "")),
        day=day,
        day_from="properties" if day else "",
        language=said.get("dc:language", "")[:2].lower(),
        description=clean(said.get("dc:description", "")),
    )


class _Properties:
    """Keeps the text of the elements wanted, the first of each."""

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self.said: dict[str, str] = {}
        self._wanted = wanted
        self._in = ""

    def begin(self, name: str, _attributes: Mapping[str, str]) -> None:
        self._in = name if name in self._wanted and name not in self.said else ""
        if self._in:
            self.said[name] = ""

    def end(self, _name: str) -> None:
        self._in = ""

    def chars(self, text: str) -> None:
        if self._in:
            self.said[self._in] = (self.said[self._in] + text)[:2000]


def level_of(written: str) -> int | None:
    """A level or an index as XML writes it; None when it is not a number a document would hold."""
    return int(written) if written.isdecimal() and len(written) < 3 else None
