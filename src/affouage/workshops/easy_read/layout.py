"""Rules on signs and layout: one sentence per line, titles, no parentheses, no capitals in a row. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from affouage.workshops.easy_read.shapes import Document, Finding, Sentence, Spot
from affouage.workshops.easy_read.words import without_addresses

SENTENCES_UNDER_A_TITLE = 8
"""More of them in a row without a title are hard to find one's way in."""

_PARENTHESES = re.compile(r"\([^()]*\)")
_ACRONYM_ONLY = re.compile(r"\(\s*[A-ZÀ-Ý][\w.-]{1,9}\s*\)")
_SIGNS = re.compile(r"[&§#<>\\~^_{}|=\[\]•…]|\.\.\.|;|(?<=[^\W\d_])/(?=[^\W\d_])|(?<=\s)[–—+](?=\s)")
_INSTEAD = {"&": "et", ";": ".", "/": "ou", "+": "plus", "=": "est", "§": "paragraphe"}
_CALLED = re.compile(
    r"[\u00b9\u00b2\u00b3\u2070-\u2079]+|(?<=[^\W\d_])\*{1,3}(?!\w)|(?<=[^\W\d_.])\s?\[\d{1,3}\]|(?<=[a-zà-ÿ])\(\d{1,2}\)"
)
_SQUARES = re.compile(r"\b(?:m|km|cm|ha)[\u00b2\u00b3]")
_CAPITALS = re.compile(r"[A-ZÀ-Ý][A-ZÀ-Ý'’-]{3,}(?:[ '’-]+[A-ZÀ-Ý][A-ZÀ-Ý'’-]+)*")
_SMALL = re.compile(r"[a-zà-ÿ]")


def signs(sentence: str) -> Iterator[Spot]:
    text = _SQUARES.sub(lambda found: "_" * 0 + "m" * len(found[0]), without_addresses(sentence))
    for found in _PARENTHESES.finditer(text):
        if not _ACRONYM_ONLY.fullmatch(found[0]) and not _CALLED.fullmatch(found[0]):
            yield Spot("parentheses", "warning", found.start(), found.end())
    notes = [one.span() for one in _CALLED.finditer(text)]
    for start, end in notes:
        yield Spot("footnote", "error", start, end)
    for found in _SIGNS.finditer(text):
        if not any(start <= found.start() < end for start, end in notes):
            yield Spot("sign", "warning", found.start(), found.end(), instead=_INSTEAD.get(found[0], ""))


def capitals(sentence: str) -> Iterator[Spot]:
    """Two words or more in capitals, or a whole sentence. One alone may be an acronym."""
    text = without_addresses(sentence)
    whole = not _SMALL.search(text)
    for found in _CAPITALS.finditer(text):
        if whole or " " in found[0].strip():
            yield Spot("capitals", "error", found.start(), found.end())


def of_document(document: Document) -> Iterator[Finding]:
    """What concerns lines, blocks and the whole."""
    for mark in document.marks:
        yield Finding(
            rule=mark.rule, level="warning" if mark.rule == "italics" else "error", line=mark.line, found=mark.found
        )
    for number, one in enumerate(document.sentences):
        if one.shares_line and not (number and document.sentences[number - 1].shares_line):
            yield Finding(rule="sentences_on_a_line", level="error", line=one.line, sentence=number)
    yield from _untitled(document.sentences)
    if document.pictures == 0 and len(document.sentences) > 1:
        yield Finding(rule="no_picture", level="warning", line=1)


def _untitled(sentences: Iterable[Sentence]) -> Iterator[Finding]:
    """The place where a title is missing, once for each run of sentences that is too long."""
    run = 0
    for number, one in enumerate(sentences):
        run = 0 if one.kind == "heading" else run + (one.kind == "text")
        if run == SENTENCES_UNDER_A_TITLE + 1:
            yield Finding(rule="no_title", level="warning", line=one.line, sentence=number)
