"""``python -m affouage.sheets.folder.child KIND LIMITS``: parses one document, given as its standard input.

It is fed what comes, so it first gives up memory, time and the right to write; if it dies of a document, that document
alone is lost. Messages go out as JSON, one a line; the dots of a :class:`Scan` follow its line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from affouage.sheets.folder import bounded, picture
from affouage.sheets.folder.limits import Limits
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.shapes import Draft, Head, Message, Plain, Refusal, Whole
from affouage.sheets.sheet import Block

_ZIP, _OLE = b"PK", b"\xd0\xcf\x11\xe0"
Told = tuple[Message, bytes]


def told_of(kind: str, file: BinaryIO, limits: Limits) -> Iterator[Told]:
    """What there is to tell of a document of a kind (see ``files.KINDS``). Raises CannotRead."""
    if kind == "pdf":
        yield from _pdf(file, limits)
    elif kind == "picture":
        yield from _picture(file, limits)
    else:
        draft, blocks = _text(kind, file, limits)
        if not blocks:
            raise CannotRead("document_empty")
        yield Whole(draft, blocks), b""


def _pdf(file: BinaryIO, limits: Limits) -> Iterator[Told]:
    from affouage.sheets.folder import pdf

    if b"%PDF-" not in file.read(1024):
        raise CannotRead("document_not_what_it_says", kind="PDF")
    document = pdf.open_pdf(file, limits)
    yield pdf.head_of(document), b""
    yield from pdf.pages_of(document)


def _picture(file: BinaryIO, limits: Limits) -> Iterator[Told]:
    data = _whole(file, limits.file_bytes)
    if picture.kind_of(data) == "tiff":
        pages = picture.tiff_pages(data, limits.pages)
        yield Head(Draft(), pages), b""
        for page in range(pages):
            yield Plain(page), b""
        return
    yield Head(Draft(), 1), b""
    packed = picture.packed(data)
    if packed is None:
        yield Plain(0), b""
        return
    from affouage.sheets.folder import pdf

    document = pdf.open_pdf(picture.pdf_around(packed), limits)
    yield pdf.picture_of(document[0], picture.dots_per_inch(packed.width, packed.height))


def _text(kind: str, file: BinaryIO, limits: Limits) -> tuple[Draft, tuple[Block, ...]]:
    most, most_bytes = limits.characters, limits.unpacked_bytes
    if kind in ("docx", "odt"):
        start = file.read(4)
        if start.startswith(_OLE):
            raise CannotRead("document_old_office")
        if not start.startswith(_ZIP):
            raise CannotRead("document_not_what_it_says", kind=kind.upper())
        if kind == "docx":
            from affouage.sheets.folder.docx import read_docx

            return read_docx(file, most, most_bytes)
        from affouage.sheets.folder.odt import read_odt

        return read_odt(file, most, most_bytes)
    data = _whole(file, most_bytes)
    if len(data) > most_bytes:
        raise CannotRead("document_long", most=most)
    if kind == "html":
        from affouage.sheets.folder.html_page import read_html

        return read_html(data, most)
    if kind == "markdown":
        from affouage.sheets.folder.markdown import read_markdown

        return read_markdown(data, most)
    from affouage.sheets.folder.text import read_text

    return read_text(data, most)


def _whole(file: BinaryIO, most: int) -> bytes:
    """Its bytes, at most one more than ``most``. Room is made for what there is, not for what there might be."""
    return file.read(min(os.fstat(file.fileno()).st_size, most) + 1)


def main(kind: str, limits: Limits) -> None:
    bounded.bind(limits.memory_bytes, limits.cpu_s)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints spoils nothing
    try:
        for message, dots in told_of(kind, sys.stdin.buffer, limits):
            _say(out, message)
            out.write(dots)
            out.flush()
    except CannotRead as why:
        _say(out, Refusal(why.code, why.details))
    except MemoryError:
        _say(out, Refusal("document_too_hard"))
    except RecursionError:
        _say(out, Refusal("document_twisted"))
    out.flush()


def _say(out: BinaryIO, message: Message) -> None:
    out.write(msgspec.json.encode(message) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], msgspec.json.decode(sys.argv[2], type=Limits))
