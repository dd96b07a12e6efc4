"""A sheet cut into passages: what is found, quoted and checked. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby, pairwise

from affouage.french.sentences import sentences
from affouage.sheets.sheet import Block, Passage, Sheet

MOST_WORDS = 120
"""Of a passage, except where one sentence alone is longer."""
LONGEST_SENTENCE = 240
"""In words; what has no end before is no sentence, and is cut between two words."""

CUTTING = 1
"""Raised when the same sheet would be cut otherwise: every sheet is then cut again by the next import."""


def passages_of(sheet: Sheet, collection_id: str) -> tuple[Passage, ...]:
    """The passages of a sheet in reading order, each under one heading path.

    Number 0 is the description and there is none where the sheet has none. Blocks that stand under the same path are
    put together, one a line, into passages of much the same length, at most 120 words each; a longer block is cut
    between two sentences. No word of the sheet is in two passages, none is left out.
    """

    def passage(number: int, text: str, path: tuple[str, ...] = ()) -> Passage:
        return Passage(collection_id=collection_id, sheet_id=sheet.id, number=number, text=text, path=path)

    found = [passage(0, sheet.description)] if sheet.description else []
    number = 1
    for path, blocks in groupby(sheet.blocks, key=lambda one: one.path):
        for text in _packed([line for block in blocks for line in _lines(block)]):
            found.append(passage(number, text, path))
            number += 1
    return tuple(found)


def line_of(block: Block) -> str:
    """A block as its passage shows it: a box says its name first ("Attention : ...")."""
    return f"{block.name} : {block.text}" if block.name else block.text


def _lines(block: Block) -> Iterator[tuple[str, str]]:
    """(text, what joins it to what stands before): a line, or the sentences of one that is too long."""
    line = line_of(block)
    if line.count(" ") < MOST_WORDS:
        yield line, "\n"
        return
    starts = [0, *(one.start for one in sentences(line)[1:]), len(line)]
    joint = "\n"
    for start, end in pairwise(starts):
        for piece in _bounded(line[start:end]):
            yield piece, joint
            joint = " "


def _bounded(sentence: str) -> Iterator[str]:
    words = sentence.split()
    if len(words) <= LONGEST_SENTENCE:
        yield sentence.strip()
        return
    for start in range(0, len(words), MOST_WORDS):
        yield " ".join(words[start : start + MOST_WORDS])


def _packed(pieces: list[tuple[str, str]]) -> Iterator[str]:
    sizes = [len(text.split()) for text, _ in pieces]
    left = sum(sizes)
    parts = math.ceil(left / MOST_WORDS)
    text, size = "", 0
    for (piece, joint), words in zip(pieces, sizes, strict=True):
        # Close where the passage is nearest to an even share of what is left.
        share = left / max(parts, 1)
        if text and (size + words > MOST_WORDS or size + words / 2 > share):
            yield text
            left, parts = left - size, parts - 1
            text, size = "", 0
        text, size = (text + joint + piece if text else piece), size + words
    if text:
        yield text
