"""Documents made on the spot, for the tests of a folder of documents: packed ones, pictures, PDFs that Typst sets."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import typst

from affouage.sheets.folder.refusals import REASONS, CannotRead

T = TypeVar("T")
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"


def told(read: Callable[..., T], *given: object) -> T | None:
    """What it read; None when it refused with one of the reasons. Whatever else it raises is a fault."""
    try:
        return read(*given)
    except CannotRead as why:
        if why.code not in REASONS:
            raise
        return None


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def docx(body: str, *, styles: str = "", core: str = "", footnotes: str = "") -> bytes:
    """A DOCX as Word lays it out. ``body``: what stands in ``w:body``."""
    parts = {"word/document.xml": f'<w:document xmlns:w="{_W}" xmlns:mc="{_MC}"><w:body>{body}</w:body></w:document>'}
    if styles:
        parts["word/styles.xml"] = f'<w:styles xmlns:w="{_W}">{styles}</w:styles>'
    if footnotes:
        parts["word/footnotes.xml"] = f'<w:footnotes xmlns:w="{_W}">{footnotes}</w:footnotes>'
    if core:
        dublin = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        parts["docProps/core.xml"] = f"<cp:coreProperties xmlns:cp='urn:cp' {dublin}>{core}</cp:coreProperties>"
    return packed(parts)


_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def paragraph(text: str, style: str = "", more: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/>{more}</w:pPr>' if style or more else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def odt(body: str, *, styles: str = "", meta: str = "", manifest: str = "") -> bytes:
    """An ODT as LibreOffice lays it out. ``body``: what stands in ``office:text``."""
    names = " ".join(f'xmlns:{name}="{_OASIS}:{name}:1.0"' for name in ("office", "text", "table", "style", "meta"))
    names += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    content = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    content += f"<office:body><office:text>{body}</office:text></office:body>"
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f"<office:document-content {names}>{content}</office:document-content>",
    }
    if meta:
        parts["meta.xml"] = f"<office:document-meta {names}><office:meta>{meta}</office:meta></office:document-meta>"
    if manifest:
        parts["META-INF/manifest.xml"] = manifest
    return packed(parts)


def pdf(source: str, folder: Path) -> bytes:
    """Set by Typst from its own markup."""
    (folder / "made.typ").write_text(source, encoding="utf-8")
    made: bytes = typst.compile(folder / "made.typ")
    return made


def png(dots: bytes, width: int, height: int, *, colour: int = 0, interlaced: int = 0) -> bytes:
    """``dots``: rows from the top. ``colour``: PNG's number of it (0 grey, 2 colours, 6 colours and alpha)."""
    wide = width * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    rows = b"".join(b"\0" + dots[row * wide : (row + 1) * wide] for row in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, interlaced)
    palette = _chunk(b"PLTE", bytes(value for value in range(256) for _ in range(3))) if colour == 3 else b""
    data = _chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + palette + data + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def tiff(pages: list[tuple[bytes, int, int]]) -> bytes:
    """Grey pages (dots, width, height), one after another, not packed."""
    written = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for dots, width, height in pages:
        at = len(written)
        written += dots + b"\0" * (len(dots) % 2)
        fields = (
            (256, 4, width),
            (257, 4, height),
            (258, 3, 8),
            (259, 3, 1),
            (262, 3, 1),
            (273, 4, at),
            (277, 3, 1),
            (278, 4, height),
            (279, 4, len(dots)),
        )
        struct.pack_into("<I", written, link, len(written))
        written += struct.pack("<H", len(fields))
        for tag, kind, value in fields:
            written += struct.pack("<HHII", tag, kind, 1, value)
        link = len(written)
        written += b"\0\0\0\0"
    return bytes(written)
