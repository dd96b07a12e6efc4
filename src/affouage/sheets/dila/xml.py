"""XML from outside, parsed within limits: no entity of its own, no depth without end, no other file ever opened."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from affouage.sheets.unreadable import Unreadable

MOST_BYTES = 4_000_000
MOST_DEPTH = 100

_ENCODING = re.compile(rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENCODINGS = {b"utf-8", b"us-ascii", b"iso-8859-1", b"iso-8859-15", b"windows-1252"}
"""All of them write ASCII as ASCII, so that the search for entities below sees what the parser sees."""


def parse(content: bytes) -> Element:
    """The root of a document. Raises Unreadable: too large, too deep, another encoding, entities, not well-formed."""
    if len(content) > MOST_BYTES:
        raise Unreadable("xml_too_large", most_mb=MOST_BYTES // 10**6)
    said = _ENCODING.match(content[:400])
    if b"\x00" in content or (said and said[1].lower() not in _ENCODINGS):
        raise Unreadable("xml_encoding")
    if b"<!ENTITY" in content:
        raise Unreadable("xml_entities")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314
    except ElementTree.ParseError as why:
        raise Unreadable("xml_encoding" if _another_encoding(content, said) else "xml_broken") from why
    except (ValueError, LookupError) as why:
        raise Unreadable("xml_encoding") from why
    if _deeper_than(root, MOST_DEPTH):
        raise Unreadable("xml_too_deep", most=MOST_DEPTH)
    return root


def _another_encoding(content: bytes, said: re.Match[bytes] | None) -> bool:
    """Is a document that could not be parsed one that says UTF-8, or nothing, and is not?"""
    try:
        content.decode((said[1] if said else b"utf-8").decode())
    except UnicodeDecodeError:
        return True
    return False


def words_of(element: Element) -> str:
    """All the text of an element that holds no other block, on one line, blanks made one."""
    return " ".join(("".join(element.itertext()) if len(element) else element.text or "").split())


def lines_of(element: Element) -> list[str]:
    """The text of each of its paragraphs, in order; of an element without any, its own."""
    if len(element) == 1 and element[0].tag == "Paragraphe":  # nearly always
        lines = [words_of(element[0])]
    else:
        lines = [words_of(one) for one in element.iter("Paragraphe")] or [words_of(element)]
    return [one for one in lines if one]


def _deeper_than(root: Element, most: int) -> bool:
    level = [root]
    for _ in range(most):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True
