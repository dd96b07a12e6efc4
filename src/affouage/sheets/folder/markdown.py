"""Markdown: its headings, paragraphs, items and rows. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from affouage.sheets.folder.html_page import blocks_into
from affouage.sheets.folder.outline import Outline
from affouage.sheets.folder.shapes import Draft
from affouage.sheets.folder.text import decode, front_matter
from affouage.sheets.sheet import Block

_CELLS = ("th_open", "td_open")


def read_markdown(data: bytes, most: int) -> tuple[Draft, tuple[Block, ...]]:
    """Raises CannotRead."""
    draft, text = front_matter(decode(data))
    outline = Outline(most)
    tokens = iter(MarkdownIt("commonmark").enable("table").parse(text))
    in_list = 0
    headings: list[str] = []
    for token in tokens:
        if token.type == "heading_open":
            outline.heading(int(token.tag[1:]), _shown(next(tokens)))
        elif token.type == "thead_open":
            next(tokens)  # the row begins
            outline.row(headings := _cells(tokens))
        elif token.type == "tr_open":
            outline.row(_cells(tokens), headings)
        elif token.type in ("list_item_open", "list_item_close"):
            in_list += token.nesting
        elif token.type == "inline":
            (outline.item if in_list else outline.text)(_shown(token))
        elif token.type in ("fence", "code_block"):
            outline.text(token.content)
        elif token.type == "html_block":
            blocks_into(outline, token.content)
    heading, blocks = outline.finish()
    return replace(draft, heading=draft.heading or heading), blocks


def _cells(tokens: Iterator[Token]) -> list[str]:
    """Of the row that has just begun, up to its end."""
    cells = []
    for token in tokens:
        if token.type == "tr_close":
            break
        if token.type in _CELLS:
            cells.append(_shown(next(tokens)))
    return cells


def _shown(inline: Token) -> str:
    """What a reader sees of it: no marks, no addresses of links, what stands for a picture."""
    return "".join(
        " " if child.type in ("softbreak", "hardbreak") else "" if child.type == "html_inline" else child.content
        for child in inline.children or ()
    )
